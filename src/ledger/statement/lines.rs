//! From the journal's transfers to lines that a customer recognizes: one a document line, with part, brand and price.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Event, Section, StatementInput, StatementLine};
use crate::domain::amount::AmountError;
use crate::domain::{Amount, FactKind, FieldMap, Id};
use crate::ledger::{AccountKind, Document, Posting};

type Lines = Vec<StatementLine>;

/// Lines that move the balance: goods, deductions, money.
pub(super) fn moving(input: &StatementInput<'_>) -> Result<[Lines; 3], AmountError> {
    let mut effects: BTreeMap<(Date, Event, Id), Amount> = BTreeMap::new();
    for (cause, posting) in in_period(input) {
        let effect = input.effect(posting)?;
        if let Some(event) = event(input, posting).filter(|_| !effect.is_zero()) {
            let sum = effects.entry((posting.effective_on, event, *cause)).or_default();
            *sum = sum.checked_add(effect)?;
        }
    }
    let [mut goods, mut deductions, mut money] = [Vec::new(), Vec::new(), Vec::new()];
    for ((on, event, cause), effect) in effects.into_iter().filter(|(_, effect)| !effect.is_zero()) {
        let document = input.documents.get(&cause);
        match event.section() {
            Section::Goods => goods.extend(of_goods(input, on, event, document, effect)?),
            Section::Deductions => deductions.push(of_header(on, Some(event), document, effect)),
            Section::Money | Section::Invoices => money.push(of_header(on, Some(event), document, effect)),
        }
    }
    for lines in [&mut goods, &mut deductions, &mut money] {
        sort(lines);
    }
    Ok([goods, deductions, money])
}

/// What was billed, which moves value between two accounts of the customer and so not the balance.
pub(super) fn invoices(input: &StatementInput<'_>) -> Result<Lines, AmountError> {
    let mut billed: BTreeMap<(Date, Id), Amount> = BTreeMap::new();
    for (cause, posting) in in_period(input) {
        let is_invoice = input.documents.get(cause).is_some_and(|document| document.kind == FactKind::Invoice);
        if !is_invoice || !input.is_own(&posting.debit) || !input.is_own(&posting.credit) {
            continue;
        }
        let sum = billed.entry((posting.effective_on, *cause)).or_default();
        *sum = match posting.debit.kind {
            AccountKind::Billed => sum.checked_add(posting.amount)?,
            _ => sum.checked_sub(posting.amount)?,
        };
    }
    let lines = billed.into_iter().filter(|(_, amount)| !amount.is_zero());
    let mut lines: Lines =
        lines.map(|((on, cause), amount)| of_header(on, None, input.documents.get(&cause), amount)).collect();
    sort(&mut lines);
    Ok(lines)
}

fn in_period<'i>(input: &'i StatementInput<'_>) -> impl Iterator<Item = &'i (Id, Posting)> {
    input.journal().filter(|(_, posting)| (input.from..=input.to).contains(&posting.effective_on))
}

/// What a transfer is to the customer, by the account on its other side; `None` for positions brought in at cutover,
/// which belong to the opening balance.
fn event(input: &StatementInput<'_>, posting: &Posting) -> Option<Event> {
    let other = if input.is_own(&posting.debit) { posting.credit } else { posting.debit };
    match other.kind {
        AccountKind::Opening => None,
        AccountKind::Sales => Some(Event::Shipped),
        AccountKind::Returns => Some(Event::Returned),
        AccountKind::BillsHeld | AccountKind::BillsTransferred => Some(Event::Bill),
        AccountKind::FxClearing => Some(Event::OtherCurrency),
        kind if other.party.is_some_and(|party| party != input.party) && super::OWN.contains(&kind) => {
            Some(Event::OnBehalf)
        }
        kind if kind.is_adjustment() => Some(Event::Deducted(kind)),
        _ => Some(Event::Paid),
    }
}

fn sort(lines: &mut [StatementLine]) {
    // Stable: the lines of one document stay in their own order.
    lines.sort_by(|a, b| (a.on, a.event, &a.number).cmp(&(b.on, b.event, &b.number)));
}

fn of_header(on: Date, event: Option<Event>, document: Option<&Document>, gross: Amount) -> StatementLine {
    let field = |names: &[&str]| -> Option<Box<str>> {
        let fields = &document?.fields;
        names.iter().find_map(|name| fields.text(name)).map(Into::into)
    };
    StatementLine {
        on,
        event,
        document: document.map(|document| document.id),
        number: document.map_or("", |document| &*document.number).into(),
        order_no: field(&["order_no"]),
        customer_order_no: None,
        part_no: None,
        brand: None,
        quantity: None,
        unit_price: None,
        gross,
        about: field(&["shipment_no", "invoice_no", "reverses", "tax_invoice_no", "payer"]),
    }
}

/// A line for each line of the document. The document's total is the truth: what its lines do not say is one more line.
fn of_goods(
    input: &StatementInput<'_>,
    on: Date,
    event: Event,
    document: Option<&Document>,
    effect: Amount,
) -> Result<Lines, AmountError> {
    let header = |gross| of_header(on, Some(event), document, gross);
    let mut made = Vec::new();
    let mut left = effect;
    for line in document.into_iter().flat_map(|document| &document.lines) {
        let Some(gross) = line.fields.amount("gross") else { continue };
        let gross = if effect.is_negative() { gross.checked_neg()? } else { gross };
        left = left.checked_sub(gross)?;
        let text = |name| line.fields.text(name).map(Into::into);
        made.push(StatementLine {
            order_no: text("order_no"),
            customer_order_no: text("customer_order_no").or_else(|| of_order(input, &line.fields)),
            part_no: text("part_no"),
            brand: text("brand"),
            quantity: line.fields.decimal("quantity"),
            unit_price: line.fields.decimal("unit_price"),
            about: text("shipment_no"),
            ..header(gross)
        });
    }
    if !left.is_zero() {
        made.push(header(left));
    }
    Ok(made)
}

fn of_order(input: &StatementInput<'_>, line: &FieldMap) -> Option<Box<str>> {
    let order = input.documents.get(&line.reference("order_no")?)?;
    order.fields.text("customer_order_no").map(Into::into)
}
