//! From the outbox to the broker. A row leaves only when the broker has confirmed it and did not return it.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan};

use super::RemindError;
use super::broker::{Broker, Published};
use crate::domain::Id;
use crate::failpoint::failpoint;
use crate::store::Store;

/// Messages published at once, their confirms awaited together: one by one is twenty times slower.
const BATCH: usize = 256;
/// A relay that died is replaced after this long.
const CLAIM_SECONDS: i64 = 30;
/// After a refusal or a lost connection, so long until the next attempt.
const RETRY_SECONDS: i64 = 10;
/// A message that was published and whose delivery has not ended is published again; consumers know it by its id.
pub const REPUBLISH_MINUTES: i64 = 15;

#[derive(Debug, Clone)]
pub struct Relay {
    pub store: Store,
    pub broker: Arc<dyn Broker>,
}

/// What one call did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Relayed {
    pub confirmed: usize,
    pub refused: usize,
}

impl Relay {
    /// Publishes one batch of what is due.
    pub async fn publish_due(&self, now: Timestamp) -> Result<Relayed, RemindError> {
        let claimed = self.store.claim_outbox(now, plus_seconds(now, CLAIM_SECONDS), BATCH).await?;
        if claimed.is_empty() {
            return Ok(Relayed::default());
        }
        let all: Vec<Id> = claimed.iter().map(|message| message.id).collect();
        failpoint!("relay:before_publish");
        let outcomes = match self.broker.publish(&claimed).await {
            Ok(outcomes) => outcomes,
            Err(error) => {
                self.store.unclaim_outbox(&all, plus_seconds(now, RETRY_SECONDS)).await?;
                return Err(error.into());
            }
        };
        failpoint!("relay:after_publish");
        let mut confirmed = Vec::with_capacity(all.len());
        let mut refused = Vec::new();
        for (id, outcome) in all.into_iter().zip(outcomes) {
            match outcome {
                Published::Confirmed => confirmed.push(id),
                Published::Refused(reason) => {
                    tracing::warn!(message = %id, reason, "the broker refused a message; it stays in the outbox");
                    refused.push(id);
                }
            }
        }
        self.store.mark_published(&confirmed, now).await?;
        self.store.unclaim_outbox(&refused, plus_seconds(now, RETRY_SECONDS)).await?;
        Ok(Relayed { confirmed: confirmed.len(), refused: refused.len() })
    }

    /// Puts back what was published long ago and never ended.
    pub async fn republish(&self, now: Timestamp) -> Result<u64, RemindError> {
        let before = now.checked_sub(REPUBLISH_MINUTES.minutes()).unwrap_or(Timestamp::MIN);
        Ok(self.store.republish_due(before).await?)
    }
}

pub fn plus_seconds(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(seconds.seconds()).unwrap_or(Timestamp::MAX)
}
