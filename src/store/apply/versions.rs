//! Which version of a record wins, and whose facts may be in force. DESIGN 10, *Versions*. Pure.
//!
//! Order: (source version or none, observed_at, content hash). Every distinct version is kept. The winner decides, but a
//! quarantined winner leaves the facts of the last good version in force: an unreadable new version of a shipment must
//! not take the goods out of the customer's balance.
//!
//! A version that is *complete* can be posted from its own facts alone; one that is *incomplete* needs what other records
//! say about the same document (mapping and ledger have refused whatever can never be posted). A record's candidates are
//! its highest complete version and, above it, its highest incomplete one: a function of all its versions, in whatever
//! order they came. Which of them is in force depends on other records and is decided where documents are folded.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::domain::{Fact, Hash, Id, Problem};
use crate::store::types::{Counts, Outcome, RecordId, Verdict};

/// What versions of one record are ordered by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    pub version: Option<String>,
    pub observed_at: i64,
    pub hash: Hash,
}

/// Which stream speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speaker {
    pub rank: u32,
    pub books: bool,
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
    /// Its facts can be posted without anybody else's.
    pub is_complete: bool,
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

/// A version whose facts may be in force.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub stamp: Stamp,
    pub is_complete: bool,
    pub facts: Said,
}

/// Where a candidate's facts are.
#[derive(Debug, Clone)]
pub enum Said {
    /// In force since before the batch and not looked at: what the record contributes to these documents.
    Stored(Vec<Id>),
    /// `is_new`: this batch says so, and the contributions must be written even if the version is in force already.
    Here { facts: BTreeMap<Id, Fact>, is_new: bool },
}

/// What happens to one record.
#[derive(Debug)]
pub struct Change {
    pub stream: Id,
    pub key: Box<str>,
    pub speaker: Speaker,
    pub before: Option<Head>,
    pub head: Head,
    /// What mapping, or the ledger about the winner alone or among others, complained about.
    pub problem: Option<Problem>,
    /// Best first; the first that no document refuses is in force.
    pub candidates: Vec<Candidate>,
    /// How many of the candidates were refused.
    pub level: usize,
    /// Its candidates were kept beside its contributions before the batch.
    pub was_kept: bool,
    /// What these spoke of: whoever was refused with one that is gone now may be in force, or hear another complaint.
    pub was_kept_for: Vec<Id>,
}

impl Change {
    pub fn in_force(&self) -> Option<&Candidate> {
        self.candidates.get(self.level)
    }

    /// Whether the contributions of the candidate in force are not, or not yet, those that are stored.
    pub fn is_moved(&self) -> bool {
        let stored = self.before.as_ref().and_then(|head| head.facts.as_ref()).map(|stamp| stamp.hash);
        match self.in_force() {
            None => stored.is_some(),
            Some(Candidate { facts: Said::Here { is_new: true, .. }, .. }) => true,
            Some(candidate) => stored != Some(candidate.stamp.hash),
        }
    }

    /// Every document that this record spoke of or may speak of.
    pub fn touched(&self) -> impl Iterator<Item = Id> {
        let before = self.before.iter().flat_map(|head| head.documents.iter().copied());
        before.chain(self.was_kept_for.iter().copied()).chain(self.candidates.iter().flat_map(Candidate::documents))
    }

    pub fn is_stored(&self) -> bool {
        self.before.as_ref() != Some(&self.head)
    }

    /// Whether its candidates must be kept beside what it contributes.
    pub fn is_kept(&self) -> bool {
        self.level > 0 || self.candidates.len() > 1 || self.candidates.iter().any(|candidate| !candidate.is_complete)
    }

    /// Another version takes its place among the candidates.
    fn offer(&mut self, candidate: Candidate) {
        let is_same = |known: &Candidate| known.stamp.hash == candidate.stamp.hash;
        self.candidates.retain(|known| !is_same(known));
        let above = |is_complete: bool| {
            self.candidates.iter().any(|known| known.is_complete == is_complete && known.stamp > candidate.stamp)
        };
        if above(true) || (above(false) && !candidate.is_complete) {
            return;
        }
        // What is complete needs nothing below it; of the incomplete the highest is enough.
        self.candidates.retain(|known| known.stamp > candidate.stamp || known.is_complete && !candidate.is_complete);
        self.candidates.push(candidate);
        self.candidates.sort_by(|a, b| b.stamp.cmp(&a.stamp));
    }

