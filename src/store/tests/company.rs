//! A small company for the tests: a store on a clock that stands still, and pages of facts.

use std::sync::Arc;

use bihuan_connectors::sdk::{PayloadShape, RecordBatchBuilder};
use jiff::Timestamp;
use jiff::civil::Date;

use super::database::TestDatabase;
use crate::domain::{Amount, Currency, Fact, FactKind, FieldMap, Hash, Id, Line, SimClock, Value};
use crate::ledger::BookPolicy;
use crate::store::engine::{Cell, Row};
use crate::store::{
    ApplyBatch, ApplyOutcome, BookTotals, Counts, Known, Outcome, Problem, Store, StoreSettings, StreamId,
};

pub const BOOK: &str = "sz";
pub const START: &str = "2026-01-05T00:00:00Z";

pub async fn open(database: &TestDatabase) -> Store {
    open_url(&database.url).await
}

pub async fn open_url(url: &str) -> Store {
    open_under(url, BookPolicy::default()).await
}

pub async fn open_under(url: &str, policy: BookPolicy) -> Store {
    let clock = Arc::new(SimClock::new(START.parse::<Timestamp>().unwrap()));
    let settings = StoreSettings { url: url.to_owned(), clock, policies: Arc::new(move |_| policy.clone()) };
    Store::open(&settings).await.unwrap()
}

/// One page of a stream under construction.
#[derive(Clone)]
pub struct Page {
    pub stream: StreamId,
    pub book: &'static str,
    pub rank: u32,
    pub observed_at: i64,
    pub books: bool,
    pub personal: bool,
    pub records: Vec<(String, Option<String>, Outcome)>,
    pub progress: Option<crate::store::ProgressStep>,
}

impl Page {
    pub fn of(stream: &str, observed_at: i64) -> Self {
        let stream = StreamId::new("erp", stream);
        let (book, rank) = (BOOK, 1);
        Self { stream, book, rank, observed_at, books: true, personal: false, records: Vec::new(), progress: None }
    }

    pub fn of_bank(observed_at: i64) -> Self {
        Self { stream: StreamId::new("bank", "statement"), books: false, ..Self::of("", observed_at) }
    }

    pub fn record(mut self, key: &str, version: Option<&str>, outcome: Outcome) -> Self {
        self.records.push((key.to_owned(), version.map(str::to_owned), outcome));
        self
    }

    pub fn facts(self, key: &str, version: &str, facts: &[Fact]) -> Self {
        self.record(key, Some(version), Outcome::Facts(facts.to_vec()))
    }

    pub fn bad(self, key: &str, version: Option<&str>) -> Self {
        let problem =
            Problem { field: "shipped_on".into(), value: "20260230".into(), reason: "no such day".into(), at: None };
        self.record(key, version, Outcome::Quarantined(problem))
    }

    /// The way of `sync`: asks what is known, then applies the rest.
    pub async fn apply(&self, store: &Store) -> ApplyOutcome {
        let mut raw = RecordBatchBuilder::new(PayloadShape::Json, self.observed_at);
        for (key, version, outcome) in &self.records {
            raw.push(key, version.as_deref(), format!("{outcome:?}").as_bytes());
        }
        let raw = raw.finish();
        let hashes: Vec<_> =
            raw.iter().map(|row| (self.stream.record(row.key), store.content_hash(self.personal, row))).collect();
        let mut counted = Counts::default();
        let mut records = Vec::new();
        for (index, known) in store.known(&self.stream, &hashes).await.unwrap().into_iter().enumerate() {
            match known {
                Known::New => records.push((index, self.records[index].2.clone())),
                Known::Unchanged(verdict) => counted.count_known(verdict),
            }
        }
        let batch = ApplyBatch {
            stream: self.stream.clone(),
            book: self.book.into(),
            personal: self.personal,
            rank: self.rank,
            books: self.books,
            mapping: Hash::of(b"mapping"),
            mapping_text: "mapping".into(),
            raw,
            records,
            counted,
            progress: self.progress.clone(),
        };
        let outcome = store.apply(batch).await.unwrap();
        assert!(outcome.counts.is_balanced(), "{:?}", outcome.counts);
        assert_eq!(outcome.counts.read as usize, self.records.len());
        outcome
    }
}

