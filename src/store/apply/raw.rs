//! The bytes of a page: hashes, segments, and the keys of personal ones.

use aws_lc_rs::{hmac, rand};
use bihuan_connectors::sdk::RawRecord;
use jiff::Timestamp;

use super::refusal;
use super::versions::{Decided, Incoming, Speaker, Stamp};
use crate::domain::{FactKind, Hash, Id};
use crate::ledger::BookPolicy;
use crate::store::Store;
use crate::store::engine::{Cell, Engine, Tx};
use crate::store::error::{Result, StoreError};
use crate::store::journal::keys;
use crate::store::segment::{self, DataKey, Meta, SECRET};
use crate::store::tables;
use crate::store::types::{ApplyBatch, Outcome, RecordId};

/// What two records must share to be the same version: the source's version, the bytes, and the connector's complaint.
/// Personal content is hashed with a key of this database, so that nobody can test a guess against the hash.
pub fn content_hash(record: RawRecord<'_>, secret: Option<&[u8; SECRET]>) -> Hash {
    let parts: [&[u8]; 3] =
        [record.version.unwrap_or("").as_bytes(), record.payload, record.problem.unwrap_or("").as_bytes()];
    let hash = Hash::of_parts(&parts);
    let Some(secret) = secret else { return hash };
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), &hash.0);
    Hash::from_slice(tag.as_ref()).unwrap_or(hash)
}

/// The mapped records of a page with what orders their versions; facts that can never be posted are quarantined here.
pub fn incoming(store: &Store, batch: &ApplyBatch, speaker: Speaker, policy: &BookPolicy) -> Vec<Incoming> {
    let stamped = batch.records.iter().filter_map(|(index, outcome)| {
        let raw = batch.raw.get(*index)?;
        let stamp = Stamp {
            version: raw.version.map(str::to_owned),
            observed_at: batch.raw.observed_at_micros,
            hash: store.content_hash(batch.personal, raw),
        };
        let (outcome, is_complete) = match outcome {
            Outcome::Facts(facts) => match refusal::is_complete(facts, speaker, policy) {
                Ok(is_complete) => (outcome.clone(), is_complete),
                Err(problem) => (Outcome::Quarantined(problem), false),
            },
            // What says nothing needs nobody.
            _ => (outcome.clone(), true),
        };
        let record = batch.stream.record(raw.key);
        Some(Incoming { index: *index, record, key: raw.key.into(), stamp, outcome, is_complete })
    });
    stamped.collect()
}

/// Stores the new versions' bytes as one segment, and all new or moved versions.
pub async fn store(
    tx: &mut Tx,
    batch: &ApplyBatch,
    incoming: &[Incoming],
    decided: &Decided,
    now: Timestamp,
) -> Result<()> {
    let new: Vec<&Incoming> =
        decided.versions.iter().filter(|version| version.is_new).map(|version| &incoming[version.item]).collect();
    let records: Vec<RawRecord<'_>> = new.iter().filter_map(|item| batch.raw.get(item.index)).collect();
    let payloads: Vec<&[u8]> = records.iter().map(|raw| raw.payload).collect();
    let meta = Meta::new(&batch.raw.shape, records.iter().map(|raw| raw.problem));
    let stream = batch.stream.id();
    let hashes: Vec<u8> = new.iter().flat_map(|item| [item.record.0.as_slice(), &item.stamp.hash.0].concat()).collect();
    let segment = Id::from_parts(&[b"segment", &stream.0, &hashes]);
    if !payloads.is_empty() {
        let body = if batch.personal {
            let data_keys = data_keys(tx, &new, now).await?;
            let frames: Vec<(&[u8], &DataKey)> = payloads.iter().copied().zip(&data_keys).collect();
            segment::encode_personal(&meta, &frames)?
        } else {
            segment::encode(&meta, &payloads)?
        };
        let raw_bytes: usize = payloads.iter().map(|payload| payload.len()).sum();
        let observed_at = Cell::Int(batch.raw.observed_at_micros);
        let counts = [payloads.len().into(), raw_bytes.into(), body.into(), batch.mapping.into()];
        let row = [segment.into(), stream.into(), observed_at, now.into()].into_iter().chain(counts).collect();
        tx.upsert_many(&tables::SEGMENT, vec![row]).await?;
    }
    let mut position = 0_usize;
    let mut rows = Vec::with_capacity(decided.versions.len());
    let superseded = decided.superseded();
    rows.extend(superseded.map(|(record, stamp)| version_row(record, stamp, segment, 0)));
    for version in &decided.versions {
        let item = &incoming[version.item];
        rows.push(version_row(item.record, &item.stamp, segment, position));
        position += usize::from(version.is_new);
    }
    tx.upsert_many(&tables::RECORD_VERSION, rows).await
}

