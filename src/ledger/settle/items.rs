//! Open items and credits: what can be settled, and what reduces it.
//!
//! `receivable_basis` is decided here and nowhere else. By invoices: every claim is an item, goods not yet billed are
//! another. By shipments: every shipment is an item whether billed or not, and invoices only move it between accounts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::due::{DueDates, DuePart, Source};
use super::goods::goods;
use super::unbilled::{Entry, Unbilled};
use super::view::{Counted, View, is_opening};
use super::{OpenItem, OpenItemKind, SettleInput, dishonoured, instalments};
use crate::domain::{Amount, Currency, Id, IdMap};
use crate::ledger::{AccountKind, Document, Due, ReceivableBasis};

/// An open item with what is open of it in each account. Never negative.
pub(super) struct Item {
    pub shown: OpenItem,
    pub effective_on: Date,
    pub billed: i64,
    pub unbilled: i64,
    /// Documents by which money may name it, each with its share.
    pub links: BTreeMap<Id, i64>,
}

/// A red invoice, a return or an adjustment that reduces what is owed.
pub(super) struct Credit {
    /// Negative.
    pub shown: OpenItem,
    pub effective_on: Date,
    pub account: AccountKind,
    pub left: i64,
    /// Documents whose items it reduces, the most specific first.
    pub names: Vec<Id>,
}

pub(super) struct Items {
    /// Sorted: due before expected, early before late.
    pub items: Vec<Item>,
    /// Sorted by (date, id).
    pub credits: Vec<Credit>,
    /// Negative unbilled balances of invoices in front of their goods: shown, never settled.
    pub prebilled: Vec<OpenItem>,
}

/// Id of the unbilled remainder of a shipment (or of what a red invoice opened again).
pub fn unbilled_item(document: Id) -> Id {
    Id::from_parts(&[b"unbilled", &document.0])
}

/// The order in which items are paid when nothing else decides.
pub(super) fn item_order(item: &OpenItem) -> (bool, Date, Date, OpenItemKind, Id) {
    (item.due.is_expected(), item.due.date(), item.issued_on, item.kind, item.id)
}

/// What items are made of.
pub(super) struct Material<'m, 'a> {
    pub view: &'m View<'a>,
    pub unbilled: &'m Unbilled<'a>,
    pub due: &'m DueDates<'m>,
    pub basis: ReceivableBasis,
    pub currency: Currency,
    entries: IdMap<Vec<&'m Entry<'a>>>,
}

impl<'m, 'a> Material<'m, 'a> {
    pub fn new(view: &'m View<'a>, unbilled: &'m Unbilled<'a>, due: &'m DueDates<'m>, input: &SettleInput<'_>) -> Self {
        let mut entries: IdMap<Vec<&Entry<'_>>> = IdMap::default();
        for entry in &unbilled.entries {
            entries.entry(entry.document.id).or_default().push(entry);
        }
        let (basis, currency) = (input.policy.receivable_basis, input.currency);
        Self { view, unbilled, due, basis, currency, entries }
    }

    pub fn entries_of(&self, document: &Document) -> &[&'m Entry<'a>] {
        self.entries.get(&document.id).map_or(&[], Vec::as_slice)
    }

    pub fn is_by_shipment(&self) -> bool {
        self.basis == ReceivableBasis::Shipments
    }
}

impl Items {
    pub fn of(material: &Material<'_, '_>, input: &SettleInput<'_>) -> Self {
        let mut made = Self { items: goods(material), credits: Vec::new(), prebilled: Vec::new() };
        made.add_claims(material);
        made.items.extend(dishonoured::claims(material, input));
        for red in &material.view.reds {
            made.credits.extend(red_credit(material, red));
            made.items.extend(goods_opened_again(material, red));
        }
        let reductions = material.view.returns.iter().chain(&material.view.adjustments);
        made.credits.extend(reductions.filter_map(|counted| reduction(material, counted)));
        made.credits.sort_by_key(|credit| (credit.effective_on, credit.shown.id));
        made.items.sort_by_cached_key(|item| item_order(&item.shown));
        made
    }

