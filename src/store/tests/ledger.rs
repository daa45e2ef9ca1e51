//! Pairing, settlement, order of arrival, the chain, leases.

use super::company::{
    BOOK, Page, bank_line, customer, date, dump, invoice, open, receipt, settle, shipment, tamper, totals, with,
};
use super::database::{TestDatabase, databases};
use crate::domain::{Amount, Currency, Fact, FactKind, Id, Value};
use crate::ledger::Document;
use crate::store::{Anchor, Fence, NO_PARTY, Store, StoreError, Subject};

fn units(units: i64) -> Amount {
    Amount::units(units)
}

#[tokio::test]
async fn the_same_receipt_from_bank_and_finance_is_one_payment_in_either_order() {
    for bank_first in [true, false] {
        for database in databases().await {
            let store = open(&database).await;
            let bank = Page::of_bank(1).facts("L1", "v1", &[bank_line("B77", "远航电子", "2026-01-09", 100)]);
            let booked = with(receipt("R1", Some("C1"), "2026-01-10", 100), "payer", Value::text("远航电子"));
            let finance = Page::of("receipt", 1).facts("1", "v1", &[booked]);
            let pages = if bank_first { [bank, finance] } else { [finance, bank] };
            for page in pages {
                page.apply(&store).await;
                settle(&store).await;
            }
            let totals = totals(&store).await;
            assert_eq!((totals.received, totals.unidentified), (units(100), Amount::ZERO), "bank first: {bank_first}");
            assert!(store.unidentified_payments(None).await.unwrap().is_empty());
            let seen = store.document(Some(BOOK), Some(FactKind::Payment), "B77").await.unwrap();
            assert_eq!(&*seen[0].paired_with[0].0.number, "R1");
            assert!(store.verify(None).await.unwrap().is_sound());
        }
    }
}

