//! The engine's five verbs behave alike on both engines.

use std::time::Duration;

use super::company::open_url;
use super::database::databases;
use crate::store::StoreError;
use crate::store::engine::{Cell, CellType, Engine, OnConflict, Table};

const LEASE: Table = Table {
    name: "lease",
    columns: &[
        ("name", CellType::Text),
        ("holder", CellType::Text),
        ("fence", CellType::Int),
        ("until", CellType::Int),
    ],
    key: &["name"],
    on_conflict: OnConflict::Update,
};
const KEY: Table = Table {
    name: "data_key",
    columns: &[
        ("id", CellType::Bytes),
        ("secret", CellType::Bytes),
        ("created_at", CellType::Int),
        ("erased_at", CellType::Int),
    ],
    key: &["id"],
    on_conflict: OnConflict::Nothing,
};

fn lease(name: &str, fence: i64) -> Vec<Cell> {
    vec![name.into(), "h".into(), fence.into(), 0_i64.into()]
}

#[tokio::test]
async fn rows_go_in_and_come_out_with_nulls_and_by_many_keys() {
    for database in databases().await {
        let engine = Engine::open(&database.url).await.unwrap();
        let mut tx = engine.begin().await.unwrap();
        let keys: Vec<Vec<u8>> = (0..1_300_u32).map(|number| number.to_be_bytes().to_vec()).collect();
        let rows = keys.iter().map(|key| vec![key.clone().into(), Cell::Null, 7_i64.into(), Cell::Null]).collect();
        tx.upsert_many(&KEY, rows).await.unwrap();
        let found = tx
            .fetch_in(
                "SELECT id, secret, created_at FROM data_key WHERE id {keys} AND created_at = $1",
                &keys,
                vec![7_i64.into()],
            )
            .await
            .unwrap();
        assert_eq!(found.len(), keys.len(), "{}", database.url);
        assert!(found[0].is_null(1));
        let touched = tx
            .execute_in("UPDATE data_key SET secret = $1 WHERE id {keys}", &keys[..3].to_vec(), vec![Cell::Null])
            .await
            .unwrap();
        assert_eq!(touched, 3);
        tx.execute(
            "UPDATE data_key SET erased_at = $1, secret = $2 WHERE id = $3",
            vec![Cell::Null, vec![1_u8, 2].into(), keys[0].clone().into()],
        )
        .await
        .unwrap();
        let names = vec!["b".to_owned(), "a".to_owned()];
        tx.upsert_many(&LEASE, vec![lease("a", 1), lease("b", 2), lease("a", 3)]).await.unwrap();
        let mut leases: Vec<(String, i64)> = tx
            .fetch_in("SELECT name, fence FROM lease WHERE name {keys}", &names, Vec::new())
            .await
            .unwrap()
            .iter()
            .map(|row| (row.text(0).unwrap().to_owned(), row.int(1).unwrap()))
            .collect();
        leases.sort();
        assert_eq!(leases, [("a".to_owned(), 3), ("b".to_owned(), 2)], "the last of equal keys wins");
        tx.commit().await.unwrap();
        let mut reader = engine.read().await.unwrap();
        let row = reader.fetch_one("SELECT COUNT(*) FROM data_key", Vec::new()).await.unwrap().unwrap();
        assert_eq!(row.int(0).unwrap(), 1_300);
        assert!(row.text(0).is_err(), "a wrong type is an error, never a guess");
    }
}

#[tokio::test]
async fn a_dropped_transaction_leaves_nothing() {
    for database in databases().await {
        let engine = Engine::open(&database.url).await.unwrap();
        let mut tx = engine.begin().await.unwrap();
        tx.upsert_many(&LEASE, vec![lease("a", 1)]).await.unwrap();
        drop(tx);
        let mut reader = engine.read().await.unwrap();
        assert!(reader.fetch("SELECT name FROM lease", Vec::new()).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn opening_again_changes_nothing_and_a_newer_schema_is_refused() {
    for database in databases().await {
        let engine = Engine::open(&database.url).await.unwrap();
        engine.close().await;
        let engine = Engine::open(&database.url).await.unwrap();
        let mut tx = engine.begin().await.unwrap();
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                     SELECT 9999, 'later', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
        tx.execute(newer, Vec::new()).await.unwrap();
        tx.commit().await.unwrap();
        engine.close().await;
        let refused = Engine::open(&database.url).await.unwrap_err();
        assert!(matches!(refused, StoreError::NewerSchema { found: 9999, .. }), "{refused:?}");
    }
}

/// Every command that reads opens the store beside a daemon that writes.
#[tokio::test]
async fn a_store_opens_while_another_process_is_in_the_middle_of_writing() {
    for database in databases().await {
        open_url(&database.url).await.close().await;
        let engine = Engine::open(&database.url).await.unwrap();
        let mut writing = engine.begin().await.unwrap();
        writing.execute("UPDATE data_key SET created_at = created_at + 1", Vec::new()).await.unwrap();
        let opened = tokio::time::timeout(Duration::from_secs(20), open_url(&database.url)).await;
        assert!(opened.is_ok(), "{}: waits for the writer", database.url);
    }
}
