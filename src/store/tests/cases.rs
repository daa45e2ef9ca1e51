//! The stories of `tests/cases/ledger/` through the real store: every document is a batch of its own, settled before the
//! next one comes. What the pure functions cannot show is shown here: that an arrival wakes everybody it concerns.

use std::fmt::Write as _;
use std::sync::Arc;

use super::company::{Page, START, fact, settle};
use super::database::{TestDatabase, databases};
use crate::domain::{Fact, FactKind, SimClock, Value};
use crate::ledger::cases::orders::orders;
use crate::ledger::cases::outcome::{Ledger, Outcome, Placed, Settled};
use crate::ledger::cases::read::Case;
use crate::store::journal::{keys, read_posting};
use crate::store::{BookTotals, Store, StoreSettings, Subject};

/// Through the store a run costs a hundred times as much as in memory: as written, backwards, and shuffled once.
const ORDERS_MAX: usize = 3;

#[tokio::test]
async fn every_case_comes_out_the_same_through_the_store_whatever_arrives_first() {
    let mut wrong = String::new();
    for case in Case::all() {
        let pages = pages(&case);
        for order in orders(pages.len(), ORDERS_MAX) {
            for database in databases().await {
                let found = arrive(&case, &database, order.iter().map(|index| &pages[*index])).await;
                if found != case.expected {
                    let differs = found.compared_with(&case.expected);
                    write!(wrong, "\n== {}, arriving {order:?} on {}\n{differs}", case.name, database.url).unwrap();
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// One page a document version, and one a customer: terms too may come late.
fn pages(case: &Case) -> Vec<Page> {
    let documents = case.arrivals.iter().map(|arrival| {
        let document = arrival.document.clone();
        let fact = Fact {
            kind: document.kind,
            book: document.book,
            numbering: document.numbering,
            number: document.number,
            fields: document.fields,
            lines: document.lines,
        };
        Page::of(fact.kind.name(), 1).facts(&fact.number.clone(), &arrival.version.to_string(), &[fact])
    });
    let customers = case.subjects.iter().map(|subject| {
        let code = &case.numbers[&subject.party];
        let name = [("code", Value::text(code.as_str())), ("name", Value::text(code.as_str()))];
        let terms = case.terms_text.as_ref().map(|terms| ("terms", Value::text(terms.as_str())));
        Page::of("customer", 1).facts(
            code,
            "0",
            &[fact(FactKind::Party, code, name.into_iter().chain(terms).collect())],
        )
    });
    customers.chain(documents).collect()
}

async fn arrive(case: &Case, database: &TestDatabase, pages: impl Iterator<Item = &Page>) -> Outcome {
    let clock = Arc::new(SimClock::new(START.parse::<jiff::Timestamp>().unwrap()));
    let policy = case.policy.clone();
    let settings = StoreSettings { url: database.url.clone(), clock, policies: Arc::new(move |_| policy.clone()) };
    let store = Store::open(&settings).await.unwrap();
    for page in pages {
        page.apply(&store).await;
        settle(&store).await;
    }
    let report = store.verify(None).await.unwrap();
    assert!(report.is_sound(), "{}: {:?}", case.name, report.findings);
    let totals = store.book_totals(&|_| "2026-06-30".parse().unwrap()).await.unwrap();
    assert!(totals.iter().all(BookTotals::is_consistent), "{}: {totals:?}", case.name);
    let subjects: Vec<Subject> = case
        .subjects
        .iter()
        .map(|subject| Subject { book: super::company::BOOK.into(), party: subject.party, currency: subject.currency })
        .collect();
    let mut settled = Vec::new();
    for position in store.positions(&subjects).await.unwrap() {
        settled.push(Settled {
            placed: placed(&store, &position.subject).await,
            leftovers: position.leftovers.into_iter().map(|(leftover, _, _)| leftover).collect(),
            items: position.items,
        });
    }
    let outcome = Outcome::of(case, &settled, &journal(&store).await);
    store.close().await;
    outcome
}

async fn placed(store: &Store, subject: &Subject) -> Vec<Placed> {
    let mut tx = store.engine.read().await.unwrap();
    let sql = "SELECT source, item, amount, tolerated, rung, effective_on FROM allocation WHERE subject {keys}";
    let rows = tx.fetch_in(sql, &keys(&[subject.id()]), Vec::new()).await.unwrap();
    rows.iter()
        .map(|row| Placed {
            from: row.id(0).unwrap(),
            item: row.id(1).unwrap(),
            amount: row.amount(2).unwrap(),
            tolerated: row.amount(3).unwrap(),
            rung: row.text(4).unwrap().to_owned(),
            effective_on: row.text(5).unwrap().to_owned(),
        })
        .collect()
}

async fn journal(store: &Store) -> Ledger {
    let mut tx = store.engine.read().await.unwrap();
    let mut ledger = Ledger::default();
    let sql = "SELECT effective_on, debit, debit_party, debit_order, credit, credit_party, credit_order, currency, amount \
         FROM transfer";
    for row in tx.fetch(sql, Vec::new()).await.unwrap() {
        ledger.post(&[read_posting(&row, 0).unwrap()]);
    }
    ledger
}
