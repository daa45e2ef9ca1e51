//! The promises of the broker, kept by a real RabbitMQ. `BIHUAN_TEST_AMQP_URL` names it; `cargo xtask test` starts one.
//!
//! All tests share one server and its fixed names, so they take turns and each begins with empty queues.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::Duration;

use bihuan::domain::Id;
use bihuan::remind::{
    Broker, BrokerError, DEAD_QUEUE, EXCHANGE, Incoming, NOTIFY_QUEUE, Published, RabbitBroker, Settle,
};
use bihuan::store::ClaimedMessage;
use lapin::options::{
    BasicAckOptions, BasicGetOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions, QueuePurgeOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties};
use tokio::sync::{Mutex, MutexGuard};

/// Longer than any answer of a loopback server takes; reached only when a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

static TURN: Mutex<()> = Mutex::const_new(());

struct Server {
    _turn: MutexGuard<'static, ()>,
    url: String,
    broker: RabbitBroker,
    connection: Connection,
    channel: Channel,
}

impl Server {
    async fn new() -> Self {
        let turn = TURN.lock().await;
        let url = std::env::var("BIHUAN_TEST_AMQP_URL").expect("the test command sets BIHUAN_TEST_AMQP_URL");
        let broker = RabbitBroker::new(&url).unwrap();
        broker.connect().await.unwrap();
        let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        for queue in [NOTIFY_QUEUE, DEAD_QUEUE, "bihuan.retry.10s.v1", "bihuan.unrouted.v1"] {
            channel.queue_purge(queue.into(), QueuePurgeOptions::default()).await.unwrap();
        }
        Self { _turn: turn, url, broker, connection, channel }
    }

    async fn publish(&self, batch: &[ClaimedMessage]) -> Vec<Published> {
        self.broker.publish(batch).await.unwrap()
    }

    async fn receive(&self) -> Incoming {
        self.broker.receive(PATIENCE).await.unwrap().expect("a message")
    }

    async fn end(self) {
        self.broker.close().await;
        self.connection.close(200, "done".into()).await.unwrap();
    }
}

fn message(number: u8, routing_key: &str) -> ClaimedMessage {
    ClaimedMessage { id: Id([number; 16]), routing_key: routing_key.to_owned(), body: vec![number] }
}

#[tokio::test]
async fn a_batch_is_confirmed_and_comes_back_with_its_ids_and_another_systems_queue_sees_it_too() {
    let server = Server::new().await;
    let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    server.channel.queue_declare("it.audit".into(), exclusive, FieldTable::default()).await.unwrap();
    let bind = QueueBindOptions::default();
    let key = "reminder.overdue.*";
    server
        .channel
        .queue_bind("it.audit".into(), EXCHANGE.into(), key.into(), bind, FieldTable::default())
        .await
        .unwrap();
    let batch: Vec<ClaimedMessage> = (0..50).map(|number| message(number, "reminder.overdue.owner")).collect();
    assert_eq!(server.publish(&batch).await, vec![Published::Confirmed; 50]);
    let mut seen = Vec::new();
    for _ in 0..50 {
        let incoming = server.receive().await;
        assert_eq!(incoming.message_id, Some(Id([incoming.body[0]; 16])));
        server.broker.settle(&incoming, Settle::Done).await.unwrap();
        seen.push(incoming.body[0]);
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..50).collect::<Vec<u8>>());
    assert_eq!(server.broker.receive(Duration::from_millis(50)).await.unwrap(), None);
    let get = server.channel.basic_get("it.audit".into(), BasicGetOptions::default()).await.unwrap().unwrap();
    assert_eq!(get.message_count, 49);
    server.end().await;
}

