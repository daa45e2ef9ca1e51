//! PostgreSQL: production.
//!
//! READ COMMITTED with explicit row locks: what a transaction bases a decision on, it locks first, in the order of keys.
//! Many rows travel as one array a column (`UNNEST`), measured quicker than COPY into a staging table plus merge.

use std::borrow::Cow;
use std::time::Duration;

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgListener, PgPool, PgPoolOptions, PgRow, PgTypeInfo};
use sqlx::{AssertSqlSafe, Row as _, TypeInfo as _, ValueRef as _};

use super::{Cell, CellType, KEYS, Keys, Row, Table};
use crate::store::error::{Result, StoreError};

/// One pull, settle, relay, notify and a few pages at a time; a hundred is the server's default for everybody.
const CONNECTIONS: u32 = 12;
/// Name of the NOTIFY channel.
const CHANNEL: &str = "bihuan_changes";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Rows of one UNNEST; beyond some thousand nothing is gained and memory is.
const ROWS_PER_INSERT: usize = 5_000;

pub type Transaction = sqlx::Transaction<'static, sqlx::Postgres>;

#[derive(Debug, Clone)]
pub struct Postgres {
    pool: PgPool,
}

impl Postgres {
    pub async fn open(url: &str) -> Result<Self> {
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(CONNECT_TIMEOUT)
            .connect(url)
            .await
            .map_err(StoreError::Unreachable)?;
        Ok(Self { pool })
    }

    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub async fn begin(&self) -> Result<Transaction> {
        self.pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await.map_err(StoreError::Transaction)
    }

    /// A connection of its own that hears [`announce`].
    pub async fn listen(&self) -> Result<PgListener> {
        let mut listener = PgListener::connect_with(&self.pool).await.map_err(StoreError::Unreachable)?;
        listener.listen(CHANNEL).await.map_err(StoreError::Unreachable)?;
        Ok(listener)
    }

    pub async fn read(&self) -> Result<Transaction> {
        let sql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        self.pool.begin_with(sql).await.map_err(StoreError::Transaction)
    }
}

/// Sent when the transaction commits; equal notices of one transaction are one.
pub async fn announce(tx: &mut Transaction) -> Result<()> {
    execute(tx, "SELECT pg_notify('bihuan_changes', '')", Vec::new()).await.map(drop)
}

/// NULL without a type: the server takes the type of the column or comparison.
struct UntypedNull;

impl sqlx::Type<sqlx::Postgres> for UntypedNull {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl sqlx::Encode<'_, sqlx::Postgres> for UntypedNull {
    fn encode_by_ref(&self, _: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(IsNull::Yes)
    }
}

type Query = sqlx::query::Query<'static, sqlx::Postgres, PgArguments>;

