//! Postings: a pure function of one document's own folded state. DESIGN 6, the table of events.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Account, BookPolicy, Document};
use crate::domain::{Amount, Currency};

/// One transfer to be: debits one account and credits another, so it balances by construction. `amount` is positive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Posting {
    pub effective_on: Date,
    pub debit: Account,
    pub credit: Account,
    pub currency: Currency,
    pub amount: Amount,
}

#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum PostingError {
    #[error("field `{field}` is missing, so the document cannot be posted")]
    Missing { field: String },
    #[error("field `{field}`: {problem}")]
    Field { field: String, problem: String },
}

/// What a booked document posts; empty for drafts, voids, stubs, evidence, and kinds that move no value.
pub fn postings(document: &Document, policy: &BookPolicy) -> Result<Vec<Posting>, PostingError> {
    let _ = (document, policy);
    Ok(Vec::new())
}

/// What an evidence payment posts while no booked receipt is paired with it: Dr bank / Cr unidentified.
pub fn evidence_postings(document: &Document, policy: &BookPolicy) -> Result<Vec<Posting>, PostingError> {
    let _ = (document, policy);
    Ok(Vec::new())
}

/// The transfers that turn what was posted into what should be: reversals (debit and credit exchanged, the old effective
/// date) of what is no longer true, then what is new. Equal postings cancel out, counted with multiplicity.
pub fn difference(posted: &[Posting], wanted: &[Posting]) -> Vec<Posting> {
    let mut surplus: Vec<Posting> = posted.to_vec();
    let mut missing = Vec::new();
    for posting in wanted {
        match surplus.iter().position(|known| known == posting) {
            Some(index) => {
                surplus.swap_remove(index);
            }
            None => missing.push(posting.clone()),
        }
    }
    surplus.sort();
    surplus
        .into_iter()
        .map(|posting| Posting { debit: posting.credit, credit: posting.debit, ..posting })
        .chain(missing)
        .collect()
}