#[tokio::test]
async fn a_message_that_is_returned_is_a_failure_though_it_is_confirmed() {
    let server = Server::new().await;
    let published = server.publish(&[message(1, "order.may_ship")]).await;
    assert_eq!(published, [Published::Confirmed], "the alternate exchange keeps what nobody listens to");
    let (queue, exchange) = ("bihuan.unrouted.v1", "bihuan.unrouted");
    server.channel.queue_unbind(queue.into(), exchange.into(), "".into(), FieldTable::default()).await.unwrap();
    let published = server.publish(&[message(2, "order.may_ship"), message(3, "reminder.digest.owner")]).await;
    assert!(matches!(&published[0], Published::Refused(reason) if reason.contains("returned")), "{published:?}");
    assert_eq!(published[1], Published::Confirmed);
    server.end().await;
}

#[tokio::test]
async fn what_was_not_acknowledged_is_handed_out_again_and_an_old_connections_tag_means_nothing() {
    let server = Server::new().await;
    server.publish(&[message(7, "reminder.overdue.owner")]).await;
    let first = server.receive().await;
    server.broker.close().await;
    let again = server.receive().await;
    assert_eq!((again.body.as_slice(), again.message_id), (first.body.as_slice(), first.message_id));
    assert_ne!(again.session, first.session);
    server.broker.settle(&first, Settle::Done).await.unwrap();
    server.broker.settle(&again, Settle::Done).await.unwrap();
    server.end().await;
}

#[tokio::test]
async fn a_put_off_message_waits_in_the_queue_of_its_step_and_a_dead_one_is_kept_for_people() {
    let server = Server::new().await;
    server.publish(&[message(4, "reminder.overdue.owner"), message(5, "reminder.overdue.owner")]).await;
    let first = server.receive().await;
    let second = server.receive().await;
    server.broker.settle(&first, Settle::Later).await.unwrap();
    server.broker.settle(&second, Settle::Dead).await.unwrap();
    let waiting = get(&server.channel, "bihuan.retry.10s.v1").await;
    assert_eq!(waiting, first.body, "waiting, confirmed, and acknowledged only then");
    let dead = get(&server.channel, DEAD_QUEUE).await;
    assert_eq!(dead, second.body);
    assert_eq!(server.broker.receive(Duration::from_millis(50)).await.unwrap(), None);
    server.end().await;
}

#[tokio::test]
async fn after_a_lost_connection_everything_is_declared_again() {
    let server = Server::new().await;
    // The server loses our queue, and with it the consumer.
    server.broker.receive(Duration::from_millis(10)).await.unwrap();
    server.channel.queue_delete(NOTIFY_QUEUE.into(), QueueDeleteOptions::default()).await.unwrap();
    let error = server.broker.receive(PATIENCE).await.unwrap_err();
    assert!(matches!(error, BrokerError::Unreachable { .. }), "{error}");
    server.publish(&[message(9, "reminder.overdue.owner")]).await;
    let incoming = server.receive().await;
    assert_eq!(incoming.body, [9]);
    server.broker.settle(&incoming, Settle::Done).await.unwrap();
    server.end().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_its_password() {
    let server = Server::new().await;
    let nobody = RabbitBroker::new("amqp://bihuan:secret@127.0.0.1:1/%2f").unwrap();
    let error = nobody.publish(&[message(1, "reminder.overdue.owner")]).await.unwrap_err().to_string();
    assert!(error.contains("127.0.0.1:1") && !error.contains("secret"), "{error}");
    assert!(!server.url.is_empty());
    server.end().await;
}

/// Fetches one message; dead-lettering takes a moment, so it asks until there is one.
async fn get(channel: &Channel, queue: &str) -> Vec<u8> {
    let fetched = tokio::time::timeout(PATIENCE, async {
        loop {
            let got = channel.basic_get(queue.into(), BasicGetOptions::default()).await.unwrap();
            if let Some(got) = got {
                got.acker.ack(BasicAckOptions::default()).await.unwrap();
                return got.data.clone();
            }
            tokio::task::yield_now().await;
        }
    });
    fetched.await.expect("the queue stays empty")
}
