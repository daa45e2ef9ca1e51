//! Where a document's content came from: which records speak of it, in which versions, mapped by which text, in which
//! bytes.
//!
//! Every way in is by key (document → contribution → record → version, segment, mapping text), so that it takes as long
//! in a database of a million facts as in a small one. It must not know what a mapping's text means.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bihuan_connectors::sdk::PayloadShape;
use jiff::Timestamp;

use super::stored::{RawPayload, payload};
use crate::domain::{FieldMap, Hash, Id, Line, fact};
use crate::ledger::Document;
use crate::store::engine::{Row, Tx};
use crate::store::error::{Result, StoreError};
use crate::store::journal::keys;
use crate::store::segment::{self, Segment};
use crate::store::types::RecordId;

/// Records of one document whose versions and bytes are read: a document that is cut into more (one file row a line) is
/// understood by the first ones.
pub const SOURCES_IN_FULL: usize = 20;

/// A record that speaks of a document, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub record: RecordId,
    pub source: Box<str>,
    pub stream: Box<str>,
    pub record_key: Box<str>,
    /// The stream's book.
    pub book: Box<str>,
    /// As the booking authority, or as evidence.
    pub books: bool,
    pub rank: u32,
    pub fields: FieldMap,
    pub lines: Vec<Line>,
    pub mapping: Hash,
    /// Why the latest version is not the one in force.
    pub problem: Option<Box<str>>,
    /// Newest first; empty beyond [`SOURCES_IN_FULL`].
    pub versions: Vec<RecordVersion>,
    /// Text of the mapping, and the bytes of the version in force.
    pub origin: Option<Origin>,
}

/// One version of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordVersion {
    /// As the source numbers it.
    pub version: Option<Box<str>>,
    pub observed_at: Timestamp,
    /// When it was committed here.
    pub recorded_at: Timestamp,
    pub hash: Hash,
    /// Its facts are in the ledger.
    pub is_in_force: bool,
}

/// What a mapping made the facts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub mapping_text: Arc<str>,
    pub payload: RawPayload,
    pub shape: PayloadShape,
    /// The connector's complaint about it.
    pub problem: Option<Box<str>>,
    /// Payloads of this stream are personal data.
    pub personal: bool,
}

pub(super) const SOURCES: &str = "SELECT h.record, s.source, s.stream, h.record_key, s.book, c.books, c.rank, c.body, h.mapping, \
     h.reason, h.hash, h.facts_hash, s.personal FROM contribution c JOIN record_head h ON h.record = c.record \
     JOIN stream s ON s.id = h.stream WHERE c.document = $1 AND c.body IS NOT NULL";
pub(super) const VERSIONS: &str = "SELECT v.record, v.hash, v.version, \
     CASE WHEN h.hash = v.hash THEN h.observed_at ELSE v.observed_at END, g.stored_at, v.segment, v.position, g.mapping \
     FROM record_version v JOIN record_head h ON h.record = v.record JOIN segment g ON g.id = v.segment \
     WHERE v.record {keys}";
pub(super) const TEXTS: &str = "SELECT id, body FROM mapping_text WHERE id {keys}";
pub(super) const SEGMENTS: &str = "SELECT id, body FROM segment WHERE id {keys}";

/// What a record's head says of its version in force.
struct Head {
    facts: Option<Hash>,
    personal: bool,
}

/// In the order of precedence: of two that have an opinion on a field the first one's counts.
pub(super) async fn sources(tx: &mut Tx, document: &Document) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    let mut heads = HashMap::new();
    for row in tx.fetch(SOURCES, vec![document.id.into()]).await? {
        let source = read_source(&row, document)?;
        heads.insert(source.record, Head { facts: row.opt_hash(11)?, personal: row.bool(12)? });
        sources.push(source);
    }
    sources.sort_by_key(|source: &Source| (source.rank, source.record));
    let full = sources.len().min(SOURCES_IN_FULL);
    complete(tx, &mut sources[..full], &heads).await?;
    Ok(sources)
}

