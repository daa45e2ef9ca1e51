//! What people decided about money and what it pays: pinned pairs, and pairs that no rule may make again.
//!
//! Why the last word about a pair counts and not the first: a person may change their mind, and whoever replays all
//! decisions must end where the person ended. A pin takes what is still open and never more; one that no longer fits pays
//! less and is shown beside what was asked. Money pinned to an order is kept for it until the order is closed.

use std::collections::BTreeMap;

use super::Rung;
use super::board::{Board, Shortage};
use super::rate;
use super::rungs::indexes_of;
use super::view::View;
use crate::domain::{Currency, Id};
use crate::ledger::Document;
use crate::ledger::decision::{action, target};

/// The last thing that people said about one payment or bill and one claim, delivery or order.
pub(super) struct Standing<'a> {
    decision: &'a Document,
    money: Id,
    target: Id,
    is_pin: bool,
}

/// In the order in which it was decided.
pub(super) fn standing<'a>(view: &View<'a>, currency: Currency) -> Vec<Standing<'a>> {
    let mut last: BTreeMap<(Id, Id), (usize, Standing<'a>)> = BTreeMap::new();
    for (position, decision) in view.decisions.iter().enumerate() {
        let is_pin = match action(decision) {
            "allocate" | "confirm" => true,
            "rate" if decision.fields.currency("to_currency") == Some(currency) => true,
            "unallocate" | "reject" => false,
            _ => continue,
        };
        let named = target(decision);
        let (Some(money), Some(target)) = (view.money_of(decision), named) else { continue };
        last.insert((money, target), (position, Standing { decision, money, target, is_pin }));
    }
    let mut standing: Vec<(usize, Standing<'a>)> = last.into_values().collect();
    standing.sort_by_key(|(position, _)| *position);
    standing.into_iter().map(|(_, standing)| standing).collect()
}

pub(super) fn bar(board: &mut Board<'_>, standing: &[Standing<'_>]) {
    for said in standing.iter().filter(|said| !said.is_pin) {
        for (item, _) in board.targets_of(said.target) {
            let item = board.items[item].shown.id;
            board.barred.insert((said.money, item));
        }
    }
}

pub(super) fn pay(board: &mut Board<'_>, view: &View<'_>, standing: &[Standing<'_>]) {
    for said in standing.iter().filter(|said| said.is_pin) {
        let is_rate = action(said.decision) == "rate";
        let (asked, rung, explanation) = match is_rate {
            true => ("to_gross", Rung::AgreedRate, rate::explanation(said.decision)),
            false => ("gross", Rung::Pinned, explanation(said.decision)),
        };
        let asked = said.decision.fields.amount(asked).map(|gross| gross.0);
        let mut left = asked.unwrap_or(i64::MAX);
        for money in indexes_of(board, said.money) {
            for (item, share) in board.targets_of(said.target) {
                let pays_all = asked.is_none() || left >= board.open_of(item);
                let shortage = if pays_all { Shortage::Tolerated } else { Shortage::StaysOpen };
                left -= board.pay(money, item, left.min(share), rung, shortage, &explanation);
            }
            if view.orders.get(&said.target).is_some_and(|order| order.status() != "closed") {
                left -= board.keep(money, left);
            }
        }
    }
}

fn explanation(decision: &Document) -> String {
    let field = |name| decision.fields.text(name).unwrap_or_default();
    let by = field("decided_by");
    let said = match action(decision) {
        "confirm" => format!("{by} 确认 (confirmed by {by})"),
        _ => format!("{by} 手工核销 (allocated by {by})"),
    };
    match field("note") {
        "" => said,
        note => format!("{said}：{note}"),
    }
}
