//! How long the settlement of one large customer takes, as it is done again after each change of it.

use std::time::{Duration, Instant};

use super::measure::{fold_all, policy};
use crate::domain::Currency;
use crate::ledger::{SettleInput, settle};
use crate::sim::payments::{BOOK, customer_with_open_items};

/// Open items of the customer, as the goal says.
const OPEN_ITEMS: usize = 5_000;
/// Enough for a p99.
const ROUNDS: usize = 200;

pub struct Latency {
    pub open_items: usize,
    pub documents: usize,
    pub p50: Duration,
    pub p99: Duration,
}

pub fn measure(seed: u64) -> Latency {
    let customer = customer_with_open_items(seed, OPEN_ITEMS);
    let documents = fold_all(&customer.papers);
    let policy = policy();
    let input = SettleInput {
        book: BOOK,
        party: customer.party,
        currency: Currency::CNY,
        documents: &documents,
        twins: &[],
        terms: &policy.default_terms,
        policy: &policy,
    };
    let mut times = Vec::with_capacity(ROUNDS);
    let mut open_items = 0;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let settled = settle(&input);
        times.push(started.elapsed());
        open_items = settled.items.iter().filter(|item| item.open.is_positive()).count();
    }
    times.sort_unstable();
    Latency { open_items, documents: documents.len(), p50: times[ROUNDS / 2], p99: times[ROUNDS * 99 / 100] }
}
