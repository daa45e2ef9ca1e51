//! The last step: one consumed message, decided again, written, stored, sent — and accounted for, whatever happens.
//!
//! Order matters: exact bytes are committed as `sending` before the call. A crash before that sends nothing; a crash after
//! it repeats the same bytes, which the chat server drops as a duplicate inside its window. It must not know brokers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bihuan_connectors::sdk::{Channel, Delivered, ErrorClass, OutgoingMessage, SourceError};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::decide::{Decided, Language, Wanted};
use super::decider::{Decider, withdrawal};
use super::relay::plus_seconds;
use super::{RemindError, Templates};
use crate::domain::{Clock, Id};
use crate::failpoint::failpoint;
use crate::store::{Begun, ClaimedDelivery, DeliveryState, Drop, Finish, Store, Subject};

/// A worker that died is replaced after this long; longer than a chat call with its time-out.
const CLAIM_SECONDS: i64 = 120;
/// Waits between attempts of unknown outcome; the last is repeated until the duplicate window ends.
const REPEAT_SECONDS: [i64; 3] = [10, 60, 600];
/// We stop repeating this long before the server forgets the first attempt: clocks differ and calls take time.
const WINDOW_MARGIN_SECONDS: i64 = 120;
/// A throttled call without a hint waits as long as the usual window of a chat server.
const THROTTLED_SECONDS: i64 = 60;
/// Window of the per-person quota.
const QUOTA_WINDOW_SECONDS: i64 = 60;

pub struct Notifier {
    pub decider: Decider,
    pub templates: Arc<Templates>,
    pub channel: Arc<dyn Channel>,
    pub clock: Arc<dyn Clock>,
    stopped: AtomicBool,
}

/// What became of one consumed message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// This attempt ended; how, is in the store.
    Attempted,
    /// Ended before, waiting for its time, or not ours.
    Nothing,
    /// Somebody else has it: look again later.
    Busy,
}

/// What is still to be said, and what is not.
struct Redecided {
    keep: Vec<Wanted>,
    drops: Vec<(Id, Drop)>,
    /// Outside the send window: when the next one begins.
    wait_until: Option<Timestamp>,
}

impl Notifier {
    pub fn new(decider: Decider, templates: Arc<Templates>, channel: Arc<dyn Channel>, clock: Arc<dyn Clock>) -> Self {
        Self { decider, templates, channel, clock, stopped: AtomicBool::new(false) }
    }

    fn store(&self) -> &Store {
        &self.decider.store
    }

    /// Whether credentials or settings of the channel were refused: everything is held until a restart, because
    /// repeating a wrong secret gets the address blocked.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Works on one delivery.
    pub async fn handle(&self, worker: &str, id: Id) -> Result<Handled, RemindError> {
        let now = self.clock.now();
        let delivery = match self.store().begin_delivery(id, worker, now, plus_seconds(now, CLAIM_SECONDS)).await? {
            Begun::Yours(delivery) => delivery,
            Begun::Finished | Begun::NotYet | Begun::Stranger => return Ok(Handled::Nothing),
            Begun::Busy => return Ok(Handled::Busy),
        };
        let (finish, drops) = if self.is_stopped() {
            (Finish::Held { reason: "the channel is stopped: its credentials or settings were refused".into() }, vec![])
        } else if delivery.uncertain || delivery.state == DeliveryState::Sending {
            (self.repeat(worker, &delivery, now).await?, vec![])
        } else {
            self.first_attempt(worker, &delivery, now).await?
        };
        self.store().finish_delivery(id, worker, finish, &drops, self.clock.now()).await?;
        Ok(Handled::Attempted)
    }

