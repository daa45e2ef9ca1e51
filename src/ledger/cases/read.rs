//! A case file as documents and expectations.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use toml::{Table, Value as Toml};

use super::outcome::Outcome;
use crate::domain::fact::{FieldSpec, FieldType, spec};
use crate::domain::{Amount, Currency, FactKind, FieldMap, Id, Line, Value};
use crate::ledger::fixtures::{BOOK, id, reference};
use crate::ledger::{BookPolicy, Document, Role, Terms};

const BALANCES: &str = "balances";

/// One story.
pub struct Case {
    /// Of its file.
    pub name: String,
    pub arrivals: Vec<Arrival>,
    /// The customers' terms as people write them, and read.
    pub terms_text: Option<String>,
    pub terms: Terms,
    pub policy: BookPolicy,
    pub subjects: Vec<Subject>,
    /// `balances`, and `balances on DAY`.
    pub balances_on: Vec<(String, Option<Date>)>,
    /// Of documents, and of customers and orders that they name.
    pub numbers: BTreeMap<Id, String>,
    pub expected: Outcome,
}

/// One version of a document. A number that a file gives twice is changed by its source: the last one counts, whichever
/// arrives first.
pub struct Arrival {
    pub version: usize,
    pub document: Document,
}

/// `C1`, or `C1 USD` for another currency than CNY.
pub struct Subject {
    pub label: String,
    pub party: Id,
    pub currency: Currency,
}

impl Case {
    /// All cases, by name.
    pub fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/ledger");
        let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
        files.sort();
        assert!(files.len() >= 10, "the cases are in {}", folder.display());
        let read = |file: &std::path::PathBuf| {
            let name = file.file_stem().unwrap().to_string_lossy();
            Self::read(&std::fs::read_to_string(file).unwrap(), &name)
        };
        files.iter().map(read).collect()
    }

    fn read(text: &str, name: &str) -> Self {
        let table: Table = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(table.contains_key("title"), "{name} has a title");
        let mut arrivals: Vec<Arrival> = Vec::new();
        for kind in FactKind::ALL {
            for row in table.get(kind.name()).and_then(Toml::as_array).into_iter().flatten() {
                let document = document(*kind, row.as_table().unwrap(), name);
                let version = arrivals.iter().filter(|known| known.document.id == document.id).count();
                arrivals.push(Arrival { version, document });
            }
        }
        let terms_text = table.get("terms").map(|terms| terms.as_str().unwrap().to_owned());
        let expect = table["expect"].as_table().unwrap();
        let balances_on: Vec<(String, Option<Date>)> = expect
            .keys()
            .filter(|name| name.starts_with(BALANCES))
            .map(|name| (name.clone(), name.strip_prefix("balances on ").map(|day| day.parse().unwrap())))
            .collect();
        let subjects = expect.keys().filter(|name| !name.starts_with(BALANCES)).map(|label| subject(label)).collect();
        Self {
            name: name.to_owned(),
            terms: terms_text.as_ref().map_or_else(Terms::default, |terms| terms.parse().unwrap()),
            terms_text,
            policy: policy(table.get("policy").and_then(Toml::as_table)),
            numbers: numbers(&arrivals),
            subjects,
            balances_on,
            expected: expected(expect),
            arrivals,
        }
    }
}

fn subject(label: &str) -> Subject {
    let (party, currency) = label.split_once(' ').unwrap_or((label, "CNY"));
    let (party, currency) = (id(FactKind::Party, party), Currency::parse(currency).unwrap());
    Subject { label: label.to_owned(), party, currency }
}

fn numbers(arrivals: &[Arrival]) -> BTreeMap<Id, String> {
    let mut numbers = BTreeMap::new();
    for Arrival { document, .. } in arrivals {
        numbers.insert(document.id, document.number.to_string());
        for fields in document.lines.iter().map(|line| &line.fields).chain([&document.fields]) {
            for name in ["customer", "order_no"] {
                numbers.extend(fields.reference(name).zip(fields.text(name).map(str::to_owned)));
            }
        }
    }
    numbers
}

