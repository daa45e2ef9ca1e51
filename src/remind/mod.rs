//! Who should be told what, and getting it to them once.
//!
//! Why it is apart: a reminder must be right at the moment it is sent, and sent once whatever crashes. [`decide`] is the
//! pure heart; around it lie the outbox's relay, a broker (in the process or RabbitMQ), and the notifier that decides
//! again, stores the exact bytes and calls the channel. The only place with lapin. It must not know connectors'
//! protocols, mappings, or how the store stores.

mod broker;
pub mod decide;
mod decider;
mod embedded;
pub mod message;
mod notifier;
mod rabbitmq;
mod relay;
mod reminding;
mod templates;

use thiserror::Error;

pub use broker::{Broker, BrokerError, Incoming, Published, Settle};
pub use decider::{Decider, FeedSource, FixedFeeds, PositionSource};
pub use embedded::EmbeddedBroker;
pub use rabbitmq::{DEAD_QUEUE, EXCHANGE, NOTIFY_QUEUE, RabbitBroker};
pub use reminding::{Parts, Reminding, Ticked};
pub use templates::{MAX_TEXT_BYTES, TemplateError, Templates};

use crate::store::StoreError;

#[derive(Debug, Error)]
pub enum RemindError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Broker(#[from] BrokerError),
    #[error(transparent)]
    Template(#[from] TemplateError),
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
