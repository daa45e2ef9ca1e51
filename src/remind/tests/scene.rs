//! A company for one test: a store (on every engine at hand), a simulated clock, an embedded broker, a ledger that says
//! what it is told to say, and a chat server that obeys a script.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bihuan_connectors::sdk::{Channel, Delivered, ErrorClass, OutgoingMessage, SourceError};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::domain::{Clock, SimClock};
use crate::ledger::BookPolicy;
use crate::remind::decide::{FeedFreshness, Policy};
use crate::remind::relay::plus_seconds;
use crate::remind::testing::{at, invoice, policy, position};
use crate::remind::{EmbeddedBroker, FeedSource, Parts, PositionSource, Reminding, Templates};
use crate::store::tests::database::{TestDatabase, databases};
use crate::store::{Position, Store, StoreError, StoreSettings, Subject, UnidentifiedPayment};

#[derive(Debug, Default)]
pub struct Ledger {
    pub positions: Mutex<BTreeMap<Subject, Position>>,
    pub unidentified: Mutex<Vec<UnidentifiedPayment>>,
    pub feeds: Mutex<FeedFreshness>,
}

#[async_trait]
impl PositionSource for Ledger {
    async fn positions(&self, subjects: &[Subject]) -> Result<Vec<Position>, StoreError> {
        let positions = self.positions.lock().unwrap();
        Ok(subjects.iter().filter_map(|subject| positions.get(subject).cloned()).collect())
    }

    async fn unidentified(&self, book: &str) -> Result<Vec<UnidentifiedPayment>, StoreError> {
        Ok(self.unidentified.lock().unwrap().iter().filter(|payment| &*payment.book == book).cloned().collect())
    }
}

#[async_trait]
impl FeedSource for Ledger {
    async fn feeds(&self) -> Result<FeedFreshness, StoreError> {
        Ok(self.feeds.lock().unwrap().clone())
    }
}

/// What the chat server does with the next call; after the script it takes everything.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Takes the message, and the answer is lost.
    TakenThenLost,
    /// Takes the message and hangs: the test drops the caller meanwhile.
    TakenThenHangs,
    Refused(&'static str),
    Error(ErrorClass),
}

#[derive(Debug, Default)]
pub struct Chat {
    pub script: Mutex<VecDeque<Answer>>,
    /// Every request that the server took, repeated ones included.
    pub calls: Mutex<Vec<String>>,
    pub window: Option<Duration>,
    pub per_minute: u32,
    pub hangs: Notify,
    /// Where calls survive the process, one JSON text a line.
    pub log: Option<PathBuf>,
}

impl Chat {
    /// What people see: identical requests are shown once.
    pub fn seen(&self) -> Vec<String> {
        let mut known = BTreeSet::new();
        let mut calls = self.calls.lock().unwrap().clone();
        if let Some(text) = self.log.as_ref().and_then(|log| std::fs::read_to_string(log).ok()) {
            calls = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        }
        calls.into_iter().filter(|call| known.insert(call.clone())).collect()
    }

    fn take(&self, body: &Bytes) {
        let text = String::from_utf8(body.to_vec()).unwrap();
        if let Some(log) = &self.log {
            let mut file = std::fs::OpenOptions::new().append(true).create(true).open(log).unwrap();
            writeln!(file, "{}", serde_json::to_string(&text).unwrap()).unwrap();
        }
        self.calls.lock().unwrap().push(text);
    }

    pub fn calls(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    pub fn will(&self, answers: impl IntoIterator<Item = Answer>) {
        self.script.lock().unwrap().extend(answers);
    }
}

#[async_trait]
impl Channel for Chat {
    fn name(&self) -> &str {
        "chat"
    }

    fn encode(&self, message: &OutgoingMessage) -> Bytes {
        format!("{}|{}", message.recipient, message.text).into()
    }

    fn duplicate_window(&self) -> Option<Duration> {
        self.window
    }

    fn per_recipient_per_minute(&self) -> u32 {
        self.per_minute
    }

