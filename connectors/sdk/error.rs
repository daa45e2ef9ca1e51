//! Whose fault an error is and what to do about it; the only thing the caller branches on.

use std::time::Duration;

use thiserror::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// Credentials or permissions: stop the source and tell the operator; retrying may lock the account.
    Auth,
    /// Too many calls: wait what the server said, else back off.
    Throttled { retry_after: Option<Duration> },
    /// Network, 5xx, half a body: retry with back-off.
    Transient,
    /// The reply is complete but not what the protocol promises (HTML instead of JSON): stop this stream, keep the cursor.
    Data,
    /// Our settings are wrong (unknown field, bad URL): stop until they are changed.
    Config,
    /// Our own mistake: report it.
    Bug,
}

impl ErrorClass {
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Throttled { .. } | Self::Transient)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Throttled { .. } => "throttled",
            Self::Transient => "transient",
            Self::Data => "data",
            Self::Config => "config",
            Self::Bug => "bug",
        }
    }
}

/// What a connector or channel reports. `message` names the place and the value, never a secret; `help` the way out.
#[derive(Debug, Clone, Error)]
#[error("{message}")]
pub struct SourceError {
    pub class: ErrorClass,
    pub message: String,
    pub help: Option<String>,
}

impl SourceError {
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), help: None }
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub fn transient(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Transient, message)
    }

    pub fn data(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Data, message)
    }

    pub fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Config, message)
    }

    pub fn auth(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Auth, message)
    }
}
