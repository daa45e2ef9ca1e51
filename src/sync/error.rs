//! What can stop a stream. The cursor stays where the last committed page left it.

use bihuan_connectors::sdk::{ErrorClass, SourceError};
use thiserror::Error;

use crate::mapping::MapError;
use crate::store::StoreError;

#[derive(Debug, Error)]
pub enum SyncError {
    #[error("{source_name}/{stream}: {error}")]
    Source { source_name: String, stream: String, error: SourceError },
    #[error("{source_name}/{stream}: the mapping does not fit the records: {error}")]
    Mapping { source_name: String, stream: String, error: MapError },
    #[error("{source_name}/{stream} 正由另一个进程拉取 · is being pulled by another process")]
    Held { source_name: String, stream: String },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{source_name}/{stream}: more than {pages} pages in one slice; the source seems to repeat itself")]
    Endless { source_name: String, stream: String, pages: u32 },
}

impl SyncError {
    /// Whether the source (not our own store) is at fault: exit code 4 instead of 5.
    pub const fn is_source_fault(&self) -> bool {
        !matches!(self, Self::Store(_))
    }

    pub const fn class_name(&self) -> &'static str {
        match self {
            Self::Source { error, .. } => error.class.name(),
            Self::Mapping { .. } => ErrorClass::Config.name(),
            Self::Held { .. } => "held",
            Self::Store(_) => "store",
            Self::Endless { .. } => ErrorClass::Data.name(),
        }
    }
}
