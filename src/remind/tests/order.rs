//! Reminders do not depend on the order in which records came: decided at one final clock they are the same.

use crate::remind::decide::{FeedFreshness, SubjectDecision, decide};
use crate::remind::testing::{at, policy};
use crate::store::NO_PARTY;
use crate::store::tests::database::IN_MEMORY;
use crate::store::tests::histories::{Telling, WORLD, tellings, told};

/// Together 128 histories.
const WORLDS: u64 = 2;
/// More than a world has.
const SUBJECTS: usize = 100_000;
/// In the middle of the years of a world: some of its claims are long overdue, some are just due, some are not written yet.
const FINAL_CLOCK: &str = "2026-05-06T10:00:00";

/// What is wanted of every customer, by subject.
async fn decided(telling: &Telling) -> Vec<SubjectDecision> {
    let store = told(IN_MEMORY, telling).await;
    let now = at(FINAL_CLOCK);
    let dirty = store.dirty_subjects(now, SUBJECTS).await.unwrap();
    let subjects = dirty.into_iter().map(|dirty| dirty.subject).filter(|subject| subject.party != NO_PARTY);
    let positions = store.positions(&subjects.collect::<Vec<_>>()).await.unwrap();
    let unidentified = store.unidentified_payments(None).await.unwrap();
    store.close().await;
    let mut decisions = decide(&positions, &unidentified, &policy(), now, &FeedFreshness::default()).subjects;
    // Whether a customer of whom nothing is wanted is known at all depends on what was seen meanwhile.
    decisions.retain(|decision| !decision.wanted.is_empty());
    decisions.sort_by_key(|decision| decision.subject.id());
    decisions
}

#[tokio::test]
async fn any_telling_of_a_history_ends_in_the_same_reminders() {
    let mut wanted = 0;
    for seed in 0..WORLDS {
        let [plain, shuffled] = tellings(seed);
        let plain = decided(&plain).await;
        wanted += plain.iter().map(|decision| decision.wanted.len()).sum::<usize>();
        let shuffled = decided(&shuffled).await;
        let only = |these: &[SubjectDecision], those: &[SubjectDecision]| {
            let lacking = these.iter().filter(|decision| !those.contains(decision));
            lacking.map(|decision| format!("{decision:?}")).collect::<Vec<_>>()
        };
        assert_eq!(only(&plain, &shuffled), only(&shuffled, &plain), "seed {seed}");
    }
    assert!(wanted > 0);
    println!("{wanted} reminders of {} histories are the same", WORLDS * WORLD);
}
