//! Open items that are goods: what of a shipment is not billed, or the whole of it where shipments are the basis.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::OpenItemKind;
use super::due::Source;
use super::instalments;
use super::items::{Item, Material, shown, unbilled_item};
use super::unbilled::{Entry, Side};
use super::view::Counted;
use crate::domain::{Id, IdMap};

pub(super) fn goods(material: &Material<'_, '_>) -> Vec<Item> {
    let mut billed_by: IdMap<BTreeMap<Id, i64>> = IdMap::default();
    let mut claims: IdMap<&Counted<'_>> = IdMap::default();
    if material.is_by_shipment() {
        for claim in &material.unbilled.claims {
            *billed_by.entry(claim.shipment).or_default().entry(claim.invoice).or_default() += claim.amount;
        }
        claims.extend(material.view.invoices.iter().map(|invoice| (invoice.document.id, invoice)));
    }
    let shipments = material.view.shipments.iter();
    shipments
        .flat_map(|shipment| {
            let links = billed_by.remove(&shipment.document.id).unwrap_or_default();
            let claims = Claims::of(links.keys().filter_map(|invoice| claims.get(invoice).copied()));
            item(material, shipment, links, claims)
        })
        .collect()
}

/// The days of the invoices that bill one shipment.
#[derive(Default)]
struct Claims {
    /// The last was written.
    invoiced_on: Option<Date>,
    /// The customer had them all; `None` as soon as one may still be on its way.
    received_on: Option<Date>,
}

impl Claims {
    fn of<'c>(invoices: impl Iterator<Item = &'c Counted<'c>>) -> Self {
        let mut claims = Self::default();
        let mut all_received = true;
        for invoice in invoices {
            let received_on = invoice.document.fields.date("received_on");
            claims.invoiced_on = claims.invoiced_on.max(Some(invoice.effective_on));
            claims.received_on = claims.received_on.max(received_on);
            all_received &= received_on.is_some();
        }
        claims.received_on = claims.received_on.filter(|_| all_received);
        claims
    }
}

/// `links` are the invoices that bill it.
fn item(
    material: &Material<'_, '_>,
    shipment: &Counted<'_>,
    mut links: BTreeMap<Id, i64>,
    claims: Claims,
) -> Vec<Item> {
    let document = shipment.document;
    let entries = material.entries_of(document);
    let billed: i64 = entries.iter().map(|entry| billed_part(material, entry)).sum();
    let own = || entries.iter().filter(|entry| entry.side == Side::Shipment);
    let left: i64 = own().map(|entry| entry.left).sum();
    if left + billed == 0 {
        return Vec::new();
    }
    let mut orders = BTreeSet::new();
    for entry in own() {
        let share = entry.left + billed_part(material, entry);
        if let Some(order) = entry.order.filter(|_| share > 0) {
            orders.insert(order);
            *links.entry(order).or_default() += share;
        }
    }
    links.insert(document.id, left + billed);
    let orders: Vec<Id> = orders.into_iter().collect();
    let source = Source {
        document,
        invoiced_on: claims.invoiced_on.filter(|_| left == 0),
        received_on: claims.received_on.filter(|_| left == 0),
        fallback: shipment.effective_on,
        shipments: &[document.id],
        orders: &orders,
        is_opening: false,
    };
    let kind = if left > 0 { OpenItemKind::Unbilled } else { OpenItemKind::Invoice };
    let due = if material.is_by_shipment() { material.due.of(&source) } else { material.due.of_unbilled(&source) };
    let mut shown = shown(document, unbilled_item(document.id), kind, shipment.effective_on, due[0].due, left + billed);
    shown.disputed = material.due.is_disputed(&[document.id]);
    shown.orders = orders;
    let item = Item { shown, effective_on: shipment.effective_on, billed, unbilled: left, links };
    instalments::split(item, &due, material.currency)
}

/// What of a shipment's entry stands in `receivable:billed`; not its own item's business where invoices are the basis.
fn billed_part(material: &Material<'_, '_>, entry: &Entry<'_>) -> i64 {
    match entry.side {
        Side::Shipment if material.is_by_shipment() => entry.with_invoices,
        Side::TailUp if material.is_by_shipment() => entry.total - entry.left,
        _ => 0,
    }
}
