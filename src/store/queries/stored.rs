//! Stored raw records, for mapping them again: `map diff`, replay of a quarantine, a changed mapping.

use std::collections::HashMap;

use bihuan_connectors::sdk::PayloadShape;

use crate::domain::Id;
use crate::store::Store;
use crate::store::engine::Tx;
use crate::store::error::Result;
use crate::store::segment::{self, DataKey, Frame, Segment};
use crate::store::types::{RecordId, StreamId};

/// Bytes of a stored record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawPayload {
    Bytes(Vec<u8>),
    /// The person whom it is about was erased.
    Erased,
}

/// The winning version of one record as the source gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    pub record: RecordId,
    pub key: Box<str>,
    pub version: Option<Box<str>>,
    pub observed_at_micros: i64,
    pub shape: PayloadShape,
    pub problem: Option<Box<str>>,
    pub payload: RawPayload,
}

const WINNERS: &str = "SELECT h.record, h.record_key, h.version, h.observed_at, v.segment, v.position \
     FROM record_head h JOIN record_version v ON v.record = h.record AND v.hash = h.hash \
     WHERE h.stream = $1 AND h.record > $2 ORDER BY h.record LIMIT $3";

impl Store {
    /// Winning versions of a stream's records, in the order of record ids; pass the last one to go on after it.
    pub async fn stored_records(
        &self,
        stream: &StreamId,
        after: Option<RecordId>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>> {
        let mut tx = self.engine.read().await?;
        let after = after.map_or_else(Vec::new, |record| record.0.to_vec());
        let rows = tx.fetch(WINNERS, vec![stream.id().into(), after.into(), limit.into()]).await?;
        let mut wanted: Vec<Vec<u8>> =
            rows.iter().map(|row| row.bytes(4).map(<[u8]>::to_vec)).collect::<Result<_>>()?;
        wanted.sort_unstable();
        wanted.dedup();
        let mut segments: HashMap<Id, Segment> = HashMap::new();
        for row in tx.fetch_in("SELECT id, body FROM segment WHERE id {keys}", &wanted, Vec::new()).await? {
            segments.insert(row.id(0)?, segment::decode(row.bytes(1)?)?);
        }
        let mut records = Vec::with_capacity(rows.len());
        for row in &rows {
            let Some(segment) = segments.get(&row.id(4)?) else { continue };
            let position = usize::try_from(row.int(5)?).unwrap_or(usize::MAX);
            records.push(StoredRecord {
                record: row.id(0)?,
                key: row.text(1)?.into(),
                version: row.opt_text(2)?.map(Into::into),
                observed_at_micros: row.int(3)?,
                shape: segment.meta.shape(),
                problem: segment.meta.problem(position).map(Into::into),
                payload: payload(&mut tx, segment, row.int(5)?).await?,
            });
        }
        Ok(records)
    }
}

pub(super) async fn payload(tx: &mut Tx, segment: &Segment, position: i64) -> Result<RawPayload> {
    match segment.frame(usize::try_from(position).unwrap_or(usize::MAX))? {
        Frame::Plain(bytes) => Ok(RawPayload::Bytes(bytes.to_vec())),
        Frame::Sealed { key, frame } => match data_key(tx, key).await? {
            Some(key) => Ok(RawPayload::Bytes(segment::open(frame, &key)?)),
            None => Ok(RawPayload::Erased),
        },
    }
}

async fn data_key(tx: &mut Tx, id: Id) -> Result<Option<DataKey>> {
    let row = tx.fetch_one("SELECT secret FROM data_key WHERE id = $1", vec![id.into()]).await?;
    let secret = row.as_ref().map(|row| row.opt_bytes(0)).transpose()?.flatten();
    Ok(secret.and_then(|bytes| bytes.try_into().ok()).map(|secret| DataKey { id, secret }))
}
