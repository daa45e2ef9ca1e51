//! Money and items brought together by what is known about both: the text, the amount, the dates.

use super::Rung;
use super::board::{Board, Shortage};
use super::combination::{self, Candidate, RUN_ITEMS_MAX, STEPS_MAX};
use super::money::Money;
use super::reference::Numbers;
use super::view::View;
use crate::domain::{FactKind, Value};
use crate::ledger::Document;
use crate::ledger::terms::days_between;

/// An equal amount alone says nothing about claims that are written much later than the money came.
const EXACT_AHEAD_DAYS: i32 = 31;
/// So many items of the same amount are looked at for one that was issued in time; more are not told apart anyway.
const SAME_AMOUNT_MAX: usize = 16;

pub(super) fn run(board: &mut Board<'_>, view: &View<'_>) {
    named_by_text(board, view);
    exact_single(board, 0);
    exact_single(board, 1);
    exact_combination(board);
}

fn grouped(board: &Board<'_>, amount: i64) -> String {
    crate::domain::Amount(amount).grouped(board.input.currency)
}

/// The remittance text names invoices, shipments or orders.
fn named_by_text(board: &mut Board<'_>, view: &View<'_>) {
    let numbers = numbers(view);
    for money in 0..board.purse.money.len() {
        let source = &board.purse.money[money];
        let Some(text) = source.document.fields.text("text").filter(|_| source.left > 0 && !source.is_reserved) else {
            continue;
        };
        let mut targets: Vec<(usize, i64)> =
            numbers.find(text).into_iter().flat_map(|name| board.targets_of(name)).collect();
        targets.sort_unstable();
        targets.dedup_by_key(|(item, _)| *item);
        let runner_up = runner_up_to_text(board, money, &targets);
        for (item, share) in targets {
            let number = board.items[item].shown.number.clone();
            let explanation = format!("附言指明 {number} (the remittance text names {number}){runner_up}");
            board.pay(money, item, share, Rung::Reference, Shortage::Tolerated, &explanation);
        }
    }
}

/// An item that the text does not name, though its amount is equal to the payment.
fn runner_up_to_text(board: &Board<'_>, money: usize, named: &[(usize, i64)]) -> String {
    let amount = board.purse.money[money].left;
    let is_equal = |(item, _): &(usize, i64)| board.open_of(*item) == amount;
    if named.is_empty() || named.iter().any(is_equal) {
        return String::new();
    }
    candidate_of_amount(board, amount, money).map_or_else(String::new, |item| runner_up(board, item))
}

fn runner_up(board: &Board<'_>, item: usize) -> String {
    let number = &board.items[item].shown.number;
    format!("；次选 {number} 金额相等 (runner-up {number}: equal amount)")
}

/// Every number by which a document of this party can be named, also if only others refer to it.
fn numbers(view: &View<'_>) -> Numbers {
    let mut numbers = Numbers::default();
    let documents = view.shipments.iter().chain(&view.invoices).chain(&view.reds).map(|counted| counted.document);
    for document in documents.chain(view.orders.values().copied()) {
        numbers.add(&document.number, document.id);
        add_references(&mut numbers, document);
    }
    numbers
}

fn add_references(numbers: &mut Numbers, document: &Document) {
    if document.kind == FactKind::Order {
        return;
    }
    let named = document.lines.iter().flat_map(|line| ["order_no", "shipment_no"].map(|field| line.fields.get(field)));
    for value in named.flatten() {
        if let Value::Ref { number, id } = value {
            numbers.add(number, *id);
        }
    }
}

/// Whole payments that are equal to one open item (`pass` 0), or short of it by a fee (`pass` 1).
fn exact_single(board: &mut Board<'_>, pass: u8) {
    for money in 0..board.purse.money.len() {
        if !is_free(&board.purse.money[money]) {
            continue;
        }
        let amount = board.purse.money[money].left;
        let tolerance = board.tolerance(&board.purse.money[money]);
        let found = match pass {
            0 => candidate_of_amount(board, amount, money),
            _ => candidate_within(board, amount, tolerance, money),
        };
        let Some(item) = found else { continue };
        let short = board.open_of(item) - amount;
        let mut explanation = if short == 0 {
            "金额与该项相等 (equal amount)".to_owned()
        } else {
            let short = grouped(board, short);
            format!("金额相差 {short}，在容差内 (short by {short}, within tolerance)")
        };
        let same = board.by_amount.range((board.open_of(item), 0)..).find(|(_, other)| *other != item);
        if let Some((_, other)) = same.filter(|(open, _)| *open == board.open_of(item)) {
            explanation.push_str(&runner_up(board, *other));
        }
        board.pay(money, item, amount, Rung::ExactSingle, Shortage::Tolerated, &explanation);
    }
}

/// Money of which nothing has been placed yet and that is not kept for an order.
fn is_free(money: &Money<'_>) -> bool {
    money.left > 0 && money.is_untouched() && !money.is_reserved
}

fn is_in_time(board: &Board<'_>, item: usize, money: usize) -> bool {
    days_between(board.purse.money[money].effective_on, board.items[item].effective_on) <= EXACT_AHEAD_DAYS
}

fn candidate_of_amount(board: &Board<'_>, amount: i64, money: usize) -> Option<usize> {
    board
        .by_amount
        .range((amount, 0)..=(amount, usize::MAX))
        .take(SAME_AMOUNT_MAX)
        .map(|(_, item)| *item)
        .find(|item| is_in_time(board, *item, money) && !board.bars(money, *item))
}

fn candidate_within(board: &Board<'_>, amount: i64, tolerance: i64, money: usize) -> Option<usize> {
    board
        .by_amount
        .range((amount, usize::MAX)..=(amount.saturating_add(tolerance), usize::MAX))
        .take(SAME_AMOUNT_MAX)
        .map(|(_, item)| *item)
        .find(|item| is_in_time(board, *item, money) && !board.bars(money, *item))
}

/// Whole payments that are equal to several open items together.
fn exact_combination(board: &mut Board<'_>) {
    let mut steps = STEPS_MAX;
    let subset = usize::from(board.input.policy.combination_items);
    for money in 0..board.purse.money.len() {
        let source = &board.purse.money[money];
        if !is_free(source) {
            continue;
        }
        let candidates: Vec<Candidate> = board
            .open
            .iter()
            .filter(|item| board.items[**item].effective_on <= source.effective_on && !board.bars(money, **item))
            .take(RUN_ITEMS_MAX)
            .map(|item| Candidate {
                item: *item,
                open: board.open_of(*item),
                due_on: board.items[*item].shown.due.date(),
            })
            .collect();
        let tolerance = board.tolerance(source);
        let Some(found) = combination::find(source.left, tolerance, &candidates, subset, &mut steps) else { continue };
        let count = found.items.len();
        let explanation = if found.short == 0 {
            format!("金额等于 {count} 项之和 (equal to {count} items together)")
        } else {
            let short = grouped(board, found.short);
            format!("比 {count} 项之和少 {short}，在容差内 (short of {count} items by {short}, within tolerance)")
        };
        for item in found.items {
            let amount = board.open_of(item);
            board.pay(money, item, amount, Rung::ExactCombination, Shortage::Tolerated, &explanation);
        }
    }
}
