//! Papers of a customer's trade as facts, in one line each.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{BOOK, NUMBERING};
use crate::domain::{Amount, Currency, Fact, FactKind, FieldMap, Id, Line, Value};

pub fn id(kind: FactKind, number: &str) -> Id {
    Id::of(BOOK, kind, NUMBERING, number)
}

fn reference(kind: FactKind, number: &str) -> Value {
    Value::Ref { number: number.into(), id: id(kind, number) }
}

/// A fact under construction.
pub struct Draft(Fact);

impl Draft {
    pub fn new(kind: FactKind, number: &str, customer: &str, currency: Currency) -> Self {
        let (book, numbering, number) = (BOOK.into(), NUMBERING.into(), number.into());
        let fact = Fact { kind, book, numbering, number, fields: FieldMap::default(), lines: Vec::new() };
        Self(fact)
            .refers("customer", FactKind::Party, customer)
            .value("currency", Value::Currency(currency))
            .text("status", "active")
    }

    pub fn value(mut self, field: &'static str, value: Value) -> Self {
        self.0.fields.set(field, value);
        self
    }

    pub fn text(self, field: &'static str, text: &str) -> Self {
        self.value(field, Value::text(text))
    }

    pub fn date(self, field: &'static str, date: Date) -> Self {
        self.value(field, Value::Date(date))
    }

    pub fn amount(self, field: &'static str, amount: Amount) -> Self {
        self.value(field, Value::Amount(amount))
    }

    pub fn refers(self, field: &'static str, kind: FactKind, number: &str) -> Self {
        self.value(field, reference(kind, number))
    }

    pub fn line(mut self, pieces: i64, gross: Amount, refers: &[(&'static str, FactKind, &str)]) -> Self {
        let mut fields = FieldMap::default();
        fields.set("quantity", Value::Decimal(Decimal::from(pieces)));
        fields.set("gross", Value::Amount(gross));
        for (field, kind, number) in refers {
            fields.set(*field, reference(*kind, number));
        }
        self.0.lines.push(Line { key: (self.0.lines.len() + 1).to_string().into(), fields });
        self
    }

    pub fn build(self) -> Fact {
        self.0
    }
}