    fn add_claims(&mut self, material: &Material<'_, '_>) {
        let mut links: IdMap<Links> = IdMap::default();
        for claim in &material.unbilled.claims {
            links.entry(claim.invoice).or_default().add(Some(claim.shipment), claim.order, claim.amount);
        }
        for invoice in &material.view.invoices {
            if material.is_by_shipment() && !is_opening(invoice.document) {
                continue;
            }
            let (item, due) = claim(material, invoice, &links.remove(&invoice.document.id).unwrap_or_default());
            let ahead: i64 = material.entries_of(invoice.document).iter().map(|entry| entry.left).sum();
            if ahead > 0 {
                self.prebilled.push(OpenItem {
                    id: Id::from_parts(&[b"prebilled", &invoice.document.id.0]),
                    kind: OpenItemKind::Unbilled,
                    gross: Amount(-ahead),
                    open: Amount(-ahead),
                    ..item.shown.clone()
                });
            }
            self.items.extend(instalments::split(item, &due, material.currency));
        }
    }
}

/// An invoice or an opening position. `claimed` is what it bills as the goods turned out, beside what its lines say.
fn claim(material: &Material<'_, '_>, invoice: &Counted<'_>, claimed: &Links) -> (Item, Vec<DuePart>) {
    let document = invoice.document;
    let mut named = Links::default();
    for part in material.unbilled.invoice_parts.get(&document.id).map_or(&[][..], Vec::as_slice) {
        named.add(part.shipment, part.order, part.gross);
    }
    let links = named.widest(claimed);
    let shipments: Vec<Id> = links.shipments.iter().map(|(id, _)| *id).collect();
    let orders: Vec<Id> = links.orders.iter().map(|(id, _)| *id).collect();
    // An opening position keeps its old date, though it counts from cutover on.
    let issued_on = document.effective_on().unwrap_or(invoice.effective_on);
    let source = Source {
        document,
        invoiced_on: Some(issued_on),
        received_on: document.fields.date("received_on"),
        fallback: issued_on,
        shipments: &shipments,
        orders: &orders,
        is_opening: is_opening(document),
    };
    let due = material.due.of(&source);
    let mut shown = shown(document, document.id, OpenItemKind::Invoice, issued_on, due[0].due, invoice.gross);
    shown.disputed = material.due.is_disputed(&shipments);
    shown.orders = orders;
    let links = links.with(document.id, invoice.gross);
    (Item { shown, effective_on: invoice.effective_on, billed: invoice.gross, unbilled: 0, links }, due)
}

/// What a red invoice takes from claims. By shipments, only what stands for returns and adjustments: the rest moves
/// goods between accounts.
fn red_credit(material: &Material<'_, '_>, red: &Counted<'_>) -> Option<Credit> {
    let document = red.document;
    let left = if material.is_by_shipment() {
        material.entries_of(document).iter().map(|entry| entry.with_credits).sum()
    } else {
        red.gross
    };
    let parts = material.unbilled.invoice_parts.get(&document.id).map_or(&[][..], Vec::as_slice);
    let mut names: Vec<Id> = document.fields.reference("reverses").into_iter().collect();
    names.extend(parts.iter().filter_map(|part| part.shipment));
    names.extend(parts.iter().filter_map(|part| part.order));
    let due = Due::On(red.effective_on);
    let shown = shown(document, document.id, OpenItemKind::Invoice, red.effective_on, due, -left);
    (left > 0).then_some(Credit { shown, effective_on: red.effective_on, account: AccountKind::Billed, left, names })
}

