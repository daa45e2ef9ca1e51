//! Committing a decision: reminders opened, held and withdrawn together with their messages.
//!
//! One transaction: reminders, deliveries, outbox rows, wake-ups and cleared dirty marks commit together. It must not know
//! rules, texts or people; bodies of messages come ready-made.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::engine::{Cell, CellType, OnConflict, Table, Tx};
use super::error::Result;
use super::outbox::{NewMessage, OUTBOX};
use super::reminders::{DeliveryState, KNOWN_BY_ID, KnownReminder, ReminderState, fetch_known};
use super::{Store, Subject};
use crate::domain::{Hash, Id};

/// A reminder to be opened or held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReminder {
    pub id: Id,
    pub subject: Subject,
    pub rule: &'static str,
    pub document: Id,
    pub number: Box<str>,
    pub level: Box<str>,
    pub occurrence: Box<str>,
    pub audience: &'static str,
    pub recipient: Option<Box<str>>,
    /// `None` opens it; otherwise why it is held.
    pub held: Option<String>,
    pub opening: i64,
    pub delivery: Option<Id>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    pub message: NewMessage,
    pub recipient: Box<str>,
    pub language: &'static str,
    pub audience: &'static str,
    pub kind: &'static str,
    /// Reminder ids in the order of the text.
    pub lines: Vec<Id>,
}

/// Everything that one decision commits.
pub struct DecisionBatch<'a> {
    pub at: Timestamp,
    /// Subject, the generation it was decided at, and when to look again.
    pub subjects: Vec<(Subject, i64, Option<Timestamp>)>,
    /// What the decision was based on; nothing is saved when any of it is no longer so.
    pub known: &'a [KnownReminder],
    pub reminders: Vec<NewReminder>,
    pub supersede: Vec<Id>,
    pub deliveries: Vec<NewDelivery>,
    /// Makes the withdrawal of a message that was published.
    pub withdrawal: &'a (dyn Fn(Id, Timestamp) -> NewMessage + Sync),
}

/// All deciders of one database take turns: two of them would open the same reminder in two messages.
const DECIDE_LOCK: i64 = 0x6465_6369_6465;

const REMINDER: Table = Table {
    name: "reminder",
    columns: &[
        ("id", CellType::Bytes),
        ("subject", CellType::Bytes),
        ("book", CellType::Text),
        ("party", CellType::Bytes),
        ("currency", CellType::Text),
        ("rule", CellType::Text),
        ("document", CellType::Bytes),
        ("number", CellType::Text),
        ("level", CellType::Text),
        ("occurrence", CellType::Text),
        ("audience", CellType::Text),
        ("recipient", CellType::Text),
        ("state", CellType::Text),
        ("reason", CellType::Text),
        ("opening", CellType::Int),
        ("delivery", CellType::Bytes),
        ("decided_at", CellType::Int),
        ("changed_at", CellType::Int),
    ],
    key: &["id"],
    on_conflict: OnConflict::Set(
        "subject = excluded.subject, audience = excluded.audience, recipient = excluded.recipient, \
         state = excluded.state, reason = excluded.reason, opening = excluded.opening, \
         delivery = excluded.delivery, changed_at = excluded.changed_at",
    ),
};

const DELIVERY: Table = Table {
    name: "delivery",
    columns: &[
        ("id", CellType::Bytes),
        ("recipient", CellType::Text),
        ("language", CellType::Text),
        ("audience", CellType::Text),
        ("kind", CellType::Text),
        ("state", CellType::Text),
        ("attempts", CellType::Int),
        ("uncertain", CellType::Int),
        ("created_at", CellType::Int),
    ],
    key: &["id"],
    on_conflict: OnConflict::Nothing,
};

const LINE: Table = Table {
    name: "delivery_line",
    columns: &[("delivery", CellType::Bytes), ("position", CellType::Int), ("reminder", CellType::Bytes)],
    key: &["delivery", "position"],
    on_conflict: OnConflict::Nothing,
};