/// Settles until nothing is dirty.
pub async fn settle(store: &Store) {
    while store.settle_dirty(100).await.unwrap() > 0 {}
}

pub fn date(text: &str) -> Date {
    text.parse().unwrap()
}

pub fn reference(kind: FactKind, number: &str) -> Value {
    Value::Ref { number: number.into(), id: Id::of(BOOK, kind, "erp", number) }
}

pub fn fact(kind: FactKind, number: &str, fields: Vec<(&'static str, Value)>) -> Fact {
    let fields: FieldMap = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
    Fact { kind, book: BOOK.into(), numbering: "erp".into(), number: number.into(), fields, lines: Vec::new() }
}

pub fn customer(code: &str, name: &str) -> Fact {
    fact(FactKind::Party, code, vec![("code", Value::text(code)), ("name", Value::text(name))])
}

/// A sale of goods worth `units` to `customer`, for order `order`.
pub fn shipment(number: &str, customer: &str, day: &str, units: i64) -> Fact {
    let mut shipment = fact(
        FactKind::Shipment,
        number,
        vec![
            ("shipment_no", Value::text(number)),
            ("customer", reference(FactKind::Party, customer)),
            ("currency", Value::Currency(Currency::CNY)),
            ("shipped_on", Value::Date(date(day))),
            ("status", Value::text("shipped")),
            ("nature", Value::text("sale")),
        ],
    );
    let line = [
        ("line_no".into(), Value::text("1")),
        ("order_no".into(), reference(FactKind::Order, "SO26010001")),
        ("gross".into(), Value::Amount(Amount::units(units))),
    ];
    shipment.lines.push(Line { key: "1".into(), fields: line.into_iter().collect() });
    shipment
}

pub fn with(mut fact: Fact, field: &'static str, value: Value) -> Fact {
    fact.fields.set(field, value);
    fact
}

pub fn invoice(number: &str, customer: &str, day: &str, units: i64) -> Fact {
    let mut invoice = money(FactKind::Invoice, number, "invoiced_on", day, units);
    invoice.fields.set("customer", reference(FactKind::Party, customer));
    invoice
}

/// A receipt as finance booked it.
pub fn receipt(number: &str, customer: Option<&str>, day: &str, units: i64) -> Fact {
    let mut receipt = money(FactKind::Payment, number, "paid_on", day, units);
    if let Some(customer) = customer {
        receipt.fields.set("customer", reference(FactKind::Party, customer));
    }
    receipt
}

/// A receipt as the bank saw it.
pub fn bank_line(serial: &str, payer: &str, day: &str, units: i64) -> Fact {
    let mut line = money(FactKind::Payment, serial, "paid_on", day, units);
    line.numbering = "bank".into();
    line.fields.set("payer", Value::text(payer));
    line.fields.set("bank_ref", Value::text(serial));
    line
}

fn money(kind: FactKind, number: &str, day_field: &'static str, day: &str, units: i64) -> Fact {
    fact(
        kind,
        number,
        vec![
            ("currency", Value::Currency(Currency::CNY)),
            (day_field, Value::Date(date(day))),
            ("gross", Value::Amount(Amount::units(units))),
            ("status", Value::text("active")),
        ],
    )
}

/// The totals of the one book and currency of these tests.
pub async fn totals(store: &Store) -> BookTotals {
    let totals = store.book_totals(&|_| date("2026-06-30")).await.unwrap();
    assert!(totals.iter().all(BookTotals::is_consistent), "{totals:?}");
    totals.into_iter().next().expect("something was posted")
}

/// Rows of any query, for comparing two databases.
pub async fn dump(store: &Store, sql: &'static str) -> Vec<String> {
    let mut tx = store.engine.read().await.unwrap();
    let mut rows: Vec<String> =
        tx.fetch(sql, Vec::new()).await.unwrap().iter().map(|row: &Row| format!("{row:?}")).collect();
    rows.sort();
    rows
}

/// Changes the database behind the store's back.
pub async fn tamper(store: &Store, sql: &'static str, args: Vec<Cell>) {
    let mut tx = store.engine.begin().await.unwrap();
    assert!(tx.execute(sql, args).await.unwrap() > 0, "{sql} touched nothing");
    tx.commit().await.unwrap();
}