/// What of a red invoice stands for no return, no adjustment and no new invoice: goods that wait to be billed again.
fn goods_opened_again(material: &Material<'_, '_>, red: &Counted<'_>) -> Vec<Item> {
    let document = red.document;
    let entries = material.entries_of(document);
    let left: i64 = entries.iter().map(|entry| entry.left).sum();
    if left == 0 || material.is_by_shipment() {
        return Vec::new();
    }
    let shipments: Vec<Id> = entries.iter().filter_map(|entry| entry.shipment).collect();
    let orders: BTreeSet<Id> = entries.iter().filter_map(|entry| entry.order).collect();
    let orders: Vec<Id> = orders.into_iter().collect();
    let source = Source {
        document,
        invoiced_on: None,
        received_on: None,
        fallback: red.effective_on,
        shipments: &shipments,
        orders: &orders,
        is_opening: false,
    };
    let due = material.due.of_unbilled(&source);
    let id = unbilled_item(document.id);
    let mut shown = shown(document, id, OpenItemKind::Unbilled, red.effective_on, due[0].due, left);
    shown.orders = orders;
    let links = BTreeMap::from([(document.id, left)]);
    let item = Item { shown, effective_on: red.effective_on, billed: 0, unbilled: left, links };
    instalments::split(item, &due, material.currency)
}

/// Goods that came back or a price that was reduced, as far as no red invoice and no unbilled goods stand for it.
fn reduction(material: &Material<'_, '_>, counted: &Counted<'_>) -> Option<Credit> {
    let document = counted.document;
    let open: Vec<_> = material.entries_of(document).iter().filter(|entry| entry.left > 0).collect();
    let left: i64 = open.iter().map(|entry| entry.left).sum();
    let mut names: Vec<Id> = document.fields.reference("invoice_no").into_iter().collect();
    names.extend(open.iter().filter_map(|entry| entry.shipment));
    names.extend(open.iter().filter_map(|entry| entry.order));
    let id = Id::from_parts(&[b"credit", &document.id.0]);
    let due = Due::On(counted.effective_on);
    let shown = shown(document, id, OpenItemKind::Unbilled, counted.effective_on, due, -left);
    let effective_on = counted.effective_on;
    (left > 0).then_some(Credit { shown, effective_on, account: AccountKind::Unbilled, left, names })
}

pub(super) fn shown(
    document: &Document,
    id: Id,
    kind: OpenItemKind,
    issued_on: Date,
    due: Due,
    gross: i64,
) -> OpenItem {
    OpenItem {
        id,
        document: document.id,
        number: document.number.clone(),
        kind,
        issued_on,
        due,
        gross: Amount(gross),
        open: Amount(gross),
        orders: Vec::new(),
        salesperson: document.fields.text("salesperson").map(Into::into),
        disputed: false,
    }
}

/// How much of an item each shipment and order stands for, both sorted by id. One or two of each, so that a list costs less
/// than a tree.
#[derive(Default)]
struct Links {
    shipments: Vec<(Id, i64)>,
    orders: Vec<(Id, i64)>,
}

/// What a sorted list says about an id; 0 if it said nothing before.
fn share_of(list: &mut Vec<(Id, i64)>, id: Id) -> &mut i64 {
    let place = list.binary_search_by_key(&id, |(known, _)| *known).unwrap_or_else(|place| {
        list.insert(place, (id, 0));
        place
    });
    &mut list[place].1
}

impl Links {
    fn add(&mut self, shipment: Option<Id>, order: Option<Id>, amount: i64) {
        if let Some(shipment) = shipment {
            *share_of(&mut self.shipments, shipment) += amount;
        }
        if let Some(order) = order {
            *share_of(&mut self.orders, order) += amount;
        }
    }

    fn widest(mut self, other: &Self) -> Self {
        for (mine, theirs) in [(&mut self.shipments, &other.shipments), (&mut self.orders, &other.orders)] {
            for (id, amount) in theirs {
                let known = share_of(mine, *id);
                *known = (*known).max(*amount);
            }
        }
        self
    }

    fn with(self, document: Id, gross: i64) -> BTreeMap<Id, i64> {
        let own = [(document, gross)];
        self.shipments.into_iter().chain(self.orders).chain(own).collect()
    }
}