fn expected(expect: &Table) -> Outcome {
    let lines = |value: Option<&Toml>| -> BTreeSet<String> {
        let list = value.and_then(Toml::as_array).cloned().unwrap_or_default();
        list.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
    };
    let mut outcome = BTreeMap::new();
    for (label, table) in expect {
        let Some(table) = table.as_table() else {
            outcome.insert(label.clone(), lines(Some(table)));
            continue;
        };
        for name in ["items", "allocations", "leftovers"] {
            outcome.insert(format!("{label}.{name}"), lines(table.get(name)));
        }
    }
    Outcome(outcome)
}

fn policy(table: Option<&Table>) -> BookPolicy {
    let mut policy = BookPolicy::default();
    for (name, value) in table.into_iter().flatten() {
        match (name.as_str(), value) {
            ("cutover", Toml::String(date)) => policy.cutover = Some(date.parse().unwrap()),
            ("deposit_use", Toml::String(_)) => policy.deposit_use = value.clone().try_into().unwrap(),
            ("oldest_first", Toml::Boolean(yes)) => policy.oldest_first = *yes,
            ("trust_source_due", Toml::Boolean(yes)) => policy.trust_source_due = *yes,
            ("time_zone", Toml::String(zone)) => policy.time_zone = TimeZone::get(zone).unwrap(),
            ("receivable_basis", Toml::String(_)) => policy.receivable_basis = value.clone().try_into().unwrap(),
            other => panic!("unknown policy {other:?}"),
        }
    }
    policy
}

/// `no` is the number; customer `C1`, currency CNY and the status that counts are understood.
fn document(kind: FactKind, row: &Table, case: &str) -> Document {
    let row_spec = spec(kind);
    let number = row["no"].as_str().unwrap();
    let mut fields = FieldMap::default();
    for (name, word) in [("customer", "C1"), ("currency", "CNY"), ("nature", "sale"), ("status", live_status(kind))] {
        let is_sale = name != "nature" || kind == FactKind::Shipment;
        if let Some(field) = row_spec.field(name).filter(|_| is_sale) {
            fields.set(field.name, value(field, &Toml::String(word.to_owned()), case));
        }
    }
    let mut lines = Vec::new();
    for (name, toml) in row.iter().filter(|(name, _)| *name != "no") {
        if name == "lines" {
            for (index, line) in toml.as_array().unwrap().iter().enumerate() {
                let line = line.as_table().unwrap().iter().map(|(name, toml)| {
                    let field = row_spec.line_field(name).unwrap_or_else(|| panic!("{case}: {kind} line {name}"));
                    (field.name.into(), value(field, toml, case))
                });
                lines.push(Line { key: (index + 1).to_string().into(), fields: line.collect() });
            }
            continue;
        }
        let field = row_spec.field(name).unwrap_or_else(|| panic!("{case}: {kind} has no field {name}"));
        if toml.as_str() == Some("") {
            fields.remove(field.name);
        } else {
            fields.set(field.name, value(field, toml, case));
        }
    }
    let id = id(kind, number);
    let (book, numbering, number) = (BOOK.into(), "erp".into(), number.into());
    Document { id, kind, book, numbering, number, role: Role::Booked, fields, lines }
}

fn live_status(kind: FactKind) -> &'static str {
    match kind {
        FactKind::Shipment => "shipped",
        FactKind::Bill => "held",
        _ => "active",
    }
}

fn value(field: &FieldSpec, toml: &Toml, case: &str) -> Value {
    match (field.field_type, toml) {
        (FieldType::Text | FieldType::Enum(_), Toml::String(text)) => Value::text(text.as_str()),
        (FieldType::Currency, Toml::String(code)) => Value::Currency(Currency::parse(code).unwrap()),
        (FieldType::Date, Toml::String(date)) => Value::Date(date.parse::<Date>().unwrap()),
        (FieldType::Instant, Toml::String(instant)) => Value::Instant(instant.parse().unwrap()),
        (FieldType::Amount, Toml::String(text)) => {
            Value::Amount(Amount::exact(Decimal::from_str_exact(text).unwrap(), Currency::CNY).unwrap())
        }
        (FieldType::Decimal, Toml::Integer(number)) => Value::Decimal(Decimal::from(*number)),
        (FieldType::Bool, Toml::Boolean(yes)) => Value::Bool(*yes),
        (FieldType::Ref(kind), Toml::String(number)) => reference(kind, number),
        other => panic!("{case}: field {} cannot be {other:?}", field.name),
    }
}
