//! SQLite: the embedded default.
//!
//! One writer connection, because SQLite has one writer anyway and a queue in the pool is fairer than `SQLITE_BUSY`;
//! readers have their own connections and see a snapshot (WAL). `synchronous = FULL`: with NORMAL a power cut may take
//! back the last commits, and a delivery that was committed as `sending` and then forgotten would be sent twice. One
//! fsync a batch is cheap.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, Row as _, SqlStr, TypeInfo as _, ValueRef as _};

use super::{Cell, KEYS, Keys, Row, Table};
use crate::store::error::{Result, StoreError};

/// Another process (the command line beside the daemon) may hold the write lock for one batch; a batch takes seconds at most.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// Reading pages and commands at the same time; more gain nothing on one file.
const READERS: u32 = 4;
/// Rows of one INSERT: a power of two, so that a remainder is cut into few distinct statement texts that stay prepared.
const ROWS_PER_INSERT: usize = 512;
/// Keys of one IN list; shorter lists are padded to a power of two by repeating a key.
const KEYS_PER_LIST: usize = 512;
/// SQLite refuses more bound values in one statement.
const MAX_BINDS: usize = 32_766;
/// Prepared statements kept a connection: ten sizes of some twenty upserts and lists.
const STATEMENTS: usize = 400;

pub type Transaction = sqlx::Transaction<'static, sqlx::Sqlite>;

#[derive(Debug, Clone)]
pub struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Sqlite {
    pub async fn open(path: &Path) -> Result<Self> {
        #[cfg(test)]
        if path == Path::new(":memory:") {
            return Self::in_memory().await;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .statement_cache_capacity(STATEMENTS);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(BUSY_TIMEOUT)
            .connect_with(options.clone())
            .await
            .map_err(StoreError::Unreachable)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(BUSY_TIMEOUT)
            .connect_lazy_with(options.read_only(true).create_if_missing(false));
        Ok(Self { writer, readers })
    }

    /// In memory, for tests: a database of its own that lives in one connection, which is never given back. Whoever holds
    /// a transaction must end it before the next one begins, also to read.
    #[cfg(test)]
    pub async fn in_memory() -> Result<Self> {
        let options = SqliteConnectOptions::new().in_memory(true).statement_cache_capacity(STATEMENTS);
        let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let writer = pool.connect_with(options).await.map_err(StoreError::Unreachable)?;
        Ok(Self { readers: writer.clone(), writer })
    }

    pub fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    /// IMMEDIATE takes the write lock at once: a transaction that began as a reader could not be upgraded after another commit.
    pub async fn begin(&self) -> Result<Transaction> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(StoreError::Transaction)
    }

    pub async fn read(&self) -> Result<Transaction> {
        self.readers.begin().await.map_err(StoreError::Transaction)
    }

    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    pub async fn backup(&self, path: &Path) -> Result<()> {
        let shown = path.display().to_string();
        let sql = "VACUUM INTO $1";
        sqlx::query(sql)
            .bind(shown)
            .execute(&self.writer)
            .await
            .map(drop)
            .map_err(|source| StoreError::Statement { sql: sql.to_owned(), source })
    }
}

type Query = sqlx::query::Query<'static, sqlx::Sqlite, SqliteArguments>;

fn bind(mut query: Query, cells: impl IntoIterator<Item = Cell>) -> Query {
    for cell in cells {
        query = match cell {
            Cell::Null => query.bind(None::<i64>),
            Cell::Int(value) => query.bind(value),
            Cell::Text(value) => query.bind(value),
            Cell::Bytes(value) => query.bind(value),
        };
    }
    query
}

/// Asked for at every column of every row: nothing is done unless it failed.
fn failed(sql: &str) -> impl FnOnce(sqlx::Error) -> StoreError {
    // The head of a long statement says which it was.
    move |source| StoreError::Statement { sql: sql.chars().take(200).collect(), source }
}

pub async fn execute(tx: &mut Transaction, sql: std::borrow::Cow<'static, str>, args: Vec<Cell>) -> Result<u64> {
    let query = bind(sqlx::query(AssertSqlSafe(sql.clone())), args);
    let done = query.execute(&mut **tx).await.map_err(failed(&sql))?;
    Ok(done.rows_affected())
}

