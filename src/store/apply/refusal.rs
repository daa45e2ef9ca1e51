//! Which records a document refuses when it cannot be posted with all that is said about it, and which facts can never be
//! posted. Pure.
//!
//! Why a function of what is said and not of what came last: of two records that do not go together, the one from the
//! better source stays, whichever came first.

use std::collections::BTreeMap;

use super::versions::Speaker;
use crate::domain::{Fact, FactKind, Problem};
use crate::ledger::{BookPolicy, Contribution, Document, PostingError, Role, evidence_postings, fold, postings};
use crate::store::types::RecordId;

/// Values shown to people in quarantine are cut here.
const SHOWN_CHARACTERS: usize = 200;

/// Refused records, each with the complaint of the first document that refuses it.
pub type Refused = BTreeMap<RecordId, Problem>;

/// Whether facts can be posted alone; `Err` when nothing that others might say could mend them.
pub fn is_complete(facts: &[Fact], speaker: Speaker, policy: &BookPolicy) -> Result<bool, Problem> {
    let mut is_complete = true;
    for fact in facts {
        let Speaker { rank, books } = speaker;
        let alone = Contribution { record: fact.id(), rank, books, fact: fact.clone() };
        let Some(document) = fold(&[alone]) else { continue };
        match check(&document, policy) {
            Ok(()) => {}
            Err(PostingError::Missing { .. }) => is_complete = false,
            Err(error) => return Err(explain(&document, &error)),
        }
    }
    Ok(is_complete)
}

fn check(document: &Document, policy: &BookPolicy) -> Result<(), PostingError> {
    match (document.role, document.kind) {
        (Role::Booked, _) => postings(document, policy).map(drop),
        (Role::Evidence, FactKind::Payment) => evidence_postings(document, policy).map(drop),
        _ => Ok(()),
    }
}

/// Adds to `refused` whom a document refuses that cannot be posted with all `contributions`: the best sources that go
/// together stay, and of the others each that goes with them.
pub fn refuse(
    refused: &mut Refused,
    document: &Document,
    error: &PostingError,
    mut contributions: Vec<Contribution>,
    policy: &BookPolicy,
) {
    contributions.sort_by_key(|contribution| (contribution.rank, contribution.record));
    let goes = |said: &[Contribution]| fold(said).is_none_or(|document| check(&document, policy).is_ok());
    let best = (0..contributions.len()).rev().find(|count| goes(&contributions[..*count])).unwrap_or(0);
    let others = contributions.split_off(best);
    let mut stay = contributions;
    for other in others {
        let record = other.record;
        stay.push(other);
        if !goes(&stay) {
            stay.pop();
            refused.entry(record).or_insert_with(|| explain(document, error));
        }
    }
}

/// The complaint about a document with whose amount some balance would be larger than can be stored. Which of several
/// such documents it is depends on which came first.
pub fn too_large(document: &Document) -> Problem {
    let problem = "与其他单据合计超出可存范围 · together with other documents more than a balance can hold".to_owned();
    explain(document, &PostingError::Field { field: "gross".to_owned(), problem })
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
