//! Hearing of committed changes: at once within the process, by LISTEN/NOTIFY from other processes on PostgreSQL.
//!
//! Why: settlement and reminders should follow a fact in milliseconds without anybody asking the database all the time.
//! A notice carries nothing; whoever hears it looks at the marks. It may come twice or, when a connection breaks, not at
//! all: callers look again after a while in any case.

use std::time::Duration;

use tokio::sync::watch;

use super::engine::{Engine, Listener, Tx};
use super::error::Result;
use super::{Store, StoreError};

/// Tells the process's own listeners.
#[derive(Debug, Clone)]
pub struct Bell(watch::Sender<u64>);

impl Default for Bell {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Bell {
    pub fn ring(&self) {
        self.0.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// What [`Store::changes`] gives.
#[derive(Debug)]
pub struct Changes {
    own: watch::Receiver<u64>,
    others: Listener,
    engine: Engine,
}

/// A broken listening connection is opened again at most so often.
const MEND_AFTER: Duration = Duration::from_secs(1);

impl Changes {
    /// Waits for the next committed change; several that came meanwhile are one.
    pub async fn next(&mut self) {
        tokio::select! {
            changed = self.own.changed() => {
                // The sender lives in the store, which the caller holds.
                debug_assert!(changed.is_ok());
            }
            heard = self.others.next() => {
                if heard.is_err() {
                    self.mend().await;
                }
            }
        }
    }

    /// Listens anew. What was missed meanwhile is found by the look that the return from `next` causes.
    async fn mend(&mut self) {
        tokio::time::sleep(MEND_AFTER).await;
        match self.engine.listener().await {
            Ok(listener) => self.others = listener,
            Err(error) => tracing::warn!(%error, "Other processes' changes cannot be heard; looking again by and by."),
        }
    }
}

impl Store {
    /// Begins to listen; what is committed from now on is heard.
    pub async fn changes(&self) -> Result<Changes> {
        let others = self.engine.listener().await?;
        Ok(Changes { own: self.bell.0.subscribe(), others, engine: self.engine.clone() })
    }

    /// Commits and tells everybody who listens, here and in other processes.
    pub(super) async fn commit_and_tell(&self, mut tx: Tx) -> Result<(), StoreError> {
        tx.announce().await?;
        tx.commit().await?;
        self.bell.ring();
        Ok(())
    }
}
