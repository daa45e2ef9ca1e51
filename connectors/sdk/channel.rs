//! Where a message reaches a person.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

use super::SourceError;

/// A message as the notifier renders it, before a channel gives it the bytes of its protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// Stable id of the delivery; a channel with a duplicate check derives its key from it.
    pub id: String,
    /// The person's id in this chat system.
    pub recipient: String,
    pub text: String,
}

/// What the chat server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The server's message id, when it gives one.
    pub message_id: Option<String>,
    /// The server took the call but not for this recipient (left, unlicensed, invisible): permanent.
    pub refused: Option<String>,
}

/// Sends chat messages. `encode` is pure, so that the exact bytes can be stored and committed before `send` is called,
/// and repeated byte for byte when an attempt's outcome is unknown.
#[async_trait]
pub trait Channel: Send + Sync + fmt::Debug {
    fn name(&self) -> &str;

    /// The exact request body.
    fn encode(&self, message: &OutgoingMessage) -> Bytes;

    /// How long the server drops an identical repeated request; `None` when it has no duplicate check.
    fn duplicate_window(&self) -> Option<std::time::Duration>;

    /// At most so many messages a minute to one person; the excess would be dropped silently by the server.
    fn per_recipient_per_minute(&self) -> u32;

    /// Sends stored bytes. A [`SourceError`] of class `Transient` means that the outcome is unknown.
    async fn send(&self, body: &Bytes) -> Result<Delivered, SourceError>;
}