    /// The end of it: what is in force, and what the winner is called for it.
    fn settle(&mut self, refusal: Option<Problem>) {
        let in_force = self.candidates.get(self.level);
        self.head.facts = in_force.map(|candidate| candidate.stamp.clone());
        self.head.documents = in_force.map_or_else(Vec::new, |candidate| candidate.documents().collect());
        let is_winner = self.candidates.first().is_some_and(|first| first.stamp.hash == self.head.stamp.hash);
        match refusal {
            Some(problem) if is_winner && self.level > 0 => {
                self.head.verdict = Verdict::Quarantined;
                self.head.reason = Some(problem.reason.to_string());
                self.problem = Some(problem);
            }
            _ if is_winner
                && self.level == 0
                && self.problem.is_none()
                && self.head.verdict == Verdict::Quarantined =>
            {
                self.head.verdict = Verdict::Applied;
                self.head.reason = None;
            }
            _ => {}
        }
    }
}

impl Candidate {
    pub fn documents(&self) -> impl Iterator<Item = Id> {
        let (stored, here) = match &self.facts {
            Said::Stored(documents) => (Some(documents.iter().copied()), None),
            Said::Here { facts, .. } => (None, Some(facts.keys().copied())),
        };
        stored.into_iter().flatten().chain(here.into_iter().flatten())
    }

    fn any_of<'p>(&self, documents: &'p BTreeMap<Id, Problem>) -> Option<&'p Problem> {
        self.documents().find_map(|document| documents.get(&document))
    }

    pub fn fact(&self, document: Id) -> Option<&Fact> {
        if let Said::Here { facts, .. } = &self.facts { facts.get(&document) } else { None }
    }
}

/// A version to be stored: with its bytes when it is new.
#[derive(Debug)]
pub struct Version {
    pub item: usize,
    pub is_new: bool,
}

/// The decisions about a whole batch, and about other records whose facts it brings into or out of force.
#[derive(Debug, Default)]
pub struct Decided {
    pub changes: BTreeMap<RecordId, Change>,
    pub versions: Vec<Version>,
    /// How each item counts, in the order of the batch.
    counted: Vec<Counted>,
    refusals: BTreeMap<RecordId, Problem>,
    behind: HashSet<RecordId>,
    /// Documents of which nothing may be in force, with the complaint that whoever speaks of one hears.
    withdrawn: BTreeMap<Id, Problem>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    Applied,
    Known(Verdict),
}

/// Where a record's stored versions stand.
pub type Versions = HashMap<(RecordId, Hash), i64>;

/// What is stored about the records of a batch.
pub struct Known {
    pub records: HashMap<RecordId, Change>,
    pub versions: Versions,
    /// Records whose winner was seen again: the row of that version still has the instant of before.
    pub behind: HashSet<RecordId>,
}

pub fn decide(incoming: &[Incoming], known: Known, stream: Id, speaker: Speaker, mapping: Hash) -> Decided {
    let Known { mut records, mut versions, behind } = known;
    let mut decided = Decided { behind, ..Decided::default() };
    for (item, record) in incoming.iter().enumerate() {
        let before = records.remove(&record.record);
        let change = decided.changes.entry(record.record).or_insert_with(|| Change {
            stream,
            speaker,
            key: record.key.clone(),
            ..before.unwrap_or_else(|| unseen(record, mapping))
        });
        let is_first = change.before.is_none() && change.head.stamp.observed_at == NEVER;
        let stored = versions.get(&(record.record, record.stamp.hash)).copied();
        let mut stamp = record.stamp.clone();
        stamp.observed_at = stamp.observed_at.max(stored.unwrap_or(NEVER));
        let wins = is_first || stamp > change.head.stamp;
        let moved = stored.is_some_and(|instant| stamp.observed_at > instant);
        if stored.is_none() || moved {
            decided.versions.push(Version { item, is_new: stored.is_none() });
            versions.insert((record.record, stamp.hash), stamp.observed_at);
        }
        let is_change = stored.is_none() || (wins && change.head.stamp.hash != stamp.hash);
        decided.counted.push(class(&record.outcome, is_change));
        take(change, record, stamp, wins, mapping);
    }
    decided
}

