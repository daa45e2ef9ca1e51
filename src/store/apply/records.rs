//! Records in their tables: heads, versions, and the candidates of the few records that were refused or wait for others.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::versions::{Candidate, Change, Decided, Head, Incoming, Known, Said, Speaker, Stamp, Versions};
use crate::domain::{Fact, FactKind, Id, fact};
use crate::store::engine::{Cell, Row, Tx};
use crate::store::error::Result;
use crate::store::journal::keys;
use crate::store::tables;
use crate::store::types::{RecordId, Verdict};

const HEADS: &str = "SELECT record, hash, version, observed_at, outcome, reason, mapping, facts_hash, facts_version, \
     facts_observed_at, documents, stream, record_key FROM record_head WHERE record {keys}";
const VERSIONS: &str = "SELECT record, hash, observed_at FROM record_version WHERE record {keys}";
const KEPT: &str = "SELECT record, hash, version, observed_at, complete, rank, books, body FROM kept_version \
     WHERE record {keys}";

/// What is known about the records of a batch.
pub async fn load_known(tx: &mut Tx, incoming: &[Incoming]) -> Result<Known> {
    let ids: BTreeSet<RecordId> = incoming.iter().map(|item| item.record).collect();
    let records = load(tx, &ids.into_iter().collect::<Vec<_>>()).await?;
    let known: Vec<RecordId> = records.keys().copied().collect();
    let mut versions = Versions::new();
    let mut behind = HashSet::new();
    for row in tx.fetch_in(VERSIONS, &keys(&known), Vec::new()).await? {
        let (record, hash, stored) = (row.id(0)?, row.hash(1)?, row.int(2)?);
        let head = records.get(&record).map(|change| &change.head.stamp).filter(|stamp| stamp.hash == hash);
        let observed_at = head.map_or(stored, |stamp| stamp.observed_at);
        if observed_at > stored {
            behind.insert(record);
        }
        versions.insert((record, hash), observed_at);
    }
    Ok(Known { records, versions, behind })
}

/// Records as they stand. Of one that keeps no candidates the speaker is not known here: its contributions tell.
pub async fn load(tx: &mut Tx, records: &[RecordId]) -> Result<HashMap<RecordId, Change>> {
    let mut changes = HashMap::new();
    for row in tx.fetch_in(HEADS, &keys(records), Vec::new()).await? {
        let (record, change) = read(&row)?;
        changes.insert(record, change);
    }
    let known: Vec<RecordId> = changes.keys().copied().collect();
    for row in tx.fetch_in(KEPT, &keys(&known), Vec::new()).await? {
        let Some(change) = changes.get_mut(&row.id(0)?) else { continue };
        if !change.was_kept {
            change.was_kept = true;
            change.candidates.clear();
            change.speaker = Speaker { rank: u32::try_from(row.int(5)?).unwrap_or(u32::MAX), books: row.bool(6)? };
        }
        let mut candidate = read_kept(&row)?;
        if candidate.stamp.hash == change.head.stamp.hash {
            // Seen again since it was kept.
            candidate.stamp = change.head.stamp.clone();
        }
        change.was_kept_for.extend(candidate.documents());
        change.candidates.push(candidate);
        change.candidates.sort_by(|a, b| b.stamp.cmp(&a.stamp));
    }
    Ok(changes)
}

fn read(row: &Row) -> Result<(RecordId, Change)> {
    let stamp = Stamp { version: row.opt_text(2)?.map(str::to_owned), observed_at: row.int(3)?, hash: row.hash(1)? };
    let facts = match row.opt_hash(7)? {
        Some(hash) => Some(Stamp {
            version: row.opt_text(8)?.map(str::to_owned),
            observed_at: row.opt_int(9)?.unwrap_or_default(),
            hash,
        }),
        None => None,
    };
    let head = Head {
        stamp,
        verdict: verdict(row.int(4)?),
        reason: row.opt_text(5)?.map(str::to_owned),
        mapping: row.hash(6)?,
        facts,
        documents: row.ids(10)?,
    };
    let in_force = head.facts.as_ref().map(|stamp| Candidate {
        stamp: stamp.clone(),
        is_complete: true,
        facts: Said::Stored(head.documents.clone()),
    });
    let change = Change {
        stream: row.id(11)?,
        key: row.text(12)?.into(),
        speaker: Speaker { rank: 0, books: false },
        before: Some(head.clone()),
        head,
        problem: None,
        candidates: in_force.into_iter().collect(),
        level: 0,
        was_kept: false,
        was_kept_for: Vec::new(),
    };
    Ok((row.id(0)?, change))
}