    /// Decides again, writes, stores and sends.
    async fn first_attempt(
        &self,
        worker: &str,
        delivery: &ClaimedDelivery,
        now: Timestamp,
    ) -> Result<(Finish, Vec<(Id, Drop)>), RemindError> {
        let Redecided { keep, drops, wait_until } = self.redecide(delivery, now).await?;
        if keep.is_empty() {
            return Ok((Finish::Superseded { withdrawal: withdrawal(delivery.id, now) }, drops));
        }
        if let Some(until) = wait_until {
            return Ok((Finish::Deferred { until, reason: "outside the send window".to_owned() }, drops));
        }
        if let Some(until) = self.over_budget(&delivery.recipient, now).await? {
            let reason = format!("the quota of {} a minute is used up", self.channel.per_recipient_per_minute());
            return Ok((Finish::Deferred { until, reason }, drops));
        }
        let body = self.write(delivery, &keep).await?;
        self.store().store_sending(delivery.id, worker, &body, &drops, now).await?;
        let outcome = self.call(&body).await;
        Ok((self.judge(outcome, delivery, now, false), Vec::new()))
    }

    /// The same bytes again, while the server would still know them; afterwards the outcome stays unknown.
    async fn repeat(&self, worker: &str, delivery: &ClaimedDelivery, now: Timestamp) -> Result<Finish, RemindError> {
        let (Some(body), Some(first)) = (&delivery.body, delivery.first_sent_at) else {
            return Ok(Finish::Failed { reason: "bug: sending without stored bytes".to_owned() });
        };
        if !self.within_window(first, now) {
            return Ok(unknown("the process or the connection died during the call"));
        }
        if let Some(until) = self.over_budget(&delivery.recipient, now).await? {
            return Ok(Finish::Repeat { until, reason: "the quota is used up".to_owned() });
        }
        self.store().store_repeat(delivery.id, worker).await?;
        let outcome = self.call(&Bytes::copy_from_slice(body)).await;
        Ok(self.judge(outcome, delivery, now, true))
    }

    /// Between the two places lies what nobody can know after a crash.
    async fn call(&self, body: &Bytes) -> Result<Delivered, SourceError> {
        failpoint!("notify:bytes_stored");
        let outcome = self.channel.send(body).await;
        failpoint!("notify:after_call");
        outcome
    }

    /// `uncertain`: some earlier attempt may have reached the server.
    fn judge(
        &self,
        outcome: Result<Delivered, SourceError>,
        delivery: &ClaimedDelivery,
        now: Timestamp,
        uncertain: bool,
    ) -> Finish {
        let error = match outcome {
            Ok(Delivered { refused: Some(reason), .. }) => return Finish::Failed { reason },
            Ok(Delivered { message_id, .. }) => return Finish::Delivered { server_message: message_id },
            Err(error) => error,
        };
        tracing::warn!(delivery = %delivery.id, class = error.class.name(), error = %error, "a chat call failed");
        let reason = format!("{}: {error}", error.class.name());
        match error.class {
            ErrorClass::Throttled { retry_after } => {
                let seconds = retry_after.map_or(THROTTLED_SECONDS, |wait| {
                    i64::try_from(wait.as_secs()).unwrap_or(i64::MAX).saturating_add(1)
                });
                let until = plus_seconds(now, seconds);
                // The server said no, so nothing was sent — by this call.
                if uncertain { Finish::Repeat { until, reason } } else { Finish::Deferred { until, reason } }
            }
            ErrorClass::Auth | ErrorClass::Config => {
                self.stopped.store(true, Ordering::Release);
                tracing::error!(channel = self.channel.name(), error = %error, help = error.help.as_deref(),
                    "the channel is stopped; messages are held until the settings are corrected and bihuan restarted");
                Finish::Held { reason }
            }
            ErrorClass::Transient | ErrorClass::Data => {
                let attempt = usize::try_from(delivery.attempts).unwrap_or(usize::MAX);
                let seconds = REPEAT_SECONDS[attempt.min(REPEAT_SECONDS.len() - 1)];
                let until = plus_seconds(now, seconds);
                let first = delivery.first_sent_at.filter(|_| uncertain).unwrap_or(now);
                if self.within_window(first, until) { Finish::Repeat { until, reason } } else { unknown(&reason) }
            }
            ErrorClass::Bug if uncertain => unknown(&reason),
            ErrorClass::Bug => Finish::Failed { reason },
        }
    }

