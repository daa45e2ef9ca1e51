//! The seam between deciding and sending: something that takes messages and hands them to whoever sends them.
//!
//! A broker may repeat, delay or reorder; it may not lose what it confirmed (the embedded one may, and the outbox row is
//! published again at the next start). It must not know what a message says.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use thiserror::Error;

use crate::domain::Id;
use crate::store::ClaimedMessage;

#[derive(Debug, Error)]
pub enum BrokerError {
    #[error("message broker at {address} cannot be reached or broke off: {problem}")]
    Unreachable { address: String, problem: String },
    #[error("message broker address `{0}` is not `embedded` or amqp(s)://…")]
    Address(String),
}

/// What became of one message of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    Confirmed,
    /// Returned as unroutable, refused, or the queue is full: it stays in the outbox.
    Refused(String),
}

/// A consumed message; `tag` is the broker's own handle of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    pub body: Vec<u8>,
    /// How often its handling was put off before.
    pub attempt: u32,
    pub tag: u64,
    /// Which connection brought it: a tag means nothing on another.
    pub session: u64,
    pub message_id: Option<Id>,
}

/// What the consumer wants done with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settle {
    /// Handled, or not ours to handle: forget it.
    Done,
    /// We could not even ask the store: again later. Waits that the store knows are in the outbox instead.
    Later,
    /// Not a message that anybody could handle: aside, for people.
    Dead,
}

#[async_trait]
pub trait Broker: Send + Sync + fmt::Debug {
    fn name(&self) -> &'static str;

    /// Whether a confirmed message survives the end of this process.
    fn survives_restart(&self) -> bool;

    /// One outcome a message, in the order of the batch. An error means that nothing is known about any of them.
    async fn publish(&self, batch: &[ClaimedMessage]) -> Result<Vec<Published>, BrokerError>;

    /// The next message, or `None` when none came for `patience`.
    async fn receive(&self, patience: Duration) -> Result<Option<Incoming>, BrokerError>;

    async fn settle(&self, incoming: &Incoming, settle: Settle) -> Result<(), BrokerError>;

    /// Ends connections; messages in hand are handed out again elsewhere.
    async fn close(&self);
}
