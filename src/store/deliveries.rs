//! The life of a delivery from its claim to its end, and the inbox that tells repeated messages apart.
//!
//! A delivery's exact bytes are committed as `sending` before the chat server is called, so that whoever finds it after a
//! crash repeats the same bytes instead of writing new ones. It must not know brokers, channels or texts.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::decisions::close_outbox;
use super::engine::{Cell, Tx};
use super::error::{Result, StoreError};
use super::outbox::{NEVER, NewMessage};
use super::reminders::{DeliveryState, ReminderState};
use super::{Store, Subject};
use crate::domain::Id;

/// One reminder in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryLine {
    pub reminder: Id,
    pub subject: Subject,
}

/// A delivery in the hands of one worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedDelivery {
    pub id: Id,
    pub recipient: Box<str>,
    pub language: Box<str>,
    pub state: DeliveryState,
    /// The stored bytes, when some attempt was begun with them.
    pub body: Option<Vec<u8>>,
    pub attempts: i64,
    /// The server may have it already: only these bytes may be repeated.
    pub uncertain: bool,
    pub first_sent_at: Option<Timestamp>,
    /// Without the lines that were dropped.
    pub lines: Vec<DeliveryLine>,
}

/// What a consumed message leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    Yours(Box<ClaimedDelivery>),
    /// Ended before: nothing to do.
    Finished,
    /// It waits for its time; the outbox will publish it again then.
    NotYet,
    /// Another worker has it.
    Busy,
    /// No such delivery here: a foreign or very old message.
    Stranger,
}

/// What becomes of a reminder that leaves its message just before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drop {
    Superseded { reason: String },
    Held { reason: String },
}

/// How one attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    Delivered {
        server_message: Option<String>,
    },
    Failed {
        reason: String,
    },
    Unknown {
        reason: String,
    },
    /// Nothing left to say.
    Superseded {
        withdrawal: NewMessage,
    },
    /// Not sent; from `until` on it is decided and written anew.
    Deferred {
        until: Timestamp,
        reason: String,
    },
    /// The outcome is not known: the same bytes again from `until` on.
    Repeat {
        until: Timestamp,
        reason: String,
    },
    /// The channel is stopped; waits until somebody releases it.
    Held {
        reason: String,
    },
}

impl Store {
    /// Takes a consumed message in hand. Redelivered, repeated or foreign ones are told apart here.
    pub async fn begin_delivery(&self, id: Id, worker: &str, now: Timestamp, claim_until: Timestamp) -> Result<Begun> {
        let mut tx = self.engine.begin().await?;
        let claimed = tx
            .execute(
                "UPDATE delivery SET claimed_by = $1, claimed_until = $2 WHERE id = $3 AND finished_at IS NULL \
                 AND state <> 'held' AND (claimed_until IS NULL OR claimed_until <= $4 OR claimed_by = $1) \
                 AND EXISTS (SELECT 1 FROM outbox o WHERE o.message = delivery.id AND o.not_before <= $4)",
                vec![worker.into(), claim_until.into(), id.into(), now.into()],
            )
            .await?;
        if claimed == 0 {
            let why = why_not(&mut tx, id, now).await?;
            tx.rollback().await?;
            return Ok(why);
        }
        tx.execute(
            "INSERT INTO inbox (message, first_seen_at) VALUES ($1, $2) ON CONFLICT (message) DO NOTHING",
            vec![id.into(), now.into()],
        )
        .await?;
        let delivery = read_delivery(&mut tx, id).await?;
        tx.commit().await?;
        Ok(delivery.map_or(Begun::Stranger, |delivery| Begun::Yours(Box::new(delivery))))
    }

    /// Commits the exact bytes of the first attempt, and what was dropped from the message, before the call is made.
    pub async fn store_sending(
        &self,
        id: Id,
        worker: &str,
        body: &[u8],
        drops: &[(Id, Drop)],
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.engine.begin().await?;
        own(
            &mut tx,
            id,
            "UPDATE delivery SET state = 'sending', body = $3, first_sent_at = $4, attempts = attempts + 1, reason = NULL \
             WHERE id = $1 AND claimed_by = $2 AND finished_at IS NULL",
            vec![id.into(), worker.into(), body.to_vec().into(), now.into()],
        )
        .await?;
        drop_lines(&mut tx, id, drops, now).await?;
        tx.commit().await
    }

