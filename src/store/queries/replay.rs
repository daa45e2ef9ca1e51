//! Every stored version of every record, page by page: what a ledger can be made from again (`ledger rebuild`).
//!
//! One snapshot from the first page to the last comparison, so that a daemon that goes on writing makes no difference.
//! It must not know mappings: it says which one a version was mapped with, and has its text.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bihuan_connectors::sdk::{PayloadShape, RecordBatch, RecordBatchBuilder};
use jiff::Timestamp;

use super::stored::{RawPayload, payload};
use crate::domain::{Hash, Id};
use crate::store::Store;
use crate::store::engine::{Cell, Row, Tx};
use crate::store::error::{Result, StoreError};
use crate::store::segment::{self, Segment};
use crate::store::types::StreamId;

/// Versions that are held in memory at a time, about.
const VERSIONS_PER_STEP: i64 = 20_000;

/// Versions of one stream that were observed at one instant and mapped with one mapping.
#[derive(Debug)]
pub struct ReplayPage {
    pub stream: StreamId,
    pub book: Box<str>,
    pub personal: bool,
    pub mapping: Hash,
    pub raw: RecordBatch,
}

/// Reads page by page; see [`Store::raw_reader`].
#[derive(Debug)]
pub struct RawReader {
    pub(super) tx: Tx,
    streams: HashMap<Id, Stream>,
    slices: u32,
    next: u32,
    /// Nothing that was stored later is read.
    until: Timestamp,
    /// Documents that an erased record spoke of: nobody can make them again.
    pub(super) erased: BTreeSet<Id>,
}

#[derive(Debug)]
struct Stream {
    id: StreamId,
    book: Box<str>,
    personal: bool,
}

const STREAMS: &str = "SELECT id, source, stream, book, personal FROM stream";
const COUNT: &str = "SELECT COUNT(*) FROM record_version";
const UNSETTLED: &str = "SELECT COUNT(*) FROM subject WHERE settle_generation > settled";
const UNPAIRED: &str = "SELECT COUNT(*) FROM pair_group WHERE generation > paired";
const SEGMENTS: &str = "SELECT id, stream, mapping, observed_at, body FROM segment \
     WHERE id >= $1 AND id <= $2 AND stored_at <= $3";
const VERSIONS: &str = "SELECT v.segment, \
     CASE WHEN h.hash = v.hash THEN h.observed_at ELSE v.observed_at END, v.hash, v.version, v.position, h.record_key, h.hash, h.mapping, \
     h.documents FROM record_version v JOIN record_head h ON h.record = v.record \
     WHERE v.segment >= $1 AND v.segment <= $2";

/// Ids are hashes, so equal parts of their space hold about equally many rows: the bounds of one part, both included.
pub(super) fn slice(index: u32, of: u32) -> Vec<Cell> {
    const SPACE: u64 = 1 << 32;
    let bound = |index: u32| u64::from(index) * SPACE / u64::from(of.max(1));
    let id = |head: u64, fill: u8| {
        let head = u32::try_from(head).unwrap_or(u32::MAX);
        head.to_be_bytes().into_iter().chain([fill; 12]).collect::<Vec<u8>>()
    };
    vec![id(bound(index), 0).into(), id(bound(index + 1) - 1, u8::MAX).into()]
}

pub(super) async fn count(tx: &mut Tx, sql: &'static str) -> Result<i64> {
    tx.fetch_one(sql, Vec::new()).await?.map_or(Ok(0), |row| row.int(0))
}

/// Into how many slices so many rows are cut.
pub(super) fn slices(rows: i64, per_slice: i64) -> u32 {
    u32::try_from(rows / per_slice + 1).unwrap_or(u32::MAX)
}

impl Store {
    /// Opens a snapshot of everything that ever came in, or that had come in by an instant.
    pub async fn raw_reader(&self, known_at: Option<Timestamp>) -> Result<RawReader> {
        let mut tx = self.engine.read().await?;
        let mut streams = HashMap::new();
        for row in tx.fetch(STREAMS, Vec::new()).await? {
            let id = StreamId::new(row.text(1)?, row.text(2)?);
            streams.insert(row.id(0)?, Stream { id, book: row.text(3)?.into(), personal: row.bool(4)? });
        }
        let slices = slices(count(&mut tx, COUNT).await?, VERSIONS_PER_STEP);
        let until = known_at.unwrap_or(Timestamp::MAX);
        Ok(RawReader { tx, streams, slices, next: 0, until, erased: BTreeSet::new() })
    }
}

