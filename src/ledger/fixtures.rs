//! Documents for the tests of the ledger, in one line each.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use rust_decimal::Decimal;

use super::{Document, Role};
use crate::domain::{Amount, Currency, FactKind, FieldMap, Id, Line, Value};

pub const BOOK: &str = "sz";

pub fn day(days_after_new_year: i32) -> Date {
    date(2026, 1, 1).saturating_add(days_after_new_year.days())
}

pub fn amount(text: &str) -> Amount {
    Amount::exact(Decimal::from_str_exact(text).unwrap(), Currency::CNY).unwrap()
}

pub fn id(kind: FactKind, number: &str) -> Id {
    Id::of(BOOK, kind, "erp", number)
}

pub fn reference(kind: FactKind, number: &str) -> Value {
    Value::Ref { number: number.into(), id: id(kind, number) }
}

/// A document under construction: booked, in CNY, of customer `C1`.
#[derive(Debug, Clone)]
pub struct Doc(Document);

impl Doc {
    pub fn new(kind: FactKind, number: &str) -> Self {
        let mut fields = FieldMap::default();
        fields.set("currency", Value::Currency(Currency::CNY));
        fields.set("customer", reference(FactKind::Party, "C1"));
        fields.set("status", Value::text("active"));
        Self(Document {
            id: id(kind, number),
            kind,
            book: BOOK.into(),
            numbering: "erp".into(),
            number: number.into(),
            role: Role::Booked,
            fields,
            lines: Vec::new(),
        })
    }

    pub fn shipment(number: &str, shipped_on: Date) -> Self {
        let new = Self::new(FactKind::Shipment, number).date("shipped_on", shipped_on);
        new.text("nature", "sale").text("status", "shipped")
    }

    pub fn invoice(number: &str, invoiced_on: Date) -> Self {
        Self::new(FactKind::Invoice, number).date("invoiced_on", invoiced_on)
    }

    pub fn returned(number: &str, returned_on: Date) -> Self {
        Self::new(FactKind::Return, number).date("returned_on", returned_on)
    }

    pub fn payment(number: &str, gross: Amount, paid_on: Date) -> Self {
        Self::new(FactKind::Payment, number).amount("gross", gross).date("paid_on", paid_on)
    }

    pub fn adjustment(number: &str, gross: Amount, adjusted_on: Date) -> Self {
        let new = Self::new(FactKind::Adjustment, number).amount("gross", gross).date("adjusted_on", adjusted_on);
        new.text("reason", "allowance")
    }

    pub fn bill(number: &str, gross: Amount, received_on: Date, status: &str) -> Self {
        let new = Self::new(FactKind::Bill, number).amount("gross", gross).date("received_on", received_on);
        new.text("status", status)
    }

    pub fn evidence(mut self) -> Self {
        self.0.role = Role::Evidence;
        self
    }

    pub fn value(mut self, field: &'static str, value: Value) -> Self {
        self.0.fields.set(field, value);
        self
    }

    /// An empty text is no opinion.
    pub fn text(self, field: &'static str, text: &str) -> Self {
        if text.is_empty() { self } else { self.value(field, Value::text(text)) }
    }

    pub fn date(self, field: &'static str, date: Date) -> Self {
        self.value(field, Value::Date(date))
    }

    pub fn amount(self, field: &'static str, amount: Amount) -> Self {
        self.value(field, Value::Amount(amount))
    }

    pub fn refers(self, field: &'static str, kind: FactKind, number: &str) -> Self {
        if number.is_empty() { self } else { self.value(field, reference(kind, number)) }
    }

    /// A line over so many pieces; `refers` name a shipment or an order by field; empty numbers are left out.
    pub fn line(mut self, pieces: i64, gross: Amount, refers: &[(&'static str, FactKind, &str)]) -> Self {
        let mut fields = FieldMap::default();
        fields.set("quantity", Value::Decimal(Decimal::from(pieces)));
        fields.set("gross", Value::Amount(gross));
        for (field, kind, number) in refers.iter().filter(|(_, _, number)| !number.is_empty()) {
            fields.set(*field, reference(*kind, number));
        }
        self.0.lines.push(Line { key: (self.0.lines.len() + 1).to_string().into(), fields });
        self
    }

    pub fn build(self) -> Document {
        self.0
    }
}
