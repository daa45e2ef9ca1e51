//! From changed records to folded documents and what they post.
//!
//! Everything that a batch touches is loaded by a constant number of statements, folded in memory by `ledger::fold`, and
//! compared with what was there: a document that did not change is not written and wakes nobody.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::versions::Decided;
use crate::domain::{Fact, FactKind, FieldMap, Id, Problem, fact};
use crate::ledger::{Contribution, Document, Posting, PostingError, Role, evidence_postings, fold, postings};
use crate::store::Policies;
use crate::store::documents;
use crate::store::engine::{Cell, Row, Tx};
use crate::store::error::Result;
use crate::store::journal::{self, Entry, keys};
use crate::store::types::RecordId;

/// Values shown to people in quarantine are cut here.
const SHOWN_CHARACTERS: usize = 200;

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
pub struct Loaded {
    documents: HashMap<Id, Document>,
    contributions: HashMap<Id, Vec<Contribution>>,
    posted: HashMap<Id, Vec<Posting>>,
}

const CONTRIBUTIONS: &str = "SELECT c.record, c.rank, c.books, c.body, d.id, d.book, d.kind, d.numbering, d.number \
     FROM contribution c JOIN document d ON d.id = c.document WHERE c.document {keys} AND c.body IS NOT NULL";

pub async fn load(tx: &mut Tx, decided: &Decided) -> Result<Loaded> {
    let touched: BTreeSet<Id> = decided.changes.values().flat_map(|change| change.touched()).collect();
    let touched: Vec<Id> = touched.into_iter().collect();
    let documents = documents::load(tx, &touched).await?;
    let known: Vec<Id> = documents.keys().copied().collect();
    let mut contributions: HashMap<Id, Vec<Contribution>> = HashMap::new();
    for row in tx.fetch_in(CONTRIBUTIONS, &keys(&known), Vec::new()).await? {
        contributions.entry(row.id(4)?).or_default().push(read_contribution(&row)?);
    }
    let posted = journal::posted(tx, &known).await?;
    Ok(Loaded { documents, contributions, posted })
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

/// Which stream speaks.
#[derive(Debug, Clone, Copy)]
pub struct Speaker {
    pub rank: u32,
    pub books: bool,
}

/// Folds all touched documents; a record whose document cannot be posted is refused, which changes the rest, so it is
/// repeated until nobody is refused. Each round refuses at least one record: at most as many rounds as records.
pub fn fold_all(
    decided: &mut Decided,
    loaded: &Loaded,
    speaker: Speaker,
    policies: &Policies,
    incoming: &[super::versions::Incoming],
) -> Vec<Folded> {
    loop {
        let mut folded = Vec::new();
        let mut refused: BTreeMap<RecordId, Problem> = BTreeMap::new();
        for (id, new) in by_document(decided) {
            let before = loaded.documents.get(&id);
            let contributions = contributions(id, &new, loaded, speaker);
            let Some(after) = fold_one(before, &contributions) else { continue };
            let was_alone = loaded.contributions.get(&id).is_some_and(|known| known.len() == 1);
            let is_alone = matches!(&*contributions, [only] if new.iter().any(|(record, _)| *record == only.record));
            match entry(before, &after, loaded, policies) {
                Ok(entry) => folded.push(Folded { before: before.cloned(), after, entry, was_alone, is_alone }),
                Err(error) => {
                    let problem = explain(&after, &error);
                    refused.extend(new.iter().map(|(record, _)| (*record, problem.clone())));
                }
            }
        }
        if refused.is_empty() {
            return folded;
        }
        for (record, problem) in refused {
            decided.refuse(record, incoming, problem);
        }
    }
}

/// For every touched document: the records that change what they say about it, and what they now say.
fn by_document(decided: &Decided) -> BTreeMap<Id, Vec<(RecordId, Option<&Fact>)>> {
    let mut by_document: BTreeMap<Id, Vec<(RecordId, Option<&Fact>)>> = BTreeMap::new();
    for (record, change) in &decided.changes {
        let Some((_, facts)) = &change.facts else { continue };
        let touched: BTreeSet<Id> = change.touched().into_iter().collect();
        for document in touched {
            by_document.entry(document).or_default().push((*record, facts.get(&document)));
        }
    }
    by_document
}

/// What is said about a document after the batch: what others said before, and what the batch says.
fn contributions(id: Id, new: &[(RecordId, Option<&Fact>)], loaded: &Loaded, speaker: Speaker) -> Vec<Contribution> {
    let kept = loaded.contributions.get(&id).into_iter().flatten();
    let mut contributions: Vec<Contribution> =
        kept.filter(|known| !new.iter().any(|(record, _)| *record == known.record)).cloned().collect();
    contributions.extend(new.iter().filter_map(|(record, fact)| {
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
    policies: &Policies,
) -> Result<Option<Entry>, PostingError> {
    let none = Vec::new();
    let posted = loaded.posted.get(&after.id).unwrap_or(&none);
    let wanted = match (after.role, after.kind) {
        (Role::Booked, _) => postings(after, &policies(&after.book))?,
        (Role::Evidence, FactKind::Payment) => {
            // Whether a bank line posts depends on its pair, so pairing posts it; here it is only checked.
            evidence_postings(after, &policies(&after.book))?;
            if before.is_some_and(|before| before.role == Role::Evidence) {
                return Ok(None);
            }
            Vec::new()
        }
        _ => Vec::new(),
    };
    Ok(Entry::between(after.id, &after.book, posted, &wanted))
}

fn explain(document: &Document, error: &PostingError) -> Problem {
    let (field, reason) = match error {
        PostingError::Missing { field } => {
            (field.as_str(), "缺少过账所需的字段 · is missing, so the document cannot be posted")
        }
        PostingError::Field { field, problem } => (field.as_str(), problem.as_str()),
    };
    let value = document.fields.get(field).map(|value| format!("{value:?}")).unwrap_or_default();
    Problem {
        field: field.into(),
        value: value.chars().take(SHOWN_CHARACTERS).collect::<String>().into(),
        reason: reason.into(),
        at: None,
    }
}

/// Rows of `tables::CONTRIBUTION` for all changed records: what they say now, and NULL where they no longer say anything.
/// The only contribution to a document is written as the document reads, so that either stands for both.
pub fn contribution_rows(decided: &Decided, folded: &[Folded], speaker: Speaker) -> Vec<Vec<Cell>> {
    let alone: HashMap<Id, &Document> =
        folded.iter().filter(|change| change.is_alone).map(|change| (change.after.id, &change.after)).collect();
    let mut rows = Vec::new();
    for (document, records) in by_document(decided) {
        for (record, fact) in records {
            let body = fact.map(|fact| match alone.get(&document) {
                Some(document) => fact::encode(&document.fields, &document.lines),
                None => fact::encode(&fact.fields, &fact.lines),
            });
            rows.push(vec![document.into(), record.into(), speaker.rank.into(), speaker.books.into(), body.into()]);
        }
    }
    rows
}
