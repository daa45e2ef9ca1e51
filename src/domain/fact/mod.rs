//! Facts: typed, source-independent statements, and the documents' common currency between mapping, ledger and store.
//!
//! What kinds and fields exist is data ([`schema::FACTS`]); mappings are checked against it and stored facts are read
//! back through it. A field that is absent is *no opinion*; [`Value::Null`] is *known to be empty*.

mod codec;
mod kind;
mod schema;

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Amount, Currency, Id};

pub use codec::{DecodeError, decode, decode_fact, encode, encode_fact, shown};
pub use kind::FactKind;
pub use schema::{FACTS, FactSpec, FieldSpec, FieldType, SCHEMA_VERSION, spec};

/// One value of one field; its type is the field's [`FieldType`] or [`Value::Null`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Null,
    Text(Box<str>),
    Decimal(Decimal),
    Amount(Amount),
    Currency(Currency),
    Date(Date),
    Instant(Timestamp),
    Bool(bool),
    /// Another document or party, by the number people use and the id computed from it.
    Ref {
        number: Box<str>,
        id: Id,
    },
}

impl Value {
    pub fn text(text: impl Into<Box<str>>) -> Self {
        Self::Text(text.into())
    }
}

pub type FieldName = Cow<'static, str>;

/// Fields in the order of their names; a dozen at most, so a sorted vector beats a map.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldMap(Vec<(FieldName, Value)>);

impl FieldMap {
    pub fn with_capacity(fields: usize) -> Self {
        Self(Vec::with_capacity(fields))
    }

    /// Read from the front: of a dozen names most differ in length already, which costs less than to compare a few of them
    /// as text. A settlement asks for hundreds of thousands of fields.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    pub fn set(&mut self, name: impl Into<FieldName>, value: Value) {
        let name = name.into();
        // Mappings and stored facts come sorted: appending needs no search.
        if self.0.last().is_none_or(|(last, _)| *last < name) {
            self.0.push((name, value));
            return;
        }
        match self.0.binary_search_by(|(field, _)| field.cmp(&name)) {
            Ok(index) => self.0[index].1 = value,
            Err(index) => self.0.insert(index, (name, value)),
        }
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(field, _)| field != name);
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, currency code or referenced number of a field; `None` when absent, null or of another type.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Value::Text(text) => Some(text),
            Value::Ref { number, .. } => Some(number),
            _ => None,
        }
    }

    pub fn amount(&self, name: &str) -> Option<Amount> {
        if let Value::Amount(amount) = self.get(name)? { Some(*amount) } else { None }
    }

    pub fn decimal(&self, name: &str) -> Option<Decimal> {
        if let Value::Decimal(decimal) = self.get(name)? { Some(*decimal) } else { None }
    }

    pub fn currency(&self, name: &str) -> Option<Currency> {
        if let Value::Currency(currency) = self.get(name)? { Some(*currency) } else { None }
    }

    pub fn date(&self, name: &str) -> Option<Date> {
        if let Value::Date(date) = self.get(name)? { Some(*date) } else { None }
    }

    pub fn instant(&self, name: &str) -> Option<Timestamp> {
        if let Value::Instant(instant) = self.get(name)? { Some(*instant) } else { None }
    }

    pub fn bool(&self, name: &str) -> Option<bool> {
        if let Value::Bool(value) = self.get(name)? { Some(*value) } else { None }
    }

    pub fn reference(&self, name: &str) -> Option<Id> {
        if let Value::Ref { id, .. } = self.get(name)? { Some(*id) } else { None }
    }
}

impl FromIterator<(FieldName, Value)> for FieldMap {
    fn from_iter<I: IntoIterator<Item = (FieldName, Value)>>(fields: I) -> Self {
        let mut map = Self::default();
        for (name, value) in fields {
            map.set(name, value);
        }
        map
    }
}

/// One line of a document, named by the source's own line key (entry id, line number).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub key: Box<str>,
    pub fields: FieldMap,
}

/// What one record says about one document or party key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub kind: FactKind,
    pub book: Box<str>,
    /// Name of the number range; sources that share numbers name the same one.
    pub numbering: Box<str>,
    /// The natural key: document number, party code, message id …
    pub number: Box<str>,
    pub fields: FieldMap,
    pub lines: Vec<Line>,
}

impl Fact {
    pub fn id(&self) -> Id {
        Id::of(&self.book, self.kind, &self.numbering, &self.number)
    }
}
