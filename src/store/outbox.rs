//! The outbox: messages that wait for the broker, and those that it has.
//!
//! A row is done when its delivery has ended, not when it is published. It must not know brokers or what a message says.

use jiff::Timestamp;

use super::Store;
use super::engine::{Cell, CellType, OnConflict, Table};
use super::error::Result;
use crate::domain::Id;

/// A message for the broker, ready-made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// The delivery's id; of a withdrawal its own.
    pub id: Id,
    pub routing_key: String,
    pub body: Vec<u8>,
    pub not_before: Timestamp,
}

impl NewMessage {
    pub(super) fn row(&self, has_delivery: bool, at: Timestamp) -> Vec<Cell> {
        vec![
            self.id.into(),
            self.routing_key.as_str().into(),
            self.body.clone().into(),
            self.not_before.into(),
            false.into(),
            has_delivery.into(),
            at.into(),
        ]
    }
}

pub(super) const OUTBOX: Table = Table {
    name: "outbox",
    columns: &[
        ("message", CellType::Bytes),
        ("routing_key", CellType::Text),
        ("body", CellType::Bytes),
        ("not_before", CellType::Int),
        ("terminal", CellType::Int),
        ("has_delivery", CellType::Int),
        ("created_at", CellType::Int),
    ],
    key: &["message"],
    on_conflict: OnConflict::Nothing,
};

/// A message that the caller may publish until its claim ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedMessage {
    pub id: Id,
    pub routing_key: String,
    pub body: Vec<u8>,
}

/// Of a message that waits until somebody releases it.
pub(super) const NEVER: i64 = i64::MAX;

impl Store {
    /// Messages whose time has come, in the order of (time, id); others cannot claim them before `claim_until`.
    pub async fn claim_outbox(
        &self,
        now: Timestamp,
        claim_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<ClaimedMessage>> {
        let mut tx = self.engine.begin().await?;
        let rows = tx
            .fetch(
                "UPDATE outbox SET claimed_until = $1 WHERE message IN \
                 (SELECT message FROM outbox WHERE published_at IS NULL AND terminal = 0 AND not_before <= $2 \
                  AND (claimed_until IS NULL OR claimed_until <= $2) ORDER BY not_before, message LIMIT $3) \
                 AND published_at IS NULL AND terminal = 0 AND (claimed_until IS NULL OR claimed_until <= $2) \
                 RETURNING message, routing_key, body, not_before",
                vec![claim_until.into(), now.into(), limit.into()],
            )
            .await?;
        let mut claimed = rows
            .iter()
            .map(|row| {
                let message = ClaimedMessage {
                    id: row.id(0)?,
                    routing_key: row.text(1)?.to_owned(),
                    body: row.bytes(2)?.to_vec(),
                };
                Ok((row.int(3)?, message))
            })
            .collect::<Result<Vec<_>>>()?;
        tx.commit().await?;
        claimed.sort_by_key(|(not_before, message)| (*not_before, message.id));
        Ok(claimed.into_iter().map(|(_, message)| message).collect())
    }

    /// The broker has confirmed these. One that was already worked on and sent back to wait keeps waiting.
    pub async fn mark_published(&self, ids: &[Id], now: Timestamp) -> Result<()> {
        let keys: Vec<Vec<u8>> = ids.iter().map(|id| id.0.to_vec()).collect();
        let mut tx = self.engine.begin().await?;
        tx.execute_in(
            "UPDATE outbox SET published_at = $1, claimed_until = NULL, \
             terminal = CASE WHEN has_delivery = 1 THEN terminal ELSE 1 END \
             WHERE message {keys} AND claimed_until IS NOT NULL",
            &keys,
            vec![now.into()],
        )
        .await?;
        tx.execute_in(
            "UPDATE delivery SET state = 'published' WHERE id {keys} AND state IN ('pending', 'deferred')",
            &keys,
            Vec::new(),
        )
        .await?;
        tx.commit().await
    }

    /// The broker did not take these: anybody may try again from `retry_at` on.
    pub async fn unclaim_outbox(&self, ids: &[Id], retry_at: Timestamp) -> Result<()> {
        let keys: Vec<Vec<u8>> = ids.iter().map(|id| id.0.to_vec()).collect();
        let mut tx = self.engine.begin().await?;
        tx.execute_in(
            "UPDATE outbox SET claimed_until = $1 WHERE message {keys} AND claimed_until IS NOT NULL",
            &keys,
            vec![retry_at.into()],
        )
        .await?;
        tx.commit().await
    }

    /// Messages published at or before `before` whose delivery has not ended are published again, with the same id.
    pub async fn republish_due(&self, before: Timestamp) -> Result<u64> {
        let mut tx = self.engine.begin().await?;
        let again = tx
            .execute(
                "UPDATE outbox SET published_at = NULL WHERE published_at <= $1 AND terminal = 0",
                vec![before.into()],
            )
            .await?;
        tx.commit().await?;
        Ok(again)
    }

    /// For the only process that works on this database: the claims of those that died end now.
    pub async fn drop_claims(&self) -> Result<()> {
        let mut tx = self.engine.begin().await?;
        tx.execute("UPDATE outbox SET claimed_until = NULL WHERE terminal = 0", Vec::new()).await?;
        let sql = "UPDATE delivery SET claimed_by = NULL, claimed_until = NULL WHERE finished_at IS NULL";
        tx.execute(sql, Vec::new()).await?;
        tx.commit().await
    }

    /// Lets deliveries go on that a stopped channel held back.
    pub async fn release_held(&self, now: Timestamp) -> Result<u64> {
        let mut tx = self.engine.begin().await?;
        tx.execute(
            "UPDATE outbox SET not_before = $1, published_at = NULL, claimed_until = NULL WHERE terminal = 0 \
             AND message IN (SELECT id FROM delivery WHERE state = 'held')",
            vec![now.into()],
        )
        .await?;
        let released = tx
            .execute(
                "UPDATE delivery SET state = CASE WHEN uncertain = 1 THEN 'sending' ELSE 'pending' END \
                 WHERE state = 'held'",
                Vec::new(),
            )
            .await?;
        tx.commit().await?;
        Ok(released)
    }

    /// The next instant at which a message may be published.
    pub async fn next_publish(&self) -> Result<Option<Timestamp>> {
        let mut tx = self.engine.read().await?;
        let sql = "SELECT not_before FROM outbox WHERE published_at IS NULL AND terminal = 0 AND not_before < $1 \
                   ORDER BY not_before LIMIT 1";
        tx.fetch_one(sql, vec![NEVER.into()]).await?.map(|row| row.instant(0)).transpose()
    }

    /// How many messages the broker has that nobody has ended yet.
    pub async fn messages_in_flight(&self) -> Result<u64> {
        let mut tx = self.engine.read().await?;
        let sql = "SELECT COUNT(*) FROM outbox WHERE published_at IS NOT NULL AND terminal = 0";
        let row = tx.fetch_one(sql, Vec::new()).await?;
        row.map_or(Ok(0), |row| Ok(u64::try_from(row.int(0)?).unwrap_or(0)))
    }
}
