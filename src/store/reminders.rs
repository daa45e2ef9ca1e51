//! Reminders as decided: which are known, opening and withdrawing them together with their messages, totals.
//!
//! One transaction a decision: reminders, deliveries, outbox rows, wake-ups and cleared dirty marks commit together. It
//! must not know rules, texts or people; bodies of messages come ready-made.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::engine::{Cell, CellType, OnConflict, Row, Table, Tx};
use super::error::{Result, StoreError};
use super::outbox::{NewMessage, OUTBOX};
use super::{Store, Subject};
use crate::domain::{Hash, Id};

macro_rules! states {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($variant),+ }

        impl $name {
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            pub(super) fn read(text: &str) -> Result<Self> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    other => Err(StoreError::Corrupt { what: stringify!($name), problem: format!("state `{other}`") }),
                }
            }
        }
    };
}

states! {
    /// What became of a reminder.
    ReminderState {
        Open = "open",
        Held = "held",
        Delivered = "delivered",
        Superseded = "superseded",
        Failed = "failed",
        Unknown = "unknown",
    }
}

states! {
    /// What became of a message.
    DeliveryState {
        Pending = "pending",
        Published = "published",
        Sending = "sending",
        Deferred = "deferred",
        Held = "held",
        Delivered = "delivered",
        Superseded = "superseded",
        Failed = "failed",
        Unknown = "unknown",
    }
}

/// A subject that waits for a decision, with the generation that may be cleared afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirtySubject {
    pub subject: Subject,
    pub generation: i64,
}

/// What is known of a reminder before a decision; the decision is refused when it has changed meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownReminder {
    pub id: Id,
    pub subject: Id,
    pub state: ReminderState,
    pub opening: i64,
    pub reason: Option<Box<str>>,
}

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

/// How many reminders ended how. `decided` is the sum of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ReminderTotals {
    pub decided: u64,
    pub delivered: u64,
    /// Open: their message waits for its time, its budget or its turn.
    pub deferred: u64,
    pub held: u64,
    pub superseded: u64,
    pub failed: u64,
    pub unknown: u64,
}

/// One line of `bihuan reminders list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedReminder {
    pub id: String,
    pub book: String,
    pub rule: String,
    pub number: String,
    pub level: String,
    pub audience: String,
    pub recipient: Option<String>,
    pub state: ReminderState,
    pub delivery: Option<DeliveryState>,
    pub reason: Option<String>,
    pub decided_at: Timestamp,
    pub changed_at: Timestamp,
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

const KNOWN_BY_ID: &str = "SELECT id, subject, state, opening, reason FROM reminder WHERE id {keys}";
const KNOWN_BY_SUBJECT: &str =
    "SELECT id, subject, state, opening, reason FROM reminder WHERE subject {keys} AND state IN ('open', 'held')";