fn read_kept(row: &Row) -> Result<Candidate> {
    let stamp = Stamp { version: row.opt_text(2)?.map(str::to_owned), observed_at: row.int(3)?, hash: row.hash(1)? };
    let mut facts = BTreeMap::new();
    for line in row.text(7)?.lines() {
        let fact = fact::decode_fact(line)?;
        facts.insert(fact.id(), fact);
    }
    Ok(Candidate { stamp, is_complete: row.bool(4)?, facts: Said::Here { facts, is_new: false } })
}

/// Writes the heads that changed, and replaces what is kept of the records that keep, or kept, more than they contribute.
pub async fn write(tx: &mut Tx, decided: &Decided) -> Result<()> {
    let changed = decided.changes.iter().filter(|(_, change)| change.is_stored());
    let heads = changed.map(|(record, change)| head_row(*record, change)).collect();
    tx.upsert_many(&tables::RECORD_HEAD, heads).await?;
    let kept: Vec<RecordId> = ids(decided, |change| change.was_kept);
    tx.execute_in("DELETE FROM kept_version WHERE record {keys}", &keys(&kept), Vec::new()).await?;
    tx.execute_in("DELETE FROM kept_for WHERE record {keys}", &keys(&kept), Vec::new()).await?;
    let mut versions = Vec::new();
    let mut documents = Vec::new();
    for (record, change) in decided.changes.iter().filter(|(_, change)| change.is_kept()) {
        for candidate in &change.candidates {
            versions.push(kept_row(*record, change, candidate));
            let posting =
                candidate.documents().filter(|id| candidate.fact(*id).is_some_and(|fact| can_refuse(fact.kind)));
            documents.extend(posting.map(|document| vec![document.into(), (*record).into()]));
        }
    }
    tx.upsert_many(&tables::KEPT_VERSION, versions).await?;
    tx.upsert_many(&tables::KEPT_FOR, documents).await
}

fn ids(decided: &Decided, is_wanted: impl Fn(&Change) -> bool) -> Vec<RecordId> {
    decided.changes.iter().filter(|(_, change)| is_wanted(change)).map(|(record, _)| *record).collect()
}

/// Kinds that post, and so may be impossible to post.
const fn can_refuse(kind: FactKind) -> bool {
    use FactKind::{Adjustment, Bill, Invoice, Payment, Return, Shipment};
    matches!(kind, Shipment | Return | Invoice | Adjustment | Payment | Bill)
}

/// The row of `tables::KEPT_VERSION`.
fn kept_row(record: RecordId, change: &Change, candidate: &Candidate) -> Vec<Cell> {
    let none = BTreeMap::new();
    let facts: &BTreeMap<Id, Fact> = if let Said::Here { facts, .. } = &candidate.facts { facts } else { &none };
    // One fact a line: JSON has no line breaks of its own.
    let body = facts.values().map(fact::encode_fact).collect::<Vec<_>>().join("\n");
    vec![
        record.into(),
        candidate.stamp.hash.into(),
        candidate.stamp.version.clone().into(),
        candidate.stamp.observed_at.into(),
        candidate.is_complete.into(),
        change.speaker.rank.into(),
        change.speaker.books.into(),
        body.into(),
    ]
}

/// The row of `tables::RECORD_HEAD`.
fn head_row(record: RecordId, change: &Change) -> Vec<Cell> {
    let head = &change.head;
    let facts = head.facts.as_ref();
    vec![
        record.into(),
        change.stream.into(),
        (&change.key).into(),
        head.stamp.hash.into(),
        head.stamp.version.clone().into(),
        head.stamp.observed_at.into(),
        verdict_code(head.verdict).into(),
        head.reason.clone().into(),
        head.mapping.into(),
        facts.map(|stamp| stamp.hash).into(),
        facts.and_then(|stamp| stamp.version.clone()).into(),
        facts.map(|stamp| stamp.observed_at).into(),
        head.documents.iter().copied().collect(),
    ]
}

const fn verdict_code(verdict: Verdict) -> i64 {
    match verdict {
        Verdict::Applied => 0,
        Verdict::Ignored => 1,
        Verdict::Quarantined => 2,
    }
}

pub const fn verdict(code: i64) -> Verdict {
    match code {
        0 => Verdict::Applied,
        1 => Verdict::Ignored,
        _ => Verdict::Quarantined,
    }
}
