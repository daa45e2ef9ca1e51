//! What is known about reminders: who waits for a decision, what was decided before, totals, lists.
//!
//! It must not know rules, texts or people. Decisions are committed in `decisions.rs`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::engine::{Row, Tx};
use super::error::{Result, StoreError};

use super::{Store, Subject};
use crate::domain::Id;

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

pub(super) const KNOWN_BY_ID: &str = "SELECT id, subject, state, opening, reason FROM reminder WHERE id {keys}";
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

pub(super) const ABOUT: &str = "SELECT r.id, r.book, r.rule, r.number, r.level, r.audience, r.recipient, r.state, \
     d.state, r.reason, d.reason, r.decided_at, r.changed_at FROM reminder r LEFT JOIN delivery d ON d.id = r.delivery \
     WHERE r.document {keys}";

/// The newest reminders about any of these documents or items.
pub(super) async fn about(tx: &mut Tx, documents: &[Id], limit: usize) -> Result<Vec<ListedReminder>> {
    let keys: Vec<Vec<u8>> = documents.iter().map(|id| id.0.to_vec()).collect();
    let rows = tx.fetch_in(ABOUT, &keys, Vec::new()).await?;
    let mut found = rows.iter().map(listed).collect::<Result<Vec<_>>>()?;
    found.sort_by(|a, b| (b.decided_at, &a.id).cmp(&(a.decided_at, &b.id)));
    found.truncate(limit);
    Ok(found)
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

pub(super) async fn fetch_known(tx: &mut Tx, sql: &'static str, ids: &[Id]) -> Result<Vec<KnownReminder>> {
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