#[tokio::test]
async fn money_that_only_the_bank_has_seen_is_unidentified_and_holds_the_likely_customer() {
    for database in databases().await {
        let store = open(&database).await;
        let master = customer("C1", "远航电子（深圳）有限公司");
        let sold = shipment("S1", "C1", "2026-01-05", 100);
        Page::of("customer", 1).facts("1", "v1", &[master]).apply(&store).await;
        Page::of("outstock", 1).facts("1", "v1", &[sold]).apply(&store).await;
        settle(&store).await;
        let party = Id::of(BOOK, FactKind::Party, "erp", "C1");
        let subject = Subject { book: BOOK.into(), party, currency: Currency::CNY };
        let before = store.positions(std::slice::from_ref(&subject)).await.unwrap();
        assert!(before[0].likely_money.is_empty());
        let line = bank_line("B1", "远航电子(深圳)有限公司", "2026-01-09", 60);
        Page::of_bank(1).facts("L1", "v1", std::slice::from_ref(&line)).apply(&store).await;
        settle(&store).await;
        assert_eq!(totals(&store).await.unidentified, units(60));
        let after = store.positions(std::slice::from_ref(&subject)).await.unwrap();
        assert_eq!(after[0].likely_money[0].amount, units(60));
        assert!(after[0].generation > before[0].generation, "the customer is decided about again");
        let nobody = Subject { party: NO_PARTY, ..subject };
        assert_eq!(store.positions(&[nobody]).await.unwrap()[0].generation, 1);
        let void = with(line, "status", Value::text("void"));
        Page::of_bank(2).facts("L1", "v2", &[void]).apply(&store).await;
        settle(&store).await;
        assert_eq!(totals(&store).await.unidentified, Amount::ZERO);
        assert!(store.unidentified_payments(Some(BOOK)).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn goods_and_claims_that_a_second_source_has_seen_are_counted_once_and_what_has_no_twin_is_listed() {
    let seen = |fact: Fact| Fact { numbering: "other".into(), ..fact };
    for evidence_first in [true, false] {
        for database in databases().await {
            let store = open(&database).await;
            let warehouse = [shipment("W1", "C1", "2026-01-06", 100), shipment("W2", "C1", "2026-01-07", 55)].map(seen);
            let taxed = seen(with(invoice("T1", "C1", "2026-02-01", 100), "tax_invoice_no", Value::text("2644")));
            let evidence = [
                Page::of_bank(1).facts("W1", "v1", &warehouse[..1]).facts("W2", "v1", &warehouse[1..]),
                Page::of_bank(1).facts("T1", "v1", &[taxed]),
            ];
            let claim = with(invoice("AR1", "C1", "2026-01-10", 100), "tax_invoice_no", Value::text("2644"));
            let sold = [shipment("S1", "C1", "2026-01-05", 100), shipment("S9", "C1", "2026-01-09", 70)];
            let booked = [
                Page::of("outstock", 1).facts("1", "v1", &sold[..1]).facts("2", "v1", &sold[1..]),
                Page::of("receivable", 1).facts("1", "v1", &[claim]),
            ];
            let pages = if evidence_first { [evidence, booked] } else { [booked, evidence] };
            for page in pages.iter().flatten() {
                page.apply(&store).await;
                settle(&store).await;
            }
            let report = store.evidence(Some(BOOK), None).await.unwrap();
            let counts: Vec<_> = report.counts.iter().map(|count| (count.kind, count.seen, count.paired)).collect();
            assert_eq!(counts, [(FactKind::Shipment, 2, 1), (FactKind::Invoice, 1, 1)], "first: {evidence_first}");
            let numbers = |documents: &[Document]| -> Vec<String> {
                documents.iter().map(|document| document.number.to_string()).collect()
            };
            assert_eq!(numbers(&report.unbooked), ["W2"]);
            assert_eq!(numbers(&report.unseen), ["S9"]);
            assert_eq!(totals(&store).await.shipped, units(170), "evidence of goods posts nothing");
            let withdrawn = Page::of_bank(2).facts("W1", "v2", &[]);
            withdrawn.apply(&store).await;
            settle(&store).await;
            let report = store.evidence(Some(BOOK), Some(FactKind::Shipment)).await.unwrap();
            assert_eq!((report.counts[0].seen, report.counts[0].paired), (1, 0));
            assert!(store.verify(None).await.unwrap().is_sound());
        }
    }
}

/// Everything that must not depend on the order of arrival. A document that nobody speaks of any more is the same as one
/// that was never there: whether its number is kept as a stub depends on whether it was seen in between.
const STATE: &[&str] = &[
    "SELECT id, role, status, party, currency, gross, effective_on FROM document \
     WHERE role <> 2",
    "SELECT record, hash, version, observed_at FROM record_version",
    "SELECT record, hash, version, outcome, documents FROM record_head",
    "SELECT book, currency, account, party, ordered, amount FROM balance WHERE amount <> 0",
    "SELECT evidence, booked FROM pairing",
    "SELECT payment, amount FROM unplaced",
    "SELECT subject, id, open, due_on FROM open_item",
    "SELECT subject, source, item, amount, rung FROM allocation",
    "SELECT subject, payment, amount FROM leftover",
    "SELECT subject, payment, item, amount, points FROM proposal",
];

fn history() -> Vec<Page> {
    let ship = |version: &str, units: i64| {
        Page::of("outstock", 1).facts("1", version, &[shipment("S1", "C1", "2026-01-05", units)])
    };
    let moved = shipment("S1", "C2", "2026-01-06", 80);
    vec![
        Page::of("customer", 1).facts("1", "v1", &[customer("C1", "远航")]),
        Page::of("customer", 1).facts("2", "v1", &[customer("C2", "中芯")]),
        ship("v1", 100),
        ship("v2", 90),
        Page::of("outstock", 1).facts("1", "v3", &[moved]),
        Page::of("outstock", 1).facts("2", "v1", &[shipment("S2", "C1", "2026-01-07", 40)]),
        Page::of("outstock", 1).facts("2", "v2", &[]),
        Page::of("receivable", 1).facts("1", "v1", &[invoice("AR1", "C2", "2026-01-10", 80)]),
        Page::of("receipt", 1).facts("1", "v1", &[receipt("R1", Some("C2"), "2026-02-10", 80)]),
        Page::of("receipt", 1).facts("2", "v1", &[receipt("R2", None, "2026-02-11", 33)]),
        Page::of_bank(1).facts("L1", "v1", &[bank_line("B1", "中芯", "2026-02-09", 80)]),
        Page::of_bank(1).facts("L2", "v1", &[bank_line("B2", "某人", "2026-02-09", 12)]),
    ]
}

async fn state_after(database: &TestDatabase, pages: &[Page], settle_each: bool) -> Vec<Vec<String>> {
    let store = open(database).await;
    for page in pages {
        page.apply(&store).await;
        if settle_each {
            settle(&store).await;
        }
    }
    settle(&store).await;
    let report = store.verify(None).await.unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
    let mut state = Vec::new();
    for sql in STATE {
        state.push(dump(&store, sql).await);
    }
    state
}

/// Seeds of the shuffles; each is another order of arrival.
const SEEDS: u64 = 6;

#[tokio::test]
async fn any_order_of_arrival_ends_in_the_same_state() {
    let straight = databases().await;
    let mut expected = Vec::new();
    for database in &straight {
        expected.push(state_after(database, &history(), true).await);
    }
    for seed in 1..=SEEDS {
        let mut pages = history();
        pages.extend(history().into_iter().step_by(3));
        shuffle(&mut pages, seed);
        for (database, expected) in databases().await.iter().zip(&expected) {
            let state = state_after(database, &pages, seed % 2 == 0).await;
            for ((sql, found), expected) in STATE.iter().zip(&state).zip(expected) {
                assert_eq!(found, expected, "seed {seed} on {}: {sql}", database.url);
            }
        }
    }
}

/// Fisher–Yates on a linear congruential generator: the same order for the same seed everywhere.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed;
    for index in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(index, (state >> 33) as usize % (index + 1));
    }
}

async fn three_batches(database: &TestDatabase) -> Store {
    let store = open(database).await;
    for (number, amount) in [("1", 100), ("2", 50), ("3", 25)] {
        let page = Page::of("outstock", 1);
        page.facts(number, "v1", &[shipment(number, "C1", "2026-01-05", amount)]).apply(&store).await;
    }
    let report = store.verify(None).await.unwrap();
    assert!(report.is_sound() && report.batches == 3 && report.transfers == 3, "{report:?}");
    store
}

#[tokio::test]
async fn verify_finds_what_was_changed_removed_inserted_or_cut_off() {
    let tampers: &[(&str, &str)] = &[
        ("UPDATE transfer SET amount = amount + 1 WHERE batch = 2", "transfer 0: it was changed; posted by shipment 2"),
        ("UPDATE transfer SET reversal = 1 WHERE batch = 2", "batch 2, transfer 0: it was changed"),
        ("DELETE FROM transfer WHERE batch = 2", "batch 2 does not hash"),
        (
            "INSERT INTO transfer SELECT batch, seq + 1, cause, book, currency, effective_on, posted_on, debit, \
             debit_party, debit_order, credit, credit_party, credit_order, amount, reversal, hash FROM transfer \
             WHERE batch = 2",
            "batch 2 does not hash",
        ),
        ("DELETE FROM batch WHERE number = 2", "batch is missing"),
        ("UPDATE batch SET recorded_at = recorded_at + 1 WHERE number = 1", "batch 1 does not hash"),
        ("UPDATE balance SET amount = amount + 1", "differs from the journal"),
        ("UPDATE flow SET amount = 0", "differs from the journal"),
        ("UPDATE document SET role = 2", "the journal differs from the document"),
    ];
    for (sql, finding) in tampers {
        for database in databases().await {
            let store = three_batches(&database).await;
            tamper(&store, sql, Vec::new()).await;
            let findings = store.verify(None).await.unwrap().findings;
            assert!(findings.iter().any(|found| found.contains(finding)), "{sql}: {findings:?}");
        }
    }
}

#[tokio::test]
async fn an_anchor_proves_that_the_tail_was_not_cut_and_hashed_again() {
    for database in databases().await {
        let store = three_batches(&database).await;
        let anchor = Anchor::parse(&store.verify(None).await.unwrap().anchor).unwrap();
        assert!(store.verify(Some(anchor)).await.unwrap().is_sound());
        let forged = Anchor { hash: crate::domain::Hash::ZERO, ..anchor };
        assert!(!store.verify(Some(forged)).await.unwrap().is_sound());
        tamper(&store, "UPDATE chain_head SET number = 2, hash = (SELECT hash FROM batch WHERE number = 2)", vec![])
            .await;
        tamper(&store, "DELETE FROM batch WHERE number = 3", vec![]).await;
        let findings = store.verify(Some(anchor)).await.unwrap().findings;
        assert!(findings.iter().any(|found| found.contains("its tail was cut")), "{findings:?}");
    }
}

#[tokio::test]
async fn goods_that_are_billed_and_paid_leave_nothing_open_and_tell_why() {
    for database in databases().await {
        let store = open(&database).await;
        let mut billed = invoice("AR1", "C1", "2026-01-10", 100);
        let line = [
            ("line_no".into(), Value::text("1")),
            ("shipment_no".into(), super::company::reference(FactKind::Shipment, "S1")),
            ("gross".into(), Value::Amount(units(100))),
        ];
        billed.lines.push(crate::domain::Line { key: "1".into(), fields: line.into_iter().collect() });
        Page::of("outstock", 1).facts("1", "v1", &[shipment("S1", "C1", "2026-01-05", 100)]).apply(&store).await;
        Page::of("receivable", 1).facts("1", "v1", &[billed]).apply(&store).await;
        settle(&store).await;
        let before = totals(&store).await;
        assert_eq!((before.shipped, before.invoiced, before.open), (units(100), units(100), units(100)));
        assert_eq!(before.overdue, units(100), "{before:?}");
        Page::of("receipt", 1).facts("1", "v1", &[receipt("R1", Some("C1"), "2026-02-10", 100)]).apply(&store).await;
        settle(&store).await;
        let after = totals(&store).await;
        assert_eq!(
            (after.received, after.open, after.overdue, after.unapplied),
            (units(100), units(0), units(0), units(0))
        );
        let claim = &store.document(None, Some(FactKind::Invoice), "AR1").await.unwrap()[0];
        assert_eq!((&*claim.allocations[0].from_number, claim.allocations[0].amount), ("R1", units(100)));
        assert!(store.aging(None, &|_| date("2026-06-30")).await.unwrap().is_empty());
        let seen = store.order_loop(None, "SO26010001").await.unwrap();
        assert!(seen.is_empty(), "the order itself was never seen");
        let void = with(receipt("R1", Some("C1"), "2026-02-10", 100), "status", Value::text("void"));
        Page::of("receipt", 2).facts("1", "v2", &[void]).apply(&store).await;
        settle(&store).await;
        assert_eq!(totals(&store).await.open, units(100), "a payment that was taken back opens the invoice again");
        let aging = store.aging(Some(BOOK), &|_| date("2026-02-20")).await.unwrap();
        assert_eq!((aging[0].open, aging[0].aging.days_1_to_30), (units(100), units(100)), "{aging:?}");
        assert!(store.verify(None).await.unwrap().is_sound());
    }
}

#[tokio::test]
async fn two_writers_of_the_same_documents_lose_nothing() {
    for database in databases().await {
        let store = open(&database).await;
        let page = |stream: &str, round: i64| {
            let mut page = Page::of(stream, round);
            for number in 0..20_i64 {
                let fact = shipment(&format!("S{number}"), "C1", "2026-01-05", 100 + round);
                let fact = with(fact, if stream == "erp" { "salesperson" } else { "waybill" }, Value::text("x"));
                page = page.facts(&number.to_string(), &format!("v{round}"), &[fact]);
            }
            page
        };
        for round in 1..=5 {
            let (one, other) = (page("erp", round), page("wms", round));
            tokio::join!(one.apply(&store), other.apply(&store), settle(&store));
        }
        settle(&store).await;
        assert_eq!(totals(&store).await.shipped, units(20 * 105));
        let seen = &store.document(None, Some(FactKind::Shipment), "S7").await.unwrap()[0];
        assert_eq!(seen.sources.len(), 2);
        assert!(seen.document.fields.text("salesperson").is_some() && seen.document.fields.text("waybill").is_some());
        assert!(store.verify(None).await.unwrap().is_sound());
    }
}

#[tokio::test]
async fn a_lease_has_one_holder_and_its_fence_grows() {
    for database in databases().await {
        let store = open(&database).await;
        let first = store.acquire_lease("erp", "a", 1_000).await.unwrap();
        assert_eq!(first, Some(Fence(1)));
        assert_eq!(store.acquire_lease("erp", "b", 1_000).await.unwrap(), None);
        assert_eq!(store.acquire_lease("erp", "a", 1_000).await.unwrap(), first, "the holder keeps its fence");
        store.renew_lease("erp", Fence(1), 1_000).await.unwrap();
        store.release_lease("erp", Fence(1)).await.unwrap();
        assert_eq!(store.acquire_lease("erp", "b", 1_000).await.unwrap(), Some(Fence(2)));
        let late = store.renew_lease("erp", Fence(1), 1_000).await;
        assert!(matches!(late, Err(StoreError::LeaseLost { .. })), "who slept past the end is told");
        store.release_lease("erp", Fence(1)).await.unwrap();
        assert_eq!(store.acquire_lease("erp", "a", 1_000).await.unwrap(), None, "an old fence releases nothing");
    }
}

#[tokio::test]
async fn an_order_shows_its_loop_and_a_customer_what_is_open() {
    for database in databases().await {
        let store = open(&database).await;
        let order = super::company::fact(
            FactKind::Order,
            "SO26010001",
            vec![
                ("customer", super::company::reference(FactKind::Party, "C1")),
                ("currency", Value::Currency(Currency::CNY)),
                ("ordered_on", Value::Date(date("2026-01-02"))),
                ("status", Value::text("active")),
            ],
        );
        Page::of("customer", 1).facts("1", "v1", &[customer("C1", "远航")]).apply(&store).await;
        Page::of("order", 1).facts("1", "v1", &[order]).apply(&store).await;
        Page::of("outstock", 1).facts("1", "v1", &[shipment("S1", "C1", "2026-01-05", 100)]).apply(&store).await;
        settle(&store).await;
        let seen = store.order_loop(None, "SO26010001").await.unwrap();
        assert_eq!(seen[0].shipments.len(), 1);
        let party = &store.party(Some(BOOK), "C1").await.unwrap()[0];
        assert_eq!(party.balances.iter().map(|(_, _, amount)| *amount).collect::<Vec<_>>(), [units(100)]);
        assert_eq!((&*party.positions[0].code, &*party.positions[0].name), ("C1", "远航"));
    }
}
