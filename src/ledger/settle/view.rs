//! The documents of one settlement, sorted, without those that post nothing.
//!
//! Why here and once: every later step may rely on it that a document counts, has a date and an amount that can be
//! posted, and comes in the same order whatever order the caller had.

use std::collections::HashMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::SettleInput;
use crate::domain::{FactKind, FieldMap, Id};
use crate::ledger::attribution::{Move, moves};
use crate::ledger::decision::{in_force, money};
pub(super) use crate::ledger::posting::is_opening;
use crate::ledger::signing::Signing;
use crate::ledger::{Document, Role, evidence_postings, postings};

/// A document that posts, with what it posts in micros.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted<'a> {
    pub document: &'a Document,
    pub effective_on: Date,
    pub gross: i64,
}

/// By kind, each sorted by (date, id).
#[derive(Default)]
pub(super) struct View<'a> {
    pub shipments: Vec<Counted<'a>>,
    pub returns: Vec<Counted<'a>>,
    /// Blue and opening.
    pub invoices: Vec<Counted<'a>>,
    pub reds: Vec<Counted<'a>>,
    pub adjustments: Vec<Counted<'a>>,
    /// Payments and bills.
    pub money: Vec<Counted<'a>>,
    pub settlements: Vec<&'a Document>,
    pub statements: Vec<&'a Document>,
    /// What people decided and nobody took back, in the order in which it was decided.
    pub decisions: Vec<&'a Document>,
    /// By payment: whose money it is by what people decided.
    pub moves: HashMap<Id, Vec<Move>>,
    /// Payments in other currencies of which people said at what rate they settle something.
    abroad: HashMap<Id, Counted<'a>>,
    pub settlements_abroad: Vec<&'a Document>,
    twins: HashMap<Id, Id>,
    pub orders: HashMap<Id, &'a Document>,
    /// Also those that post nothing, such as shipments before cutover: due dates are counted from them.
    pub all_shipments: HashMap<Id, &'a Document>,
    /// What carriers told about them.
    pub signing: Signing,
}

impl<'a> View<'a> {
    pub fn of(input: &SettleInput<'a>) -> Self {
        let counts = |document: &&Document| {
            let may_post = document.role == Role::Booked || document.kind == FactKind::Payment;
            may_post && document.is_live() && *document.book == *input.book
        };
        let mut sorted: Vec<&Document> = input.documents.iter().filter(counts).collect();
        sorted.sort_by_cached_key(|document| (document.effective_on(), document.id));
        sorted.dedup_by_key(|document| document.id);
        let decisions = in_force(sorted.iter().copied());
        let events = input.documents.iter().filter(|document| *document.book == *input.book);
        let signing = Signing::of(events, &input.policy.time_zone);
        let mut view = Self { decisions, twins: input.twins.iter().copied().collect(), signing, ..Self::default() };
        for document in sorted.into_iter().filter(|document| document.kind != FactKind::Decision) {
            view.add(document, input);
        }
        view
    }

    /// The money that a decision is about: the receipt, if it names a bank line that has become one.
    pub fn money_of(&self, decision: &Document) -> Option<Id> {
        let named = money(decision)?;
        Some(self.twins.get(&named).copied().unwrap_or(named))
    }

