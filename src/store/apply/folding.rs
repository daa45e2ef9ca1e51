//! From changed records to folded documents and what they post.
//!
//! Everything that a batch touches is loaded by a constant number of statements, folded in memory by `ledger::fold`, and
//! compared with what was there: a document that did not change is not written and wakes nobody. Only where a document
//! cannot be posted, or a record waits that could not be, are the other records concerned looked at too.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::records;
use super::refusal::{self, Refused};
use super::versions::{Candidate, Decided, Incoming, Said, Speaker};
use crate::domain::{Fact, FactKind, FieldMap, Id, fact};
use crate::ledger::{
    BookPolicy, Contribution, Document, Posting, PostingError, Role, evidence_postings, fold, postings,
};
use crate::store::documents;
use crate::store::engine::{Cell, Row, Tx};
use crate::store::error::Result;
use crate::store::journal::{self, Entry, keys};
use crate::store::types::RecordId;

/// One touched document, before and after.
#[derive(Debug)]
pub struct Folded {
    pub before: Option<Document>,
    pub after: Document,
    pub entry: Option<Entry>,
    /// The content lies in the one contribution, before and after.
    was_alone: bool,
    is_alone: bool,
}

impl Folded {
    pub fn is_changed(&self) -> bool {
        self.before.as_ref() != Some(&self.after)
    }

    /// Whether the document's own row must be written: also when its content moves out of the one contribution.
    pub fn is_written(&self) -> bool {
        self.is_changed() || (self.was_alone && !self.is_alone)
    }

    /// The row of `tables::DOCUMENT`.
    pub fn row(&self) -> Vec<Cell> {
        documents::row(&self.after, !self.is_alone)
    }

    /// Both states, for whoever must hear of either.
    pub fn states(&self) -> impl Iterator<Item = &Document> {
        self.before.iter().chain([&self.after])
    }
}

/// What the database says about the touched documents.
#[derive(Debug, Default)]
struct Loaded {
    /// Which were asked for.
    asked: HashSet<Id>,
    documents: HashMap<Id, Document>,
    contributions: HashMap<Id, Vec<Contribution>>,
    posted: HashMap<Id, Vec<Posting>>,
}

const CONTRIBUTIONS: &str = "SELECT c.record, c.rank, c.books, c.body, d.id, d.book, d.kind, d.numbering, d.number \
     FROM contribution c JOIN document d ON d.id = c.document WHERE c.document {keys} AND c.body IS NOT NULL";
const KEPT_FOR: &str = "SELECT record FROM kept_for WHERE document {keys}";

impl Loaded {
    /// Loads more documents; returns the records that keep versions that speak of them.
    async fn add(&mut self, tx: &mut Tx, wanted: BTreeSet<Id>) -> Result<BTreeSet<RecordId>> {
        let wanted: Vec<Id> = wanted.into_iter().filter(|id| self.asked.insert(*id)).collect();
        let found = documents::load(tx, &wanted).await?;
        let known: Vec<Id> = found.keys().copied().collect();
        self.documents.extend(found);
        for row in tx.fetch_in(CONTRIBUTIONS, &keys(&known), Vec::new()).await? {
            self.contributions.entry(row.id(4)?).or_default().push(read_contribution(&row)?);
        }
        self.posted.extend(journal::posted(tx, &known).await?);
        let waiting = tx.fetch_in(KEPT_FOR, &keys(&wanted), Vec::new()).await?;
        waiting.iter().map(|row| row.id(0)).collect()
    }

    /// What a record contributes, and as whom.
    fn said_by(&self, record: RecordId, documents: &[Id]) -> (BTreeMap<Id, Fact>, Option<Speaker>) {
        let mut speaker = None;
        let mut facts = BTreeMap::new();
        for document in documents {
            let said = self.contributions.get(document).into_iter().flatten();
            if let Some(own) = said.into_iter().find(|contribution| contribution.record == record) {
                speaker = Some(Speaker { rank: own.rank, books: own.books });
                facts.insert(*document, own.fact.clone());
            }
        }
        (facts, speaker)
    }
}

