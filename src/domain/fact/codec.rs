//! Facts as compact JSON text, for contributions and folded documents in the store.
//!
//! Amounts travel as decimal text so that a person who reads the table sees money. Types come from [`super::FACTS`],
//! so the text carries none.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};
use thiserror::Error;

use super::{Fact, FactKind, FieldMap, FieldSpec, FieldType, Line, Value, spec};
use crate::domain::{Amount, Currency, Id};

#[derive(Debug, Error)]
pub enum DecodeError {
    #[error("stored {kind} is not valid JSON: {source}")]
    Json { kind: FactKind, source: serde_json::Error },
    #[error("a stored fact is not valid JSON: {0}")]
    Fact(serde_json::Error),
    #[error("a stored fact has no `{0}`")]
    Part(&'static str),
    #[error("stored {kind} has an unreadable field `{field}`")]
    Field { kind: FactKind, field: String },
}

const LINES: &str = "lines";
const LINE_KEY: &str = "#";
const BODY: &str = "body";

/// `fields` and `lines` of a fact of `kind` as one JSON object.
pub fn encode(fields: &FieldMap, lines: &[Line]) -> String {
    let mut object = encode_fields(fields);
    if !lines.is_empty() {
        let lines = lines.iter().map(|line| {
            let mut object = encode_fields(&line.fields);
            object.insert(LINE_KEY.to_owned(), Json::String(line.key.to_string()));
            Json::Object(object)
        });
        object.insert(LINES.to_owned(), Json::Array(lines.collect()));
    }
    Json::Object(object).to_string()
}

/// A whole fact as one JSON object, for facts that Bihuan states itself: what people decided, statements it drew up.
pub fn encode_fact(fact: &Fact) -> String {
    let head = [
        ("kind", fact.kind.name()),
        ("book", &fact.book),
        ("numbering", &fact.numbering),
        ("number", &fact.number),
        (BODY, &encode(&fact.fields, &fact.lines)),
    ];
    let object: Map<String, Json> =
        head.into_iter().map(|(name, text)| (name.to_owned(), Json::String(text.to_owned()))).collect();
    Json::Object(object).to_string()
}

/// What [`encode_fact`] wrote.
pub fn decode_fact(text: &str) -> Result<Fact, DecodeError> {
    let object: Map<String, Json> = serde_json::from_str(text).map_err(DecodeError::Fact)?;
    let part = |name: &'static str| object.get(name).and_then(Json::as_str).ok_or(DecodeError::Part(name));
    let kind = FactKind::parse(part("kind")?).ok_or(DecodeError::Part("kind"))?;
    let (fields, lines) = decode(kind, part(BODY)?)?;
    let (book, numbering, number) = (part("book")?.into(), part("numbering")?.into(), part("number")?.into());
    Ok(Fact { kind, book, numbering, number, fields, lines })
}

fn encode_fields(fields: &FieldMap) -> Map<String, Json> {
    fields.iter().map(|(name, value)| (name.to_owned(), encode_value(value))).collect()
}

fn encode_value(value: &Value) -> Json {
    match value {
        Value::Ref { number, id } => Json::Array(vec![Json::String(number.to_string()), Json::String(id.to_string())]),
        plain => shown(plain),
    }
}

/// A value as people and other programs read it: money as decimal text, a reference by its number.
pub fn shown(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Text(text) => Json::String(text.to_string()),
        Value::Decimal(decimal) => Json::String(decimal.to_string()),
        Value::Amount(amount) => Json::String(amount.to_decimal().normalize().to_string()),
        Value::Currency(currency) => Json::String(currency.to_string()),
        Value::Date(date) => Json::String(date.to_string()),
        Value::Instant(instant) => Json::String(instant.to_string()),
        Value::Bool(value) => Json::Bool(*value),
        Value::Ref { number, .. } => Json::String(number.to_string()),
    }
}