fn read_source(row: &Row, document: &Document) -> Result<Source> {
    let (fields, lines) = fact::decode(document.kind, row.text(7)?)?;
    let is_in_force = row.opt_hash(11)? == Some(row.hash(10)?);
    Ok(Source {
        record: row.id(0)?,
        source: row.text(1)?.into(),
        stream: row.text(2)?.into(),
        record_key: row.text(3)?.into(),
        book: row.text(4)?.into(),
        books: row.bool(5)?,
        rank: u32::try_from(row.int(6)?).unwrap_or(u32::MAX),
        fields,
        lines,
        mapping: row.hash(8)?,
        problem: if is_in_force { None } else { row.opt_text(9)?.map(Into::into) },
        versions: Vec::new(),
        origin: None,
    })
}

/// Adds versions and origins.
async fn complete(tx: &mut Tx, sources: &mut [Source], heads: &HashMap<RecordId, Head>) -> Result<()> {
    let records: Vec<Id> = sources.iter().map(|source| source.record).collect();
    let mut versions: HashMap<RecordId, Vec<RecordVersion>> = HashMap::new();
    let mut mappings: HashMap<RecordId, Hash> = HashMap::new();
    let mut places: BTreeMap<RecordId, (Id, i64)> = BTreeMap::new();
    for row in tx.fetch_in(VERSIONS, &keys(&records), Vec::new()).await? {
        let (record, hash) = (row.id(0)?, row.hash(1)?);
        let is_in_force = heads.get(&record).is_some_and(|head| head.facts == Some(hash));
        if is_in_force {
            places.insert(record, (row.id(5)?, row.int(6)?));
            mappings.extend(row.opt_hash(7)?.map(|mapping| (record, mapping)));
        }
        versions.entry(record).or_default().push(RecordVersion {
            version: row.opt_text(2)?.map(Into::into),
            observed_at: row.instant(3)?,
            recorded_at: row.instant(4)?,
            hash,
            is_in_force,
        });
    }
    for source in sources.iter_mut().filter(|source| source.problem.is_some()) {
        // The head names the mapping of the latest version; the one in force came in by that of its page.
        source.mapping = mappings.get(&source.record).copied().unwrap_or(source.mapping);
    }
    let texts = texts(tx, sources).await?;
    let segments = segments(tx, &places).await?;
    for source in sources {
        source.versions = versions.remove(&source.record).unwrap_or_default();
        source
            .versions
            .sort_by(|a, b| (&b.version, b.observed_at, b.hash.0).cmp(&(&a.version, a.observed_at, a.hash.0)));
        let place = places.get(&source.record).and_then(|(id, position)| Some((segments.get(id)?, *position)));
        let (Some((segment, position)), Some(text)) = (place, texts.get(&source.mapping)) else { continue };
        source.origin = Some(Origin {
            mapping_text: Arc::clone(text),
            payload: payload(tx, segment, position).await?,
            shape: segment.meta.shape(),
            problem: segment.meta.problem(usize::try_from(position).unwrap_or(usize::MAX)).map(Into::into),
            personal: heads.get(&source.record).is_some_and(|head| head.personal),
        });
    }
    Ok(())
}

async fn texts(tx: &mut Tx, sources: &[Source]) -> Result<HashMap<Hash, Arc<str>>> {
    let mut wanted: Vec<Vec<u8>> = sources.iter().map(|source| source.mapping.0.to_vec()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let rows = tx.fetch_in(TEXTS, &wanted, Vec::new()).await?;
    rows.iter().map(|row| Ok((row.hash(0)?, Arc::from(row.text(1)?)))).collect()
}

/// Each segment is unpacked once, however many of the records lie in it.
async fn segments(tx: &mut Tx, places: &BTreeMap<RecordId, (Id, i64)>) -> Result<HashMap<Id, Segment>> {
    let mut wanted: Vec<Id> = places.values().map(|(segment, _)| *segment).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let rows = tx.fetch_in(SEGMENTS, &keys(&wanted), Vec::new()).await?;
    rows.iter().map(|row| Ok::<_, StoreError>((row.id(0)?, segment::decode(row.bytes(1)?)?))).collect()
}