fn read_contribution(row: &Row) -> Result<Contribution> {
    let kind = documents::read_kind(row, 6)?;
    let (fields, lines) = fact::decode(kind, row.text(3)?)?;
    Ok(Contribution {
        record: row.id(0)?,
        rank: u32::try_from(row.int(1)?).unwrap_or(u32::MAX),
        books: row.bool(2)?,
        fact: Fact {
            kind,
            book: row.text(5)?.into(),
            numbering: row.text(7)?.into(),
            number: row.text(8)?.into(),
            fields,
            lines,
        },
    })
}

/// Folds all touched documents and settles which version of each record is in force.
///
/// A document that cannot be posted refuses records ([`refusal`]), whose next candidates may be in force instead. Whoever
/// was refused before, or is now, takes part with all its candidates, and so does whatever it spoke of: the outcome is
/// one of the set of versions and not of their order. Each round knows one more record at least.
pub async fn fold_all(
    tx: &mut Tx,
    decided: &mut Decided,
    policy: &BookPolicy,
    incoming: &[Incoming],
    too_large: &BTreeSet<Id>,
) -> Result<Vec<Folded>> {
    let mut loaded = Loaded::default();
    let mut joining = BTreeSet::new();
    loop {
        for (record, change) in records::load(tx, &joining.into_iter().collect::<Vec<_>>()).await? {
            decided.changes.insert(record, change);
        }
        let touched = decided.changes.values().flat_map(|change| change.touched()).collect();
        joining = loaded.add(tx, touched).await?;
        joining.retain(|record| !decided.changes.contains_key(record));
        if !joining.is_empty() {
            continue;
        }
        decided.forget_refusals();
        match fold_until_nobody_is_refused(decided, &loaded, policy, too_large) {
            Ok(folded) => {
                decided.settle(incoming);
                bring_home(decided, &loaded);
                return Ok(folded);
            }
            Err(strangers) => joining = strangers,
        }
    }
}

/// Err: records that are refused and must be known first.
fn fold_until_nobody_is_refused(
    decided: &mut Decided,
    loaded: &Loaded,
    policy: &BookPolicy,
    too_large: &BTreeSet<Id>,
) -> std::result::Result<Vec<Folded>, BTreeSet<RecordId>> {
    loop {
        let mut folded = Vec::new();
        let mut refused = Refused::new();
        for (id, moved) in by_document(decided) {
            let before = loaded.documents.get(&id);
            let contributions = contributions(id, &moved, loaded, decided);
            let Some(after) = fold_one(before, &contributions) else { continue };
            if too_large.contains(&id) && moved.iter().any(|(_, fact)| fact.is_some()) {
                let speaking = moved.iter().filter(|(_, fact)| fact.is_some()).map(|(record, _)| *record);
                refused.extend(speaking.map(|record| (record, refusal::too_large(&after))));
                continue;
            }
            let was_alone = loaded.contributions.get(&id).is_some_and(|known| known.len() == 1);
            let is_alone = matches!(&*contributions, [only] if moved.iter().any(|(record, _)| *record == only.record));
            match entry(before, &after, loaded, policy) {
                Ok(entry) => folded.push(Folded { before: before.cloned(), after, entry, was_alone, is_alone }),
                Err(error) => refusal::refuse(&mut refused, &after, &error, contributions, policy),
            }
        }
        if refused.is_empty() {
            return Ok(folded);
        }
        let strangers: BTreeSet<RecordId> =
            refused.keys().copied().filter(|record| !decided.changes.contains_key(record)).collect();
        if !strangers.is_empty() {
            return Err(strangers);
        }
        for (record, problem) in refused {
            decided.refuse(record, problem);
        }
    }
}

/// The facts of kept candidates that were never looked at, and who speaks: both lie in the contributions.
fn bring_home(decided: &mut Decided, loaded: &Loaded) {
    for (record, change) in decided.changes.iter_mut().filter(|(_, change)| change.is_kept()) {
        for index in 0..change.candidates.len() {
            let Candidate { facts: Said::Stored(documents), .. } = &change.candidates[index] else { continue };
            let (facts, speaker) = loaded.said_by(*record, documents);
            change.candidates[index].facts = Said::Here { facts, is_new: false };
            change.speaker = speaker.unwrap_or(change.speaker);
        }
    }
}