    /// Commits that the stored bytes are about to be repeated: from now on the server may have them.
    pub async fn store_repeat(&self, id: Id, worker: &str) -> Result<()> {
        let mut tx = self.engine.begin().await?;
        own(
            &mut tx,
            id,
            "UPDATE delivery SET state = 'sending', uncertain = 1, attempts = attempts + 1 \
             WHERE id = $1 AND claimed_by = $2 AND finished_at IS NULL",
            vec![id.into(), worker.into()],
        )
        .await?;
        tx.commit().await
    }

    /// Ends an attempt, and with it the message unless it is to be tried again.
    pub async fn finish_delivery(
        &self,
        id: Id,
        worker: &str,
        finish: Finish,
        drops: &[(Id, Drop)],
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.engine.begin().await?;
        drop_lines(&mut tx, id, drops, now).await?;
        match finish {
            Finish::Delivered { server_message } => {
                let words = (DeliveryState::Delivered, ReminderState::Delivered);
                end(&mut tx, id, worker, words, server_message, String::new(), now).await?;
            }
            Finish::Failed { reason } => {
                end(&mut tx, id, worker, (DeliveryState::Failed, ReminderState::Failed), None, reason, now).await?;
            }
            Finish::Unknown { reason } => {
                end(&mut tx, id, worker, (DeliveryState::Unknown, ReminderState::Unknown), None, reason, now).await?;
            }
            Finish::Superseded { withdrawal } => {
                close_outbox(&mut tx, id, &withdrawal, now).await?;
                let words = (DeliveryState::Superseded, ReminderState::Superseded);
                end(&mut tx, id, worker, words, None, "nothing left to say when it was due".to_owned(), now).await?;
            }
            Finish::Deferred { until, reason } => {
                wait(&mut tx, id, worker, DeliveryState::Deferred, false, until.as_microsecond(), reason).await?;
            }
            Finish::Repeat { until, reason } => {
                wait(&mut tx, id, worker, DeliveryState::Sending, true, until.as_microsecond(), reason).await?;
            }
            Finish::Held { reason } => {
                wait(&mut tx, id, worker, DeliveryState::Held, false, NEVER, reason).await?;
            }
        }
        tx.commit().await
    }

    /// Numbers of documents, for texts.
    pub async fn document_numbers(&self, ids: &[Id]) -> Result<BTreeMap<Id, Box<str>>> {
        let keys: Vec<Vec<u8>> = ids.iter().map(|id| id.0.to_vec()).collect();
        let mut tx = self.engine.read().await?;
        let rows = tx.fetch_in("SELECT id, number FROM document WHERE id {keys}", &keys, Vec::new()).await?;
        rows.iter().map(|row| Ok((row.id(0)?, Box::from(row.text(1)?)))).collect()
    }
}

async fn why_not(tx: &mut Tx, id: Id, now: Timestamp) -> Result<Begun> {
    let sql = "SELECT d.finished_at, d.claimed_until, o.not_before, d.state FROM delivery d \
               JOIN outbox o ON o.message = d.id WHERE d.id = $1";
    let Some(row) = tx.fetch_one(sql, vec![id.into()]).await? else { return Ok(Begun::Stranger) };
    Ok(if !row.is_null(0) {
        Begun::Finished
    } else if row.text(3)? == DeliveryState::Held.name() || row.int(2)? > now.as_microsecond() {
        Begun::NotYet
    } else {
        Begun::Busy
    })
}

async fn read_delivery(tx: &mut Tx, id: Id) -> Result<Option<ClaimedDelivery>> {
    let sql = "SELECT recipient, language, state, body, attempts, uncertain, first_sent_at FROM delivery WHERE id = $1";
    let Some(row) = tx.fetch_one(sql, vec![id.into()]).await? else { return Ok(None) };
    let lines = tx
        .fetch(
            "SELECT l.reminder, r.book, r.party, r.currency FROM delivery_line l JOIN reminder r ON r.id = l.reminder \
             WHERE l.delivery = $1 AND l.dropped IS NULL ORDER BY l.position",
            vec![id.into()],
        )
        .await?
        .iter()
        .map(|row| {
            let subject = Subject { book: row.text(1)?.into(), party: row.id(2)?, currency: row.currency(3)? };
            Ok(DeliveryLine { reminder: row.id(0)?, subject })
        })
        .collect::<Result<_>>()?;
    Ok(Some(ClaimedDelivery {
        id,
        recipient: row.text(0)?.into(),
        language: row.text(1)?.into(),
        state: DeliveryState::read(row.text(2)?)?,
        body: row.opt_bytes(3)?.map(<[u8]>::to_vec),
        attempts: row.int(4)?,
        uncertain: row.bool(5)?,
        first_sent_at: row.opt_instant(6)?,
        lines,
    }))
}

