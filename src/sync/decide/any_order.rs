//! Decisions and what they are about, arriving in any order, end in the same ledger.

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::domain::{Amount, Currency, Fact, FactKind, Id, Value};
use crate::store::Store;
use crate::store::tests::company::{
    BOOK, Page, START, bank_line, customer, dump, invoice, open, receipt, settle, with,
};
use crate::store::tests::database::{TestDatabase, databases};
use crate::sync::native;

/// Histories on each store; a run must not take longer than the rest of this module's tests.
const HISTORIES: u32 = 24;

/// What the ledger says in the end; not how it got there.
const STATE: &[&str] = &[
    "SELECT subject, id, open, due_on FROM open_item",
    "SELECT subject, position, source, item, amount, rung FROM allocation",
    "SELECT subject, payment, amount FROM leftover",
    "SELECT evidence, booked, reason FROM pairing",
    "SELECT payment, amount FROM unplaced",
    "SELECT book, account, party, currency, amount FROM balance WHERE amount <> 0",
];

fn id(kind: FactKind, number: &str) -> Id {
    Id::of(BOOK, kind, if number.starts_with('B') { "bank" } else { "erp" }, number)
}

fn names(fact: Fact, field: &'static str, kind: FactKind, number: &str) -> Fact {
    with(fact, field, Value::Ref { number: number.into(), id: id(kind, number) })
}

/// Decided in the order of `minute`.
fn decision(minute: i64, action: &str, payment: &str) -> Fact {
    let at = START.parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_mins(minute);
    let number = format!("D{minute}");
    let fact = Fact {
        numbering: native::NUMBERING.into(),
        ..crate::store::tests::company::fact(FactKind::Decision, &number, Vec::new())
    };
    let fact = with(with(fact, "decision_id", Value::text(&*number)), "action", Value::text(action));
    let fact = with(with(fact, "decided_by", Value::text("lin")), "decided_at", Value::Instant(at));
    names(with(fact, "currency", Value::Currency(Currency::CNY)), "payment_no", FactKind::Payment, payment)
}

fn given(minute: i64, payment: &str, to: &str, units: i64) -> Fact {
    let fact = names(decision(minute, "identify", payment), "customer", FactKind::Party, to);
    with(fact, "gross", Value::Amount(Amount::units(units)))
}

fn revoked(minute: i64, decision_minute: i64, payment: &str, invoice: &str) -> Fact {
    let fact = names(decision(minute, "revoke", payment), "invoice_no", FactKind::Invoice, invoice);
    let number = format!("D{decision_minute}");
    let revokes = Id::of(BOOK, FactKind::Decision, native::NUMBERING, &number);
    with(fact, "revokes", Value::Ref { number: number.into(), id: revokes })
}

#[derive(Clone)]
enum Arrival {
    Erp(Fact, i64),
    Bank(Fact, i64),
    Said(Fact),
}

/// Everything that happens in the end; every arrival stands for itself.
fn arrivals() -> Vec<Arrival> {
    let about = |minute, action, payment, number| {
        names(decision(minute, action, payment), "invoice_no", FactKind::Invoice, number)
    };
    let twin = with(receipt("R3", Some("C2"), "2026-01-11", 40), "bank_ref", Value::text("B1"));
    let void = |fact: Fact| with(fact, "status", Value::text("void"));
    let remembered =
        with(names(decision(4, "identify", "B2"), "customer", FactKind::Party, "C1"), "payer", Value::text("晨光老板"));
    let erp = |fact: Fact| Arrival::Erp(fact, 1);
    vec![
        erp(customer("C1", "远航电子（深圳）有限公司")),
        erp(customer("C2", "晨光科技有限公司")),
        erp(invoice("AR1", "C1", "2026-01-02", 100)),
        erp(invoice("AR2", "C1", "2026-01-03", 300)),
        erp(invoice("AR3", "C2", "2026-01-03", 100)),
        erp(receipt("R1", Some("C1"), "2026-01-09", 100)),
        erp(receipt("R2", None, "2026-01-10", 120)),
        erp(twin),
        erp(receipt("R4", Some("C2"), "2026-01-12", 500)),
        Arrival::Erp(void(receipt("R4", Some("C2"), "2026-01-12", 500)), 2),
        Arrival::Bank(bank_line("B1", "晨光老板", "2026-01-11", 40), 1),
        Arrival::Bank(bank_line("B2", "晨光老板", "2026-01-12", 25), 1),
        Arrival::Bank(bank_line("B3", "晨光老板", "2026-01-13", 30), 1),
        Arrival::Bank(bank_line("B4", "利息", "2026-01-13", 3), 1),
        Arrival::Bank(bank_line("B5", "远航", "2026-01-13", 119), 1),
        Arrival::Bank(bank_line("B6", "路人", "2026-01-13", 7), 1),
        Arrival::Said(about(1, "allocate", "R1", "AR2")),
        Arrival::Said(about(2, "reject", "R1", "AR1")),
        Arrival::Said(revoked(3, 1, "R1", "AR2")),
        Arrival::Said(remembered),
        Arrival::Said(given(5, "R2", "C2", 70)),
        Arrival::Said(given(6, "R2", "C1", 70)),
        Arrival::Said(given(7, "R4", "C1", 200)),
        Arrival::Said(given(8, "B1", "C1", 40)),
        Arrival::Said(with(decision(9, "classify", "B4"), "class", Value::text("interest"))),
        Arrival::Said(names(decision(10, "pair", "R2"), "evidence_no", FactKind::Payment, "B5")),
        Arrival::Said(about(11, "allocate", "B2", "AR1")),
    ]
}

