//! Which version of a record wins, and whose facts are in force. DESIGN 10, *Versions*. Pure, apart from loading.
//!
//! Order: (source version or none, observed_at, content hash). Every distinct version is kept. The winner decides, but a
//! quarantined winner leaves the facts of the last good version in force: an unreadable new version of a shipment must
//! not take the goods out of the customer's balance.

use std::collections::{BTreeMap, HashMap};

use crate::domain::{Fact, Hash, Id, Problem};
use crate::store::engine::{Cell, Row, Tx};
use crate::store::error::Result;
use crate::store::types::{Counts, Outcome, RecordId, Verdict};

/// What versions of one record are ordered by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    pub version: Option<String>,
    pub observed_at: i64,
    pub hash: Hash,
}

/// One mapped record of a batch.
#[derive(Debug)]
pub struct Incoming {
    /// Index in the raw batch.
    pub index: usize,
    pub record: RecordId,
    pub key: Box<str>,
    pub stamp: Stamp,
    pub outcome: Outcome,
}

/// The stored state of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub stamp: Stamp,
    pub verdict: Verdict,
    pub reason: Option<String>,
    pub mapping: Hash,
    /// The version whose facts are in force.
    pub facts: Option<Stamp>,
    pub documents: Vec<Id>,
}

/// What happens to one record.
#[derive(Debug)]
pub struct Change {
    pub key: Box<str>,
    pub before: Option<Head>,
    pub head: Head,
    /// The facts that come into force instead of those of `before`, by document, and the item that brought them.
    pub facts: Option<(usize, BTreeMap<Id, Fact>)>,
    pub problem: Option<Problem>,
}

impl Change {
    /// Every document that this change touches.
    pub fn touched(&self) -> Vec<Id> {
        let Some((_, facts)) = &self.facts else { return Vec::new() };
        let before = self.before.iter().flat_map(|head| head.documents.iter());
        before.chain(facts.keys()).copied().collect()
    }

    pub fn is_stored(&self) -> bool {
        self.before.as_ref() != Some(&self.head)
    }
}

/// A version to be stored: with its bytes when it is new.
#[derive(Debug)]
pub struct Version {
    pub item: usize,
    pub is_new: bool,
}

/// The decisions about a whole batch.
#[derive(Debug, Default)]
pub struct Decided {
    pub changes: BTreeMap<RecordId, Change>,
    pub versions: Vec<Version>,
    /// How each item counts, in the order of the batch.
    counted: Vec<Counted>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    Applied,
    Known(Verdict),
}

/// Where a record's stored versions stand.
pub type Versions = HashMap<(RecordId, Hash), i64>;

pub struct Loaded {
    pub heads: HashMap<RecordId, Head>,
    pub versions: Versions,
}

const HEADS: &str = "SELECT record, hash, version, observed_at, outcome, reason, mapping, facts_hash, facts_version, \
     facts_observed_at, documents FROM record_head WHERE record {keys}";
const VERSIONS: &str = "SELECT record, hash, observed_at FROM record_version WHERE record {keys}";

pub async fn load(tx: &mut Tx, incoming: &[Incoming]) -> Result<Loaded> {
    let mut keys: Vec<Vec<u8>> = incoming.iter().map(|item| item.record.0.to_vec()).collect();
    keys.sort_unstable();
    keys.dedup();
    let heads: HashMap<RecordId, Head> =
        tx.fetch_in(HEADS, &keys, Vec::new()).await?.iter().map(read_head).collect::<Result<_>>()?;
    keys.retain(|key| Id::from_slice(key).is_some_and(|record| heads.contains_key(&record)));
    let mut versions = Versions::new();
    for row in tx.fetch_in(VERSIONS, &keys, Vec::new()).await? {
        versions.insert((row.id(0)?, row.hash(1)?), row.int(2)?);
    }
    Ok(Loaded { heads, versions })
}