/// The row of `tables::RECORD_VERSION`; of a version that is stored already only the instant counts.
fn version_row(record: RecordId, stamp: &Stamp, segment: Id, position: usize) -> Vec<Cell> {
    let Stamp { version, observed_at, hash } = stamp;
    vec![record.into(), (*hash).into(), version.clone().into(), (*observed_at).into(), segment.into(), position.into()]
}

/// Records that were seen again, unchanged: the instant decides which of two contents under one word of the source is the
/// newer one when an older page arrives late, so it moves also where the source numbers its versions. Nothing but the
/// head is written: as long as a version wins, its instant is the head's.
pub async fn seen_again(tx: &mut Tx, batch: &ApplyBatch) -> Result<()> {
    let mapped: std::collections::HashSet<usize> = batch.records.iter().map(|(index, _)| *index).collect();
    let unchanged = batch.raw.iter().enumerate().filter(|(index, _)| !mapped.contains(index));
    let unchanged: Vec<Id> = unchanged.map(|(_, raw)| batch.stream.record(raw.key)).collect();
    let sql = "UPDATE record_head SET observed_at = $1, \
         facts_observed_at = CASE WHEN facts_hash = hash THEN $1 ELSE facts_observed_at END \
         WHERE record {keys} AND observed_at < $1";
    tx.execute_in(sql, &keys(&unchanged), vec![Cell::Int(batch.raw.observed_at_micros)]).await?;
    Ok(())
}

/// Whose data a personal record is: the outside person, else the room or the sender, else the record alone.
fn data_subject(item: &Incoming) -> Id {
    let Outcome::Facts(facts) = &item.outcome else { return item.record };
    let message = facts.iter().find(|fact| matches!(fact.kind, FactKind::Message | FactKind::Contact));
    let Some(fact) = message else { return item.record };
    if fact.kind == FactKind::Contact {
        return fact.id();
    }
    let name = fact.fields.text("room").or_else(|| fact.fields.text("sender")).unwrap_or(&fact.number);
    fact.fields
        .reference("contact")
        .unwrap_or_else(|| Id::from_parts(&[b"data subject", fact.book.as_bytes(), name.as_bytes()]))
}

/// The keys of the records' data subjects; a subject that was never seen, or was erased, gets a new one.
async fn data_keys(tx: &mut Tx, items: &[&Incoming], now: Timestamp) -> Result<Vec<DataKey>> {
    let subjects: Vec<Id> = items.iter().map(|item| data_subject(item)).collect();
    let mut distinct = subjects.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let fresh = distinct.iter().map(|id| Ok(vec![(*id).into(), new_secret()?.to_vec().into(), now.into()]));
    tx.upsert_many(&tables::DATA_KEY, fresh.collect::<Result<_>>()?).await?;
    let stored = tx.fetch_in("SELECT id, secret FROM data_key WHERE id {keys}", &keys(&distinct), Vec::new()).await?;
    let mut secrets = std::collections::HashMap::new();
    for row in &stored {
        secrets.insert(row.id(0)?, secret(row.opt_bytes(1)?)?);
    }
    let keys = subjects.into_iter().map(|id| {
        let secret = secrets.get(&id).copied().ok_or_else(|| unusable("missing"))?;
        Ok(DataKey { id, secret })
    });
    keys.collect()
}

/// The key under which the hashes of personal content are made; created once a database. Looked for before it is made: a
/// command that only reads writes nothing, waits for no writer, and does not start the random generator, whose gathering of
/// entropy took more than half of the time of such a command.
pub async fn hash_secret(engine: &Engine, now: Timestamp) -> Result<[u8; SECRET]> {
    let id = Id([0; 16]);
    let sql = "SELECT secret FROM data_key WHERE id = $1";
    let known = engine.read().await?.fetch_one(sql, vec![id.into()]).await?;
    if let Some(row) = known {
        return secret(Some(row.bytes(0)?));
    }
    let mut tx = engine.begin().await?;
    let fresh = vec![id.into(), new_secret()?.to_vec().into(), now.into()];
    tx.upsert_many(&tables::DATA_KEY, vec![fresh]).await?;
    let row = tx.fetch_one(sql, vec![id.into()]).await?;
    tx.commit().await?;
    secret(row.as_ref().map(|row| row.bytes(0)).transpose()?)
}

fn unusable(problem: &str) -> StoreError {
    StoreError::Corrupt { what: "data key", problem: problem.to_owned() }
}

fn new_secret() -> Result<[u8; SECRET]> {
    let mut secret = [0_u8; SECRET];
    rand::fill(&mut secret).map_err(|_| unusable("no randomness"))?;
    Ok(secret)
}

fn secret(stored: Option<&[u8]>) -> Result<[u8; SECRET]> {
    stored.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| unusable("erased or damaged"))
}
