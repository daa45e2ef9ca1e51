//! The only SQL of the root package: one facade over SQLite and PostgreSQL.
//!
//! Why one transaction does so much: everything that a batch causes — raw bytes, versions, contributions, folded
//! documents, postings, quarantine, progress, totals, dirty marks — commits together, so that a process killed anywhere
//! leaves nothing missing and nothing twice. What documents and postings *are* is decided by `ledger`; the store brings
//! their inputs together, stores the results and keeps the hash chain. It must not know connectors' protocols, mappings'
//! syntax, brokers or channels.

mod budgets;
pub mod engine;
mod error;
mod migrations;
mod outbox;
mod reminders;
mod types;

use std::fmt;
use std::sync::Arc;

pub use error::{Result, StoreError};
pub use outbox::{Begun, ClaimedDelivery, ClaimedMessage, DeliveryLine, Drop, Finish, NewMessage};
pub use reminders::{
    DecisionBatch, DeliveryState, DirtySubject, KnownReminder, ListedReminder, NewDelivery, NewReminder, ReminderState,
    ReminderTotals,
};
pub use types::{
    ApplyBatch, ApplyOutcome, Counts, DocumentKey, Known, LikelyMoney, NO_PARTY, Outcome, Position, Problem,
    ProgressStep, RecordId, StreamId, StreamTotals, Subject, UnidentifiedPayment, Verdict,
};

use crate::domain::Clock;
use crate::ledger::BookPolicy;
use engine::Engine;

/// The policy of a book, by name.
pub type Policies = Arc<dyn Fn(&str) -> BookPolicy + Send + Sync>;

pub struct StoreSettings {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: String,
    pub clock: Arc<dyn Clock>,
    pub policies: Policies,
}

/// The open store; cheap to clone.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
    clock: Arc<dyn Clock>,
    policies: Policies,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("engine", &self.engine).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database, brings its schema up to date and refuses a newer one.
    pub async fn open(settings: &StoreSettings) -> Result<Self> {
        Ok(Self {
            engine: Engine::open(&settings.url).await?,
            clock: Arc::clone(&settings.clock),
            policies: Arc::clone(&settings.policies),
        })
    }

    pub async fn close(&self) {
        self.engine.close().await;
    }
}

#[cfg(test)]
mod tests;