pub fn decode(kind: FactKind, text: &str) -> Result<(FieldMap, Vec<Line>), DecodeError> {
    let mut object: Map<String, Json> =
        serde_json::from_str(text).map_err(|source| DecodeError::Json { kind, source })?;
    let lines = match object.remove(LINES) {
        Some(Json::Array(lines)) => lines,
        _ => Vec::new(),
    };
    let row = spec(kind);
    let fields = decode_fields(kind, row.fields, object)?;
    let mut decoded = Vec::with_capacity(lines.len());
    for line in lines {
        let Json::Object(mut object) = line else {
            return Err(DecodeError::Field { kind, field: LINES.to_owned() });
        };
        let Some(Json::String(key)) = object.remove(LINE_KEY) else {
            return Err(DecodeError::Field { kind, field: LINE_KEY.to_owned() });
        };
        decoded.push(Line { key: key.into(), fields: decode_fields(kind, row.lines, object)? });
    }
    Ok((fields, decoded))
}

fn decode_fields(
    kind: FactKind,
    specs: &'static [FieldSpec],
    object: Map<String, Json>,
) -> Result<FieldMap, DecodeError> {
    let mut fields = FieldMap::default();
    for (name, json) in object {
        let field = specs.iter().find(|field| field.name == name);
        let field_type = field.map_or(FieldType::Text, |field| field.field_type);
        let value = decode_value(field_type, json).ok_or_else(|| DecodeError::Field { kind, field: name.clone() })?;
        match field {
            Some(field) => fields.set(field.name, value),
            None => fields.set(name, value),
        }
    }
    Ok(fields)
}

fn decode_value(field_type: FieldType, json: Json) -> Option<Value> {
    Some(match (field_type, json) {
        (_, Json::Null) => Value::Null,
        (FieldType::Bool, Json::Bool(value)) => Value::Bool(value),
        (FieldType::Text | FieldType::Enum(_), Json::String(text)) => Value::Text(text.into()),
        (FieldType::Decimal, Json::String(text)) => Value::Decimal(Decimal::from_str_exact(&text).ok()?),
        (FieldType::Amount, Json::String(text)) => {
            let micros = Decimal::from_str_exact(&text)
                .ok()?
                .checked_mul(Decimal::from(crate::domain::amount::MICROS_PER_UNIT))?;
            Value::Amount(Amount(rust_decimal::prelude::ToPrimitive::to_i64(&micros)?))
        }
        (FieldType::Currency, Json::String(text)) => Value::Currency(Currency::parse(&text).ok()?),
        (FieldType::Date, Json::String(text)) => Value::Date(text.parse::<Date>().ok()?),
        (FieldType::Instant, Json::String(text)) => Value::Instant(text.parse::<Timestamp>().ok()?),
        (FieldType::Ref(_), Json::Array(parts)) => match parts.as_slice() {
            [Json::String(number), Json::String(id)] => {
                Value::Ref { number: number.as_str().into(), id: Id::parse_hex(id)? }
            }
            _ => return None,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_reads_back_as_it_was_written() {
        let mut fields = FieldMap::default();
        fields.set("shipment_no", Value::text("XSCKD1"));
        fields.set("currency", Value::Currency(Currency::CNY));
        fields.set("signed_on", Value::Null);
        fields.set("customer", Value::Ref { number: "C1".into(), id: Id([7; 16]) });
        fields.set("extra.colour", Value::text("red"));
        let mut line = FieldMap::default();
        line.set("gross", Value::Amount(Amount(4_100_120_000)));
        line.set("quantity", Value::Decimal(Decimal::new(5000, 1)));
        let lines = vec![Line { key: "1".into(), fields: line }];
        let text = encode(&fields, &lines);
        let (fields_back, lines_back) = decode(FactKind::Shipment, &text).unwrap();
        assert_eq!(fields_back, fields);
        assert_eq!(lines_back, lines);
        let (book, numbering, number) = ("sz".into(), "erp".into(), "XSCKD1".into());
        let fact = Fact { kind: FactKind::Shipment, book, numbering, number, fields, lines };
        assert_eq!(decode_fact(&encode_fact(&fact)).unwrap(), fact);
        assert!(decode_fact("{}").is_err());
    }
}
