//! What can go wrong in the store; whether trying again can help is the caller's first question.

use thiserror::Error;

use crate::domain::Id;
use crate::domain::amount::AmountError;
use crate::domain::fact::DecodeError;

#[derive(Debug, Error)]
pub enum StoreError {
    #[error("`{url}` is not a database address; use sqlite:PATH or postgres://USER@HOST/NAME")]
    Address { url: String },
    #[error("database cannot be reached or opened")]
    Unreachable(#[source] sqlx::Error),
    #[error("database is newer than this program (schema {found}, known up to {known}); install the newer bihuan")]
    NewerSchema { found: i64, known: i64 },
    #[error("migration failed")]
    Migration(#[source] sqlx::migrate::MigrateError),
    #[error("statement failed: {sql}")]
    Statement { sql: String, source: sqlx::Error },
    #[error("transaction could not be started or committed")]
    Transaction(#[source] sqlx::Error),
    #[error("column {column} of `{sql}` is not {wanted}")]
    Column { sql: &'static str, column: usize, wanted: &'static str },
    #[error("stored {what} is unreadable: {problem}")]
    Corrupt { what: &'static str, problem: String },
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Amount(#[from] AmountError),
    #[error("{} entries would make a balance larger than can be stored", .causes.len())]
    TooLarge { causes: Vec<Id> },
    #[error("lease `{name}` is held by somebody else or has expired")]
    LeaseLost { name: String },
    #[error("{path}: {problem}")]
    File { path: String, problem: String },
}

impl StoreError {
    /// Whether the same call may succeed when repeated: the server went away, two writers met, the file was busy.
    pub fn is_transient(&self) -> bool {
        let source = match self {
            Self::Statement { source, .. } | Self::Unreachable(source) | Self::Transaction(source) => source,
            _ => return false,
        };
        match source {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(error) => {
                // PostgreSQL: serialization failure, deadlock, admin shutdown; SQLite: busy, locked.
                matches!(error.code().as_deref(), Some("40001" | "40P01" | "57P01" | "5" | "6" | "517"))
            }
            _ => false,
        }
    }
}

pub type Result<T, E = StoreError> = std::result::Result<T, E>;
