//! From dirty subjects to committed decisions; and the same decision again for one message just before it is sent.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::RemindError;
use super::decide::{Decided, Digest, FeedFreshness, Plan, Policy, SubjectDecision, Wanted, decide, digests, plan};
use super::message::{self, Body};
use crate::domain::Id;
use crate::failpoint::failpoint;
use crate::store::{
    DecisionBatch, KnownReminder, NO_PARTY, NewDelivery, NewMessage, NewReminder, Position, Store, StoreError, Subject,
    UnidentifiedPayment,
};

/// Subjects decided in one transaction. More of them make better digests, fewer a shorter lock; one company's whole
/// customer base fits in one.
const SUBJECTS_PER_DECISION: usize = 4_096;
/// Another process may change what a decision was based on; so often it is tried again before the next tick does it.
const MAX_CONFLICTS: usize = 5;

/// What is committed about subjects at this moment.
#[async_trait]
pub trait PositionSource: Send + Sync + fmt::Debug {
    async fn positions(&self, subjects: &[Subject]) -> Result<Vec<Position>, StoreError>;
    /// Every payment of a book that belongs to nobody yet.
    async fn unidentified(&self, book: &str) -> Result<Vec<UnidentifiedPayment>, StoreError>;
}

/// How fresh the payment feeds of every book are now.
#[async_trait]
pub trait FeedSource: Send + Sync + fmt::Debug {
    async fn feeds(&self) -> Result<FeedFreshness, StoreError>;
}

/// Feeds that never change: for tests, and for installations that chase without a payment feed.
#[derive(Debug, Clone, Default)]
pub struct FixedFeeds(pub FeedFreshness);

#[async_trait]
impl FeedSource for FixedFeeds {
    async fn feeds(&self) -> Result<FeedFreshness, StoreError> {
        Ok(self.0.clone())
    }
}

#[derive(Debug, Clone)]
pub struct Decider {
    pub store: Store,
    pub positions: Arc<dyn PositionSource>,
    pub feeds: Arc<dyn FeedSource>,
    pub policy: Arc<Policy>,
}

impl Decider {
    /// Decides about `subjects` against everything that is committed now; one decision a subject, in their order.
    pub async fn decide(&self, subjects: &[Subject], now: Timestamp) -> Result<Decided, RemindError> {
        let feeds = self.feeds.feeds().await?;
        let (ownerless, parties): (Vec<Subject>, Vec<Subject>) =
            subjects.iter().cloned().partition(|subject| subject.party == NO_PARTY);
        let positions = self.positions.positions(&parties).await?;
        let mut unidentified = Vec::new();
        let books: BTreeSet<&str> = ownerless.iter().map(|subject| &*subject.book).collect();
        for book in books {
            unidentified.extend(self.positions.unidentified(book).await?);
        }
        let asked: BTreeSet<&Subject> = subjects.iter().collect();
        unidentified.retain(|payment| asked.contains(&super::decide::subject_of_unidentified(payment)));
        let decided = decide(&positions, &unidentified, &self.policy, now, &feeds);
        let mut by_subject: BTreeMap<Subject, SubjectDecision> =
            decided.subjects.into_iter().map(|decision| (decision.subject.clone(), decision)).collect();
        // A subject that nothing is known of any more wants nothing: what is open of it has lost its reason.
        let nothing = |subject: &Subject| SubjectDecision {
            subject: subject.clone(),
            wanted: Vec::new(),
            may_open: false,
            wake_at: None,
        };
        let subjects =
            subjects.iter().map(|subject| by_subject.remove(subject).unwrap_or_else(|| nothing(subject))).collect();
        Ok(Decided { subjects })
    }

