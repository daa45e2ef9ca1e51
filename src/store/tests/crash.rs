//! The process is killed at every fail point of the store; what it had not committed is gone, what it had is whole, and a
//! second run ends where an undisturbed one ends.

use std::process::Command;

use super::company::{Page, bank_line, dump, open_url, receipt, settle, shipment, totals};
use super::database::databases;
use crate::failpoint::{FAILPOINTS, VARIABLE};

const DATABASE: &str = "BIHUAN_TEST_CRASH_DATABASE";
/// The fail points that the store itself visits.
const OWN: &[&str] = &["apply:", "pair:", "settle:"];
/// Each place is visited several times in a run; a crash at a later visit leaves earlier work behind.
const VISITS: &[u32] = &[1, 2];

async fn run(url: &str) {
    let store = open_url(url).await;
    let pages = [
        Page::of("outstock", 1).facts("1", "v1", &[shipment("S1", "C1", "2026-01-05", 100)]),
        Page::of_bank(1).facts("L1", "v1", &[bank_line("B1", "远航", "2026-01-09", 60)]),
        Page::of("receipt", 1).facts("1", "v1", &[receipt("R1", Some("C1"), "2026-01-10", 60)]),
    ];
    for page in pages {
        page.apply(&store).await;
        settle(&store).await;
    }
    store.close().await;
}

/// The process that is killed: the test below starts it with an address; without one it has nothing to do.
#[tokio::test]
async fn child() {
    if let Ok(url) = std::env::var(DATABASE) {
        run(&url).await;
    }
}

const STATE: &[&str] = &[
    "SELECT cause, debit, credit, amount, reversal FROM transfer",
    "SELECT record, hash FROM record_version",
    "SELECT source, item, amount FROM allocation",
    "SELECT evidence, booked FROM pairing",
];

#[tokio::test]
async fn a_crash_anywhere_loses_nothing_and_repeats_nothing() {
    let undisturbed = databases().await;
    let mut expected = Vec::new();
    run(&undisturbed[0].url).await;
    let store = open_url(&undisturbed[0].url).await;
    for sql in STATE {
        expected.push(dump(&store, sql).await);
    }
    let places = FAILPOINTS.iter().filter(|name| OWN.iter().any(|own| name.starts_with(own)));
    for (place, visit) in places.flat_map(|place| VISITS.iter().map(move |visit| (place, visit))) {
        for database in databases().await {
            let program = std::env::current_exe().unwrap();
            let killed = Command::new(program)
                .args(["--exact", "store::tests::crash::child"])
                .env(DATABASE, &database.url)
                .env(VARIABLE, format!("{place}:{visit}"))
                .output()
                .unwrap();
            assert!(!killed.status.success(), "{place}:{visit} was never reached");
            run(&database.url).await;
            let store = open_url(&database.url).await;
            for (sql, expected) in STATE.iter().zip(&expected) {
                assert_eq!(&dump(&store, sql).await, expected, "{place}:{visit} on {}: {sql}", database.url);
            }
            assert!(store.verify(None).await.unwrap().is_sound());
            assert!(totals(&store).await.is_consistent());
        }
    }
}
