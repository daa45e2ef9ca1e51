//! Answers to "why", and to who is one customer, take as long in a database of a million facts as in a small one: no statement on their way reads
//! through a table that grows with what comes in.

use super::{allocations, balance, entry, identity, lookup, nearby, order_loop, parties, provenance};
use crate::domain::Id;
use crate::store::journal::keys;
use crate::store::reminders;
use crate::store::tests::company::open;
use crate::store::tests::database::databases;

const STATEMENTS: &[&str] = &[
    lookup::BY_NUMBER,
    lookup::JOURNAL,
    lookup::ITEMS_OF,
    lookup::PAIRED,
    lookup::NAMING,
    lookup::SUBJECTS_OF,
    provenance::SOURCES,
    provenance::VERSIONS,
    provenance::TEXTS,
    provenance::SEGMENTS,
    allocations::BY_ITEM,
    allocations::BY_SOURCE,
    allocations::BY_SUBJECT,
    entry::ROW,
    entry::OF_CAUSE,
    parties::BY_CODE,
    parties::BY_NAME,
    identity::SHARED_BY,
    identity::WHO_SHARES,
    balance::OF_PARTY,
    balance::NAMING,
    balance::SUBJECTS,
    balance::OF_CAUSES,
    order_loop::MAPPINGS,
    nearby::NEAR,
    reminders::ABOUT,
];

/// As many as a company has sources.
const SMALL_TABLES: [&str; 1] = ["SCAN s"];

#[tokio::test]
async fn every_statement_behind_why_and_order_finds_its_rows_by_an_index() {
    let database = databases().await.remove(0);
    let store = open(&database).await;
    let mut tx = store.engine.read().await.unwrap();
    for sql in STATEMENTS {
        let explained: &'static str = format!("EXPLAIN QUERY PLAN {sql}").leak();
        let key = keys(&[Id([1; 16])]);
        let rows = if sql.contains("{keys}") {
            tx.fetch_in(explained, &key, Vec::new()).await.unwrap()
        } else {
            let count = (1..=9).filter(|number| sql.contains(&format!("${number}"))).count();
            tx.fetch(explained, vec![key[0].clone().into(); count]).await.unwrap()
        };
        let steps: Vec<&str> = rows.iter().map(|row| row.text(3).unwrap()).collect();
        let reads_through = steps.iter().any(|step| step.starts_with("SCAN") && !SMALL_TABLES.contains(step));
        assert!(!steps.is_empty() && !reads_through, "{sql}: {steps:?}");
    }
}