/// For every touched document: the records that change what they say about it, and what they now say.
fn by_document(decided: &Decided) -> BTreeMap<Id, Vec<(RecordId, Option<&Fact>)>> {
    let mut by_document: BTreeMap<Id, Vec<(RecordId, Option<&Fact>)>> = BTreeMap::new();
    for (record, change) in decided.changes.iter().filter(|(_, change)| change.is_moved()) {
        let before = change.before.iter().flat_map(|head| head.documents.iter().copied());
        let touched: BTreeSet<Id> =
            before.chain(change.in_force().into_iter().flat_map(Candidate::documents)).collect();
        for document in touched {
            let fact = change.in_force().and_then(|candidate| candidate.fact(document));
            by_document.entry(document).or_default().push((*record, fact));
        }
    }
    by_document
}

/// What is said about a document after the batch: what others said before, and what the batch says.
fn contributions(id: Id, moved: &[(RecordId, Option<&Fact>)], loaded: &Loaded, decided: &Decided) -> Vec<Contribution> {
    let kept = loaded.contributions.get(&id).into_iter().flatten();
    let mut contributions: Vec<Contribution> =
        kept.filter(|known| !moved.iter().any(|(record, _)| *record == known.record)).cloned().collect();
    contributions.extend(moved.iter().filter_map(|(record, fact)| {
        let speaker = decided.changes.get(record)?.speaker;
        let fact = (*fact)?.clone();
        Some(Contribution { record: *record, rank: speaker.rank, books: speaker.books, fact })
    }));
    contributions
}

fn fold_one(before: Option<&Document>, contributions: &[Contribution]) -> Option<Document> {
    match fold(contributions) {
        Some(document) => Some(document),
        // Nobody says anything about it any more: the number stays, its content is gone.
        None => Some(Document { role: Role::Stub, fields: FieldMap::default(), lines: Vec::new(), ..before?.clone() }),
    }
}

/// What the document posts now, against what it had posted.
fn entry(
    before: Option<&Document>,
    after: &Document,
    loaded: &Loaded,
    policy: &BookPolicy,
) -> std::result::Result<Option<Entry>, PostingError> {
    let none = Vec::new();
    let posted = loaded.posted.get(&after.id).unwrap_or(&none);
    let wanted = match (after.role, after.kind) {
        (Role::Booked, _) => postings(after, policy)?,
        (Role::Evidence, FactKind::Payment) => {
            // Whether a bank line posts depends on its pair, so pairing posts it; here it is only checked.
            evidence_postings(after, policy)?;
            let was_evidence = before.is_some_and(|before| before.role == Role::Evidence);
            // One that is in no group is looked at by no pairing: it takes back here what it had posted.
            if was_evidence && documents::pair_group(after).is_some() {
                return Ok(None);
            }
            Vec::new()
        }
        _ => Vec::new(),
    };
    Ok(Entry::between(after.id, &after.book, posted, &wanted))
}

/// Rows of `tables::CONTRIBUTION` for all changed records: what they say now, and NULL where they no longer say anything.
/// The only contribution to a document is written as the document reads, so that either stands for both.
pub fn contribution_rows(decided: &Decided, folded: &[Folded]) -> Vec<Vec<Cell>> {
    let alone: HashMap<Id, &Document> =
        folded.iter().filter(|change| change.is_alone).map(|change| (change.after.id, &change.after)).collect();
    let mut rows = Vec::new();
    for (document, records) in by_document(decided) {
        for (record, fact) in records {
            let Some(speaker) = decided.changes.get(&record).map(|change| change.speaker) else { continue };
            let body = fact.map(|fact| match alone.get(&document) {
                Some(document) => fact::encode(&document.fields, &document.lines),
                None => fact::encode(&fact.fields, &fact.lines),
            });
            rows.push(vec![document.into(), record.into(), speaker.rank.into(), speaker.books.into(), body.into()]);
        }
    }
    rows
}