fn bind(mut query: Query, cells: impl IntoIterator<Item = Cell>) -> Query {
    for cell in cells {
        query = match cell {
            Cell::Null => query.bind(UntypedNull),
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

pub async fn execute(tx: &mut Transaction, sql: &'static str, args: Vec<Cell>) -> Result<u64> {
    let done = bind(sqlx::query(sql), args).execute(&mut **tx).await.map_err(failed(sql))?;
    Ok(done.rows_affected())
}

pub async fn fetch(
    tx: &mut Transaction,
    origin: &'static str,
    sql: Cow<'static, str>,
    args: Vec<Cell>,
) -> Result<Vec<Row>> {
    let query = bind(sqlx::query(AssertSqlSafe(sql.clone())), args);
    let rows = query.fetch_all(&mut **tx).await.map_err(failed(&sql))?;
    rows.iter().map(|row| read_row(origin, row)).collect()
}

fn read_row(sql: &'static str, row: &PgRow) -> Result<Row> {
    let mut cells = Vec::with_capacity(row.len());
    for column in 0..row.len() {
        let raw = row.try_get_raw(column).map_err(failed(sql))?;
        if raw.is_null() {
            cells.push(Cell::Null);
            continue;
        }
        let kind = raw.type_info().into_owned();
        cells.push(match kind.name() {
            "INT8" => Cell::Int(row.try_get(column).map_err(failed(sql))?),
            "INT4" => Cell::Int(row.try_get::<i32, _>(column).map(i64::from).map_err(failed(sql))?),
            "TEXT" | "VARCHAR" => Cell::Text(row.try_get(column).map_err(failed(sql))?),
            "BYTEA" => Cell::Bytes(row.try_get(column).map_err(failed(sql))?),
            _ => return Err(StoreError::Column { sql, column, wanted: "BIGINT, TEXT or BYTEA" }),
        });
    }
    Ok(Row::new(sql, cells))
}

fn with_keys(sql: &str, keys: Keys<'_>, args: Vec<Cell>) -> (String, Query) {
    let text = sql.replace(KEYS, &format!("= ANY(${})", args.len() + 1));
    let query = bind(sqlx::query(AssertSqlSafe(text.clone())), args);
    let query = match keys {
        Keys::Bytes(keys) => query.bind(keys.to_vec()),
        Keys::Text(keys) => query.bind(keys.to_vec()),
    };
    (text, query)
}

pub async fn fetch_in(tx: &mut Transaction, sql: &'static str, keys: Keys<'_>, args: Vec<Cell>) -> Result<Vec<Row>> {
    let (text, query) = with_keys(sql, keys, args);
    let rows = query.fetch_all(&mut **tx).await.map_err(failed(&text))?;
    rows.iter().map(|row| read_row(sql, row)).collect()
}

pub async fn execute_in(tx: &mut Transaction, sql: &'static str, keys: Keys<'_>, args: Vec<Cell>) -> Result<u64> {
    let (text, query) = with_keys(sql, keys, args);
    let done = query.execute(&mut **tx).await.map_err(failed(&text))?;
    Ok(done.rows_affected())
}

pub async fn upsert_many(tx: &mut Transaction, table: &Table, rows: Vec<Vec<Cell>>) -> Result<()> {
    let sql = insert_sql(table);
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let query = sqlx::query(AssertSqlSafe(sql.clone()));
        let query = bind_columns(query, table, rows.by_ref().take(ROWS_PER_INSERT));
        query.execute(&mut **tx).await.map_err(failed(&sql))?;
    }
    Ok(())
}

/// Turns rows into one typed array a column. A cell of a wrong type becomes NULL and the column's NOT NULL refuses it.
fn bind_columns(mut query: Query, table: &Table, rows: impl Iterator<Item = Vec<Cell>>) -> Query {
    let mut columns: Vec<Vec<Cell>> = table.columns.iter().map(|_| Vec::new()).collect();
    for row in rows {
        for (column, cell) in columns.iter_mut().zip(row) {
            column.push(cell);
        }
    }
    for ((_, kind), cells) in table.columns.iter().zip(columns) {
        let cells = cells.into_iter();
        query =
            match kind {
                CellType::Int => query
                    .bind(cells.map(|cell| if let Cell::Int(v) = cell { Some(v) } else { None }).collect::<Vec<_>>()),
                CellType::Text => query
                    .bind(cells.map(|cell| if let Cell::Text(v) = cell { Some(v) } else { None }).collect::<Vec<_>>()),
                CellType::Bytes => query
                    .bind(cells.map(|cell| if let Cell::Bytes(v) = cell { Some(v) } else { None }).collect::<Vec<_>>()),
            };
    }
    query
}

fn insert_sql(table: &Table) -> String {
    let arrays: Vec<String> = table
        .columns
        .iter()
        .enumerate()
        .map(|(index, (_, kind))| {
            let name = match kind {
                CellType::Int => "bigint",
                CellType::Text => "text",
                CellType::Bytes => "bytea",
            };
            format!("${}::{name}[]", index + 1)
        })
        .collect();
    format!(
        "INSERT INTO {} ({}) SELECT * FROM UNNEST({}){}",
        table.name,
        table.column_list(),
        arrays.join(", "),
        table.conflict_clause()
    )
}

/// An advisory lock until the transaction ends, on a 64-bit name made of the space and the key's first bytes.
pub async fn lock(tx: &mut Transaction, space: i64, key: &[u8]) -> Result<()> {
    let mut bytes = [0_u8; 8];
    for (target, byte) in bytes.iter_mut().zip(key) {
        *target = *byte;
    }
    let name = i64::from_be_bytes(bytes) ^ space;
    let sql = "SELECT 1 FROM (SELECT pg_advisory_xact_lock($1)) AS taken";
    sqlx::query(sql).bind(name).execute(&mut **tx).await.map(drop).map_err(failed(sql))
}
