//! The customer/order ledger: pure functions from folded documents to postings, open items and allocations.
//!
//! Why pure: whatever the order of arrival, the same set of contributions must end in the same documents, allocations
//! and balances, and only a function of its arguments can be tested for that. No tokio, SQL, HTTP, clock or randomness.
//! It must not know where contributions are stored or who is told about the result.
//!
//! The way of a document: contributions [`fold`] to a [`Document`]; a booked one posts by itself ([`postings`]); a bank
//! line [`pair`]s with the receipt that finance booked, or posts as unidentified money; all documents of one customer and
//! currency [`settle`] together; the caller posts the [`difference`] to what it had posted before.

mod account;
mod aging;
mod as_of;
pub mod attribution;
mod bill;
#[cfg(test)]
pub mod cases;
pub mod chain;
pub mod credit;
pub mod decision;
mod document;
#[cfg(test)]
mod fixtures;
pub mod identity;
mod order_loop;
mod pairing;
pub mod period;
mod policy;
mod posting;
pub mod reconcile;
mod settle;
mod shares;
pub mod signing;
pub mod statement;
mod terms;
mod wording;

pub use account::{Account, AccountKind};
pub use aging::Aging;
pub use as_of::as_of;
pub use document::{Contribution, Document, Role, fold};
pub use order_loop::{Gap, Goods, ItemPayment, OrderDocuments, OrderState, SignaturesKnown, order_state};
pub use pairing::{EventClass, Pair, PairReason, Said, pair, paired_as};
pub use policy::{BookPolicy, DepositUse, ReceivableBasis};
pub use posting::{Posting, PostingError, difference, evidence_postings, postings};
pub use settle::{
    Allocation, Leftover, OpenItem, OpenItemKind, Proposal, Rung, SettleInput, Settlement, settle, unbilled_item,
};
pub use terms::{Basis, Due, DueRule, Instalment, Plan, Roll, Terms, TermsError};
pub use wording::event;