    async fn send(&self, body: &Bytes) -> Result<Delivered, SourceError> {
        let answer = self.script.lock().unwrap().pop_front();
        let take = || self.take(body);
        match answer {
            None => take(),
            Some(Answer::TakenThenLost) => {
                take();
                return Err(SourceError::transient("connection closed"));
            }
            Some(Answer::TakenThenHangs) => {
                take();
                self.hangs.notify_one();
                std::future::pending::<()>().await;
            }
            Some(Answer::Refused(reason)) => {
                return Ok(Delivered { message_id: None, refused: Some(reason.to_owned()) });
            }
            Some(Answer::Error(class)) => return Err(SourceError::new(class, "no")),
        }
        Ok(Delivered { message_id: Some("m1".to_owned()), refused: None })
    }
}

pub struct Scene {
    pub store: Store,
    pub ledger: Arc<Ledger>,
    pub chat: Arc<Chat>,
    pub clock: Arc<SimClock>,
    pub policy: Policy,
    pub processes: Mutex<u32>,
    _database: Option<TestDatabase>,
}

impl Scene {
    /// The same scene on every database at hand.
    pub async fn all() -> Vec<Self> {
        Self::all_with(policy(), Some(Duration::from_secs(14_400)), 30).await
    }

    pub async fn all_with(policy: Policy, window: Option<Duration>, per_minute: u32) -> Vec<Self> {
        let mut scenes = Vec::new();
        for database in databases().await {
            let chat = Chat { window, per_minute, ..Chat::default() };
            let mut scene = Self::of(&database.url, policy.clone(), chat).await;
            scene._database = Some(database);
            scenes.push(scene);
        }
        scenes
    }

    /// A scene on a database that outlives it, its chats kept in a file.
    pub async fn open(url: &str, chats: &Path) -> Self {
        let window = Some(Duration::from_secs(14_400));
        let chat = Chat { window, per_minute: 30, log: Some(chats.to_owned()), ..Chat::default() };
        Self::of(url, policy(), chat).await
    }

    async fn of(url: &str, policy: Policy, chat: Chat) -> Self {
        let clock = Arc::new(SimClock::new(at("2026-03-10T10:10:00")));
        let store = Store::open(&StoreSettings {
            url: url.to_owned(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            policies: Arc::new(|_| BookPolicy::default()),
        })
        .await
        .unwrap();
        Self {
            store,
            ledger: Arc::default(),
            chat: Arc::new(chat),
            clock,
            policy,
            processes: Mutex::new(0),
            _database: None,
        }
    }

    /// A process that starts now; whatever ran before is dead.
    pub async fn process(&self) -> Reminding {
        let number = {
            let mut processes = self.processes.lock().unwrap();
            *processes += 1;
            *processes
        };
        let reminding = Reminding::new(Parts {
            store: self.store.clone(),
            positions: Arc::clone(&self.ledger) as Arc<dyn PositionSource>,
            feeds: Arc::clone(&self.ledger) as Arc<dyn FeedSource>,
            policy: self.policy.clone(),
            templates: Templates::new(&[]).unwrap(),
            channel: Arc::clone(&self.chat) as Arc<dyn Channel>,
            broker: Arc::new(EmbeddedBroker::new()),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            holder: format!("process-{number}"),
            exclusive: true,
        });
        reminding.start().await.unwrap();
        reminding
    }

    pub async fn commit(&self, position: Position) {
        let subject = position.subject.clone();
        self.ledger.positions.lock().unwrap().insert(subject.clone(), position);
        self.store.touch_subject(&subject).await.unwrap();
    }

    pub fn at(&self, text: &str) -> &Self {
        self.clock.advance_to(at(text));
        self
    }

    pub fn later(&self, seconds: i64) {
        let now: Timestamp = self.clock.now();
        self.clock.advance_to(plus_seconds(now, seconds));
    }

    /// `decided=… delivered=…`, zeroes left out.
    pub async fn totals(&self) -> String {
        let totals = self.store.reminder_totals().await.unwrap();
        let sum = totals.delivered + totals.deferred + totals.held + totals.superseded + totals.failed + totals.unknown;
        assert_eq!(totals.decided, sum, "every reminder is accounted for");
        let all = [
            ("decided", totals.decided),
            ("delivered", totals.delivered),
            ("deferred", totals.deferred),
            ("held", totals.held),
            ("superseded", totals.superseded),
            ("failed", totals.failed),
            ("unknown", totals.unknown),
        ];
        let shown: Vec<String> =
            all.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name}={count}")).collect();
        shown.join(" ")
    }

    pub async fn overdue(&self) -> Reminding {
        self.commit(position(vec![invoice("AR1", 12_345, "2026-03-02")])).await;
        self.process().await
    }
}