impl Store {
    /// Subjects that changed since they were decided about, and those whose time has come.
    pub async fn dirty_subjects(&self, now: Timestamp, limit: usize) -> Result<Vec<DirtySubject>> {
        let mut tx = self.engine.read().await?;
        let rows = tx
            .fetch(
                "SELECT book, party, currency, remind_generation FROM subject \
                 WHERE remind_generation > decided OR wake_at <= $1 ORDER BY id LIMIT $2",
                vec![now.into(), limit.into()],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let subject = Subject { book: row.text(0)?.into(), party: row.id(1)?, currency: row.currency(2)? };
                Ok(DirtySubject { subject, generation: row.int(3)? })
            })
            .collect()
    }

    /// The earliest instant at which a subject wants to be looked at again.
    pub async fn next_wake(&self) -> Result<Option<Timestamp>> {
        let mut tx = self.engine.read().await?;
        let sql = "SELECT wake_at FROM subject WHERE wake_at IS NOT NULL ORDER BY wake_at LIMIT 1";
        tx.fetch_one(sql, Vec::new()).await?.map(|row| row.instant(0)).transpose()
    }

    /// Reminders with these ids, and everything that is open or held of these subjects; sorted by id.
    pub async fn known_reminders(&self, ids: &[Id], subjects: &[Id]) -> Result<Vec<KnownReminder>> {
        let mut tx = self.engine.read().await?;
        let mut known = fetch_known(&mut tx, KNOWN_BY_ID, ids).await?;
        known.append(&mut fetch_known(&mut tx, KNOWN_BY_SUBJECT, subjects).await?);
        known.sort_by_key(|reminder| reminder.id);
        known.dedup_by_key(|reminder| reminder.id);
        Ok(known)
    }

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

    /// Makes a subject dirty as a committed fact would.
    #[cfg(test)]
    pub(crate) async fn touch_subject(&self, subject: &Subject) -> Result<()> {
        let mut tx = self.engine.begin().await?;
        tx.execute(
            "INSERT INTO subject (id, book, party, currency, settle_generation, settled, remind_generation, decided) \
             VALUES ($1, $2, $3, $4, 0, 0, 1, 0) \
             ON CONFLICT (id) DO UPDATE SET remind_generation = subject.remind_generation + 1",
            vec![subject.id().into(), (&subject.book).into(), subject.party.into(), subject.currency.into()],
        )
        .await?;
        tx.commit().await
    }

    pub async fn reminder_totals(&self) -> Result<ReminderTotals> {
        let mut tx = self.engine.read().await?;
        let sql = "SELECT r.state, d.state, COUNT(*) FROM reminder r LEFT JOIN delivery d ON d.id = r.delivery \
                   GROUP BY r.state, d.state";
        let mut totals = ReminderTotals::default();
        for row in tx.fetch(sql, Vec::new()).await? {
            let count = u64::try_from(row.int(2)?).unwrap_or(0);
            let waits_for_channel = row.opt_text(1)? == Some(DeliveryState::Held.name());
            totals.decided += count;
            *match ReminderState::read(row.text(0)?)? {
                ReminderState::Open if waits_for_channel => &mut totals.held,
                ReminderState::Open => &mut totals.deferred,
                ReminderState::Held => &mut totals.held,
                ReminderState::Delivered => &mut totals.delivered,
                ReminderState::Superseded => &mut totals.superseded,
                ReminderState::Failed => &mut totals.failed,
                ReminderState::Unknown => &mut totals.unknown,
            } += count;
        }
        Ok(totals)
    }

    /// How many messages ended in each state.
    pub async fn delivery_totals(&self) -> Result<BTreeMap<&'static str, u64>> {
        let mut tx = self.engine.read().await?;
        let rows = tx.fetch("SELECT state, COUNT(*) FROM delivery GROUP BY state", Vec::new()).await?;
        rows.iter()
            .map(|row| Ok((DeliveryState::read(row.text(0)?)?.name(), u64::try_from(row.int(1)?).unwrap_or(0))))
            .collect()
    }

    /// The newest reminders, optionally in one state only.
    pub async fn list_reminders(&self, state: Option<ReminderState>, limit: usize) -> Result<Vec<ListedReminder>> {
        let mut tx = self.engine.read().await?;
        let rows = tx
            .fetch(
                "SELECT r.id, r.book, r.rule, r.number, r.level, r.audience, r.recipient, r.state, d.state, \
                 r.reason, d.reason, r.decided_at, r.changed_at \
                 FROM reminder r LEFT JOIN delivery d ON d.id = r.delivery \
                 WHERE $1 = '' OR r.state = $1 ORDER BY r.decided_at DESC, r.id LIMIT $2",
                vec![state.map_or("", ReminderState::name).into(), limit.into()],
            )
            .await?;
        rows.iter().map(listed).collect()
    }
}

fn listed(row: &Row) -> Result<ListedReminder> {
    let text = |column| -> Result<String> { Ok(row.text(column)?.to_owned()) };
    Ok(ListedReminder {
        id: row.id(0)?.to_string(),
        book: text(1)?,
        rule: text(2)?,
        number: text(3)?,
        level: text(4)?,
        audience: text(5)?,
        recipient: row.opt_text(6)?.map(str::to_owned),
        state: ReminderState::read(row.text(7)?)?,
        delivery: row.opt_text(8)?.map(DeliveryState::read).transpose()?,
        reason: row.opt_text(9)?.or(row.opt_text(10)?).map(str::to_owned),
        decided_at: row.instant(11)?,
        changed_at: row.instant(12)?,
    })
}

async fn fetch_known(tx: &mut Tx, sql: &'static str, ids: &[Id]) -> Result<Vec<KnownReminder>> {
    let keys: Vec<Vec<u8>> = ids.iter().map(|id| id.0.to_vec()).collect();
    let rows = tx.fetch_in(sql, &keys, Vec::new()).await?;
    let mut known: Vec<KnownReminder> = rows
        .iter()
        .map(|row| {
            Ok(KnownReminder {
                id: row.id(0)?,
                subject: row.id(1)?,
                state: ReminderState::read(row.text(2)?)?,
                opening: row.int(3)?,
                reason: row.opt_text(4)?.map(Into::into),
            })
        })
        .collect::<Result<_>>()?;
    known.sort_by_key(|reminder| reminder.id);
    known.dedup_by_key(|reminder| reminder.id);
    Ok(known)
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