impl Store {
    /// Commits a decision. `false`: somebody changed what it was based on, decide again.
    pub async fn save_decisions(&self, batch: DecisionBatch<'_>) -> Result<bool> {
        let mut tx = self.engine.begin().await?;
        tx.lock(DECIDE_LOCK, b"decide").await?;
        if !is_still_so(&mut tx, &batch).await? {
            tx.rollback().await?;
            return Ok(false);
        }
        let at = batch.at;
        withdraw(&mut tx, &batch).await?;
        tx.upsert_many(&REMINDER, batch.reminders.into_iter().map(|new| reminder_row(new, at)).collect()).await?;
        insert_deliveries(&mut tx, batch.deliveries, at).await?;
        for (subject, generation, wake_at) in batch.subjects {
            // GREATEST has another name in SQLite; a generation that was decided is never lowered.
            tx.execute(
                "UPDATE subject SET decided = CASE WHEN decided > $1 THEN decided ELSE $1 END, wake_at = $2 WHERE id = $3",
                vec![generation.into(), wake_at.into(), subject.id().into()],
            )
            .await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Marks everything to be decided again when the policy is another one than last time; says whether it was.
    pub async fn adopt_policy(&self, fingerprint: Hash) -> Result<bool> {
        let mut tx = self.engine.begin().await?;
        tx.lock(DECIDE_LOCK, b"decide").await?;
        let known = tx.fetch_one("SELECT fingerprint FROM remind_policy WHERE id = 1", Vec::new()).await?;
        if known.map(|row| row.hash(0)).transpose()? == Some(fingerprint) {
            tx.rollback().await?;
            return Ok(false);
        }
        tx.execute(
            "INSERT INTO remind_policy (id, fingerprint) VALUES (1, $1) \
             ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint",
            vec![fingerprint.into()],
        )
        .await?;
        tx.execute("UPDATE subject SET remind_generation = remind_generation + 1", Vec::new()).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Every reminder that the decision touches must be as the decision found it.
async fn is_still_so(tx: &mut Tx, batch: &DecisionBatch<'_>) -> Result<bool> {
    let touched: BTreeSet<Id> =
        batch.reminders.iter().map(|new| new.id).chain(batch.supersede.iter().copied()).collect();
    let touched: Vec<Id> = touched.into_iter().collect();
    let found = fetch_known(tx, KNOWN_BY_ID, &touched).await?;
    let now: BTreeMap<Id, (ReminderState, i64)> =
        found.iter().map(|known| (known.id, (known.state, known.opening))).collect();
    let then: BTreeMap<Id, (ReminderState, i64)> =
        batch.known.iter().map(|known| (known.id, (known.state, known.opening))).collect();
    Ok(touched.iter().all(|id| now.get(id) == then.get(id)))
}

/// Reminders that lost their reason leave their messages; a message without any is superseded, and withdrawn where other
/// programs may have seen it. A message whose bytes are on their way is past withdrawing: it ends as it ends.
async fn withdraw(tx: &mut Tx, batch: &DecisionBatch<'_>) -> Result<()> {
    let at = batch.at;
    for id in &batch.supersede {
        let done = tx
            .execute(
                "UPDATE reminder SET state = 'superseded', reason = 'its reason is gone', changed_at = $1 \
                 WHERE id = $2 AND state IN ('open', 'held') AND NOT EXISTS \
                 (SELECT 1 FROM delivery d WHERE d.id = reminder.delivery AND reminder.state = 'open' \
                  AND (d.state = 'sending' OR d.uncertain = 1))",
                vec![at.into(), (*id).into()],
            )
            .await?;
        if done == 0 {
            continue;
        }
        let sql = "SELECT delivery FROM reminder WHERE id = $1 AND delivery IS NOT NULL";
        let Some(row) = tx.fetch_one(sql, vec![(*id).into()]).await? else { continue };
        let delivery = row.id(0)?;
        tx.execute(
            "UPDATE delivery_line SET dropped = 'superseded' WHERE delivery = $1 AND reminder = $2 AND dropped IS NULL",
            vec![delivery.into(), (*id).into()],
        )
        .await?;
        let emptied = tx
            .execute(
                "UPDATE delivery SET state = 'superseded', reason = 'withdrawn before it was sent', finished_at = $1 \
                 WHERE id = $2 AND finished_at IS NULL AND NOT EXISTS \
                 (SELECT 1 FROM delivery_line l WHERE l.delivery = delivery.id AND l.dropped IS NULL)",
                vec![at.into(), delivery.into()],
            )
            .await?;
        if emptied == 1 {
            close_outbox(tx, delivery, &(batch.withdrawal)(delivery, at), at).await?;
        }
    }
    Ok(())
}

/// Ends the outbox row of a message that will not be sent; one that was published is withdrawn by a message of its own.
pub(super) async fn close_outbox(tx: &mut Tx, delivery: Id, withdrawal: &NewMessage, at: Timestamp) -> Result<()> {
    let published = tx
        .fetch_one("SELECT published_at, claimed_until FROM outbox WHERE message = $1", vec![delivery.into()])
        .await?
        .is_some_and(|row| !row.is_null(0) || !row.is_null(1));
    tx.execute("UPDATE outbox SET terminal = 1 WHERE message = $1", vec![delivery.into()]).await?;
    if published {
        tx.upsert_many(&OUTBOX, vec![withdrawal.row(false, at)]).await?;
    }
    Ok(())
}

async fn insert_deliveries(tx: &mut Tx, deliveries: Vec<NewDelivery>, at: Timestamp) -> Result<()> {
    let mut rows = Vec::with_capacity(deliveries.len());
    let mut lines = Vec::new();
    let mut messages = Vec::with_capacity(deliveries.len());
    for new in deliveries {
        let id = new.message.id;
        messages.push(new.message.row(true, at));
        lines.extend(
            new.lines.iter().enumerate().map(|(position, line)| vec![id.into(), position.into(), (*line).into()]),
        );
        rows.push(vec![
            id.into(),
            (&new.recipient).into(),
            new.language.into(),
            new.audience.into(),
            new.kind.into(),
            DeliveryState::Pending.name().into(),
            Cell::Int(0),
            Cell::Int(0),
            at.into(),
        ]);
    }
    tx.upsert_many(&DELIVERY, rows).await?;
    tx.upsert_many(&LINE, lines).await?;
    tx.upsert_many(&OUTBOX, messages).await
}

fn reminder_row(new: NewReminder, at: Timestamp) -> Vec<Cell> {
    let state = if new.held.is_some() { ReminderState::Held } else { ReminderState::Open };
    vec![
        new.id.into(),
        new.subject.id().into(),
        (&new.subject.book).into(),
        new.subject.party.into(),
        new.subject.currency.into(),
        new.rule.into(),
        new.document.into(),
        (&new.number).into(),
        (&new.level).into(),
        (&new.occurrence).into(),
        new.audience.into(),
        new.recipient.as_ref().map(Cell::from).unwrap_or(Cell::Null),
        state.name().into(),
        new.held.into(),
        new.opening.into(),
        new.delivery.into(),
        at.into(),
        at.into(),
    ]
}
