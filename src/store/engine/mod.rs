//! One thin face over SQLite and PostgreSQL, so that everything above is written once.
//!
//! Why not `sqlx::Any`: it carries neither arrays nor bytes well. Why so thin: the store needs five verbs — execute,
//! fetch, fetch by many keys, execute by many keys, upsert many rows — and three column types: BIGINT, TEXT and
//! BYTEA/BLOB. Instants are Unix microseconds, dates ISO text, booleans 0/1, ids their bytes. SQL is written in the
//! common subset (`ON CONFLICT`, `$1`, partial indexes; never `now()`, `random()`, SUM of money or an ordering by text).
//!
//! It must not know any table. `AssertSqlSafe` appears only here: every text that is built comes from constants.

mod cell;
mod postgres;
mod sqlite;

use std::borrow::Cow;
use std::path::Path;

pub use cell::{Cell, Row};

use super::error::{Result, StoreError};
use super::migrations;

/// The three types a column may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellType {
    Int,
    Text,
    Bytes,
}

/// What an upsert does with a row whose key is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// Keeps the old row.
    Nothing,
    /// Replaces every column outside the key.
    Update,
    /// `SET` clause in the common dialect, e.g. `generation = subject.generation + 1`.
    Set(&'static str),
}

/// What [`Tx::upsert_many`] needs to know about a table.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [(&'static str, CellType)],
    /// Columns of the conflict target; empty for a plain insert.
    pub key: &'static [&'static str],
    pub on_conflict: OnConflict,
}

impl Table {
    /// `ON CONFLICT …`, or nothing for a plain insert.
    fn conflict_clause(&self) -> String {
        if self.key.is_empty() {
            return String::new();
        }
        let action = match self.on_conflict {
            OnConflict::Nothing => Cow::Borrowed("NOTHING"),
            OnConflict::Set(clause) => Cow::Owned(format!("UPDATE SET {clause}")),
            OnConflict::Update => {
                let assignments: Vec<String> = self
                    .columns
                    .iter()
                    .filter(|(name, _)| !self.key.contains(name))
                    .map(|(name, _)| format!("{name} = excluded.{name}"))
                    .collect();
                if assignments.is_empty() {
                    Cow::Borrowed("NOTHING")
                } else {
                    Cow::Owned(format!("UPDATE SET {}", assignments.join(", ")))
                }
            }
        };
        format!(" ON CONFLICT ({}) DO {action}", self.key.join(", "))
    }

    fn column_list(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    /// Sorted by key, so that two writers lock rows in one order; of rows with an equal key the last one stays, because
    /// PostgreSQL refuses to touch a row twice in one statement and SQLite would silently differ.
    fn settle_rows(&self, mut rows: Vec<Vec<Cell>>) -> Vec<Vec<Cell>> {
        if self.key.is_empty() {
            return rows;
        }
        let key: Vec<usize> =
            self.key.iter().filter_map(|key| self.columns.iter().position(|(name, _)| name == key)).collect();
        rows.sort_by(|a, b| key.iter().map(|&index| &a[index]).cmp(key.iter().map(|&index| &b[index])));
        rows.dedup_by(|later, kept| {
            let same = key.iter().all(|&index| later[index] == kept[index]);
            if same {
                std::mem::swap(later, kept);
            }
            same
        });
        rows
    }
}

/// Keys for [`Tx::fetch_in`] and [`Tx::execute_in`].
#[derive(Debug, Clone, Copy)]
pub enum Keys<'a> {
    Bytes(&'a [Vec<u8>]),
    Text(&'a [String]),
}

impl<'a> From<&'a [Vec<u8>]> for Keys<'a> {
    fn from(keys: &'a [Vec<u8>]) -> Self {
        Self::Bytes(keys)
    }
}

impl<'a> From<&'a Vec<Vec<u8>>> for Keys<'a> {
    fn from(keys: &'a Vec<Vec<u8>>) -> Self {
        Self::Bytes(keys)
    }
}

impl<'a> From<&'a Vec<String>> for Keys<'a> {
    fn from(keys: &'a Vec<String>) -> Self {
        Self::Text(keys)
    }
}

