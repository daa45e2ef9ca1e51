//! Runs the settlement over every customer of the labelled set and holds what it placed against the answers.
//!
//! The unit is the payment, and right means entirely right: one amount beside the answer, or one document that is not in
//! it, and the whole payment is wrong. A payment that a clerk would ask about is wrong as soon as anything is placed.

use std::collections::{BTreeMap, HashMap};

use super::baselines;
use crate::domain::{Currency, Id};
use crate::ledger::{BookPolicy, Contribution, Document, Rung, SettleInput, Settlement, fold, settle};
use crate::sim::payments::{Answer, BOOK, Class, Customer, Label, Paper, customers};

/// What is placed: per payment, how much of which document it settles.
pub type Placed = HashMap<Id, BTreeMap<Id, i64>>;

/// The ways to allocate that are compared; ours first.
pub const METHODS: [&str; 3] = ["闭环 ours", "等额+先到先销 exact + oldest", "单号+等额 reference + exact"];

/// One method on one class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Payments of which something was placed.
    pub placed: u32,
    /// Of these, the ones that a clerk would have placed otherwise, or not at all.
    pub wrong: u32,
    /// Payments placed entirely as a clerk would.
    pub complete: u32,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClassScore {
    pub payments: u32,
    /// Payments that a clerk places.
    pub answerable: u32,
    pub tallies: [Tally; METHODS.len()],
    /// Payments that a clerk asks about.
    pub unclear: u32,
    /// Of these, the ones that ours proposes something for that the clerk would think of.
    pub proposed: u32,
}

pub type Scores = BTreeMap<Class, ClassScore>;

/// A customer's papers of one currency, folded.
pub struct Case {
    pub party: Id,
    pub currency: Currency,
    pub documents: Vec<Document>,
}

/// As many whole customers as it takes for `payments` payments.
pub fn score(seed: u64, payments: usize) -> Scores {
    let mut scores = Scores::new();
    let mut seen = 0;
    for customer in customers(seed) {
        if seen >= payments {
            break;
        }
        seen += customer.labels.len();
        add(&mut scores, &customer);
    }
    scores
}

fn add(scores: &mut Scores, customer: &Customer) {
    let documents = fold_all(&customer.papers);
    let mut by_currency: BTreeMap<Currency, Vec<&Label>> = BTreeMap::new();
    for label in &customer.labels {
        by_currency.entry(label.currency).or_default().push(label);
    }
    for (currency, labels) in by_currency {
        let case = Case { party: customer.party, currency, documents: of_currency(&documents, currency) };
        let policy = policy();
        let settled = settled(&case, &policy);
        let placed = [ours(&settled), baselines::exact_or_oldest(&case), baselines::reference_or_exact(&case)];
        for label in labels {
            let score = scores.entry(label.class).or_default();
            score.payments += 1;
            score.answerable += u32::from(matches!(&label.answer, Answer::Place(parts) if !parts.is_empty()));
            if let Answer::Ask(documents) = &label.answer {
                score.unclear += 1;
                score.proposed += u32::from(proposes(&settled, label.payment, documents));
            }
            for (tally, placed) in score.tallies.iter_mut().zip(&placed) {
                judge(tally, &label.answer, placed.get(&label.payment));
            }
        }
    }
}

pub fn fold_all(papers: &[Paper]) -> Vec<Document> {
    let contribution =
        |paper: &Paper| Contribution { record: paper.fact.id(), rank: 0, books: paper.books, fact: paper.fact.clone() };
    papers.iter().filter_map(|paper| fold(&[contribution(paper)])).collect()
}

fn of_currency(documents: &[Document], currency: Currency) -> Vec<Document> {
    documents.iter().filter(|document| document.currency() == Some(currency)).cloned().collect()
}

/// The policy of a company that wants nothing placed by age alone.
pub fn policy() -> BookPolicy {
    BookPolicy { oldest_first: false, ..BookPolicy::default() }
}

fn settled(case: &Case, policy: &BookPolicy) -> Settlement {
    settle(&SettleInput {
        book: BOOK,
        party: case.party,
        currency: case.currency,
        documents: &case.documents,
        twins: &[],
        terms: &policy.default_terms,
        policy,
    })
}

/// The document behind an open item.
fn document_of(settled: &Settlement, item: Id) -> Id {
    settled.items.iter().find(|known| known.id == item).map_or(item, |item| item.document)
}

fn proposes(settled: &Settlement, payment: Id, documents: &[Id]) -> bool {
    let proposals = settled.proposals.iter().filter(|proposal| proposal.payment == payment);
    let mut items = proposals.flat_map(|proposal| [Some(proposal.item), proposal.runner_up]).flatten();
    items.any(|item| documents.contains(&document_of(settled, item)))
}

fn ours(settled: &Settlement) -> Placed {
    let mut placed = Placed::new();
    for allocation in settled.allocations.iter().filter(|allocation| allocation.rung != Rung::CreditNote) {
        let document = document_of(settled, allocation.item);
        let parts = placed.entry(allocation.from).or_default();
        *parts.entry(document).or_default() += allocation.amount.0 + allocation.tolerated.0;
    }
    placed
}

fn judge(tally: &mut Tally, answer: &Answer, placed: Option<&BTreeMap<Id, i64>>) {
    let Some(placed) = placed.filter(|placed| !placed.is_empty()) else { return };
    tally.placed += 1;
    let Answer::Place(parts) = answer else {
        tally.wrong += 1;
        return;
    };
    let is_right = |(document, amount): (&Id, &i64)| parts.iter().any(|(id, part)| id == document && part.0 == *amount);
    if !placed.iter().all(is_right) {
        tally.wrong += 1;
    } else if placed.len() == parts.len() {
        tally.complete += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::score::TUNING_SEED;
    use crate::cli::score::report;

    /// Small, so that every run of the tests sees what the thresholds do; the large set has its own seed and command.
    const PAYMENTS: usize = 600;

    #[test]
    fn a_small_labelled_set_scores_as_recorded() {
        insta::assert_snapshot!(report::table(TUNING_SEED, &score(TUNING_SEED, PAYMENTS)));
    }

    #[test]
    fn one_amount_beside_the_answer_makes_the_whole_payment_wrong() {
        let ids = [Id([1; 16]), Id([2; 16])];
        let answer = Answer::Place(vec![(ids[0], crate::domain::Amount(5)), (ids[1], crate::domain::Amount(7))]);
        let judged = |answer: &Answer, placed: &[(Id, i64)]| {
            let mut tally = Tally::default();
            judge(&mut tally, answer, Some(&placed.iter().copied().collect()));
            (tally.placed, tally.wrong, tally.complete)
        };
        assert_eq!(judged(&answer, &[(ids[0], 5), (ids[1], 7)]), (1, 0, 1));
        assert_eq!(judged(&answer, &[(ids[0], 5)]), (1, 0, 0), "not all of it, and nothing wrong");
        assert_eq!(judged(&answer, &[(ids[0], 5), (ids[1], 6)]), (1, 1, 0));
        assert_eq!(judged(&answer, &[]), (0, 0, 0));
        assert_eq!(judged(&Answer::Ask(ids.to_vec()), &[(ids[0], 5)]), (1, 1, 0), "a clerk would have asked");
    }
}
