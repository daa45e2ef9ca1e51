//! Where the daemon listens.

use std::net::SocketAddr;

use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// Loopback by default: what is open to the network speaks TLS, and that is a reverse proxy's work.
    pub bind: SocketAddr,
}
