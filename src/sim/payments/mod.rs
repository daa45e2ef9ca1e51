//! A labelled set of customers' payments: what was paid, and what a careful finance clerk would do with each.
//!
//! Why: how good an allocation is can only be said against answers that were not derived from it. Every answer here is
//! known because the payment was *made* from it: first it is decided what the customer means to pay, then the papers are
//! written as customers, banks and book-keepers write them. Where a clerk would have to ask, the answer is to ask.
//! It must not know the ledger, nor how anything is matched.
//!
//! The way through: [`class`] says in words what kinds of payments there are and how many of each; [`history`] is one
//! customer's papers; [`clear`] and [`unclear`] write the payments of each class; [`text`] what people type.

mod class;
mod clear;
mod history;
mod papers;
mod terms_of_trade;
mod text;
mod unclear;

use crate::domain::{Amount, Currency, Fact, Id};

pub use self::class::{CLASSES, Class, ClassRow};
use self::history::History;
use super::rng::Rng;

/// The book of all papers.
pub const BOOK: &str = "sz";
/// The numbering of all papers.
pub const NUMBERING: &str = "erp";
/// A customer makes so many payments, within some eighteen months: enough that they get in each other's way.
const EPISODES: (i64, i64) = (6, 16);

/// A paper, and whether the booking authority states it or only somebody who saw it (a bank line).
#[derive(Debug, Clone)]
pub struct Paper {
    pub fact: Fact,
    pub books: bool,
}

/// What a clerk does with one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Settles so much of each of these documents, a bank charge included, and nothing else. Empty: leaves it as it is.
    Place(Vec<(Id, Amount)>),
    /// Asks: it may be for any of these documents.
    Ask(Vec<Id>),
}

#[derive(Debug, Clone)]
pub struct Label {
    pub class: Class,
    pub payment: Id,
    pub currency: Currency,
    pub answer: Answer,
}

/// One customer with all papers and the answers to its payments.
#[derive(Debug, Clone)]
pub struct Customer {
    pub party: Id,
    pub papers: Vec<Paper>,
    pub labels: Vec<Label>,
}

/// Customers without end; the same seed gives the same ones.
pub fn customers(seed: u64) -> impl Iterator<Item = Customer> {
    (0_u64..).map(move |index| customer(seed, index))
}

/// One customer with so many open invoices, and a payment for every tenth beside them; the rest was never paid.
pub fn customer_with_open_items(seed: u64, open: usize) -> Customer {
    let mut history = History::of_size(Rng::new(seed));
    for index in 0..open {
        history.begin(Class::Exact, index as i64 * history::DAYS / open as i64);
        history.claim();
        match index % 50 {
            0 => clear::exact(&mut history),
            10 => clear::named(&mut history),
            20 => clear::bundle_named(&mut history),
            30 => clear::fee(&mut history),
            40 => unclear::on_account(&mut history),
            _ => {}
        }
    }
    history.finish()
}

fn customer(seed: u64, index: u64) -> Customer {
    let mut seeds = Rng::new(seed ^ index.wrapping_mul(0xa076_1d64_78bd_642f));
    let mut history = History::new(Rng::new(seeds.next_u64()), index);
    let episodes = history.rng.between(EPISODES.0, EPISODES.1);
    let mut starts: Vec<i64> = (0..episodes).map(|_| history.rng.between(0, history::DAYS)).collect();
    starts.sort_unstable();
    for start in starts {
        let class = class::draw(&mut history.rng);
        history.begin(class, start);
        match class {
            Class::Exact => clear::exact(&mut history),
            Class::Named => clear::named(&mut history),
            Class::Slip => clear::slip(&mut history),
            Class::Recurring => clear::recurring(&mut history),
            Class::BundleNamed => clear::bundle_named(&mut history),
            Class::BundleMonth => clear::bundle_month(&mut history),
            Class::BundleLoose => clear::bundle_loose(&mut history),
            Class::Partial => clear::partial(&mut history),
            Class::Fee => clear::fee(&mut history),
            Class::Over => clear::over(&mut history),
            Class::WrongReference => clear::wrong_reference(&mut history),
            Class::ThirdParty => terms_of_trade::third_party(&mut history),
            Class::TwoCurrencies => terms_of_trade::two_currencies(&mut history),
            Class::Deposit => terms_of_trade::deposit(&mut history),
            Class::Bill => terms_of_trade::bill(&mut history),
            Class::Duplicate => terms_of_trade::duplicate(&mut history),
            Class::Twins => unclear::twins(&mut history),
            Class::Contradiction => unclear::contradiction(&mut history),
            Class::OnAccount => unclear::on_account(&mut history),
            Class::NearFee => unclear::near_fee(&mut history),
        }
    }
    history.finish()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::domain::FactKind;

    const SEED: u64 = 11;

    fn gross_of(fact: &Fact) -> i64 {
        let lines = || fact.lines.iter().filter_map(|line| line.fields.amount("gross")).map(|gross| gross.0).sum();
        fact.fields.amount("gross").map_or_else(lines, |gross| gross.0)
    }

    #[test]
    fn the_same_seed_gives_the_same_customers() {
        let text = |seed: u64| {
            customers(seed)
                .take(5)
                .map(|customer| format!("{:?}{:?}", customer.papers, customer.labels))
                .collect::<Vec<_>>()
        };
        assert_eq!(text(SEED), text(SEED));
        assert_ne!(text(SEED), text(SEED + 1));
    }

    #[test]
    fn every_class_occurs_and_every_payment_has_one_answer() {
        let mut seen = BTreeSet::new();
        for customer in customers(SEED).take(150) {
            let money: BTreeSet<Id> = customer
                .papers
                .iter()
                .filter(|paper| matches!(paper.fact.kind, FactKind::Payment | FactKind::Bill))
                .map(|paper| paper.fact.id())
                .collect();
            let labelled: BTreeSet<Id> = customer.labels.iter().map(|label| label.payment).collect();
            assert_eq!(labelled.len(), customer.labels.len(), "an answer twice");
            assert_eq!(money, labelled);
            seen.extend(customer.labels.iter().map(|label| label.class));
        }
        let all: BTreeSet<Class> = CLASSES.iter().map(|row| row.class).collect();
        assert_eq!(seen, all);
    }

    #[test]
    fn no_answer_spends_more_than_was_paid_or_pays_more_than_was_billed() {
        for customer in customers(SEED).take(150) {
            let gross: BTreeMap<Id, i64> =
                customer.papers.iter().map(|paper| (paper.fact.id(), gross_of(&paper.fact))).collect();
            let mut paid: BTreeMap<Id, i64> = BTreeMap::new();
            for label in &customer.labels {
                let Answer::Place(parts) = &label.answer else { continue };
                let spent: i64 = parts.iter().map(|(_, amount)| amount.0).sum();
                let charge = if label.class == Class::Fee { Amount::units(45).0 } else { 0 };
                assert!(spent <= gross[&label.payment] + charge, "{label:?}");
                for (document, amount) in parts {
                    *paid.entry(*document).or_default() += amount.0;
                }
            }
            assert!(paid.iter().all(|(document, paid)| *paid <= gross[document]));
        }
    }
}
