//! What the remittance text names, and how the amount fits it.

use super::Rung;
use super::amounts::equal_to;
use super::board::Board;
use super::evidence::{
    CONTRADICTION, Candidate, EQUAL, EQUAL_SUM, MORE_THAN_NAMED, NAMED, NAMED_WITH_SLIP, PART_OF_NAMED, RIVAL,
    WITHIN_FEE,
};
use super::reference::Numbers;
use super::view::View;
use crate::domain::{FactKind, Value};
use crate::ledger::Document;

/// An item that a text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    pub item: usize,
    /// How much of the item the named document stands for.
    pub share: i64,
    pub has_slip: bool,
}

/// For each money, what its text names, in the order of payment. Texts do not change while money is placed; of money that
/// is not free nobody asks.
pub(super) fn named(board: &Board<'_>, view: &View<'_>) -> Vec<Vec<Named>> {
    let money = &board.purse.money;
    let texts: Vec<&str> = money
        .iter()
        .map(|money| money.document.fields.text("text").filter(|_| money.is_free()).unwrap_or(""))
        .collect();
    let numbers = numbers(view, &texts);
    let of_text = |text: &&str| {
        let mut found: Vec<Named> = Vec::new();
        for (id, has_slip) in numbers.find(text) {
            let targets = board.targets_of(id).into_iter();
            found.extend(targets.map(|(item, share)| Named { item, share, has_slip }));
        }
        found.sort_unstable();
        found.dedup_by_key(|named| named.item);
        found
    };
    texts.iter().map(of_text).collect()
}

/// Every number by which `texts` may name a document of this party, also if only others refer to it.
fn numbers(view: &View<'_>, texts: &[&str]) -> Numbers {
    let mut numbers = Numbers::for_texts(texts);
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

/// Whether all that the text names is paid, one of it with the very amount of this money.
pub(super) fn is_paid_before(board: &Board<'_>, money: usize, named: &[Named]) -> bool {
    let total = board.purse.money[money].total;
    named.iter().all(|named| board.open_of(named.item) == 0)
        && named.iter().any(|named| board.items[named.item].shown.gross.0 == total)
}

/// Places the money on what its text names: all of it, the one that has its amount, or as far as it goes.
pub(super) fn by_text(board: &Board<'_>, money: usize, named: &[Named]) -> Option<Candidate> {
    let open: Vec<Named> = named
        .iter()
        .map(|named| Named { share: named.share.min(board.open_of(named.item)), ..*named })
        .filter(|named| named.share > 0 && !board.bars(money, named.item))
        .collect();
    let left = board.purse.money[money].left;
    let tolerance = board.tolerance(&board.purse.money[money]);
    if open.is_empty() {
        return None;
    }
    let clue = if open.iter().any(|named| named.has_slip) { NAMED_WITH_SLIP } else { NAMED };
    let of = |members: &[Named]| {
        let parts = members.iter().map(|named| (named.item, named.share)).collect();
        Candidate::new(Rung::Reference, parts).with(clue)
    };
    let sum: i128 = open.iter().map(|named| i128::from(named.share)).sum();
    let short = sum - i128::from(left);
    if short == 0 {
        return Some(of(&open).with(if open.len() == 1 { EQUAL } else { EQUAL_SUM }));
    }
    if let Some((first, rivals)) = the_one(&open, |share| share == left) {
        let candidate = of(&[first]).with(EQUAL);
        return Some(rivals.map_or(candidate.clone(), |rival| candidate.against(RIVAL, rival)));
    }
    if (1..=i128::from(tolerance)).contains(&short) {
        return Some(of(&open).with(WITHIN_FEE));
    }
    if let Some((first, None)) = the_one(&open, |share| share > left && share - left <= tolerance) {
        return Some(of(&[first]).with(WITHIN_FEE));
    }
    let candidate = of(&open).with(if short > 0 { PART_OF_NAMED } else { MORE_THAN_NAMED });
    let other = equal_to(board, money).into_iter().find(|item| !open.iter().any(|named| named.item == *item));
    Some(other.map_or(candidate.clone(), |other| candidate.against(CONTRADICTION, other)))
}

/// The first of several that fits, and the item of the second.
fn the_one(open: &[Named], fits: impl Fn(i64) -> bool) -> Option<(Named, Option<usize>)> {
    let mut fitting = open.iter().filter(|named| fits(named.share));
    let first = *fitting.next()?;
    Some((first, fitting.next().map(|second| second.item)))
}