    fn within_window(&self, first: Timestamp, now: Timestamp) -> bool {
        let window = self.channel.duplicate_window().and_then(|window| SignedDuration::try_from(window).ok());
        window.is_some_and(|window| {
            now.duration_since(first) < window.saturating_sub(SignedDuration::from_secs(WINDOW_MARGIN_SECONDS))
        })
    }

    async fn redecide(&self, delivery: &ClaimedDelivery, now: Timestamp) -> Result<Redecided, RemindError> {
        let mut subjects: Vec<Subject> = delivery.lines.iter().map(|line| line.subject.clone()).collect();
        subjects.sort();
        subjects.dedup();
        let decided: Decided = self.decider.decide(&subjects, now).await?;
        let calendars = subjects.iter().map(|subject| self.decider.policy.calendar(&subject.book).next_send(now));
        let wait_until = calendars.max().filter(|next| *next > now);
        let mut wanted: BTreeMap<Id, Wanted> =
            decided.subjects.into_iter().flat_map(|subject| subject.wanted).map(|wanted| (wanted.id, wanted)).collect();
        let mut keep = Vec::new();
        let mut drops = Vec::new();
        for line in &delivery.lines {
            let drop = match wanted.remove(&line.reminder) {
                None => Drop::Superseded { reason: "its reason is gone".to_owned() },
                Some(Wanted { hold: Some(hold), .. }) => Drop::Held { reason: hold.reason() },
                Some(wanted) => {
                    let chat = wanted.recipient.as_ref().map(|recipient| &*recipient.chat);
                    if chat == Some(&*delivery.recipient) {
                        keep.push(wanted);
                        continue;
                    }
                    Drop::Superseded { reason: "somebody else is responsible now".to_owned() }
                }
            };
            drops.push((line.reminder, drop));
        }
        Ok(Redecided { keep, drops, wait_until })
    }

    /// Takes one call out of this minute's quota; when it is used up, says when the next minute begins.
    async fn over_budget(&self, recipient: &str, now: Timestamp) -> Result<Option<Timestamp>, RemindError> {
        let start = now.as_second().div_euclid(QUOTA_WINDOW_SECONDS) * QUOTA_WINDOW_SECONDS;
        let start = Timestamp::from_second(start).unwrap_or(now);
        let limit = self.channel.per_recipient_per_minute();
        let (app, window_ms) = (self.channel.name(), QUOTA_WINDOW_SECONDS * 1_000);
        let taken = self.store().take_budget(app, recipient, start, window_ms, limit).await?;
        Ok((!taken).then(|| plus_seconds(start, QUOTA_WINDOW_SECONDS)))
    }

    async fn write(&self, delivery: &ClaimedDelivery, keep: &[Wanted]) -> Result<Bytes, RemindError> {
        let orders: Vec<Id> = keep.iter().flat_map(|wanted| wanted.content.orders.iter().copied()).collect();
        let numbers = self.store().document_numbers(&orders).await?;
        let lines: Vec<&Wanted> = keep.iter().collect();
        let name = keep.iter().find_map(|wanted| wanted.recipient.as_ref()).map_or("", |recipient| &recipient.name);
        let language = Language::parse(&delivery.language);
        let max_lines = self.decider.policy.rules.digest_lines;
        let text = self.templates.render(language, name, &lines, &numbers, max_lines)?;
        let message = OutgoingMessage { id: delivery.id.to_string(), recipient: delivery.recipient.to_string(), text };
        Ok(self.channel.encode(&message))
    }
}

fn unknown(reason: &str) -> Finish {
    Finish::Unknown { reason: format!("{reason}; it is not known whether the chat server took the message") }
}
