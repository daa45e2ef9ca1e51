//! Our balances beside the ERP's list: who differs, and what of our own knowledge explains it.

use super::company::{BOOK, Page, bank_line, customer, invoice, open, receipt, settle, shipment, with};
use super::database::databases;
use crate::domain::{Amount, Currency, Problem, Value};
use crate::ledger::reconcile::{BalanceBasis, Listed};
use crate::store::{Outcome, Reconciliation, Store};

fn listed(code: &str, units: i64) -> Listed {
    Listed {
        code: code.into(),
        name: format!("{code}有限公司").into(),
        currency: Currency::CNY,
        balance: Amount::units(units),
    }
}

/// Eight customers, each with its own trouble.
async fn trade(store: &Store) {
    let names = ["C1", "C2", "C3", "C4", "C6", "C7", "C8"];
    let mut page = Page::of("erp", 1);
    for name in names {
        page = page.facts(name, "v1", &[customer(name, &format!("{name}有限公司"))]);
    }
    let draft = with(shipment("XS3B", "C3", "2026-02-02", 80), "status", Value::text("draft"));
    let facts = [
        shipment("XS1", "C1", "2026-02-01", 100),
        shipment("XS2", "C2", "2026-02-01", 200),
        shipment("XS3", "C3", "2026-02-01", 300),
        draft,
        shipment("XS4", "C4", "2026-02-01", 100),
        shipment("XS6", "C6", "2026-02-01", 100),
        invoice("AR6", "C6", "2026-02-05", 60),
        shipment("XS7", "C7", "2026-02-01", 100),
        shipment("XS8", "C8", "2026-02-01", 100),
        shipment("XS8B", "C8", "2026-02-03", 7),
        // Finance does not know whose it is.
        receipt("SK1", None, "2026-03-01", 50),
    ];
    page = page.facts("all", "v1", &facts);
    let problem = Problem { field: "customer".into(), value: "C5".into(), reason: "unknown".into(), at: None };
    page.record("XSCKD5", Some("v1"), Outcome::Quarantined(problem)).apply(store).await;
    // The warehouse saw a delivery that nobody booked, the bank money that nobody booked.
    let mut seen = Page::of_bank(1);
    seen = seen.facts("delivery", "v1", &[shipment("CK7", "C7", "2026-02-02", 30)]);
    seen.facts("line", "v1", &[bank_line("B1", "某公司", "2026-03-02", 41)]).apply(store).await;
    settle(store).await;
}

/// `code difference: cause about, …` a row.
fn rows(found: &Reconciliation) -> Vec<String> {
    let row = |found: &crate::store::Reconciled| {
        let causes: Vec<String> =
            found.causes.iter().map(|cause| format!("{} {}", cause.kind.name(), cause.about)).collect();
        let difference = found.compared.difference.plain(found.compared.currency);
        format!("{} {difference}: {}", found.compared.code, causes.join(", "))
    };
    found.different.iter().map(row).collect()
}

#[tokio::test]
async fn who_differs_is_listed_with_what_would_explain_it_to_the_last_digit() {
    for database in databases().await {
        let store = open(&database).await;
        trade(&store).await;
        assert_eq!(store.books().await.unwrap(), vec![Box::<str>::from(BOOK)]);
        let theirs = [
            listed("C1", 100),
            listed("C2", 150),
            listed("C3", 380),
            Listed { name: "C4有限公司".into(), ..listed("K4", 100) },
            listed("C5", 500),
            listed("C6", 60),
            listed("C7", 130),
            listed("C8", 100),
        ];
        let found = store.reconcile(BOOK, &theirs, BalanceBasis::Open).await.unwrap();
        let expected = [
            "C5 -500.00: unknown_here C5, quarantine XSCKD5",
            "C4 100.00: other_code K4, only_here shipment XS4, unknown_there C4",
            "K4 -100.00: other_code C4, unknown_here K4",
            "C3 -80.00: draft shipment XS3B",
            "C2 50.00: unidentified_money SK1",
            "C6 40.00: other_basis billed",
            "C7 -30.00: not_booked_here shipment CK7",
            "C8 7.00: only_here shipment XS8B",
        ];
        assert_eq!(rows(&found), expected, "{}", database.url);
        assert_eq!(found.compared, 9);
        // By claims only, C6 is equal and everybody else's goods are missing.
        assert_eq!(found.by_basis[0], (BalanceBasis::Open, 8));
        let by_claims = store.reconcile(BOOK, &theirs[5..6], BalanceBasis::Billed).await.unwrap();
        assert!(rows(&by_claims).is_empty(), "{:?}", rows(&by_claims));
    }
}

#[tokio::test]
async fn our_own_balances_as_a_list_differ_in_nothing() {
    for database in databases().await {
        let store = open(&database).await;
        trade(&store).await;
        let aging = store.aging(Some(BOOK), &|_| super::company::date("2026-06-30")).await.unwrap();
        let ours: Vec<Listed> = aging
            .iter()
            .map(|row| Listed {
                code: row.code.clone(),
                name: row.name.clone(),
                currency: row.subject.currency,
                balance: row.open,
            })
            .collect();
        assert_eq!(ours.len(), 7);
        let found = store.reconcile(BOOK, &ours, BalanceBasis::Open).await.unwrap();
        assert!(found.different.is_empty(), "{:?}", rows(&found));
    }
}