/// Runs an update that only the worker who holds the delivery may make.
async fn own(tx: &mut Tx, id: Id, sql: &'static str, args: Vec<Cell>) -> Result<()> {
    if tx.execute(sql, args).await? == 1 {
        return Ok(());
    }
    Err(StoreError::LeaseLost { name: format!("delivery {id}") })
}

/// Takes reminders out of a message and has their subjects decided again at once.
async fn drop_lines(tx: &mut Tx, delivery: Id, drops: &[(Id, Drop)], now: Timestamp) -> Result<()> {
    for (reminder, drop) in drops {
        let (state, reason) = match drop {
            Drop::Superseded { reason } => (ReminderState::Superseded, reason),
            Drop::Held { reason } => (ReminderState::Held, reason),
        };
        tx.execute(
            "UPDATE delivery_line SET dropped = $1 WHERE delivery = $2 AND reminder = $3 AND dropped IS NULL",
            vec![reason.as_str().into(), delivery.into(), (*reminder).into()],
        )
        .await?;
        tx.execute(
            "UPDATE reminder SET state = $1, reason = $2, changed_at = $3 WHERE id = $4 AND state = 'open'",
            vec![state.name().into(), reason.as_str().into(), now.into(), (*reminder).into()],
        )
        .await?;
        tx.execute(
            "UPDATE subject SET wake_at = $1 WHERE id = (SELECT subject FROM reminder WHERE id = $2)",
            vec![now.into(), (*reminder).into()],
        )
        .await?;
    }
    Ok(())
}

/// The end of a delivery and of every reminder still in it.
async fn end(
    tx: &mut Tx,
    id: Id,
    worker: &str,
    (delivery, reminder): (DeliveryState, ReminderState),
    server_message: Option<String>,
    reason: String,
    now: Timestamp,
) -> Result<()> {
    own(
        tx,
        id,
        "UPDATE delivery SET state = $3, reason = $4, server_message = $5, finished_at = $6, claimed_by = NULL, \
         claimed_until = NULL, uncertain = 0 WHERE id = $1 AND claimed_by = $2 AND finished_at IS NULL",
        vec![
            id.into(),
            worker.into(),
            delivery.name().into(),
            reason.as_str().into(),
            server_message.unwrap_or_default().into(),
            now.into(),
        ],
    )
    .await?;
    tx.execute(
        "UPDATE reminder SET state = $1, reason = $2, changed_at = $3 WHERE state = 'open' AND delivery = $4",
        vec![reminder.name().into(), reason.into(), now.into(), id.into()],
    )
    .await?;
    tx.execute("UPDATE outbox SET terminal = 1, claimed_until = NULL WHERE message = $1", vec![id.into()]).await?;
    tx.execute("UPDATE inbox SET finished_at = $1 WHERE message = $2", vec![now.into(), id.into()]).await?;
    Ok(())
}

/// Back into the outbox until its time has come.
async fn wait(
    tx: &mut Tx,
    id: Id,
    worker: &str,
    state: DeliveryState,
    uncertain: bool,
    until: i64,
    reason: String,
) -> Result<()> {
    own(
        tx,
        id,
        "UPDATE delivery SET state = $3, reason = $4, claimed_by = NULL, claimed_until = NULL, \
         uncertain = CASE WHEN uncertain = 1 THEN 1 ELSE $5 END \
         WHERE id = $1 AND claimed_by = $2 AND finished_at IS NULL",
        vec![id.into(), worker.into(), state.name().into(), reason.into(), uncertain.into()],
    )
    .await?;
    tx.execute(
        "UPDATE outbox SET published_at = NULL, claimed_until = NULL, not_before = $1 WHERE message = $2",
        vec![until.into(), id.into()],
    )
    .await
    .map(drop)
}