pub async fn fetch(
    tx: &mut Transaction,
    origin: &'static str,
    sql: std::borrow::Cow<'static, str>,
    args: Vec<Cell>,
) -> Result<Vec<Row>> {
    let query = bind(sqlx::query(AssertSqlSafe(sql.clone())), args);
    let rows = query.fetch_all(&mut **tx).await.map_err(failed(&sql))?;
    rows.iter().map(|row| read_row(origin, row)).collect()
}

fn read_row(sql: &'static str, row: &SqliteRow) -> Result<Row> {
    let mut cells = Vec::with_capacity(row.len());
    for column in 0..row.len() {
        let raw = row.try_get_raw(column).map_err(failed(sql))?;
        let kind = if raw.is_null() { "NULL".to_owned() } else { raw.type_info().name().to_owned() };
        cells.push(match kind.as_str() {
            "NULL" => Cell::Null,
            "INTEGER" => Cell::Int(row.try_get(column).map_err(failed(sql))?),
            "TEXT" => Cell::Text(row.try_get(column).map_err(failed(sql))?),
            "BLOB" => Cell::Bytes(row.try_get(column).map_err(failed(sql))?),
            _ => return Err(StoreError::Column { sql, column, wanted: "an integer, a text or bytes" }),
        });
    }
    Ok(Row::new(sql, cells))
}

/// The statement and arguments of one chunk of keys.
fn with_keys(sql: &str, keys: Vec<Cell>, args: &[Cell]) -> (String, Vec<Cell>) {
    let size = keys.len().next_power_of_two();
    let mut arguments = args.to_vec();
    let mut list = String::with_capacity(size * 6 + 8);
    list.push_str("IN (");
    let padding = keys.last().cloned();
    for (index, key) in keys.into_iter().chain(std::iter::repeat_n(padding, size).flatten()).take(size).enumerate() {
        if index > 0 {
            list.push(',');
        }
        arguments.push(key);
        list.push('$');
        list.push_str(&arguments.len().to_string());
    }
    list.push(')');
    (sql.replace(KEYS, &list), arguments)
}

fn chunks(keys: Keys<'_>) -> Vec<Vec<Cell>> {
    match keys {
        Keys::Bytes(keys) => {
            keys.chunks(KEYS_PER_LIST).map(|chunk| chunk.iter().cloned().map(Cell::Bytes).collect()).collect()
        }
        Keys::Text(keys) => {
            keys.chunks(KEYS_PER_LIST).map(|chunk| chunk.iter().cloned().map(Cell::Text).collect()).collect()
        }
    }
}

pub async fn fetch_in(tx: &mut Transaction, sql: &'static str, keys: Keys<'_>, args: &[Cell]) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for chunk in chunks(keys) {
        let (statement, arguments) = with_keys(sql, chunk, args);
        rows.append(&mut fetch(tx, sql, statement.into(), arguments).await?);
    }
    Ok(rows)
}

pub async fn execute_in(tx: &mut Transaction, sql: &'static str, keys: Keys<'_>, args: &[Cell]) -> Result<u64> {
    let mut touched = 0;
    for chunk in chunks(keys) {
        let (statement, arguments) = with_keys(sql, chunk, args);
        touched += execute(tx, statement.into(), arguments).await?;
    }
    Ok(touched)
}

pub async fn upsert_many(tx: &mut Transaction, table: &Table, rows: Vec<Vec<Cell>>) -> Result<()> {
    let most = ROWS_PER_INSERT.min(prev_power_of_two(MAX_BINDS / table.columns.len().max(1)));
    let mut left = rows.len();
    let mut rows = rows.into_iter();
    while left > 0 {
        let size = prev_power_of_two(left).min(most);
        let sql: SqlStr = sqlx::SqlSafeStr::into_sql_str(AssertSqlSafe(insert_sql(table, size)));
        let query = bind(sqlx::query(sql), rows.by_ref().take(size).flatten());
        query.execute(&mut **tx).await.map_err(failed(table.name))?;
        left -= size;
    }
    Ok(())
}

fn prev_power_of_two(number: usize) -> usize {
    if number == 0 { 1 } else { 1 << number.ilog2() }
}

fn insert_sql(table: &Table, rows: usize) -> String {
    let one = format!("({})", vec!["?"; table.columns.len()].join(","));
    let values = vec![one.as_str(); rows].join(",");
    format!("INSERT INTO {} ({}) VALUES {values}{}", table.name, table.column_list(), table.conflict_clause())
}
