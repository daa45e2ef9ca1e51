//! Money and items brought together by what is known about both: the text, the amount, the dates.
//!
//! Why in passes from much evidence to little: what is placed for sure leaves fewer answers for what is not. A text that
//! names last month's invoice is understood as soon as that one is paid by the payment that has its amount.

use super::amounts::{by_amount, by_sum};
use super::board::Board;
use super::combination::STEPS_MAX;
use super::evidence::{APPLY, Candidate, ON_ACCOUNT, PROPOSE, better};
use super::named::{Named, by_text, named};
use super::view::View;
use super::{Proposal, Rung};
use crate::domain::Amount;

/// Points that a pass asks for: text and amount together, a named document, the threshold.
const PASSES: [i32; 3] = [95, 80, APPLY];
/// The last pass is repeated while it places something, because every placement leaves fewer answers.
const REPEATS_MAX: usize = 4;
/// The most that a sum of several items can have.
const SUM_POINTS_MAX: i32 = 85;
/// A proposal names at most so many items; who places more by hand has a statement to go by.
const PROPOSED_ITEMS_MAX: usize = 12;

/// Places what there is enough evidence for; returns what the texts name, for [`propose`].
pub(super) fn run(board: &mut Board<'_>, view: &View<'_>) -> Vec<Vec<Named>> {
    let named = named(board, view);
    let mut steps = STEPS_MAX;
    for least in PASSES {
        pass(board, &named, least, &mut steps);
    }
    // Where age alone places what is left, any better evidence than age does.
    let least = if board.input.policy.oldest_first { PROPOSE } else { APPLY };
    for _ in 0..REPEATS_MAX {
        if !pass(board, &named, least, &mut steps) {
            break;
        }
    }
    named
}

fn pass(board: &mut Board<'_>, named: &[Vec<Named>], least: i32, steps: &mut u32) -> bool {
    let mut has_placed = false;
    for (money, named) in named.iter().enumerate() {
        if let Some(candidate) = best(board, money, named, least, steps).filter(|found| found.points >= least) {
            has_placed |= candidate.place(board, money);
        }
    }
    has_placed
}

/// The best way to place this money; sums of several items are looked for only where they may be enough.
fn best(board: &Board<'_>, money: usize, named: &[Named], least: i32, steps: &mut u32) -> Option<Candidate> {
    let source = &board.purse.money[money];
    if !source.is_free() {
        return None;
    }
    let by_text = by_text(board, money, named);
    // An amount says something only about money that is whole.
    if !source.is_untouched() {
        return by_text;
    }
    let found = better(by_text, by_amount(board, money, named));
    let is_enough = found.as_ref().is_some_and(|found| found.points >= least || found.rung == Rung::Reference);
    if is_enough || least > SUM_POINTS_MAX {
        return found;
    }
    better(found, by_sum(board, money, steps))
}

/// For money of which nothing was placed: the best there is, to be confirmed or rejected by a person.
pub(super) fn propose(board: &Board<'_>, named: &[Vec<Named>]) -> Vec<Proposal> {
    let mut steps = STEPS_MAX;
    let mut proposals = Vec::new();
    for (money, named) in named.iter().enumerate() {
        if !board.purse.money[money].is_free() || !board.purse.money[money].is_untouched() {
            continue;
        }
        let found = best(board, money, named, APPLY, &mut steps).filter(|found| found.points >= PROPOSE);
        let Some(found) = found.or_else(|| on_account(board, money)) else { continue };
        proposals.extend(proposed(board, money, &found));
    }
    proposals
}

/// Nothing but age: the oldest items that the money reaches.
fn on_account(board: &Board<'_>, money: usize) -> Option<Candidate> {
    let source = &board.purse.money[money];
    let mut left = source.left;
    let mut parts = Vec::new();
    let open = board.open.iter().copied().filter(|item| board.items[*item].effective_on <= source.effective_on);
    for item in open.filter(|item| !board.bars(money, *item)).take(PROPOSED_ITEMS_MAX) {
        let amount = left.min(board.open_of(item));
        parts.push((item, amount));
        left -= amount;
        if left == 0 {
            break;
        }
    }
    (!parts.is_empty()).then(|| Candidate::new(Rung::OldestFirst, parts).with(ON_ACCOUNT))
}

fn proposed(board: &Board<'_>, money: usize, candidate: &Candidate) -> Vec<Proposal> {
    let explanation = candidate.explanation(board);
    let source = &board.purse.money[money];
    let mut left = source.left;
    let mut proposals = Vec::new();
    for (item, limit) in candidate.parts.iter().take(PROPOSED_ITEMS_MAX) {
        let amount = left.min(*limit).min(board.open_of(*item));
        left -= amount;
        if amount > 0 {
            proposals.push(Proposal {
                payment: source.document.id,
                item: board.items[*item].shown.id,
                amount: Amount(amount),
                points: candidate.points,
                explanation: explanation.clone(),
                runner_up: candidate.runner_up.map(|item| board.items[item].shown.id),
            });
        }
    }
    proposals
}
