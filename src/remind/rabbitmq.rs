//! RabbitMQ: the same messages through a broker that other systems can listen to.
//!
//! One connection, supervised by replacement: after any error the whole session (connection, channels, consumer) is
//! dropped, the next call connects and declares everything again. That is safe because the outbox keeps a message until
//! its delivery has ended, and consumers know repeated messages by their id. lapin's own recovery is not used.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use lapin::message::{Delivery, DeliveryResult};
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, BasicRejectOptions,
    ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ExchangeKind};
use tokio::sync::{Mutex, OnceCell, mpsc};
use tokio::time::timeout;

use super::broker::{Broker, BrokerError, Incoming, Published, Settle};
use super::message::ALL_REMINDERS;
use crate::domain::Id;
use crate::store::ClaimedMessage;

pub const EXCHANGE: &str = "bihuan.reminders";
pub const NOTIFY_QUEUE: &str = "bihuan.notify.v1";
/// Where a message goes that no queue is bound for: other systems' events before anybody listens.
const UNROUTED: &str = "bihuan.unrouted";
const UNROUTED_QUEUE: &str = "bihuan.unrouted.v1";
const DEAD: &str = "bihuan.dead";
pub const DEAD_QUEUE: &str = "bihuan.dead.v1";
/// Queues of messages that wait: one a step, because only the head of a queue expires.
const RETRY: [(&str, i64); 3] =
    [("bihuan.retry.10s.v1", 10_000), ("bihuan.retry.60s.v1", 60_000), ("bihuan.retry.600s.v1", 600_000)];
/// After so many put-offs the message is let go: its outbox row is published again anyway.
const MAX_PUT_OFFS: u32 = 10;
/// How often a message may come back unacknowledged (every lost connection counts) before it goes to the dead letters.
const DELIVERY_LIMIT: i64 = 20;
/// Unrouted messages kept for people to find; the oldest go first.
const UNROUTED_KEPT: i64 = 10_000;
/// Messages handed out ahead of their acknowledgement.
const PREFETCH: u16 = 16;
/// Connecting, declaring, publishing a batch with its confirms: each ends within this or the session is broken.
const PATIENCE: Duration = Duration::from_secs(30);
/// Our own count of put-offs; `x-death` counts other things too.
const PUT_OFFS: &str = "x-bihuan-put-offs";
const PERSISTENT: u8 = 2;

pub struct RabbitBroker {
    url: String,
    session: Mutex<Option<Arc<Session>>>,
    sessions: AtomicU64,
}

/// A connection with everything on it; broken as a whole.
struct Session {
    number: u64,
    connection: Connection,
    publisher: Channel,
    consumer: Channel,
    /// Begun once somebody wants to receive: a process that only publishes must not hold messages back.
    incoming: OnceCell<Mutex<mpsc::Receiver<DeliveryResult>>>,
}

impl fmt::Debug for RabbitBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitBroker").field("address", &self.address()).finish_non_exhaustive()
    }
}

impl RabbitBroker {
    /// Connects at the first use.
    pub fn new(url: &str) -> Result<Self, BrokerError> {
        if !url.starts_with("amqp://") && !url.starts_with("amqps://") {
            return Err(BrokerError::Address(without_password(url)));
        }
        Ok(Self { url: url.to_owned(), session: Mutex::new(None), sessions: AtomicU64::new(1) })
    }

    fn address(&self) -> String {
        without_password(&self.url)
    }

    fn unreachable(&self, problem: impl fmt::Display) -> BrokerError {
        BrokerError::Unreachable { address: self.address(), problem: problem.to_string() }
    }

    /// Connects and declares, so that a wrong address is found at start and other systems can bind.
    pub async fn connect(&self) -> Result<(), BrokerError> {
        self.session().await.map(drop)
    }

    async fn session(&self) -> Result<Arc<Session>, BrokerError> {
        let mut current = self.session.lock().await;
        if let Some(session) = current.as_ref().filter(|session| session.is_alive()) {
            return Ok(Arc::clone(session));
        }
        *current = None;
        let number = self.sessions.fetch_add(1, Ordering::Relaxed);
        let session = self.within(Session::open(&self.url, number)).await?;
        let session = Arc::new(session);
        *current = Some(Arc::clone(&session));
        Ok(session)
    }

    /// Runs one exchange with the server; when it fails or takes too long, the session is given up.
    async fn within<T>(&self, work: impl Future<Output = lapin::Result<T>>) -> Result<T, BrokerError> {
        match timeout(PATIENCE, work).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.unreachable(error)),
            Err(_) => Err(self.unreachable(format!("no answer within {} s", PATIENCE.as_secs()))),
        }
    }

    /// Drops a session that failed, unless another caller has already replaced it.
    async fn give_up(&self, failed: &Session) {
        let mut current = self.session.lock().await;
        if current.as_ref().is_some_and(|session| session.number == failed.number) {
            *current = None;
        }
    }

    async fn or_give_up<T>(&self, session: &Session, result: Result<T, BrokerError>) -> Result<T, BrokerError> {
        if result.is_err() {
            self.give_up(session).await;
        }
        result
    }
}

