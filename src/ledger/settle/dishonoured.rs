//! Bills that were refused (拒付): how long each of them paid, and what is owed on one that came before cutover.
//!
//! Why apart: today a refused bill pays nothing, so no rung sees it, and what it paid is open with its old due date. But
//! from the day it came until it was refused that item *was* paid, and a balance of those months must say so: the
//! settlement moves the money there and, on the day of the refusal, back.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::board::Board;
use super::items::{Item, Material, shown};
use super::view::View;
use super::{OpenItemKind, SettleInput};
use crate::domain::{FactKind, IdMap};
use crate::ledger::{Document, Due, bill};

/// A refused bill of this customer.
struct Refused<'a> {
    document: &'a Document,
    received_on: Date,
    refused_on: Date,
    gross: i64,
    /// What it paid was settled before cutover.
    is_opening: bool,
}

fn refused<'a>(view: &View<'a>, input: &SettleInput<'_>) -> Vec<Refused<'a>> {
    let bills = view
        .money
        .iter()
        .filter(|money| money.document.kind == FactKind::Bill && money.document.party() == Some(input.party));
    bills
        .filter_map(|money| {
            Some(Refused {
                document: money.document,
                received_on: money.effective_on,
                refused_on: bill::dishonoured_on(money.document)?,
                gross: money.gross,
                is_opening: bill::is_opening(money.document, input.policy),
            })
        })
        .collect()
}

/// A bill from before cutover that is refused after it: what it paid is not in the ledger, so the bill itself is the claim.
pub(super) fn claims(material: &Material<'_, '_>, input: &SettleInput<'_>) -> Vec<Item> {
    let is_claim =
        |bill: &Refused<'_>| bill.is_opening && input.policy.cutover.is_some_and(|cutover| bill.refused_on >= cutover);
    let claim = |bill: Refused<'_>| {
        let document = bill.document;
        let due = Due::On(document.fields.date("matures_on").unwrap_or(bill.refused_on));
        let issued_on = document.effective_on().unwrap_or(bill.received_on);
        let shown = shown(document, document.id, OpenItemKind::Invoice, issued_on, due, bill.gross);
        let links = BTreeMap::from([(document.id, bill.gross)]);
        Item { shown, effective_on: bill.refused_on, billed: bill.gross, unbilled: 0, links }
    };
    refused(material.view, input).into_iter().filter(is_claim).map(claim).collect()
}

/// Posts the claims of [`claims`], and for how long every other refused bill paid: the invoice that it names, else an item
/// of its amount, else the oldest ones.
pub(super) fn run(board: &mut Board<'_>, view: &View<'_>) {
    let refused = refused(view, board.input);
    if refused.is_empty() {
        return;
    }
    let mut paid = board.paid();
    for bill in refused {
        if bill.is_opening {
            board.claim_bill(bill.document.id, bill.refused_on);
            continue;
        }
        let mut left = bill.gross;
        for item in candidates(board, &bill, &paid) {
            let id = board.items[item].shown.id;
            let from = bill.received_on.max(board.items[item].effective_on);
            let amount = left.min(unpaid(board, item, bill.refused_on, &paid));
            if from < bill.refused_on && amount > 0 {
                board.pay_for_a_while(item, amount, from, bill.refused_on);
                paid.entry(id).or_default().push((from, amount));
                left -= amount;
            }
        }
    }
}

type Paid = IdMap<Vec<(Date, i64)>>;

/// What of an item nothing else had paid by then.
fn unpaid(board: &Board<'_>, item: usize, by: Date, paid: &Paid) -> i64 {
    let shown = &board.items[item].shown;
    let before = paid.get(&shown.id).into_iter().flatten().filter(|(on, _)| *on < by).map(|(_, amount)| amount);
    shown.gross.0 - before.sum::<i64>()
}

fn candidates(board: &Board<'_>, bill: &Refused<'_>, paid: &Paid) -> Vec<usize> {
    let named = bill.document.fields.reference("invoice_no").map(|invoice| board.targets_of(invoice));
    let mut items: Vec<usize> = named.into_iter().flatten().map(|(item, _)| item).collect();
    if items.is_empty() {
        let all = 0..board.items.len();
        items.extend(all.clone().find(|item| unpaid(board, *item, bill.refused_on, paid) == bill.gross));
        if items.is_empty() && board.input.policy.oldest_first {
            items.extend(all);
        }
    }
    items
}
