//! What carries the messages.

use serde::Deserialize;

use super::secret::Location;

/// The word for "no server: messages stay inside the process".
pub const EMBEDDED: &str = "embedded";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrokerSettings {
    /// [`EMBEDDED`] or `amqp://…`.
    pub url: Location,
}
