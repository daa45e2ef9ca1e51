//! The only SQL of the root package: one facade over SQLite and PostgreSQL.
//!
//! Why one transaction does so much: everything that a batch causes — raw bytes, versions, contributions, folded
//! documents, postings, quarantine, progress, totals, dirty marks — commits together, so that a process killed anywhere
//! leaves nothing missing and nothing twice. What documents and postings *are* is decided by `ledger`; the store brings
//! their inputs together, stores the results and keeps the hash chain. It must not know connectors' protocols, mappings'
//! syntax, brokers or channels.

mod apply;
mod budgets;
mod changes;
mod decisions;
mod deliveries;
mod dirty;
mod documents;
pub mod engine;
mod error;
mod journal;
mod leases;
mod likely;
mod migrations;
mod outbox;
mod party_clues;
mod progress;
mod queries;
mod remade;
mod reminders;
mod segment;
mod settle;
mod tables;
mod types;
mod waybills;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

pub use crate::domain::Problem;
pub use changes::Changes;
pub use decisions::{DecisionBatch, NewDelivery, NewReminder};
pub use deliveries::{Begun, ClaimedDelivery, DeliveryLine, Drop, Finish};
pub use error::{Result, StoreError};
pub use leases::Fence;
pub use outbox::{ClaimedMessage, NewMessage};
pub use progress::{FileProgress, Progress};
pub use queries::aging::AgingRow;
pub use queries::allocations::AllocationView;
pub use queries::balance::{BalanceQuery, BalanceView, CauseName};
pub use queries::compare::{Comparison, Difference};
pub use queries::decided::DecisionView;
pub use queries::deposits::WaitingDeposit;
pub use queries::entry::{Cause, EntryView};
pub use queries::evidence::{EvidenceCount, EvidenceReport};
pub use queries::export::{AccountBalance, JournalLine, JournalReader, Name, PointInTime};
pub use queries::identity::{Identified, IdentityProposal, Kinship};
pub use queries::lookup::{DocumentView, JournalRow, Kin, PartyView};
pub use queries::nearby::NearDocument;
pub use queries::order_loop::OrderLoop;
pub use queries::party_account::PartyAccount;
pub use queries::proposals::{ProposalFilter, ProposalView};
pub use queries::provenance::{Origin, RecordVersion, SOURCES_IN_FULL, Source};
pub use queries::quarantine::QuarantineEntry;
pub use queries::reconcile::{Reconciled, Reconciliation};
pub use queries::replay::{RawReader, ReplayPage};
pub use queries::stored::{RawPayload, StoredRecord};
pub use queries::totals::BookTotals;
pub use queries::verify::{Anchor, Verification};
pub use reminders::{DeliveryState, DirtySubject, KnownReminder, ListedReminder, ReminderState, ReminderTotals};
pub use types::{
    ApplyBatch, ApplyOutcome, Counts, Known, LikelyMoney, NO_PARTY, Outcome, Position, ProgressStep, RecordId,
    StreamId, StreamTotals, Subject, UnidentifiedPayment, Verdict,
};

use bihuan_connectors::sdk::RawRecord;

use crate::domain::{Clock, Hash};
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
    /// Keys the hashes of personal content.
    hash_secret: [u8; segment::SECRET],
    bell: changes::Bell,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("engine", &self.engine).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database, brings its schema up to date and refuses a newer one.
    pub async fn open(settings: &StoreSettings) -> Result<Self> {
        let engine = Engine::open(&settings.url).await?;
        let hash_secret = apply::hash_secret(&engine, settings.clock.now()).await?;
        remade::make_again(&engine, &[&party_clues::CLUES, &waybills::LINKS]).await?;
        let (clock, policies) = (Arc::clone(&settings.clock), Arc::clone(&settings.policies));
        Ok(Self { engine, clock, policies, hash_secret, bell: changes::Bell::default() })
    }

    /// An empty store in a file of its own under the same clock, policies and hash key: what a rebuild is made in.
    pub async fn scratch(&self, path: &Path) -> Result<Self> {
        let engine = Engine::open(&format!("sqlite:{}", path.display())).await?;
        let bell = changes::Bell::default();
        Ok(Self { engine, bell, ..self.clone() })
    }

    /// The hash by which `known` and `apply` tell versions of a record apart.
    pub fn content_hash(&self, personal: bool, record: RawRecord<'_>) -> Hash {
        apply::content_hash(record, personal.then_some(&self.hash_secret))
    }

    /// A consistent copy of a SQLite database into a new file; works beside a running daemon.
    pub async fn backup(&self, path: &Path) -> Result<()> {
        self.engine.backup(path).await
    }

    pub async fn close(&self) {
        self.engine.close().await;
    }
}

#[cfg(test)]
pub(crate) mod tests;
