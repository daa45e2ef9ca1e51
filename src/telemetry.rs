//! Logs: sentences for people on a terminal, one JSON object a line for machines.
//!
//! `BIHUAN_LOG` filters (`info`, `bihuan=debug,sqlx=warn`); commands are quiet unless something is wrong, the daemon tells
//! what it does. Logs go to stderr, so that stdout stays what a program can parse.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

const VARIABLE: &str = "BIHUAN_LOG";
const FORMAT_VARIABLE: &str = "BIHUAN_LOG_FORMAT";

/// Starts logging once for the process. A second start (in tests) changes nothing.
pub fn start(daemon: bool) {
    let default = if daemon { "info,sqlx=warn" } else { "error" };
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(default));
    let json = match std::env::var(FORMAT_VARIABLE) {
        Ok(format) => format == "json",
        Err(_) => daemon && !std::io::stderr().is_terminal(),
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.with_ansi(std::io::stderr().is_terminal()).try_init()
    };
    if let Err(error) = started {
        tracing::debug!(%error, "Logging had been started before.");
    }
}