/// An instant before every other: the head of a record that was never seen.
const NEVER: i64 = i64::MIN;

fn unseen(record: &Incoming, mapping: Hash) -> Change {
    let head = Head {
        stamp: Stamp { version: None, observed_at: NEVER, hash: record.stamp.hash },
        verdict: Verdict::Applied,
        reason: None,
        mapping,
        facts: None,
        documents: Vec::new(),
    };
    Change {
        stream: Id([0; 16]),
        speaker: Speaker { rank: 0, books: false },
        key: record.key.clone(),
        before: None,
        head,
        problem: None,
        candidates: Vec::new(),
        level: 0,
        was_kept: false,
        was_kept_for: Vec::new(),
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

/// Lets a version take effect on its record: as winner, as a candidate, or not at all.
fn take(change: &mut Change, record: &Incoming, stamp: Stamp, wins: bool, mapping: Hash) {
    if wins || change.head.stamp.hash == stamp.hash {
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
        Outcome::Facts(facts) => facts.iter().map(|fact| (fact.id(), fact.clone())).collect(),
        Outcome::Ignored(_) => BTreeMap::new(),
        Outcome::Quarantined(_) => return,
    };
    let facts = Said::Here { facts, is_new: true };
    change.offer(Candidate { stamp, is_complete: record.is_complete, facts });
}

fn verdict_of(outcome: &Outcome) -> Verdict {
    match outcome {
        Outcome::Facts(_) => Verdict::Applied,
        Outcome::Ignored(_) => Verdict::Ignored,
        Outcome::Quarantined(_) => Verdict::Quarantined,
    }
}

impl Decided {
    /// A document cannot be posted with what this record says: the record's next candidate may be in force instead.
    pub fn refuse(&mut self, record: RecordId, problem: Problem) {
        let Some(change) = self.changes.get_mut(&record) else { return };
        change.level += 1;
        // The first complaint is about the best candidate, which is what people must mend.
        self.refusals.entry(record).or_insert(problem);
    }

    /// Begins anew: with more records known, others may be refused.
    pub fn forget_refusals(&mut self) {
        self.refusals.clear();
        for (record, change) in &mut self.changes {
            change.level = 0;
            while let Some(problem) = change.in_force().and_then(|candidate| candidate.any_of(&self.withdrawn)).cloned()
            {
                change.level += 1;
                self.refusals.entry(*record).or_insert(problem);
            }
        }
    }

    /// These records as they are stored, except that nothing of the withdrawn documents may be in force.
    pub fn without(withdrawn: BTreeMap<Id, Problem>, records: HashMap<RecordId, Change>) -> Self {
        Self { withdrawn, changes: records.into_iter().collect(), ..Self::default() }
    }

    /// Winners of before whose last instant only the head knew, and that lose it now.
    pub fn superseded(&self) -> impl Iterator<Item = (RecordId, &Stamp)> {
        let behind = self.behind.iter().filter_map(|record| Some((*record, self.changes.get(record)?)));
        behind.filter_map(|(record, change)| {
            let before = &change.before.as_ref()?.stamp;
            (before.hash != change.head.stamp.hash).then_some((record, before))
        })
    }

    /// Nobody is refused any more: says so in the heads and the counts.
    pub fn settle(&mut self, incoming: &[Incoming]) {
        for (record, change) in &mut self.changes {
            change.settle(self.refusals.remove(record));
        }
        for (item, counted) in incoming.iter().zip(&mut self.counted) {
            let Some(change) = self.changes.get(&item.record) else { continue };
            let mut refused = change.candidates.iter().take(change.level);
            if refused.any(|candidate| candidate.stamp.hash == item.stamp.hash) {
                *counted = Counted::Known(Verdict::Quarantined);
            }
        }
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
