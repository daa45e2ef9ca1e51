//! The whole way from dirty subjects to ended deliveries: as a deterministic pump, and as the daemon's loops.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bihuan_connectors::sdk::Channel;
use jiff::Timestamp;
use tokio::sync::{Notify, OnceCell, watch};
use tokio::task::JoinSet;

use super::broker::{Broker, Settle};
use super::decide::Policy;
use super::decider::{Decider, FeedSource, PositionSource};
use super::message::delivery_of;
use super::notifier::{Handled, Notifier};
use super::relay::Relay;
use super::{RemindError, Templates};
use crate::domain::{Clock, Hash};
use crate::store::Store;

/// Chat calls at once: each waits for a server most of the time, and a person gets one message at a time anyway.
const WORKERS: usize = 4;
/// A sleeping loop looks again after this long even when nobody woke it: another process may have written.
const FALLBACK: Duration = Duration::from_secs(15);
/// After an error of store or broker, so long until the loop goes on.
const AFTER_ERROR: Duration = Duration::from_secs(5);
/// How long the pump waits for a message that a real broker has confirmed.
const BROKER_PATIENCE: Duration = Duration::from_secs(10);
/// Rounds of one tick: each round sends something or is the last; more of them is a loop that feeds itself.
const MAX_ROUNDS: usize = 10_000;

/// What [`Reminding`] is made of.
pub struct Parts {
    pub store: Store,
    pub positions: Arc<dyn PositionSource>,
    pub feeds: Arc<dyn FeedSource>,
    pub policy: Policy,
    pub templates: Templates,
    pub channel: Arc<dyn Channel>,
    pub broker: Arc<dyn Broker>,
    pub clock: Arc<dyn Clock>,
    /// Names this process among all that share the database.
    pub holder: String,
    /// No other process delivers from this database: claims of the dead need not be waited for.
    pub exclusive: bool,
}

pub struct Reminding {
    decider: Decider,
    pub(super) relay: Relay,
    notifier: Arc<Notifier>,
    pub(super) broker: Arc<dyn Broker>,
    clock: Arc<dyn Clock>,
    fingerprint: Hash,
    holder: String,
    exclusive: bool,
    facts: Notify,
    outbox: Notify,
    started: OnceCell<()>,
}

impl fmt::Debug for Reminding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reminding").field("holder", &self.holder).field("broker", &self.broker).finish_non_exhaustive()
    }
}

/// What one tick did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ticked {
    pub subjects: usize,
    pub published: usize,
    pub attempted: usize,
}

impl Reminding {
    pub fn new(parts: Parts) -> Self {
        let fingerprint = Hash::of_parts(&[&parts.policy.fingerprint().0, &parts.templates.fingerprint().0]);
        let decider = Decider {
            store: parts.store.clone(),
            positions: parts.positions,
            feeds: parts.feeds,
            policy: Arc::new(parts.policy),
        };
        let notifier =
            Notifier::new(decider.clone(), Arc::new(parts.templates), parts.channel, Arc::clone(&parts.clock));
        Self {
            decider,
            relay: Relay { store: parts.store, broker: Arc::clone(&parts.broker) },
            notifier: Arc::new(notifier),
            broker: parts.broker,
            clock: parts.clock,
            fingerprint,
            holder: parts.holder,
            exclusive: parts.exclusive,
            facts: Notify::new(),
            outbox: Notify::new(),
            started: OnceCell::new(),
        }
    }

    fn store(&self) -> &Store {
        &self.decider.store
    }

    /// The decisions behind `reminders preview`.
    pub fn decider(&self) -> &Decider {
        &self.decider
    }

    /// The next instant at which a waiting message may go out: repeated, or past its quota. A simulated day that ticks
    /// once must move its clock there and tick again, or a lost answer is a day old when it is looked at.
    pub async fn next_attempt(&self) -> Result<Option<Timestamp>, RemindError> {
        Ok(self.store().next_publish().await?)
    }

    /// Facts were committed: subjects may be dirty.
    pub fn nudge(&self) {
        self.facts.notify_one();
    }

    /// Adopts the policy and takes up what the last process left; done once, by the first tick or run. A process that
    /// only looks must not do it: it would end the claims of the daemon beside it.
    pub async fn start(&self) -> Result<(), RemindError> {
        self.started.get_or_try_init(|| self.take_up()).await.map(drop)
    }

    async fn take_up(&self) -> Result<(), RemindError> {
        let now = self.clock.now();
        self.store().adopt_policy(self.fingerprint).await?;
        if self.exclusive {
            self.store().drop_claims().await?;
        }
        if !self.broker.survives_restart() {
            self.store().republish_due(Timestamp::MAX).await?;
        }
        self.store().release_held(now).await?;
        Ok(())
    }

    /// Decides, relays and delivers everything that is due at this instant of the clock, until nothing is.
    pub async fn tick(&self) -> Result<Ticked, RemindError> {
        self.start().await?;
        let worker = format!("{}/tick", self.holder);
        let mut ticked = Ticked::default();
        self.relay.republish(self.clock.now()).await?;
        for _ in 0..MAX_ROUNDS {
            let subjects = self.decider.decide_dirty(self.clock.now()).await?;
            let relayed = self.relay.publish_due(self.clock.now()).await?;
            let attempted = self.pump(&worker).await?;
            ticked.subjects += subjects;
            ticked.published += relayed.confirmed;
            ticked.attempted += attempted;
            if subjects == 0 && relayed.confirmed == 0 && attempted == 0 {
                break;
            }
        }
        Ok(ticked)
    }

