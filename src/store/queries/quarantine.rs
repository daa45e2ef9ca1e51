//! Records that were kept out: which, why, and their bytes as they came.

use jiff::Timestamp;

use crate::domain::Problem;
use crate::store::Store;
use crate::store::engine::{Row, Tx};
use crate::store::error::Result;
use crate::store::queries::stored::{RawPayload, payload};
use crate::store::segment;
use crate::store::types::RecordId;

/// One record in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineEntry {
    pub record: RecordId,
    pub source: Box<str>,
    pub stream: Box<str>,
    pub record_key: Box<str>,
    pub problem: Problem,
    /// `open`, `fixed` or `discarded`.
    pub state: Box<str>,
    pub since: Timestamp,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT q.record, s.source, s.stream, q.record_key, q.field, q.value, q.reason, q.mapping_place, q.state, \
             q.since, q.hash FROM quarantine q JOIN stream s ON s.id = q.stream ",
            $rest
        )
    };
}

const OPEN: &str = select!("WHERE q.state = 'open'");
const ONE: &str = select!("WHERE q.record = $1");
const BYTES: &str = "SELECT g.body, v.position FROM record_version v JOIN segment g ON g.id = v.segment \
     WHERE v.record = $1 AND v.hash = $2";

/// Records of a book, by key, with where their bytes lie.
const OF_BOOK: &str = "SELECT q.record_key, g.body, v.position FROM quarantine q JOIN stream s ON s.id = q.stream \
     JOIN record_version v ON v.record = q.record AND v.hash = q.hash JOIN segment g ON g.id = v.segment \
     WHERE q.state = 'open' AND s.book = $1 ORDER BY q.since DESC, q.record LIMIT $2";

/// Key and text of the newest records in quarantine of a book, for searching; without those of erased people.
pub(super) async fn texts(tx: &mut Tx, book: &str, limit: usize) -> Result<Vec<(Box<str>, String)>> {
    let mut texts = Vec::new();
    for row in tx.fetch(OF_BOOK, vec![book.into(), limit.into()]).await? {
        if let RawPayload::Bytes(bytes) = payload(tx, &segment::decode(row.bytes(1)?)?, row.int(2)?).await? {
            texts.push((row.text(0)?.into(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    Ok(texts)
}

impl Store {
    /// What lies in quarantine now, newest first.
    pub async fn quarantine_list(&self, source: Option<&str>, limit: usize) -> Result<Vec<QuarantineEntry>> {
        let mut tx = self.engine.read().await?;
        let rows = tx.fetch(OPEN, Vec::new()).await?;
        let mut entries = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        entries.retain(|entry| source.is_none_or(|source| &*entry.source == source));
        entries.sort_by(|a, b| b.since.cmp(&a.since).then_with(|| a.record_key.cmp(&b.record_key)));
        entries.truncate(limit);
        Ok(entries)
    }

    /// One record of the quarantine with its bytes.
    pub async fn quarantine_show(&self, record: RecordId) -> Result<Option<(QuarantineEntry, RawPayload)>> {
        let mut tx = self.engine.read().await?;
        let Some(row) = tx.fetch_one(ONE, vec![record.into()]).await? else { return Ok(None) };
        let bytes = tx.fetch_one(BYTES, vec![record.into(), row.hash(10)?.into()]).await?;
        let payload = match bytes {
            Some(bytes) => payload(&mut tx, &segment::decode(bytes.bytes(0)?)?, bytes.int(1)?).await?,
            None => RawPayload::Erased,
        };
        Ok(Some((read(&row)?, payload)))
    }
}

fn read(row: &Row) -> Result<QuarantineEntry> {
    Ok(QuarantineEntry {
        record: row.id(0)?,
        source: row.text(1)?.into(),
        stream: row.text(2)?.into(),
        record_key: row.text(3)?.into(),
        problem: Problem {
            field: row.text(4)?.into(),
            value: row.text(5)?.into(),
            reason: row.text(6)?.into(),
            at: row.opt_text(7)?.map(Into::into),
        },
        state: row.text(8)?.into(),
        since: row.instant(9)?,
    })
}
