//! Logs, usable from everywhere; depends on nothing of ours.
//!
//! There is no registry of metrics here on purpose: every figure of `/metrics` is read from the store, where it survives a
//! restart and is the same for all daemons of one database (`http/metrics.rs`).

use std::io::IsTerminal as _;

use serde::Deserialize;
use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt as _;

/// For people or for log collectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// This variable wins over the configured filter, so that one run can be made talkative without touching a file.
const FILTER_VARIABLE: &str = "BIHUAN_LOG";

#[derive(Debug, Error)]
pub enum TelemetryError {
    #[error("`{filter}` is no log filter: {reason}")]
    Filter { filter: String, reason: String },
    #[error("logging is set up already")]
    Twice,
}

/// Sets logging up for the whole process; logs go to standard error, because standard output is the command's answer.
pub fn init(filter: &str, format: LogFormat) -> Result<(), TelemetryError> {
    let filter = std::env::var(FILTER_VARIABLE).unwrap_or_else(|_| filter.to_owned());
    let parsed = EnvFilter::try_new(&filter)
        .map_err(|error| TelemetryError::Filter { filter: filter.clone(), reason: error.to_string() })?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(parsed)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => subscriber.finish().try_init(),
        LogFormat::Json => subscriber.json().finish().try_init(),
    }
    .map_err(|_| TelemetryError::Twice)
}
