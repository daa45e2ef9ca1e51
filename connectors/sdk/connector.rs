//! What every source of records does.

use std::fmt;
use std::path::PathBuf;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{RecordBatch, SourceError};

/// What part of a stream is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slice {
    /// Records whose change stamp lies in `[from, to)` on the source's clock.
    Span { from: Timestamp, to: Timestamp },
    /// Records after an opaque token (≤ 64 KiB); empty means from the beginning.
    After(String),
    /// One file of a drop folder, by the id that `files` gave.
    File(String),
}

/// How `sync` should cover a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    Span,
    After,
    File,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamInfo {
    pub name: String,
    pub coverage: Coverage,
    /// Payloads are personal data (conversations): stored encrypted, one frame a record.
    pub personal: bool,
    pub doc: String,
}

#[derive(Debug, Clone)]
pub struct PullRequest<'a> {
    pub stream: &'a str,
    pub slice: &'a Slice,
    /// Where the last page of this slice ended; `None` for the first page.
    pub resume: Option<&'a str>,
    /// The clock's now at the start of the pull, stamped on records that carry no instant of their own.
    pub now: Timestamp,
}

/// One page of a slice.
#[derive(Debug, Clone)]
pub struct Page {
    pub batch: RecordBatch,
    /// Token for the next page; `None` when the slice is finished.
    pub resume: Option<String>,
    /// With [`Slice::After`]: the token to go on from next time.
    pub token: Option<String>,
}

/// What `build` may use. Paths are resolved against `base_dir`.
#[derive(Debug, Clone)]
pub struct Context {
    /// Name of the configured source, for messages.
    pub source: String,
    /// IANA zone in which the source writes bare times.
    pub time_zone: String,
    pub base_dir: PathBuf,
}

/// A source of records. Implementations are cheap to call repeatedly and keep no progress.
#[async_trait]
pub trait Connector: Send + Sync + fmt::Debug {
    /// The streams that this instance can be asked for.
    fn streams(&self) -> Vec<StreamInfo>;

    /// Cheap and free of side effects: can we reach it, are we allowed?
    async fn probe(&self) -> Result<(), SourceError>;

    /// One page. Repeatable: the same request gives the same records as long as the source has not changed.
    async fn pull(&self, request: PullRequest<'_>) -> Result<Page, SourceError>;

    /// Files waiting in a drop folder, oldest first; empty for other sources.
    async fn files(&self, _stream: &str) -> Result<Vec<String>, SourceError> {
        Ok(Vec::new())
    }

    /// Called after a file's last page is committed; moves it to `done/` (or `failed/`). May be called again after a crash.
    async fn finish_file(&self, _stream: &str, _file: &str, _failed: bool) -> Result<(), SourceError> {
        Ok(())
    }
}
