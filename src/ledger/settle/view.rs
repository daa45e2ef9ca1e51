//! The documents of one settlement, sorted, without those that post nothing.
//!
//! Why here and once: every later step may rely on it that a document counts, has a date and an amount that can be
//! posted, and comes in the same order whatever order the caller had.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::SettleInput;
use crate::domain::{FactKind, FieldMap, Id, IdMap};
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
    pub moves: IdMap<Vec<Move>>,
    /// Payments in other currencies of which people said at what rate they settle something.
    abroad: IdMap<Counted<'a>>,
    pub settlements_abroad: Vec<&'a Document>,
    twins: IdMap<Id>,
    pub orders: IdMap<&'a Document>,
    /// Also those that post nothing, such as shipments before cutover: due dates are counted from them.
    pub all_shipments: IdMap<&'a Document>,
    /// What carriers told about them.
    pub signing: Signing,
}

impl<'a> View<'a> {
    pub fn of(input: &SettleInput<'a>) -> Self {
        let counts = |document: &&Document| {
            let may_post = document.role == Role::Booked || document.kind == FactKind::Payment;
            may_post && document.is_live() && *document.book == *input.book
        };
        let mut sorted: Vec<Read<'_>> =
            input.documents.iter().filter(counts).map(|document| Read::of(document, input)).collect();
        sorted.sort_by_cached_key(|read| (read.dated, read.id));
        sorted.dedup_by_key(|read| read.id);
        let is_decision = |read: &&Read<'_>| read.kind == FactKind::Decision;
        let decisions = in_force(sorted.iter().filter(is_decision).map(|read| read.document));
        let events = input.documents.iter().filter(|document| *document.book == *input.book);
        let signing = Signing::of(events, &input.policy.time_zone);
        let mut view = Self { decisions, twins: input.twins.iter().copied().collect(), signing, ..Self::default() };
        for read in &sorted {
            view.add(read, input.party);
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

    fn add(&mut self, read: &Read<'a>, party: Id) {
        let Read { document, id, kind, is_abroad, .. } = *read;
        match kind {
            FactKind::Decision => return,
            FactKind::Order => {
                self.orders.insert(id, document);
                return;
            }
            FactKind::Payment if !self.brings_money(document) => return,
            _ => {}
        }
        let own = self.given(read, party) || read.names_party;
        match kind {
            FactKind::Settlement if is_abroad => self.settlements_abroad.push(document),
            FactKind::Payment if is_abroad && own => self.abroad.extend(read.counted.map(|counted| (id, counted))),
            _ if is_abroad => {}
            FactKind::Settlement => self.settlements.push(document),
            FactKind::Statement if own => self.statements.push(document),
            _ if !own => {}
            _ => {
                if kind == FactKind::Shipment {
                    self.all_shipments.insert(id, document);
                }
                self.count(read);
            }
        }
    }

    /// Notes what people gave of a payment, to this customer or away; whether this customer gets any of it.
    fn given(&mut self, read: &Read<'_>, party: Id) -> bool {
        if read.kind != FactKind::Payment || self.decisions.is_empty() {
            return false;
        }
        let payment = read.document;
        let moves = moves(payment, &self.decisions, &|decision| self.money_of(decision));
        let given = moves.iter().any(|part| part.customer == party);
        if !moves.is_empty() {
            self.moves.insert(payment.id, moves);
        }
        given
    }

    fn count(&mut self, read: &Read<'a>) {
        let Some(counted) = read.counted else { return };
        let list = match read.kind {
            FactKind::Shipment => &mut self.shipments,
            FactKind::Return => &mut self.returns,
            FactKind::Invoice if read.is_red => &mut self.reds,
            FactKind::Invoice => &mut self.invoices,
            FactKind::Adjustment => &mut self.adjustments,
            FactKind::Payment | FactKind::Bill => &mut self.money,
            _ => return,
        };
        list.push(counted);
    }
}

/// What a document says that decides where it belongs. Read at one go: a large party's documents do not fit into the
/// caches of a processor, so that each further look at all of them costs more than what is done with it.
struct Read<'a> {
    document: &'a Document,
    id: Id,
    kind: FactKind,
    dated: Option<Date>,
    is_abroad: bool,
    /// In its header or in a line.
    names_party: bool,
    is_red: bool,
    counted: Option<Counted<'a>>,
}

impl<'a> Read<'a> {
    fn of(document: &'a Document, input: &SettleInput<'_>) -> Self {
        let is_own = |fields: &FieldMap| fields.reference("customer") == Some(input.party);
        Self {
            document,
            id: document.id,
            kind: document.kind,
            dated: document.effective_on(),
            is_abroad: document.currency() != Some(input.currency),
            names_party: is_own(&document.fields) || document.lines.iter().any(|line| is_own(&line.fields)),
            is_red: is_red(document),
            counted: counted(document, input),
        }
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
    let mut known: BTreeMap<(Option<Id>, Option<Id>), usize> = BTreeMap::new();
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