    /// Decides about everything that waits for it; returns how many subjects that were.
    pub async fn decide_dirty(&self, now: Timestamp) -> Result<usize, RemindError> {
        let mut count = 0;
        let mut conflicts = 0;
        loop {
            let dirty = self.store.dirty_subjects(now, SUBJECTS_PER_DECISION).await?;
            if dirty.is_empty() {
                return Ok(count);
            }
            let subjects: Vec<Subject> = dirty.iter().map(|dirty| dirty.subject.clone()).collect();
            let decided = self.decide(&subjects, now).await?;
            let ids: Vec<Id> =
                decided.subjects.iter().flat_map(|subject| subject.wanted.iter().map(|wanted| wanted.id)).collect();
            let subject_ids: Vec<Id> = subjects.iter().map(Subject::id).collect();
            let known = self.store.known_reminders(&ids, &subject_ids).await?;
            let plan = plan(&decided, &known);
            let subjects = dirty
                .into_iter()
                .zip(&decided.subjects)
                .map(|(dirty, decision)| (dirty.subject, dirty.generation, decision.wake_at))
                .collect::<Vec<_>>();
            let size = subjects.len();
            failpoint!("decide:before_save");
            if self.store.save_decisions(batch(&plan, subjects, &known, now)).await? {
                failpoint!("decide:after_save");
                count += size;
            } else {
                conflicts += 1;
                if conflicts > MAX_CONFLICTS {
                    return Ok(count);
                }
            }
        }
    }
}

/// Everything that one decision commits.
fn batch<'a>(
    plan: &Plan<'_>,
    subjects: Vec<(Subject, i64, Option<Timestamp>)>,
    known: &'a [KnownReminder],
    now: Timestamp,
) -> DecisionBatch<'a> {
    let digests = digests(&plan.open);
    let wanted: BTreeMap<Id, &Wanted> = plan.open.iter().map(|(wanted, _)| (wanted.id, *wanted)).collect();
    let mut delivery_of: BTreeMap<Id, Id> = BTreeMap::new();
    let mut deliveries = Vec::with_capacity(digests.len());
    for digest in &digests {
        delivery_of.extend(digest.lines.iter().map(|(id, _)| (*id, digest.id)));
        deliveries.push(delivery(digest, &wanted, now));
    }
    let reminders = plan
        .open
        .iter()
        .map(|(wanted, opening)| NewReminder {
            id: wanted.id,
            subject: wanted.subject.clone(),
            rule: wanted.rule.name(),
            document: wanted.document,
            number: wanted.content.number.clone(),
            level: wanted.level.clone(),
            occurrence: wanted.occurrence.clone(),
            audience: wanted.audience.name(),
            recipient: wanted.recipient.as_ref().map(|recipient| recipient.chat.clone()),
            held: wanted.hold.as_ref().map(super::decide::Hold::reason),
            opening: *opening,
            delivery: delivery_of.get(&wanted.id).copied(),
        })
        .collect();
    let supersede = plan.supersede.clone();
    DecisionBatch { at: now, subjects, known, reminders, supersede, deliveries, withdrawal: &withdrawal }
}

fn delivery(digest: &Digest, wanted: &BTreeMap<Id, &Wanted>, now: Timestamp) -> NewDelivery {
    let body = message::reminder_body(digest, |id| wanted.get(&id).copied(), now);
    NewDelivery {
        message: NewMessage {
            id: digest.id,
            routing_key: message::routing_key(digest.kind, digest.audience.name()),
            body: bytes_of(&body),
            not_before: now,
        },
        recipient: digest.recipient.chat.clone(),
        language: digest.recipient.language.name(),
        audience: digest.audience.name(),
        kind: digest.kind,
        lines: digest.lines.iter().map(|(id, _)| *id).collect(),
    }
}

/// The message that takes a published one back. It may go out at once.
pub fn withdrawal(delivery: Id, at: Timestamp) -> NewMessage {
    NewMessage {
        id: message::withdrawal_id(delivery),
        routing_key: message::WITHDRAWAL_KEY.to_owned(),
        body: bytes_of(&message::withdrawal_body(delivery, at)),
        not_before: at,
    }
}

/// A body of strings and numbers always serializes; an empty one would go to the dead letters and be seen.
fn bytes_of(body: &Body) -> Vec<u8> {
    serde_json::to_vec(body).unwrap_or_default()
}
