//! The stories of `tests/cases/ledger/*.toml`: documents in; items, allocations, leftovers and balances out.
//!
//! Why files: finance can read and write them. Why in many orders: the result of a story must not depend on which document
//! was heard of first, so after every single arrival everything is posted and settled, and only what changed is posted
//! again. Here by the pure functions, in `store::tests` through the real store.

pub mod orders;
pub mod outcome;
pub mod read;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use self::orders::orders;
use self::outcome::{Ledger, Outcome, Placed, Settled};
use self::read::{Arrival, Case, Subject};
use super::fixtures::BOOK;
use super::{Document, Posting, SettleInput, difference, postings, settle};
use crate::domain::{FactKind, Id};

/// All permutations of up to five arrivals, samples of more.
const ORDERS_MAX: usize = 120;

#[test]
fn every_case_comes_out_as_finance_wrote_it_whatever_arrives_first() {
    let cases = Case::all();
    let mut wrong = String::new();
    let mut runs = 0;
    for case in &cases {
        for order in orders(case.arrivals.len(), ORDERS_MAX) {
            runs += 1;
            let arrivals = order.iter().map(|index| &case.arrivals[*index]);
            let found = arrive(case, arrivals);
            if found != case.expected {
                let numbers: Vec<&str> = order.iter().map(|index| &*case.arrivals[*index].document.number).collect();
                write!(wrong, "\n== {}, arriving {numbers:?}\n{}", case.name, found.compared_with(&case.expected))
                    .unwrap();
                break;
            }
        }
    }
    println!("{} cases, {runs} orders of arrival", cases.len());
    assert!(wrong.is_empty(), "{wrong}");
}

/// What the ledger says after these arrivals, settling after each.
fn arrive<'a>(case: &'a Case, arrivals: impl Iterator<Item = &'a Arrival>) -> Outcome {
    let mut known: BTreeMap<Id, &Arrival> = BTreeMap::new();
    let mut posted: BTreeMap<Id, Vec<Posting>> = BTreeMap::new();
    let mut ledger = Ledger::default();
    let mut settled: Vec<Settled> = Vec::new();
    for arrival in arrivals {
        let id = arrival.document.id;
        if known.get(&id).is_none_or(|known| known.version < arrival.version) {
            known.insert(id, arrival);
        }
        let wanted = postings(&known[&id].document, &case.policy).unwrap();
        ledger.post(&difference(&posted.insert(id, wanted.clone()).unwrap_or_default(), &wanted));
        let documents: Vec<Document> = known.values().map(|arrival| arrival.document.clone()).collect();
        settled.clear();
        for subject in &case.subjects {
            let own: Vec<Document> = documents.iter().filter(|document| concerns(document, subject)).cloned().collect();
            let (book, party, currency) = (BOOK, subject.party, subject.currency);
            let (terms, policy) = (&case.terms, &case.policy);
            let settlement = settle(&SettleInput { book, party, currency, documents: &own, twins: &[], terms, policy });
            let cause = Id::from_parts(&[subject.label.as_bytes()]);
            let before = posted.insert(cause, settlement.postings.clone()).unwrap_or_default();
            ledger.post(&difference(&before, &settlement.postings));
            settled.push(Settled {
                placed: settlement.allocations.iter().map(Placed::of).collect(),
                leftovers: settlement.leftovers,
                items: settlement.items,
            });
        }
    }
    Outcome::of(case, &settled, &ledger)
}

/// What the store would load for one customer.
fn concerns(document: &Document, subject: &Subject) -> bool {
    matches!(document.kind, FactKind::Settlement | FactKind::Logistics) || document.parties().contains(&subject.party)
}
