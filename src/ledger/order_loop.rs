//! Where one order stands, and what is missing in its loop.
//!
//! Why apart from settlement: settlement asks what a customer owes, this asks what still has to happen. It must not know
//! how the documents were found. An invoice line that names only a shipment counts at most what the shipment carried of
//! this order; an open item is taken whole, so an invoice over several orders is `shared` and said to be.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Document, Due, OpenItem};
use crate::domain::amount::AmountError;
use crate::domain::{Amount, FactKind, Id, Line};

/// Goods of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Goods {
    pub quantity: Decimal,
    pub amount: Amount,
}

/// Something that should have happened and has not, or has gone wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    NotShipped(Goods),
    NotSigned {
        shipments: Vec<Box<str>>,
    },
    NotInvoiced {
        amount: Amount,
    },
    /// The due date waits for this step: `reconciled`, `invoiced` …
    WaitsFor {
        step: &'static str,
        amount: Amount,
    },
    Overdue {
        amount: Amount,
        since: Date,
    },
    NotDue {
        amount: Amount,
    },
    Disputed {
        amount: Amount,
    },
    ReturnWithoutRedInvoice {
        amount: Amount,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderState {
    pub ordered: Goods,
    pub shipped: Goods,
    pub returned: Goods,
    /// Blue less red.
    pub invoiced: Amount,
    /// Open of the items that bill this order.
    pub open: Amount,
    /// Some of these items bill other orders too; they are taken whole.
    pub shared: bool,
    pub gaps: Vec<Gap>,
}

/// The documents of one order's loop.
#[derive(Debug, Clone, Copy)]
pub struct OrderDocuments<'a> {
    pub order: &'a Document,
    pub shipments: &'a [Document],
    pub returns: &'a [Document],
    pub invoices: &'a [Document],
    pub items: &'a [OpenItem],
}

pub fn order_state(of: &OrderDocuments<'_>, as_of: Date) -> Result<OrderState, AmountError> {
    let mut state = OrderState { ordered: Goods::of(&of.order.lines)?, ..OrderState::default() };
    if let Some(gross) = of.order.gross() {
        state.ordered.amount = gross;
    }
    let mut carried: BTreeMap<Id, Amount> = BTreeMap::new();
    let mut unsigned = Vec::new();
    for shipment in live(of.shipments).filter(|shipment| shipment.status() == "shipped") {
        let names_order = |line: &&Line| line.fields.reference("order_no") == Some(of.order.id);
        let own = Goods::of(shipment.lines.iter().filter(names_order))?;
        state.shipped = state.shipped.checked_add(own)?;
        carried.insert(shipment.id, own.amount);
        if shipment.fields.date("signed_on").is_none() {
            unsigned.push(shipment.number.clone());
        }
    }
    let mut refunds = Amount::ZERO;
    for returned in live(of.returns) {
        let own = Goods::of(own_lines(returned, of.order.id, &carried))?;
        state.returned = state.returned.checked_add(own)?;
        if returned.fields.text("disposition").unwrap_or("refund") == "refund" {
            refunds = refunds.checked_add(own.amount)?;
        }
    }
    let (blue, red) = invoiced(of, &carried)?;
    state.invoiced = blue.checked_sub(red)?;
    goods_gaps(&mut state, of.order, refunds, red, unsigned)?;
    money_gaps(&mut state, of, as_of)?;
    Ok(state)
}

fn live(documents: &[Document]) -> impl Iterator<Item = &Document> {
    documents.iter().filter(|document| document.is_live())
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

/// Lines that name the order, or name no order and one of its shipments.
fn own_lines<'a>(
    document: &'a Document,
    order: Id,
    carried: &'a BTreeMap<Id, Amount>,
) -> impl Iterator<Item = &'a Line> {
    document.lines.iter().filter(move |line| match line.fields.reference("order_no") {
        Some(named) => named == order,
        None => line.fields.reference("shipment_no").is_some_and(|shipment| carried.contains_key(&shipment)),
    })
}

/// Blue and red, each what it bills of this order.
fn invoiced(of: &OrderDocuments<'_>, carried: &BTreeMap<Id, Amount>) -> Result<(Amount, Amount), AmountError> {
    let (mut blue, mut red) = (Amount::ZERO, Amount::ZERO);
    for invoice in live(of.invoices).filter(|document| document.kind == FactKind::Invoice) {
        for line in own_lines(invoice, of.order.id, carried) {
            let gross = line.fields.amount("gross").unwrap_or_default();
            let shipment = line.fields.reference("shipment_no").and_then(|shipment| carried.get(&shipment));
            let names_order = line.fields.reference("order_no").is_some();
            let amount = if names_order { gross } else { shipment.map_or(gross, |most| gross.min(*most)) };
            let sum = if invoice.fields.text("nature") == Some("red") { &mut red } else { &mut blue };
            *sum = sum.checked_add(amount)?;
        }
    }
    Ok((blue, red))
}