impl Keys<'_> {
    fn is_empty(&self) -> bool {
        match self {
            Self::Bytes(keys) => keys.is_empty(),
            Self::Text(keys) => keys.is_empty(),
        }
    }
}

/// Where a statement with `{keys}` expects the comparison: `WHERE id {keys}` becomes `= ANY($n)` or `IN (…)`.
const KEYS: &str = "{keys}";

/// An open database.
#[derive(Debug, Clone)]
pub enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

/// A transaction; dropped without [`Tx::commit`] it is rolled back.
#[derive(Debug)]
pub enum Tx {
    Sqlite(sqlite::Transaction),
    Postgres(postgres::Transaction),
}

impl Engine {
    /// Opens `sqlite:PATH` or `postgres://…`, brings the schema up to date, refuses a newer one.
    pub async fn open(url: &str) -> Result<Self> {
        let engine = if let Some(path) = url.strip_prefix("sqlite:") {
            Self::Sqlite(sqlite::Sqlite::open(Path::new(path)).await?)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Self::Postgres(postgres::Postgres::open(url).await?)
        } else {
            return Err(StoreError::Address { url: without_password(url) });
        };
        match &engine {
            Self::Sqlite(sqlite) => migrations::run(sqlite.writer(), migrations::SQLITE).await?,
            Self::Postgres(postgres) => migrations::run(postgres.pool(), migrations::POSTGRES).await?,
        }
        Ok(engine)
    }

    /// A transaction that writes. SQLite: waits for the one writer. PostgreSQL: READ COMMITTED, rows are locked explicitly.
    pub async fn begin(&self) -> Result<Tx> {
        match self {
            Self::Sqlite(sqlite) => Ok(Tx::Sqlite(sqlite.begin().await?)),
            Self::Postgres(postgres) => Ok(Tx::Postgres(postgres.begin().await?)),
        }
    }

    /// A read-only transaction that sees one snapshot throughout.
    pub async fn read(&self) -> Result<Tx> {
        match self {
            Self::Sqlite(sqlite) => Ok(Tx::Sqlite(sqlite.read().await?)),
            Self::Postgres(postgres) => Ok(Tx::Postgres(postgres.read().await?)),
        }
    }

    /// Listens for [`Tx::announce`] of other processes.
    pub async fn listener(&self) -> Result<Listener> {
        match self {
            Self::Sqlite(_) => Ok(Listener::Deaf),
            Self::Postgres(postgres) => Ok(Listener::Postgres(Box::new(postgres.listen().await?))),
        }
    }

    pub async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close().await,
            Self::Postgres(postgres) => postgres.pool().close().await,
        }
    }

    /// A consistent copy into a new file. SQLite only: PostgreSQL has `pg_dump`.
    pub async fn backup(&self, path: &Path) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.backup(path).await,
            Self::Postgres(_) => Err(StoreError::File {
                path: path.display().to_string(),
                problem: "a PostgreSQL database is backed up with pg_dump".to_owned(),
            }),
        }
    }
}

/// Hears the announcements of other processes.
#[derive(Debug)]
pub enum Listener {
    /// SQLite has no such thing, and one daemon.
    Deaf,
    Postgres(Box<sqlx::postgres::PgListener>),
}

impl Listener {
    /// The next announcement; never for [`Listener::Deaf`].
    pub async fn next(&mut self) -> Result<()> {
        match self {
            Self::Deaf => std::future::pending().await,
            Self::Postgres(listener) => listener.recv().await.map(drop).map_err(StoreError::Unreachable),
        }
    }
}