impl RawReader {
    /// Customers and groups that wait for settlement: their stored state is not yet what their documents say.
    pub async fn waiting(&mut self) -> Result<i64> {
        Ok(count(&mut self.tx, UNSETTLED).await? + count(&mut self.tx, UNPAIRED).await?)
    }

    /// The text of a mapping; `None` when it was never stored.
    pub async fn mapping_text(&mut self, mapping: Hash) -> Result<Option<String>> {
        let sql = "SELECT body FROM mapping_text WHERE id = $1";
        let row = self.tx.fetch_one(sql, vec![mapping.into()]).await?;
        row.map(|row| row.text(0).map(str::to_owned)).transpose()
    }

    /// The next pages, in no order that means anything; `None` after the last.
    pub async fn next_pages(&mut self) -> Result<Option<Vec<ReplayPage>>> {
        if self.next >= self.slices {
            return Ok(None);
        }
        let bounds = slice(self.next, self.slices);
        self.next += 1;
        let mut segments = HashMap::new();
        let until = self.until.as_microsecond();
        let stored_until = bounds.iter().cloned().chain([until.into()]).collect();
        for row in self.tx.fetch(SEGMENTS, stored_until).await? {
            segments.insert(row.id(0)?, Stored::read(&row)?);
        }
        let mut pages: BTreeMap<(Id, i64, Hash), Vec<Row>> = BTreeMap::new();
        for row in self.tx.fetch(VERSIONS, bounds).await? {
            let Some(stored) = segments.get(&row.id(0)?) else { continue };
            // The winner's mapping is known; of an older version, only the one of the page that it came with.
            let of_head = row.hash(7)?;
            let is_winner = row.hash(2)? == row.hash(6)?;
            let mapping = if is_winner { of_head } else { stored.mapping.unwrap_or(of_head) };
            // It may have been seen again after the instant that is asked about.
            let observed_at = Some(row.int(1)?).filter(|at| *at <= until).unwrap_or(stored.observed_at);
            pages.entry((row.id(0)?, observed_at, mapping)).or_default().push(row);
        }
        let mut ready = Vec::with_capacity(pages.len());
        for ((segment, observed_at, mapping), versions) in pages {
            let Some(stored) = segments.get(&segment) else { continue };
            let raw = self.batch(&stored.body, observed_at, &versions).await?;
            let stream = self.streams.get(&stored.stream).ok_or_else(|| StoreError::Corrupt {
                what: "segment",
                problem: format!("its stream {} is missing", stored.stream),
            })?;
            let (id, book, personal) = (stream.id.clone(), stream.book.clone(), stream.personal);
            ready.push(ReplayPage { stream: id, book, personal, mapping, raw });
        }
        Ok(Some(ready))
    }

    async fn batch(&mut self, segment: &Segment, observed_at: i64, versions: &[Row]) -> Result<RecordBatch> {
        let shape: PayloadShape = segment.meta.shape();
        let mut raw = RecordBatchBuilder::new(shape, observed_at);
        for row in versions {
            let position = row.int(4)?;
            let RawPayload::Bytes(bytes) = payload(&mut self.tx, segment, position).await? else {
                self.erased.extend(row.ids(8)?);
                continue;
            };
            match segment.meta.problem(usize::try_from(position).unwrap_or(usize::MAX)) {
                Some(problem) => raw.push_problem(row.text(5)?, &bytes, problem),
                None => raw.push(row.text(5)?, row.opt_text(3)?, &bytes),
            }
        }
        Ok(raw.finish())
    }
}

struct Stored {
    stream: Id,
    mapping: Option<Hash>,
    observed_at: i64,
    body: Segment,
}

impl Stored {
    fn read(row: &Row) -> Result<Self> {
        let body = segment::decode(row.bytes(4)?)?;
        Ok(Self { stream: row.id(1)?, mapping: row.opt_hash(2)?, observed_at: row.int(3)?, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_of_the_space_of_ids_touch_and_leave_nothing_out() {
        let bytes = |cell: &Cell| if let Cell::Bytes(bytes) = cell { bytes.clone() } else { Vec::new() };
        for of in [1, 3, 50] {
            let bounds: Vec<Vec<Cell>> = (0..of).map(|index| slice(index, of)).collect();
            assert_eq!(bytes(&bounds[0][0]), [0; 16]);
            assert_eq!(bytes(&bounds[of as usize - 1][1]), [u8::MAX; 16]);
            for pair in bounds.windows(2) {
                let number = |cell: &Cell| u128::from_be_bytes(bytes(cell).try_into().unwrap());
                assert_eq!(number(&pair[0][1]) + 1, number(&pair[1][0]));
            }
        }
    }
}
