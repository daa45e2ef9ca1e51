//! Where one order stands, and what is missing in its loop.
//!
//! Why apart from settlement: settlement asks what a customer owes, this asks what still has to happen. It must not know
//! how the documents were found. Of a document that is about several orders only this order's share counts
//! ([`apportion`]), so that the figures of all orders add up to those of the documents.

mod apportion;
mod gaps;

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use rust_decimal::Decimal;

use self::apportion::Apportion;
use super::shares::shares;
use super::signing::{Signing, waits_for_events};
use super::{AccountKind, Document, OpenItem};
use crate::domain::amount::AmountError;
use crate::domain::{Amount, Currency, FactKind, Id, Line};

pub use self::gaps::Gap;

/// Goods of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Goods {
    pub quantity: Decimal,
    pub amount: Amount,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderState {
    pub ordered: Goods,
    /// 预收 for this order, refunds deducted.
    pub deposited: Amount,
    pub shipped: Goods,
    /// Of the shipped goods, those that the customer signed for.
    pub signed: Goods,
    /// Of the shipped goods, those on a statement that the customer confirmed.
    pub reconciled: Amount,
    pub returned: Goods,
    /// Allowances, rebates, price differences.
    pub adjusted: Amount,
    /// Blue less red.
    pub invoiced: Amount,
    /// Money and acceptance bills that were allocated to what bills this order.
    pub paid: Amount,
    /// Open of the items that bill this order.
    pub open: Amount,
    /// Some of these documents are about other orders too: the amounts are this order's share of them.
    pub is_shared: bool,
    pub gaps: Vec<Gap>,
}

/// Money that an item got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemPayment {
    pub item: Id,
    pub amount: Amount,
}

/// The documents of one order's loop, and those that they name.
#[derive(Debug, Clone, Copy)]
pub struct OrderDocuments<'a> {
    pub order: &'a Document,
    pub shipments: &'a [Document],
    pub returns: &'a [Document],
    pub invoices: &'a [Document],
    pub adjustments: &'a [Document],
    pub statements: &'a [Document],
    pub payments: &'a [Document],
    pub items: &'a [OpenItem],
    pub paid: &'a [ItemPayment],
    /// What carriers told about the shipments' waybills.
    pub signing: &'a Signing,
    pub known: SignaturesKnown,
}

/// Who of the book's sources tells when goods were signed for; where nobody does, nobody can be asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignaturesKnown {
    /// Of any shipment, by the document itself.
    pub by_source: bool,
    /// Of shipments with a waybill.
    pub by_carrier: bool,
}

pub fn order_state(of: &OrderDocuments<'_>, as_of: Date) -> Result<OrderState, AmountError> {
    let loop_documents = of.shipments.iter().chain(of.returns).chain(of.invoices).chain(of.adjustments);
    let share = Share {
        order: of.order.id,
        currency: of.order.currency().unwrap_or(Currency::CNY),
        apportion: Apportion::of(loop_documents.clone()),
    };
    let mut state = OrderState { ordered: Goods::of(&of.order.lines)?, ..OrderState::default() };
    if let Some(gross) = of.order.gross() {
        state.ordered.amount = gross;
    }
    state.is_shared = loop_documents.clone().any(|document| share.apportion.is_shared(document.id));
    let (sold, unsigned) = shipped(&mut state, of, &share)?;
    let refunds = returned(&mut state, of, &share)?;
    for adjustment in live(of.adjustments) {
        state.adjusted = state.adjusted.checked_add(share.of(adjustment)?)?;
    }
    let mut red = Amount::ZERO;
    for invoice in live(of.invoices).filter(|document| document.kind == FactKind::Invoice) {
        let amount = share.of(invoice)?;
        if invoice.fields.text("nature") == Some("red") {
            red = red.checked_add(amount)?;
            state.invoiced = state.invoiced.checked_sub(amount)?;
        } else {
            state.invoiced = state.invoiced.checked_add(amount)?;
        }
    }
    state.deposited = deposited(of)?;
    gaps::goods(&mut state, of.order, gaps::Claims { sold, refunds, red }, unsigned)?;
    money(&mut state, of, &share, as_of)?;
    Ok(state)
}

fn live(documents: &[Document]) -> impl Iterator<Item = &Document> {
    documents.iter().filter(|document| document.is_live())
}

/// What of a document is this order's.
struct Share {
    order: Id,
    currency: Currency,
    apportion: Apportion,
}

impl Share {
    fn of(&self, document: &Document) -> Result<Amount, AmountError> {
        let gross = document.gross().unwrap_or_default();
        self.apportion.share(document.id, self.order, gross, self.currency)
    }

    /// Lines that name the order, or name no order and a shipment whose goods are this order's alone.
    fn own_lines<'a>(&self, document: &'a Document, shipments: &HashSet<Id>) -> impl Iterator<Item = &'a Line> {
        document.lines.iter().filter(move |line| match line.fields.reference("order_no") {
            Some(named) => named == self.order,
            None => line.fields.reference("shipment_no").is_some_and(|shipment| shipments.contains(&shipment)),
        })
    }
}

