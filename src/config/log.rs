//! What is logged, and for whom.

use serde::Deserialize;

pub use crate::telemetry::LogFormat;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// A `tracing` filter: `info`, `warn,bihuan::sync=debug`.
    pub filter: String,
    pub format: LogFormat,
}