impl Tx {
    /// Tells the listeners of other processes that something changed, once this transaction commits.
    pub async fn announce(&mut self) -> Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(tx) => postgres::announce(tx).await,
        }
    }

    /// Runs one statement; returns how many rows it touched.
    pub async fn execute(&mut self, sql: &'static str, args: Vec<Cell>) -> Result<u64> {
        match self {
            Self::Sqlite(tx) => sqlite::execute(tx, sql.into(), args).await,
            Self::Postgres(tx) => postgres::execute(tx, sql, args).await,
        }
    }

    pub async fn fetch(&mut self, sql: &'static str, args: Vec<Cell>) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(tx) => sqlite::fetch(tx, sql, sql.into(), args).await,
            Self::Postgres(tx) => postgres::fetch(tx, sql, sql.into(), args).await,
        }
    }

    /// At most one row.
    pub async fn fetch_one(&mut self, sql: &'static str, args: Vec<Cell>) -> Result<Option<Row>> {
        Ok(self.fetch(sql, args).await?.into_iter().next())
    }

    /// Rows whose key is among `keys`: `sql` says where with `{keys}` (`WHERE id {keys} AND kind = $1`); `args` are
    /// numbered from `$1` as always. On SQLite several statements may run, so an `ORDER BY` means nothing: sort in Rust.
    pub async fn fetch_in<'a>(
        &mut self,
        sql: &'static str,
        keys: impl Into<Keys<'a>>,
        args: Vec<Cell>,
    ) -> Result<Vec<Row>> {
        let keys = keys.into();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        match self {
            Self::Sqlite(tx) => sqlite::fetch_in(tx, sql, keys, &args).await,
            Self::Postgres(tx) => postgres::fetch_in(tx, sql, keys, args).await,
        }
    }

    /// As [`Tx::fetch_in`], for UPDATE and DELETE. Keys must be distinct where the statement is not idempotent.
    pub async fn execute_in<'a>(
        &mut self,
        sql: &'static str,
        keys: impl Into<Keys<'a>>,
        args: Vec<Cell>,
    ) -> Result<u64> {
        let keys = keys.into();
        if keys.is_empty() {
            return Ok(0);
        }
        match self {
            Self::Sqlite(tx) => sqlite::execute_in(tx, sql, keys, &args).await,
            Self::Postgres(tx) => postgres::execute_in(tx, sql, keys, args).await,
        }
    }

    /// Inserts rows in the order of `table.columns`; see [`OnConflict`]. Of rows with an equal key the last wins.
    pub async fn upsert_many(&mut self, table: &Table, rows: Vec<Vec<Cell>>) -> Result<()> {
        let rows = table.settle_rows(rows);
        if rows.is_empty() {
            return Ok(());
        }
        match self {
            Self::Sqlite(tx) => sqlite::upsert_many(tx, table, rows).await,
            Self::Postgres(tx) => postgres::upsert_many(tx, table, rows).await,
        }
    }

    /// Serializes all transactions that name the same `(space, key)` until they end. SQLite has one writer anyway.
    pub async fn lock(&mut self, space: i64, key: &[u8]) -> Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(tx) => postgres::lock(tx, space, key).await,
        }
    }

    /// For the one statement whose text differs: locking the selected row.
    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await.map_err(StoreError::Transaction),
            Self::Postgres(tx) => tx.commit().await.map_err(StoreError::Transaction),
        }
    }

    pub async fn rollback(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.rollback().await.map_err(StoreError::Transaction),
            Self::Postgres(tx) => tx.rollback().await.map_err(StoreError::Transaction),
        }
    }
}

/// An address may carry a password; what is shown must not.
fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 < at => format!("{}…{}", &url[..scheme + 3], &url[at..]),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Table = Table {
        name: "t",
        columns: &[("id", CellType::Int), ("name", CellType::Text)],
        key: &["id"],
        on_conflict: OnConflict::Update,
    };

    #[test]
    fn of_rows_with_an_equal_key_the_last_wins_and_rows_are_sorted_by_key() {
        let row = |id: i64, name: &str| vec![Cell::Int(id), Cell::from(name)];
        let rows = TABLE.settle_rows(vec![row(2, "a"), row(1, "b"), row(2, "c"), row(1, "d"), row(2, "e")]);
        assert_eq!(rows, [row(1, "d"), row(2, "e")]);
    }

    #[test]
    fn an_address_is_shown_without_its_password() {
        assert_eq!(without_password("mysql://bi:secret@db/x"), "mysql://…@db/x");
    }
}