/// Fills in what left and what was signed and reconciled of it; returns what of it is to be paid for, and the shipments
/// that nobody signed for although somebody would tell.
fn shipped(
    state: &mut OrderState,
    of: &OrderDocuments<'_>,
    share: &Share,
) -> Result<(Amount, Vec<Box<str>>), AmountError> {
    let confirmed: HashSet<Id> = live(of.statements)
        .filter(|statement| statement.status() == "confirmed")
        .flat_map(|statement| &statement.lines)
        .filter(|line| line.fields.bool("disputed") != Some(true))
        .filter_map(|line| line.fields.reference("shipment_no"))
        .collect();
    let (mut sold, mut unsigned) = (Amount::ZERO, Vec::new());
    for shipment in live(of.shipments).filter(|shipment| shipment.status() == "shipped") {
        let own = Goods::of(share.own_lines(shipment, &HashSet::new()))?;
        if own == Goods::default() {
            // Only named by a document of this order.
            continue;
        }
        state.shipped = state.shipped.checked_add(own)?;
        if shipment.fields.text("nature") == Some("sale") {
            sold = sold.checked_add(own.amount)?;
        }
        if confirmed.contains(&shipment.id) {
            state.reconciled = state.reconciled.checked_add(own.amount)?;
        }
        if of.signing.signed_on(shipment).is_some() {
            state.signed = state.signed.checked_add(own)?;
        } else if of.known.by_source || (of.known.by_carrier && waits_for_events(shipment)) {
            unsigned.push(shipment.number.clone());
        }
    }
    Ok((sold, unsigned))
}

/// Fills in what came back; returns how much of it is to be refunded.
fn returned(state: &mut OrderState, of: &OrderDocuments<'_>, share: &Share) -> Result<Amount, AmountError> {
    let whole: HashSet<Id> = of
        .shipments
        .iter()
        .filter(|shipment| !share.apportion.is_shared(shipment.id))
        .filter(|shipment| share.own_lines(shipment, &HashSet::new()).next().is_some())
        .map(|shipment| shipment.id)
        .collect();
    let mut refunds = Amount::ZERO;
    for returned in live(of.returns) {
        let amount = share.of(returned)?;
        let pieces = Goods::of(share.own_lines(returned, &whole))?.quantity;
        state.returned = state.returned.checked_add(Goods { quantity: pieces, amount })?;
        if returned.fields.text("disposition").unwrap_or("refund") == "refund" {
            refunds = refunds.checked_add(amount)?;
        }
    }
    Ok(refunds)
}

/// What was paid in advance for this order. A payment that posts nothing has no shares.
fn deposited(of: &OrderDocuments<'_>) -> Result<Amount, AmountError> {
    let mut sum = Amount::ZERO;
    for payment in live(of.payments).filter(|document| document.kind == FactKind::Payment) {
        for share in shares(payment).unwrap_or_default() {
            let account = share.account;
            if account.kind != AccountKind::Deposit || account.order != Some(of.order.id) {
                continue;
            }
            let is_out = payment.fields.text("direction") == Some("out");
            sum = if is_out { sum.checked_sub(share.amount)? } else { sum.checked_add(share.amount)? };
        }
    }
    Ok(sum)
}

/// What was paid and what is open, and since when.
fn money(state: &mut OrderState, of: &OrderDocuments<'_>, share: &Share, as_of: Date) -> Result<(), AmountError> {
    let mut paid: HashMap<Id, Amount> = HashMap::new();
    for payment in of.paid {
        let sum = paid.entry(payment.item).or_default();
        *sum = sum.checked_add(payment.amount)?;
    }
    let mut open = gaps::Money::default();
    for item in of.items.iter().filter(|item| item.orders.contains(&of.order.id)) {
        let part = |amount: Amount| {
            share.apportion.share_among(item.document, share.order, amount, share.currency, &item.orders)
        };
        state.paid = state.paid.checked_add(part(paid.get(&item.id).copied().unwrap_or_default())?)?;
        let left = part(item.open)?;
        if item.open.is_positive() {
            state.open = state.open.checked_add(left)?;
            open.add(item, left, as_of)?;
        }
    }
    state.gaps.extend(open.into_gaps());
    Ok(())
}

impl Goods {
    fn of<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Result<Self, AmountError> {
        lines.into_iter().try_fold(Self::default(), |sum, line| {
            let quantity = line.fields.decimal("quantity").unwrap_or_default();
            sum.checked_add(Self { quantity, amount: line.fields.amount("gross").unwrap_or_default() })
        })
    }

    fn checked_add(self, other: Self) -> Result<Self, AmountError> {
        let quantity = self.quantity.checked_add(other.quantity).ok_or(AmountError::Overflow)?;
        Ok(Self { quantity, amount: self.amount.checked_add(other.amount)? })
    }
}

#[cfg(test)]
mod tests;
