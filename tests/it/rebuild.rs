//! The ledger made again from its raw records: equal for a whole simulated company, and what was changed is named.

use sqlx::Connection as _;

use super::office::Office;
use super::program::{on, run};

const CUSTOMERS: usize = 12;
const MONTHS: u32 = 2;

/// Changes the database behind the program's back.
fn tamper(folder: &std::path::Path, sql: &'static str) {
    let url = format!("sqlite:{}", folder.join("bihuan.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let done = sqlx::query(sql).execute(&mut connection).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "{sql}");
        connection.close().await.unwrap();
    });
}

#[test]
fn a_company_made_again_from_its_raw_records_is_the_same_and_a_changed_document_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(CUSTOMERS, MONTHS);
    run(&mut office.demo(folder.path())).expect_code(0);

    let (one, other) = ("CUST0001", "CUST0002");
    on(folder.path(), &["party", "link", one, other, "--by", "lin"]).expect_code(0);
    let linked = on(folder.path(), &["party", "why", one, "--json"]).json();
    assert_eq!(linked["customer"].as_array().unwrap().len(), 2, "{linked}");

    let equal = on(folder.path(), &["ledger", "rebuild", "--check", "--json"]).json();
    assert_eq!(equal["differences"], 0);
    assert!(equal["documents"].as_u64().unwrap() > 500, "{equal}");
    assert!(equal["balances"].as_u64().unwrap() > 200, "{equal}");
    let left = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with("rebuild-")).collect();
    assert!(left.is_empty(), "{left:?}");

    tamper(
        folder.path(),
        "UPDATE document SET gross = gross + 10000 WHERE id = \
         (SELECT id FROM document WHERE kind = 'shipment' AND role = 0 AND gross IS NOT NULL ORDER BY number LIMIT 1)",
    );
    let found = on(folder.path(), &["ledger", "rebuild", "--check"]).expect_code(3);
    assert_eq!(found.stderr.matches("单据 document shipment").count(), 1, "{found:?}");
    assert!(found.stderr.contains("gross 存 stored"), "{found:?}");
}