    /// Handles messages until the store knows of none that the broker still has.
    async fn pump(&self, worker: &str) -> Result<usize, RemindError> {
        let mut attempted = 0;
        let patience = if self.broker.survives_restart() { BROKER_PATIENCE } else { Duration::ZERO };
        while self.store().messages_in_flight().await? > 0 {
            let Some(incoming) = self.broker.receive(patience).await? else {
                // Lost with an earlier process, or in another one's hands: published again in its time.
                break;
            };
            let settle = match self.handle_body(worker, &incoming.body).await {
                Ok((settle, handled)) => {
                    attempted += usize::from(handled);
                    settle
                }
                Err(error) => {
                    self.broker.settle(&incoming, Settle::Later).await?;
                    return Err(error);
                }
            };
            let busy = settle == Settle::Later;
            self.broker.settle(&incoming, settle).await?;
            if busy {
                break; // another process works on it
            }
        }
        Ok(attempted)
    }

    async fn handle_body(&self, worker: &str, body: &[u8]) -> Result<(Settle, bool), RemindError> {
        match delivery_of(body) {
            Ok(Some(id)) => Ok(match self.notifier.handle(worker, id).await? {
                Handled::Attempted => (Settle::Done, true),
                Handled::Nothing => (Settle::Done, false),
                Handled::Busy => (Settle::Later, false),
            }),
            Ok(None) => Ok((Settle::Done, false)),
            Err(problem) => {
                tracing::warn!(problem, "a message that is none of ours goes to the dead letters");
                Ok((Settle::Dead, false))
            }
        }
    }

    /// The daemon's loops, until `shutdown` becomes true (or its sender is gone); a message in hand is ended first.
    pub async fn run(self: Arc<Self>, mut shutdown: watch::Receiver<bool>) {
        while let Err(error) = self.start().await {
            tracing::error!(error = %chain(&error), "reminding cannot begin");
            sleep(AFTER_ERROR, &Notify::new(), &mut shutdown).await;
            if *shutdown.borrow() {
                return;
            }
        }
        let mut loops = JoinSet::new();
        loops.spawn(Arc::clone(&self).decide_loop(shutdown.clone()));
        loops.spawn(Arc::clone(&self).relay_loop(shutdown.clone()));
        for number in 0..WORKERS {
            loops.spawn(Arc::clone(&self).work_loop(number, shutdown.clone()));
        }
        while loops.join_next().await.is_some() {}
        self.broker.close().await;
    }

    async fn decide_loop(self: Arc<Self>, mut shutdown: watch::Receiver<bool>) {
        while !*shutdown.borrow() {
            let pause = match self.decider.decide_dirty(self.clock.now()).await {
                Ok(count) => {
                    if count > 0 {
                        self.outbox.notify_one();
                    }
                    self.pause_until(self.store().next_wake().await.ok().flatten())
                }
                Err(error) => {
                    tracing::error!(error = %chain(&error), "deciding failed");
                    AFTER_ERROR
                }
            };
            sleep(pause, &self.facts, &mut shutdown).await;
        }
    }

    async fn relay_loop(self: Arc<Self>, mut shutdown: watch::Receiver<bool>) {
        while !*shutdown.borrow() {
            let pause = match self.relay_once().await {
                Ok(0) => self.pause_until(self.store().next_publish().await.ok().flatten()),
                Ok(_) => continue,
                Err(error) => {
                    tracing::error!(error = %chain(&error), "publishing failed");
                    AFTER_ERROR
                }
            };
            sleep(pause, &self.outbox, &mut shutdown).await;
        }
    }

    async fn relay_once(&self) -> Result<usize, RemindError> {
        self.relay.republish(self.clock.now()).await?;
        Ok(self.relay.publish_due(self.clock.now()).await?.confirmed)
    }

    async fn work_loop(self: Arc<Self>, number: usize, mut shutdown: watch::Receiver<bool>) {
        let worker = format!("{}/{number}", self.holder);
        while !*shutdown.borrow() {
            let received = tokio::select! {
                received = self.broker.receive(FALLBACK) => received,
                _ = shutdown.changed() => return,
            };
            let result = match received {
                Ok(None) => continue,
                Ok(Some(incoming)) => {
                    let outcome = self.handle_body(&worker, &incoming.body).await;
                    let (settle, failed) = match outcome {
                        Ok((settle, _)) => (settle, None),
                        Err(error) => (Settle::Later, Some(error)),
                    };
                    let settled = self.broker.settle(&incoming, settle).await;
                    // Waiting messages and dropped reminders may have to move again.
                    self.outbox.notify_one();
                    self.facts.notify_one();
                    failed.map_or(settled.map_err(RemindError::from), Err)
                }
                Err(error) => Err(error.into()),
            };
            if let Err(error) = result {
                tracing::error!(error = %chain(&error), "a message could not be handled");
                sleep(AFTER_ERROR, &Notify::new(), &mut shutdown).await;
            }
        }
    }

    fn pause_until(&self, deadline: Option<Timestamp>) -> Duration {
        deadline.map_or(FALLBACK, |deadline| self.clock.real_delay(deadline).min(FALLBACK))
    }
}

async fn sleep(pause: Duration, woken: &Notify, shutdown: &mut watch::Receiver<bool>) {
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        () = woken.notified() => {}
        _ = shutdown.changed() => {}
    }
}

/// An error with its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
