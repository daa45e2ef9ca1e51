//! Everything that belongs to one order: where it came from, what became of it, what was said and decided about it.
//!
//! It must not know what is missing: that is `ledger::order_state`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::allocations::{AllocationView, allocations};
use super::deposits::{self, WaitingDeposit};
use super::lookup::{by_number, items_of_documents, naming, sort};
use crate::domain::{FactKind, Id};
use crate::ledger::signing::Signing;
use crate::ledger::{BookPolicy, Document, OpenItem};
use crate::store::engine::Tx;
use crate::store::error::Result;
use crate::store::reminders::{ListedReminder, about};
use crate::store::settle::people::decisions_about;
use crate::store::{Store, documents, waybills};

/// A screenful of conversation.
const LATEST_MESSAGES: usize = 12;
/// A screenful of reminders.
const LATEST_REMINDERS: usize = 20;

/// Each list by date and number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLoop {
    pub order: Document,
    /// Contract, quote, deal, lead, as far as anybody told of them; the earliest step first.
    pub origins: Vec<Document>,
    pub shipments: Vec<Document>,
    /// Shipments of other orders that this order's invoices or returns name too: they say how these are shared out.
    pub other_shipments: Vec<Document>,
    /// What carriers told about the waybills of both.
    pub signing: Signing,
    pub statements: Vec<Document>,
    pub returns: Vec<Document>,
    pub invoices: Vec<Document>,
    pub payments: Vec<Document>,
    /// Of this order, one a currency.
    pub deposits: Vec<WaitingDeposit>,
    pub adjustments: Vec<Document>,
    /// The latest.
    pub messages: Vec<Document>,
    /// What people decided about the order or anything in its loop and nobody took back.
    pub decisions: Vec<Document>,
    pub items: Vec<OpenItem>,
    pub allocations: Vec<AllocationView>,
    /// The latest, newest first.
    pub reminders: Vec<ListedReminder>,
    /// Texts of the mappings by which the book's records come in now.
    pub mappings: Vec<Arc<str>>,
}

impl Store {
    /// The loop of every order with this number: one a book at most, unless numberings differ.
    pub async fn order_loop(&self, book: Option<&str>, number: &str) -> Result<Vec<OrderLoop>> {
        let mut tx = self.engine.read().await?;
        let mut loops = Vec::new();
        for order in by_number(&mut tx, book, Some(FactKind::Order), number).await? {
            let policy = (self.policies)(&order.book);
            loops.push(order_loop(&mut tx, order, &policy).await?);
        }
        Ok(loops)
    }
}

async fn order_loop(tx: &mut Tx, order: Document, policy: &BookPolicy) -> Result<OrderLoop> {
    let mut all: BTreeMap<Id, Document> = by_id(naming(tx, &[order.id]).await?);
    // What names the order's shipments and invoices belongs to it too: returns, invoices, statements, adjustments.
    let steps = ids(&all, |kind| matches!(kind, FactKind::Shipment | FactKind::Invoice));
    all.extend(by_id(naming(tx, &steps).await?));
    let claims: Vec<&Document> = all.values().filter(|document| document.gross().is_some()).collect();
    let items = items_of_documents(tx, &claims).await?;
    let ends: Vec<Id> = items.iter().map(|item| item.id).collect();
    let allocations = allocations(tx, &ends).await?;
    let money: Vec<Id> = allocations.iter().map(|allocation| allocation.from).collect();
    all.extend(documents::load(tx, &money).await?);
    let mut deposits = match order.party() {
        Some(party) => deposits::waiting(tx, party).await?,
        None => Vec::new(),
    };
    deposits.retain(|deposit| deposit.order == order.id);
    let known: Vec<Id> = all.keys().copied().chain([order.id]).collect();
    let decisions = decisions_about(tx, &known).await?;
    let other_shipments = other_shipments(tx, &all).await?;
    let events = waybills::events_of(tx, all.values().chain(&other_shipments)).await?;
    let about: BTreeSet<Id> = known.into_iter().chain(ends).collect();
    let about: Vec<Id> = about.into_iter().collect();
    let of = |kinds: &[FactKind]| {
        let mut list: Vec<Document> = all.values().filter(|document| kinds.contains(&document.kind)).cloned().collect();
        sort(&mut list);
        list
    };
    let mut messages = of(&[FactKind::Message]);
    messages.sort_by_key(|message| (message.fields.instant("sent_at"), message.id));
    Ok(OrderLoop {
        origins: origins(tx, &order).await?,
        shipments: of(&[FactKind::Shipment]),
        other_shipments,
        signing: Signing::of(&events, &policy.time_zone),
        statements: of(&[FactKind::Statement]),
        returns: of(&[FactKind::Return]),
        invoices: of(&[FactKind::Invoice]),
        payments: of(&[FactKind::Payment, FactKind::Bill]),
        deposits,
        adjustments: of(&[FactKind::Adjustment]),
        messages: messages.split_off(messages.len().saturating_sub(LATEST_MESSAGES)),
        decisions,
        items,
        allocations,
        reminders: self::about(tx, &about, LATEST_REMINDERS).await?,
        mappings: mappings(tx, &order.book).await?,
        order,
    })
}

fn by_id(documents: Vec<Document>) -> BTreeMap<Id, Document> {
    documents.into_iter().map(|document| (document.id, document)).collect()
}

fn ids(documents: &BTreeMap<Id, Document>, wanted: impl Fn(FactKind) -> bool) -> Vec<Id> {
    documents.values().filter(|document| wanted(document.kind)).map(|document| document.id).collect()
}

/// Steps before the order: a contract or a quote, its quote, the deal, the lead.
const STEPS_BEFORE: [&str; 4] = ["contract_no", "quote_no", "deal_no", "lead_no"];

async fn origins(tx: &mut Tx, order: &Document) -> Result<Vec<Document>> {
    let mut chain = vec![order.clone()];
    for step in STEPS_BEFORE {
        let named = chain.iter().rev().find_map(|document| document.fields.reference(step));
        let Some(named) = named else { continue };
        chain.extend(documents::load(tx, &[named]).await?.remove(&named));
    }
    Ok(chain.into_iter().skip(1).rev().collect())
}

async fn other_shipments(tx: &mut Tx, all: &BTreeMap<Id, Document>) -> Result<Vec<Document>> {
    let lines = all.values().flat_map(|document| &document.lines);
    let named: BTreeSet<Id> = lines.filter_map(|line| line.fields.reference("shipment_no")).collect();
    let named: Vec<Id> = named.into_iter().filter(|shipment| !all.contains_key(shipment)).collect();
    let mut others: Vec<Document> = documents::load(tx, &named).await?.into_values().collect();
    sort(&mut others);
    Ok(others)
}

pub(super) const MAPPINGS: &str =
    "SELECT s.mapping, m.body FROM stream s JOIN mapping_text m ON m.id = s.mapping WHERE s.book = $1";

async fn mappings(tx: &mut Tx, book: &str) -> Result<Vec<Arc<str>>> {
    let rows = tx.fetch(MAPPINGS, vec![book.into()]).await?;
    let mut texts = BTreeMap::new();
    for row in &rows {
        texts.insert(row.hash(0)?.0, Arc::from(row.text(1)?));
    }
    Ok(texts.into_values().collect())
}
