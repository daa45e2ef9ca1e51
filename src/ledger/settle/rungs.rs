//! The rungs: which money pays which item, the strongest evidence first.
//!
//! Each rung looks at all money in the order (date, id) before the next one starts, so that a weak guess about an early
//! payment never takes what a later payment names. People's pins come before every guess; what people forbade binds all.

use super::board::{Board, Shortage};
use super::deposits;
use super::matching;
use super::pins;
use super::view::View;
use super::{OpenItemKind, Proposal, Rung};
use crate::domain::Id;

/// Places the money; returns what people should be asked about.
pub(super) fn run(board: &mut Board<'_>, view: &View<'_>) -> Vec<Proposal> {
    let standing = pins::standing(view, board.input.currency);
    pins::bar(board, &standing);
    booked_settlements(board, view);
    named_credits(board);
    pins::pay(board, view, &standing);
    deposits::run(board, view);
    named_by_lines(board);
    let named = matching::run(board, view);
    refunds_from_money(board);
    if board.input.policy.oldest_first {
        loose_credits(board);
        oldest_first(board);
    }
    refunds_from_credits(board);
    matching::propose(board, &named)
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
pub(super) fn indexes_of(board: &Board<'_>, payment: Id) -> Vec<usize> {
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
            let Some(item) = board.oldest_for(money) else { break };
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