async fn arrive(store: &Store, arrival: &Arrival) {
    match arrival {
        Arrival::Erp(fact, version) => {
            let page = Page::of("everything", *version).facts(
                &fact.number,
                &format!("v{version}"),
                std::slice::from_ref(fact),
            );
            page.apply(store).await;
        }
        Arrival::Bank(fact, version) => {
            let page = Page::of_bank(*version).facts(&fact.number, &format!("v{version}"), std::slice::from_ref(fact));
            page.apply(store).await;
        }
        Arrival::Said(fact) => {
            native::state(store, START.parse().unwrap(), vec![fact.clone()]).await.unwrap();
        }
    }
}

/// The state after all arrivals; every `pause`-th of them is settled before the next comes.
async fn ends(database: &TestDatabase, order: &[usize], pause: usize) -> Vec<Vec<String>> {
    let store = open(database).await;
    let arrivals = arrivals();
    for (step, index) in order.iter().enumerate() {
        arrive(&store, &arrivals[*index]).await;
        if step % pause == 0 {
            settle(&store).await;
        }
    }
    settle(&store).await;
    assert!(store.verify(None).await.unwrap().is_sound());
    let mut state = Vec::new();
    for sql in STATE {
        state.push(dump(&store, sql).await);
    }
    state
}

/// Rows that only one of the two has.
fn differences(expected: &[Vec<String>], found: &[Vec<String>]) -> String {
    let mut text = String::new();
    for (expected, found) in expected.iter().zip(found) {
        let only = |rows: &[String], others: &[String], sign: &str| -> String {
            rows.iter().filter(|row| !others.contains(row)).map(|row| format!("{sign} {row}\n")).collect()
        };
        text.push_str(&only(expected, found, "-"));
        text.push_str(&only(found, expected, "+"));
    }
    text
}

#[test]
fn decisions_and_what_they_name_end_in_the_same_ledger_in_any_order() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let straight: Vec<usize> = (0..arrivals().len()).collect();
    let engines = runtime.block_on(async { databases().await.len() });
    for engine in 0..engines {
        let end = |order: &[usize], pause: usize| {
            runtime.block_on(async { ends(&databases().await.remove(engine), order, pause).await })
        };
        let expected = end(&straight, usize::MAX);
        let rows: Vec<usize> = expected.iter().map(Vec::len).collect();
        assert!(rows.iter().zip(STATE).all(|(rows, sql)| *rows > 0 || sql.contains("FROM leftover")), "{rows:?}");
        let config = Config { cases: HISTORIES, failure_persistence: None, max_shrink_iters: 40, ..Config::default() };
        let orders = (Just(straight.clone()).prop_shuffle(), 1..9_usize);
        let outcome = TestRunner::new(config).run(&orders, |(order, pause)| {
            let differences = differences(&expected, &end(&order, pause));
            prop_assert!(differences.is_empty(), "{}", differences);
            Ok(())
        });
        outcome.unwrap();
    }
}