#[async_trait]
impl Broker for RabbitBroker {
    fn name(&self) -> &'static str {
        "rabbitmq"
    }

    fn survives_restart(&self) -> bool {
        true
    }

    async fn publish(&self, batch: &[ClaimedMessage]) -> Result<Vec<Published>, BrokerError> {
        let session = self.session().await?;
        let published = self.within(session.publish(batch)).await;
        self.or_give_up(&session, published).await
    }

    async fn receive(&self, patience: Duration) -> Result<Option<Incoming>, BrokerError> {
        let session = self.session().await?;
        let begun = self.within(session.begin_consuming()).await;
        self.or_give_up(&session, begun).await?;
        let received = match timeout(patience, session.receive()).await {
            Err(_) => Ok(None),
            Ok(Ok(Some(delivery))) => Ok(Some(incoming(&session, delivery))),
            Ok(Ok(None)) => Err(self.unreachable("the consumer was cancelled")),
            Ok(Err(error)) => Err(self.unreachable(error)),
        };
        self.or_give_up(&session, received).await
    }

    async fn settle(&self, incoming: &Incoming, settle: Settle) -> Result<(), BrokerError> {
        let session = self.session().await?;
        if session.number != incoming.session {
            return Ok(()); // the connection that brought it is gone: the server hands it out again
        }
        let settled = self.within(session.settle(incoming, settle)).await;
        self.or_give_up(&session, settled).await
    }

    async fn close(&self) {
        if let Some(session) = self.session.lock().await.take() {
            // An answer to the farewell changes nothing: what was not acknowledged is handed out again.
            let farewell = session.connection.close(200, "bihuan stops".into());
            drop(timeout(PATIENCE, farewell).await);
        }
    }
}

impl Session {
    async fn open(url: &str, number: u64) -> lapin::Result<Self> {
        let properties = ConnectionProperties::default().with_connection_name("bihuan".into());
        let connection = Connection::connect(url, properties).await?;
        let publisher = connection.create_channel().await?;
        declare(&publisher).await?;
        publisher.confirm_select(ConfirmSelectOptions::default()).await?;
        let consumer = connection.create_channel().await?;
        consumer.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
        Ok(Self { number, connection, publisher, consumer, incoming: OnceCell::new() })
    }

    fn is_alive(&self) -> bool {
        self.connection.status().connected()
            && self.publisher.status().connected()
            && self.consumer.status().connected()
    }

    /// Publishes all, then awaits all confirms. A message that comes back is a failure, though it is confirmed.
    async fn publish(&self, batch: &[ClaimedMessage]) -> lapin::Result<Vec<Published>> {
        let mut confirms = Vec::with_capacity(batch.len());
        for message in batch {
            let confirm = self
                .publisher
                .basic_publish(
                    EXCHANGE.into(),
                    message.routing_key.as_str().into(),
                    BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() },
                    &message.body,
                    properties().with_message_id(message.id.to_string().into()),
                )
                .await?;
            confirms.push(confirm);
        }
        let mut outcomes = Vec::with_capacity(confirms.len());
        for confirm in confirms {
            outcomes.push(outcome(confirm.await?));
        }
        Ok(outcomes)
    }

    /// Begins to consume. Never under the caller's patience: a half-begun consumer would swallow messages.
    async fn begin_consuming(&self) -> lapin::Result<()> {
        self.incoming.get_or_try_init(|| self.consume()).await.map(drop)
    }

    /// The next delivery; `None` when the server ended the consumer.
    async fn receive(&self) -> lapin::Result<Option<Delivery>> {
        match self.incoming.get() {
            Some(receiver) => receiver.lock().await.recv().await.unwrap_or(Ok(None)),
            None => Ok(None),
        }
    }

    async fn consume(&self) -> lapin::Result<Mutex<mpsc::Receiver<DeliveryResult>>> {
        let options = BasicConsumeOptions::default();
        let consumer =
            self.consumer.basic_consume(NOTIFY_QUEUE.into(), "".into(), options, FieldTable::default()).await?;
        // Never full: the server hands out at most `PREFETCH` unacknowledged messages, plus the end of the consumer.
        let (sender, receiver) = mpsc::channel(usize::from(PREFETCH) + 2);
        consumer.set_delegate(move |delivery: DeliveryResult| {
            let sender = sender.clone();
            async move { drop(sender.send(delivery).await) }
        });
        Ok(Mutex::new(receiver))
    }

    async fn settle(&self, incoming: &Incoming, settle: Settle) -> lapin::Result<()> {
        match settle {
            Settle::Dead => self.consumer.basic_reject(incoming.tag, BasicRejectOptions { requeue: false }).await,
            Settle::Later if incoming.attempt < MAX_PUT_OFFS => {
                if self.put_off(incoming).await? {
                    self.consumer.basic_ack(incoming.tag, BasicAckOptions::default()).await
                } else {
                    self.consumer.basic_reject(incoming.tag, BasicRejectOptions { requeue: true }).await
                }
            }
            Settle::Later | Settle::Done => self.consumer.basic_ack(incoming.tag, BasicAckOptions::default()).await,
        }
    }

    /// Into the waiting queue of its step; only when that is confirmed may the original be acknowledged.
    async fn put_off(&self, incoming: &Incoming) -> lapin::Result<bool> {
        let step = usize::try_from(incoming.attempt).unwrap_or(usize::MAX).min(RETRY.len() - 1);
        let mut headers = FieldTable::default();
        headers.insert(PUT_OFFS.into(), AMQPValue::LongLongInt(i64::from(incoming.attempt) + 1));
        let mut properties = properties().with_headers(headers);
        if let Some(id) = incoming.message_id {
            properties = properties.with_message_id(id.to_string().into());
        }
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let confirm =
            self.publisher.basic_publish("".into(), RETRY[step].0.into(), options, &incoming.body, properties).await?;
        Ok(outcome(confirm.await?) == Published::Confirmed)
    }
}

