//! The rungs: which money pays which item, the strongest evidence first.
//!
//! Each rung looks at all money in the order (date, id) before the next one starts, so that a weak guess about an early
//! payment never takes what a later payment names. People's pins come between the first and the second (issue 3).

use super::OpenItemKind;
use super::Rung;
use super::board::{Board, Shortage};
use super::combination::{self, Candidate, RUN_ITEMS_MAX, STEPS_MAX};
use super::money::Money;
use super::reference::Numbers;
use super::view::View;
use crate::domain::{FactKind, Id, Value};
use crate::ledger::Document;
use crate::ledger::terms::days_between;

/// An equal amount alone says nothing about claims that are written much later than the money came.
const EXACT_AHEAD_DAYS: i32 = 31;
/// So many items of the same amount are looked at for one that was issued in time; more are not told apart anyway.
const SAME_AMOUNT_MAX: usize = 16;

pub(super) fn run(board: &mut Board<'_>, view: &View<'_>) {
    booked_settlements(board, view);
    named_credits(board);
    deposits(board);
    named_by_lines(board);
    named_by_text(board, view);
    exact_single(board, 0);
    exact_single(board, 1);
    exact_combination(board);
    refunds_from_money(board);
    if board.input.policy.oldest_first {
        loose_credits(board);
        oldest_first(board);
    }
    refunds_from_credits(board);
}

fn grouped(board: &Board<'_>, amount: i64) -> String {
    crate::domain::Amount(amount).grouped(board.input.currency)
}

fn booked_settlements(board: &mut Board<'_>, view: &View<'_>) {
    for settlement in &view.settlements {
        let fields = &settlement.fields;
        let (Some(payment), Some(invoice), Some(gross)) =
            (fields.reference("payment_no"), fields.reference("invoice_no"), fields.amount("gross"))
        else {
            continue;
        };
        let explanation = format!("ERP 核销单 {0} (settled in the ERP by {0})", settlement.number);
        let mut left = gross.0;
        for money in indexes_of(board, payment) {
            for (item, _) in board.targets_of(invoice) {
                let settles_all = left >= board.open_of(item);
                let shortage = if settles_all { Shortage::Tolerated } else { Shortage::StaysOpen };
                left -= board.pay(money, item, left, Rung::BookedSettlement, shortage, &explanation);
            }
        }
    }
}

/// Money is sorted by date, so its id is looked up through an index that is made once.
fn indexes_of(board: &Board<'_>, payment: Id) -> Vec<usize> {
    board.purse.by_payment.get(&payment).cloned().unwrap_or_default()
}

/// A red invoice, return or adjustment reduces what it names.
fn named_credits(board: &mut Board<'_>) {
    for credit in 0..board.credits.len() {
        let is_red = board.credits[credit].shown.kind == OpenItemKind::Invoice;
        let number = board.credits[credit].shown.number.clone();
        let explanation = format!("{number} 冲减其所指单据 ({number} reduces the document it names)");
        for name in board.credits[credit].names.clone() {
            // What is billed goes first: a red invoice is about claims.
            let mut targets = board.targets_of(name);
            targets.sort_by_key(|(item, _)| (is_red && board.items[*item].billed == 0, *item));
            for (item, share) in targets {
                board.credit(credit, item, share, &explanation);
            }
        }
    }
}

/// A deposit pays the goods of its own order.
fn deposits(board: &mut Board<'_>) {
    for money in 0..board.purse.money.len() {
        let Some(order) = board.purse.money[money].order() else { continue };
        let explanation = "订单预收款 (deposit of this order)";
        for (item, share) in board.targets_of(order) {
            board.pay(money, item, share, Rung::DepositOrder, Shortage::StaysOpen, explanation);
        }
    }
}

/// The lines of a receipt name what finance booked them against; a bill names what it pays.
fn named_by_lines(board: &mut Board<'_>) {
    for money in 0..board.purse.money.len() {
        for (name, meant) in board.purse.money[money].named.clone() {
            let mut left = meant;
            for (item, share) in board.targets_of(name) {
                let number = board.items[item].shown.number.clone();
                let explanation = format!("收款行指明 {number} (the receipt's line names {number})");
                let limit = left.min(share);
                left -= board.pay(money, item, limit, Rung::Reference, Shortage::Tolerated, &explanation);
            }
        }
    }
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
        .find(|item| is_in_time(board, *item, money))
}

fn candidate_within(board: &Board<'_>, amount: i64, tolerance: i64, money: usize) -> Option<usize> {
    board
        .by_amount
        .range((amount, usize::MAX)..=(amount.saturating_add(tolerance), usize::MAX))
        .take(SAME_AMOUNT_MAX)
        .map(|(_, item)| *item)
        .find(|item| is_in_time(board, *item, money))
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
            .filter(|item| board.items[**item].effective_on <= source.effective_on)
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

/// A refund gives back money that had come in before: the same amount, else the latest.
fn refunds_from_money(board: &mut Board<'_>) {
    for refund in 0..board.purse.refunds.len() {
        let back = &board.purse.refunds[refund];
        let (amount, paid_on) = (back.left, back.effective_on);
        let mut sources: Vec<usize> = (0..board.purse.money.len())
            .filter(|money| {
                let source = &board.purse.money[*money];
                source.left > 0 && source.effective_on <= paid_on
            })
            .collect();
        sources.sort_by_key(|money| {
            let source = &board.purse.money[*money];
            (source.account != board.purse.refunds[refund].account, source.left != amount, std::cmp::Reverse(*money))
        });
        for money in sources {
            let equal = board.purse.money[money].left == amount;
            let rung = if equal { Rung::ExactSingle } else { Rung::OldestFirst };
            board.refund_money(refund, money, rung, "退款冲回收款 (refund of this money)");
        }
    }
}

/// Credits that name nothing here reduce the oldest items.
fn loose_credits(board: &mut Board<'_>) {
    for credit in 0..board.credits.len() {
        let number = board.credits[credit].shown.number.clone();
        let explanation = format!("{number} 未指明单据，冲减最早项 ({number} names nothing open; oldest item first)");
        while board.credits[credit].left > 0 {
            let Some(item) = board.open.first().copied() else { return };
            let amount = board.open_of(item);
            board.credit(credit, item, amount, &explanation);
        }
    }
}

fn oldest_first(board: &mut Board<'_>) {
    for money in 0..board.purse.money.len() {
        while board.purse.money[money].left > 0 && !board.purse.money[money].is_reserved {
            let Some(item) = board.open.first().copied() else { return };
            let amount = board.open_of(item);
            let explanation = "先到期先核销 (oldest due first)";
            board.pay(money, item, amount, Rung::OldestFirst, Shortage::StaysOpen, explanation);
        }
    }
}

fn refunds_from_credits(board: &mut Board<'_>) {
    for refund in 0..board.purse.refunds.len() {
        for credit in 0..board.credits.len() {
            if board.purse.refunds[refund].left == 0 {
                break;
            }
            let number = board.credits[credit].shown.number.clone();
            let explanation = format!("退款对应 {number} (refund for {number})");
            board.refund_credit(refund, credit, &explanation);
        }
    }
}
