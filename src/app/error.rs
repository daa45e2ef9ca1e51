//! What can keep the system from starting or a command from finishing; each variant knows its exit code.

use thiserror::Error;

use crate::config::Mistakes;
use crate::remind::RemindError;
use crate::store::StoreError;

#[derive(Debug, Error)]
pub enum AppError {
    /// Every mistake in settings or mappings, with file, line, caret and help.
    #[error(transparent)]
    Mistakes(#[from] Mistakes),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Remind(#[from] RemindError),
    #[error("{path}: {source}")]
    Folder { path: String, source: std::io::Error },
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Different(String),
    #[error("{0}")]
    SourceFailed(String),
}

impl AppError {
    /// DESIGN 10: 1 not found or refused, 2 usage/config/mapping, 3 differences, 4 a source failed, 5 store or broker.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) => 1,
            Self::Mistakes(_) | Self::Usage(_) => 2,
            Self::Different(_) => 3,
            Self::SourceFailed(_) => 4,
            Self::Store(_) | Self::Remind(_) | Self::Folder { .. } => 5,
        }
    }

    /// What a user reads on stderr.
    pub fn render(&self) -> String {
        match self {
            Self::Mistakes(mistakes) => mistakes.to_string(),
            other => {
                let mut text = format!("错误 · error: {other}");
                let mut source = std::error::Error::source(other);
                while let Some(cause) = source {
                    text.push_str(&format!("\n  原因 · because: {cause}"));
                    source = cause.source();
                }
                text
            }
        }
    }
}