fn goods_gaps(
    state: &mut OrderState,
    order: &Document,
    refunds: Amount,
    red: Amount,
    unsigned: Vec<Box<str>>,
) -> Result<(), AmountError> {
    let quantity = state.ordered.quantity.checked_sub(state.shipped.quantity).ok_or(AmountError::Overflow)?;
    let is_waiting = order.is_live() && order.status() != "closed";
    if is_waiting && quantity > Decimal::ZERO {
        let amount = state.ordered.amount.checked_sub(state.shipped.amount)?.max(Amount::ZERO);
        state.gaps.push(Gap::NotShipped(Goods { quantity, amount }));
    }
    if !unsigned.is_empty() {
        state.gaps.push(Gap::NotSigned { shipments: unsigned });
    }
    let amount = state.shipped.amount.checked_sub(refunds)?.checked_sub(state.invoiced)?;
    if amount.is_positive() {
        state.gaps.push(Gap::NotInvoiced { amount });
    }
    // Goods came back and more is invoiced than was kept: the red invoice is owed.
    let excess = state.invoiced.checked_sub(state.shipped.amount.checked_sub(refunds)?)?;
    let missing = refunds.checked_sub(red)?.min(excess);
    if missing.is_positive() {
        state.gaps.push(Gap::ReturnWithoutRedInvoice { amount: missing });
    }
    Ok(())
}

fn money_gaps(state: &mut OrderState, of: &OrderDocuments<'_>, as_of: Date) -> Result<(), AmountError> {
    let (mut overdue, mut since, mut not_due, mut disputed) = (Amount::ZERO, None, Amount::ZERO, Amount::ZERO);
    let mut waits: BTreeMap<&'static str, Amount> = BTreeMap::new();
    for item in of.items.iter().filter(|item| item.orders.contains(&of.order.id) && item.open.is_positive()) {
        state.open = state.open.checked_add(item.open)?;
        state.shared |= item.orders.len() > 1;
        let sum = match item.due {
            _ if item.disputed => &mut disputed,
            Due::On(day) if day < as_of => {
                since = Some(since.map_or(day, |first: Date| first.min(day)));
                &mut overdue
            }
            Due::On(_) => &mut not_due,
            Due::Expected { missing, .. } => waits.entry(missing).or_default(),
        };
        *sum = sum.checked_add(item.open)?;
    }
    state.gaps.extend(waits.into_iter().map(|(step, amount)| Gap::WaitsFor { step, amount }));
    state.gaps.extend(since.map(|since| Gap::Overdue { amount: overdue, since }));
    if not_due.is_positive() {
        state.gaps.push(Gap::NotDue { amount: not_due });
    }
    if disputed.is_positive() {
        state.gaps.push(Gap::Disputed { amount: disputed });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fixtures::{Doc, amount, day};

    const ORDER: &[(&str, FactKind, &str)] = &[("order_no", FactKind::Order, "O1")];

    fn gaps(shipped: i64, signed: bool, invoiced: i64, returned: i64, red: i64) -> Vec<Gap> {
        let money = |pieces: i64| amount(&pieces.to_string());
        let order = Doc::new(FactKind::Order, "O1").date("ordered_on", day(0)).line(500, money(500), &[]).build();
        let mut shipment = Doc::shipment("S1", day(1)).line(shipped, money(shipped), ORDER);
        if signed {
            shipment = shipment.date("signed_on", day(2));
        }
        let blue = Doc::invoice("I1", day(3)).line(invoiced, money(invoiced), ORDER).build();
        let red = Doc::invoice("I2", day(5)).text("nature", "red").line(red, money(red), ORDER).build();
        let returned = Doc::returned("R1", day(4)).line(returned, money(returned), ORDER).build();
        let documents = OrderDocuments {
            order: &order,
            shipments: &[shipment.build()],
            returns: &[returned],
            invoices: &[blue, red],
            items: &[],
        };
        order_state(&documents, day(90)).unwrap().gaps
    }

    #[test]
    fn what_is_missing_in_an_order_is_named_with_its_amount() {
        let not_shipped = |pieces: i64| {
            Gap::NotShipped(Goods { quantity: Decimal::from(pieces), amount: amount(&pieces.to_string()) })
        };
        let cases = [
            ((500, true, 500, 0, 0), vec![]),
            ((200, true, 200, 0, 0), vec![not_shipped(300)]),
            ((500, false, 500, 0, 0), vec![Gap::NotSigned { shipments: vec!["S1".into()] }]),
            ((500, true, 380, 0, 0), vec![Gap::NotInvoiced { amount: amount("120") }]),
            ((500, true, 500, 40, 0), vec![Gap::ReturnWithoutRedInvoice { amount: amount("40") }]),
            ((500, true, 500, 40, 30), vec![Gap::ReturnWithoutRedInvoice { amount: amount("10") }]),
            ((500, true, 500, 40, 40), vec![]),
            ((500, true, 460, 40, 0), vec![]),
        ];
        for ((shipped, signed, invoiced, returned, red), expected) in cases {
            let found = gaps(shipped, signed, invoiced, returned, red);
            assert_eq!(found, expected, "{shipped} shipped, {invoiced} invoiced, {returned} returned, {red} red");
        }
    }
}