pub const fn verdict_code(verdict: Verdict) -> i64 {
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

fn read_head(row: &Row) -> Result<(RecordId, Head)> {
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
    Ok((row.id(0)?, head))
}

/// The row of `tables::RECORD_HEAD`.
pub fn head_row(stream: Id, record: RecordId, change: &Change) -> Vec<Cell> {
    let head = &change.head;
    let facts = head.facts.as_ref();
    vec![
        record.into(),
        stream.into(),
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

pub fn decide(incoming: &[Incoming], loaded: Loaded, mapping: Hash) -> Decided {
    let Loaded { mut heads, mut versions } = loaded;
    let mut decided = Decided::default();
    for (item, record) in incoming.iter().enumerate() {
        let before = heads.remove(&record.record);
        let change = decided.changes.entry(record.record).or_insert_with(|| Change {
            key: record.key.clone(),
            head: before.clone().unwrap_or_else(|| unseen(record, mapping)),
            before,
            facts: None,
            problem: None,
        });
        let is_first = change.before.is_none() && change.head.stamp.observed_at == NEVER;
        let stored = versions.get(&(record.record, record.stamp.hash)).copied();
        let mut stamp = record.stamp.clone();
        stamp.observed_at = stamp.observed_at.max(stored.unwrap_or(NEVER));
        let wins = is_first || stamp > change.head.stamp;
        // Seen again later: it matters only where the source gives no version of its own.
        let moved = stored.is_some_and(|instant| stamp.observed_at > instant) && (wins || stamp.version.is_none());
        if stored.is_none() || moved {
            decided.versions.push(Version { item, is_new: stored.is_none() });
            versions.insert((record.record, stamp.hash), stamp.observed_at);
        }
        let is_change = stored.is_none() || (wins && change.head.stamp.hash != stamp.hash);
        decided.counted.push(class(&record.outcome, is_change));
        take(change, item, record, stamp, wins, mapping);
    }
    decided
}

/// An instant before every other: the head of a record that was never seen.
const NEVER: i64 = i64::MIN;

fn unseen(record: &Incoming, mapping: Hash) -> Head {
    Head {
        stamp: Stamp { version: None, observed_at: NEVER, hash: record.stamp.hash },
        verdict: Verdict::Applied,
        reason: None,
        mapping,
        facts: None,
        documents: Vec::new(),
    }
}

fn class(outcome: &Outcome, is_change: bool) -> Counted {
    match outcome {
        Outcome::Facts(_) if is_change => Counted::Applied,
        Outcome::Facts(_) => Counted::Known(Verdict::Applied),
        Outcome::Ignored(_) => Counted::Known(Verdict::Ignored),
        Outcome::Quarantined(_) => Counted::Known(Verdict::Quarantined),
    }
}

/// Lets a version take effect on its record: as winner, as the source of facts, or not at all.
fn take(change: &mut Change, item: usize, record: &Incoming, stamp: Stamp, wins: bool, mapping: Hash) {
    let remapped = change.head.stamp.hash == stamp.hash && change.head.mapping != mapping;
    let same_verdict = change.head.verdict == verdict_of(&record.outcome);
    let is_winner = wins || change.head.stamp.hash == stamp.hash;
    if is_winner {
        change.head.stamp = stamp.clone();
        change.head.verdict = verdict_of(&record.outcome);
        change.head.mapping = mapping;
        change.head.reason = None;
        change.problem = None;
        match &record.outcome {
            Outcome::Facts(_) => {}
            Outcome::Ignored(because) => change.head.reason = Some(because.to_string()),
            Outcome::Quarantined(problem) => {
                change.head.reason = Some(problem.reason.to_string());
                change.problem = Some(problem.clone());
            }
        }
    }
    let facts = match &record.outcome {
        Outcome::Facts(facts) => facts.as_slice(),
        Outcome::Ignored(_) => &[],
        Outcome::Quarantined(_) => return,
    };
    let in_force = change.head.facts.as_ref();
    let newer = in_force.is_none_or(|known| stamp > *known && (stamp.hash != known.hash || remapped));
    let again = (remapped || !same_verdict) && in_force.is_some_and(|known| known.hash == stamp.hash);
    if newer || again {
        let facts: BTreeMap<Id, Fact> = facts.iter().map(|fact| (fact.id(), fact.clone())).collect();
        change.head.documents = facts.keys().copied().collect();
        change.facts = Some((item, facts));
    }
    if in_force.is_none_or(|known| stamp >= *known) {
        change.head.facts = Some(stamp);
    }
}

fn verdict_of(outcome: &Outcome) -> Verdict {
    match outcome {
        Outcome::Facts(_) => Verdict::Applied,
        Outcome::Ignored(_) => Verdict::Ignored,
        Outcome::Quarantined(_) => Verdict::Quarantined,
    }
}

impl Decided {
    /// The ledger refused what this record says: it goes to quarantine and its facts are as before the batch.
    pub fn refuse(&mut self, record: RecordId, incoming: &[Incoming], problem: Problem) {
        let Some(change) = self.changes.get_mut(&record) else { return };
        let Some((item, _)) = change.facts.take() else { return };
        change.head.facts = change.before.as_ref().and_then(|head| head.facts.clone());
        change.head.documents = change.before.as_ref().map_or_else(Vec::new, |head| head.documents.clone());
        if change.head.stamp.hash == incoming[item].stamp.hash {
            change.head.verdict = Verdict::Quarantined;
            change.head.reason = Some(problem.reason.to_string());
            change.problem = Some(problem);
        }
        self.counted[item] = Counted::Known(Verdict::Quarantined);
    }

    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for class in &self.counted {
            match class {
                Counted::Applied => {
                    counts.read += 1;
                    counts.applied += 1;
                }
                Counted::Known(verdict) => counts.count_known(*verdict),
            }
        }
        counts
    }
}
