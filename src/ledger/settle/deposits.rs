//! Deposits (预收) pay the goods of their own order, and the policy says which of them: the first, a part of each in
//! proportion, or the last.
//!
//! All three are one question, how much of a deposit is for the goods between two points of the order's value, so that
//! part shipments, part invoices and several deposits need no cases of their own. Must not know about other money.

use super::Rung;
use super::board::{Board, Shortage};
use super::view::View;
use crate::domain::IdMap;
use crate::ledger::{DepositUse, Document};

/// What is known of one order when one of its deposits is placed.
#[derive(Debug, Clone, Copy)]
struct Order {
    total: i64,
    /// All its deposits together.
    deposits: i64,
    /// Those before this one.
    before: i64,
}

pub(super) fn run(board: &mut Board<'_>, view: &View<'_>) {
    let mut orders = totals(board, view);
    for money in 0..board.purse.money.len() {
        let Some(order) = board.purse.money[money].order() else { continue };
        let total = board.purse.money[money].total;
        let known = orders.get(&order).copied();
        let mut targets = board.targets_of(order);
        targets.sort_by_key(|(item, _)| (board.items[*item].effective_on, *item));
        let mut reached = 0_i64;
        let cent = board.input.currency.minor_unit().0;
        for (item, share) in targets {
            let (from, to) = (reached, reached.saturating_add(share));
            reached = to;
            let limit = match (board.input.policy.deposit_use, known) {
                (DepositUse::ProRata, Some(order)) => up_to(&order, total, to, cent) - up_to(&order, total, from, cent),
                (DepositUse::LastGoods, Some(order)) => last(&order, total, from, to),
                _ => share,
            };
            board.pay(money, item, limit, Rung::DepositOrder, Shortage::StaysOpen, EXPLANATION);
        }
        if let Some(order) = orders.get_mut(&order) {
            order.before += total;
        }
    }
}

const EXPLANATION: &str = "订单预收款 (deposit of this order)";

/// Open orders with a total. Of one that is closed all goods are known, so its deposits just pay them; and so do those
/// of an order that nobody has told us about, or not for how much.
fn totals(board: &Board<'_>, view: &View<'_>) -> IdMap<Order> {
    let mut orders: IdMap<Order> = IdMap::default();
    for money in &board.purse.money {
        let Some(id) = money.order() else { continue };
        let total = view.orders.get(&id).filter(|order| order.status() != "closed").copied().and_then(Document::gross);
        if let Some(total) = total.filter(|total| total.is_positive()) {
            orders.entry(id).or_insert(Order { total: total.0, deposits: 0, before: 0 }).deposits += money.total;
        }
    }
    orders
}

/// What of a deposit is for the first `value` of the order, in whole cents.
fn up_to(order: &Order, deposit: i64, value: i64, cent: i64) -> i64 {
    if value >= order.total {
        return deposit;
    }
    let exact = i128::from(deposit) * i128::from(value) / i128::from(order.total);
    i64::try_from(exact - exact % i128::from(cent)).unwrap_or(deposit)
}

/// What of a deposit is for the goods from `from` to `to` of the order's value, when its deposits pay the end of it.
fn last(order: &Order, deposit: i64, from: i64, to: i64) -> i64 {
    let start = order.total.saturating_sub(order.deposits).max(0).saturating_add(order.before);
    let end = start.saturating_add(deposit);
    (to.min(end) - from.max(start)).max(0)
}
