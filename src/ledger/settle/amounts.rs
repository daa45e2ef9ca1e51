//! Payments that name nothing: one item of the amount, one that is short by a bank charge, or several together.

use super::board::Board;
use super::combination::{self, Found, Odds, RUN_ITEMS_MAX};
use super::evidence::{
    BILLED_LATER, CHANCE, Candidate, DUE, EQUAL, EQUAL_SUM, FEE_STATED, LIKELY_CHANCE, MAY_BE_CHANCE, ONLY_ONE,
    OTHER_IS_NAMED, PAID_BEFORE, RIVAL, ROUND_SUM, WHOLE_GROUP, WITHIN_FEE,
};
use super::named::{Named, is_paid_before};
use super::{Due, Rung};
use crate::domain::Amount;
use crate::ledger::terms::days_between;

/// An equal amount alone says nothing about claims that are written much later than the money came.
const EXACT_AHEAD_DAYS: i32 = 31;
/// So many items of about the same amount are looked at; more are not told apart anyway.
const SAME_AMOUNT_MAX: usize = 16;
/// Who pays this long before the due date means it.
const DUE_AHEAD_DAYS: i32 = 15;
/// Money in multiples of this is rather a sum on account than an invoice less a charge.
const ROUND: i64 = Amount::units(500).0;

fn is_issued(board: &Board<'_>, money: usize, item: usize) -> bool {
    board.items[item].effective_on <= board.purse.money[money].effective_on
}

fn is_due(board: &Board<'_>, money: usize, item: usize) -> bool {
    let paid_on = board.purse.money[money].effective_on;
    matches!(board.items[item].shown.due, Due::On(due_on) if days_between(paid_on, due_on) <= DUE_AHEAD_DAYS)
}

/// Open items whose open amount lies in a range, the nearest first, that may belong to this money.
fn in_range(board: &Board<'_>, money: usize, low: i64, high: i64) -> Vec<usize> {
    let paid_on = board.purse.money[money].effective_on;
    let near = board.by_amount.range((low, 0)..=(high, usize::MAX)).map(|(_, item)| *item);
    near.filter(|item| days_between(paid_on, board.items[*item].effective_on) <= EXACT_AHEAD_DAYS)
        .filter(|item| !board.bars(money, *item))
        .take(SAME_AMOUNT_MAX)
        .collect()
}

pub(super) fn equal_to(board: &Board<'_>, money: usize) -> Vec<usize> {
    let left = board.purse.money[money].left;
    in_range(board, money, left, left)
}

/// One item of this amount, or one that is a bank charge above it.
pub(super) fn by_amount(board: &Board<'_>, money: usize, named: &[Named]) -> Option<Candidate> {
    let source = &board.purse.money[money];
    let equal = equal_to(board, money);
    if !equal.is_empty() {
        let candidate = single(board, money, &equal)?.with(EQUAL);
        let other = named.iter().find(|named| board.open_of(named.item) > 0 && !equal.contains(&named.item));
        let candidate = match other {
            Some(other) => candidate.against(OTHER_IS_NAMED, other.item),
            None => candidate,
        };
        return Some(candidate.with_if(!named.is_empty() && is_paid_before(board, money, named), PAID_BEFORE));
    }
    let high = source.left.saturating_add(board.tolerance(source));
    let near = in_range(board, money, source.left.saturating_add(1), high);
    let candidate = single(board, money, &near)?.with(WITHIN_FEE);
    let is_stated = source.fee > 0 && board.open_of(candidate.parts[0].0) - source.left == source.fee;
    Some(candidate.with_if(is_stated, FEE_STATED).with_if(source.left % ROUND == 0, ROUND_SUM))
}

/// What is due by then stands before what is not; two of a kind are rivals.
fn single(board: &Board<'_>, money: usize, items: &[usize]) -> Option<Candidate> {
    let rank = |item: &usize| (!is_issued(board, money, *item), !is_due(board, money, *item));
    let best = *items.iter().min_by_key(|item| rank(item))?;
    let rival = items.iter().find(|item| **item != best && rank(item) == rank(&best));
    let candidate = Candidate::new(Rung::ExactSingle, vec![(best, board.open_of(best))]);
    let candidate = match rival {
        Some(rival) => candidate.against(RIVAL, *rival),
        None => candidate.with(ONLY_ONE),
    };
    let is_late = !is_issued(board, money, best);
    Some(candidate.with_if(is_due(board, money, best), DUE).with_if(is_late, BILLED_LATER))
}

/// Several items that together are this amount.
pub(super) fn by_sum(board: &Board<'_>, money: usize, steps: &mut u32) -> Option<Candidate> {
    let source = &board.purse.money[money];
    let candidates: Vec<combination::Candidate> = board
        .open
        .iter()
        .filter(|item| is_issued(board, money, **item) && !board.bars(money, **item))
        .take(RUN_ITEMS_MAX)
        .map(|item| combination::Candidate {
            item: *item,
            open: board.open_of(*item),
            due_on: board.items[*item].shown.due.date(),
        })
        .collect();
    let subset = usize::from(board.input.policy.combination_items);
    let Found { items, short, is_whole_group, rival, odds } =
        combination::find(source.left, board.tolerance(source), &candidates, subset, steps)?;
    let is_due = items.iter().all(|item| is_due(board, money, *item));
    let parts = items.iter().map(|item| (*item, board.open_of(*item))).collect();
    let candidate = Candidate::new(Rung::ExactCombination, parts)
        .with(if short == 0 { EQUAL_SUM } else { WITHIN_FEE })
        .with_if(is_whole_group, WHOLE_GROUP)
        .with_if(short > 0 && short == source.fee, FEE_STATED)
        .with_if(short > 0 && source.left % ROUND == 0, ROUND_SUM)
        .with_if(is_due, DUE);
    let candidate = match rival {
        Some(rival) if !is_whole_group => candidate.against(RIVAL, rival),
        _ => candidate.with_if(!is_whole_group, ONLY_ONE),
    };
    Some(match odds {
        Odds::Small => candidate,
        Odds::Some => candidate.with(MAY_BE_CHANCE),
        Odds::Fair => candidate.with(CHANCE),
        Odds::Large => candidate.with(LIKELY_CHANCE),
    })
}