fn properties() -> BasicProperties {
    BasicProperties::default().with_content_type("application/json".into()).with_delivery_mode(PERSISTENT)
}

fn outcome(confirmation: Confirmation) -> Published {
    match confirmation {
        Confirmation::Ack(None) => Published::Confirmed,
        Confirmation::Ack(Some(returned)) => Published::Refused(format!("returned: {}", returned.reply_text)),
        Confirmation::Nack(_) => Published::Refused("the server could not store it".to_owned()),
        Confirmation::NotRequested => Published::Refused("bug: the channel has no confirms".to_owned()),
    }
}

fn incoming(session: &Session, delivery: Delivery) -> Incoming {
    let put_offs = delivery.properties.headers().as_ref().and_then(|headers| headers.inner().get(PUT_OFFS));
    let attempt = match put_offs {
        Some(AMQPValue::LongLongInt(number)) => u32::try_from(*number).unwrap_or(u32::MAX),
        _ => 0,
    };
    Incoming {
        body: delivery.data,
        attempt,
        tag: delivery.delivery_tag,
        session: session.number,
        message_id: delivery.properties.message_id().as_ref().and_then(|id| Id::parse_hex(id.as_str())),
    }
}

/// Everything by its full arguments: a difference from what is there is an error of the server, never a silent one.
async fn declare(channel: &Channel) -> lapin::Result<()> {
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let fanout = |name: &'static str| {
        channel.exchange_declare(name.into(), ExchangeKind::Fanout, durable, FieldTable::default())
    };
    fanout(UNROUTED).await?;
    fanout(DEAD).await?;
    let alternate = table(&[("alternate-exchange", text(UNROUTED))]);
    channel.exchange_declare(EXCHANGE.into(), ExchangeKind::Topic, durable, alternate).await?;

    let at_least_once = [("x-dead-letter-strategy", text("at-least-once")), ("x-overflow", text("reject-publish"))];
    let mut notify =
        vec![("x-dead-letter-exchange", text(DEAD)), ("x-delivery-limit", AMQPValue::LongLongInt(DELIVERY_LIMIT))];
    notify.extend(at_least_once.clone());
    quorum(channel, NOTIFY_QUEUE, &notify).await?;
    quorum(channel, DEAD_QUEUE, &[]).await?;
    let kept = [("x-max-length", AMQPValue::LongLongInt(UNROUTED_KEPT)), ("x-overflow", text("drop-head"))];
    quorum(channel, UNROUTED_QUEUE, &kept).await?;
    for (name, milliseconds) in RETRY {
        let mut arguments = vec![
            ("x-message-ttl", AMQPValue::LongLongInt(milliseconds)),
            ("x-dead-letter-exchange", text("")),
            ("x-dead-letter-routing-key", text(NOTIFY_QUEUE)),
        ];
        arguments.extend(at_least_once.clone());
        quorum(channel, name, &arguments).await?;
    }
    for (queue, exchange, key) in
        [(NOTIFY_QUEUE, EXCHANGE, ALL_REMINDERS), (DEAD_QUEUE, DEAD, ""), (UNROUTED_QUEUE, UNROUTED, "")]
    {
        let options = QueueBindOptions::default();
        channel.queue_bind(queue.into(), exchange.into(), key.into(), options, FieldTable::default()).await?;
    }
    Ok(())
}

async fn quorum(channel: &Channel, name: &str, arguments: &[(&str, AMQPValue)]) -> lapin::Result<()> {
    let mut all = table(arguments);
    all.insert("x-queue-type".into(), text("quorum"));
    channel.queue_declare(name.into(), QueueDeclareOptions::durable(), all).await.map(drop)
}

fn table(arguments: &[(&str, AMQPValue)]) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in arguments {
        table.insert((*name).into(), value.clone());
    }
    table
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

/// `amqp://user:secret@host/` → `amqp://host/`.
fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 <= at => format!("{}{}", &url[..scheme + 3], &url[at + 1..]),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_checked_and_shown_without_its_password() {
        let broker = RabbitBroker::new("amqp://bihuan:secret@mq:5672/%2f").unwrap();
        assert_eq!(format!("{broker:?}"), r#"RabbitBroker { address: "amqp://mq:5672/%2f", .. }"#);
        assert!(matches!(RabbitBroker::new("http://mq"), Err(BrokerError::Address(_))));
    }
}