    /// A payment of this party, in whatever currency.
    pub fn payment(&self, id: Id) -> Option<Counted<'a>> {
        let own = self.money.iter().find(|money| money.document.id == id && money.document.kind == FactKind::Payment);
        own.or(self.abroad.get(&id)).copied()
    }

    /// A bank line that is a receipt's twin brings no money of its own.
    fn brings_money(&self, document: &Document) -> bool {
        document.role == Role::Booked || !self.twins.contains_key(&document.id)
    }

    fn add(&mut self, document: &'a Document, input: &SettleInput<'a>) {
        if document.kind == FactKind::Order {
            self.orders.insert(document.id, document);
            return;
        }
        if !self.brings_money(document) {
            return;
        }
        let is_abroad = document.currency() != Some(input.currency);
        let given = self.given(document, input.party);
        let is_own = |fields: &FieldMap| fields.reference("customer") == Some(input.party);
        let own = given || is_own(&document.fields) || document.lines.iter().any(|line| is_own(&line.fields));
        match document.kind {
            FactKind::Settlement if is_abroad => self.settlements_abroad.push(document),
            FactKind::Payment if is_abroad && own => {
                self.abroad.extend(counted(document, input).map(|counted| (document.id, counted)));
            }
            _ if is_abroad => {}
            FactKind::Settlement => self.settlements.push(document),
            FactKind::Statement if own => self.statements.push(document),
            _ if !own => {}
            _ => {
                if document.kind == FactKind::Shipment {
                    self.all_shipments.insert(document.id, document);
                }
                if let Some(counted) = counted(document, input) {
                    self.count(counted);
                }
            }
        }
    }

    /// Notes what people gave of a payment, to this customer or away; whether this customer gets any of it.
    fn given(&mut self, payment: &Document, party: Id) -> bool {
        if payment.kind != FactKind::Payment || self.decisions.is_empty() {
            return false;
        }
        let moves = moves(payment, &self.decisions, &|decision| self.money_of(decision));
        let given = moves.iter().any(|part| part.customer == party);
        if !moves.is_empty() {
            self.moves.insert(payment.id, moves);
        }
        given
    }

    fn count(&mut self, counted: Counted<'a>) {
        let list = match counted.document.kind {
            FactKind::Shipment => &mut self.shipments,
            FactKind::Return => &mut self.returns,
            FactKind::Invoice if is_red(counted.document) => &mut self.reds,
            FactKind::Invoice => &mut self.invoices,
            FactKind::Adjustment => &mut self.adjustments,
            FactKind::Payment | FactKind::Bill => &mut self.money,
            _ => return,
        };
        list.push(counted);
    }
}

/// A document with what it posts; `None` when it posts nothing.
fn counted<'a>(document: &'a Document, input: &SettleInput<'_>) -> Option<Counted<'a>> {
    let posted = match document.role {
        Role::Booked => postings(document, input.policy),
        _ => evidence_postings(document, input.policy),
    };
    let posted = posted.unwrap_or_default();
    let first = posted.first()?;
    // A payment posts one transfer an account; of everything else the first transfer is the whole.
    let whole = if document.kind == FactKind::Payment { posted.as_slice() } else { &posted[..1] };
    let gross = whole.iter().map(|posting| posting.amount.0).sum();
    Some(Counted { document, effective_on: first.effective_on, gross })
}

pub(super) fn is_red(invoice: &Document) -> bool {
    invoice.fields.text("nature") == Some("red")
}

/// What a document's lines say about one shipment and order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub shipment: Option<Id>,
    pub order: Option<Id>,
    /// `None` when a line does not say how many pieces.
    pub pieces: Option<Decimal>,
    pub gross: i64,
}

/// The lines of a document by (shipment, order), in the order in which they first occur. The header's gross amount is
/// the truth: lines beyond it are cut, what they leave over is a part that names nothing.
pub(super) fn parts(counted: &Counted<'_>) -> Vec<Part> {
    let own_shipment = (counted.document.kind == FactKind::Shipment).then_some(counted.document.id);
    let mut left = counted.gross;
    let mut parts: Vec<Part> = Vec::new();
    let mut known: HashMap<(Option<Id>, Option<Id>), usize> = HashMap::new();
    let mut add = |shipment: Option<Id>, order: Option<Id>, pieces: Option<Decimal>, gross: i64| {
        let index = *known.entry((shipment, order)).or_insert_with(|| {
            parts.push(Part { shipment, order, pieces: Some(Decimal::ZERO), gross: 0 });
            parts.len() - 1
        });
        let part = &mut parts[index];
        part.pieces = part.pieces.zip(pieces).and_then(|(a, b)| a.checked_add(b));
        part.gross += gross;
    };
    for line in &counted.document.lines {
        let gross = line_gross(&line.fields).min(left);
        left -= gross;
        let shipment = own_shipment.or_else(|| line.fields.reference("shipment_no"));
        add(shipment, line.fields.reference("order_no"), line.fields.decimal("quantity"), gross);
    }
    if left > 0 {
        add(own_shipment, None, None, left);
    }
    parts
}

fn line_gross(fields: &FieldMap) -> i64 {
    fields.amount("gross").map_or(0, |gross| gross.0.max(0))
}
