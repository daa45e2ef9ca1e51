//! Production's parts instead of the embedded ones: PostgreSQL and RabbitMQ, the same figures, and a second listener.

use std::collections::BTreeSet;
use std::time::Duration;

use bihuan::remind::{Broker as _, EXCHANGE, RabbitBroker};
use lapin::options::{BasicAckOptions, BasicGetOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use serde_json::Value;

use super::figures::Figures;
use super::office::Office;
use super::program::{on, run};
use super::servers::{Database, virtual_host};

const CUSTOMERS: usize = 12;
const MONTHS: u32 = 2;
/// The queue that somebody from IT bound beside ours.
const AUDIT: &str = "it.audit";
const PATIENCE: Duration = Duration::from_secs(20);

/// One message as another program sees it.
struct Seen {
    routing_key: String,
    message_id: String,
    body: Value,
}

/// Binds a queue of IT's own before anything is published.
async fn bind_beside(url: &str) -> Connection {
    let broker = RabbitBroker::new(url).unwrap();
    broker.connect().await.unwrap();
    broker.close().await;
    let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    channel.queue_declare(AUDIT.into(), QueueDeclareOptions::default(), FieldTable::default()).await.unwrap();
    let bind = QueueBindOptions::default();
    channel.queue_bind(AUDIT.into(), EXCHANGE.into(), "reminder.#".into(), bind, FieldTable::default()).await.unwrap();
    connection
}

async fn read_all(connection: &Connection) -> Vec<Seen> {
    let channel = connection.create_channel().await.unwrap();
    let mut seen = Vec::new();
    while let Some(message) = channel.basic_get(AUDIT.into(), BasicGetOptions::default()).await.unwrap() {
        message.acker.ack(BasicAckOptions::default()).await.unwrap();
        seen.push(Seen {
            routing_key: message.routing_key.to_string(),
            message_id: message.properties.message_id().as_ref().map(ToString::to_string).unwrap_or_default(),
            body: serde_json::from_slice(&message.data).unwrap(),
        });
    }
    seen
}

#[test]
fn on_postgresql_and_rabbitmq_the_figures_are_the_same_and_a_queue_beside_ours_sees_every_message() {
    let (embedded, real) = (Office::open(CUSTOMERS, MONTHS), Office::open(CUSTOMERS, MONTHS));
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let database = Database::fresh();
    let amqp = virtual_host();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let connection = runtime.block_on(bind_beside(&amqp));

    let expected = Figures::read(run(&mut embedded.demo(one.path())).json());
    let servers = ["--database", &database.url, "--broker", &amqp];
    let figures = Figures::read(run(real.demo(two.path()).args(servers)).json());
    assert_eq!(figures.ledger, expected.ledger);
    assert_eq!(figures.streams, expected.streams);
    assert_eq!(figures.reminders, expected.reminders);
    assert_eq!(real.chats(), embedded.chats());
    assert!(!two.path().join("bihuan.db").exists(), "SQLite was used although a database was named");
    let status = ["status", "--json", "--database", &database.url];
    assert_eq!(Figures::read(on(two.path(), &status).json()).ledger, expected.ledger);
    on(two.path(), &["ledger", "verify", "--database", &database.url]).expect_code(0);

    let seen = runtime.block_on(async { tokio::time::timeout(PATIENCE, read_all(&connection)).await.unwrap() });
    let mut sent = BTreeSet::new();
    for message in &seen {
        assert_eq!(message.body["schema"], "bihuan.reminder/1", "{}", message.body);
        assert_eq!(message.body["id"], message.message_id.as_str(), "{}", message.body);
        assert!(message.routing_key.starts_with("reminder."), "{}", message.routing_key);
        sent.insert(message.message_id.clone());
    }
    assert!(sent.len() >= real.world.chats().delivered.len(), "{} of {}", sent.len(), figures.reminders.delivered);
    assert_eq!(sent.len(), seen.len(), "a message was published twice in an undisturbed run");

    let again = Figures::read(run(real.demo(two.path()).args(servers)).json());
    assert_eq!(again.sum(|stream| stream.applied), 0);
    assert_eq!(real.chats(), embedded.chats(), "the second run sends nothing");
}
