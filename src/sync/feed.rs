//! One stream of one source, ready to be pulled.

use std::sync::Arc;

use bihuan_connectors::sdk::{Connector, Coverage, PullRequest, Slice, SourceError};
use jiff::{SignedDuration, Timestamp};

use super::page::ingest;
use super::{SyncError, next_spans};
use crate::domain::Clock;
use crate::mapping::{MapContext, Mapping};
use crate::store::{Counts, ProgressStep, Store, StreamId};

/// Pages of one slice; a source that never ends its pages is broken, not rich.
const PAGES_PER_SLICE: u32 = 100_000;

/// Whether to go on from the last progress or to read everything again (which changes nothing that has not changed).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullMode {
    Continue,
    Everything,
}

/// Everything that is fixed about one stream of one source.
#[derive(Debug, Clone)]
pub struct Feed {
    pub id: StreamId,
    pub book: Box<str>,
    pub connector: Arc<dyn Connector>,
    pub coverage: Coverage,
    pub mapping: Arc<Mapping>,
    pub context: MapContext,
    /// Position in the field precedence; the smaller wins.
    pub rank: u32,
    /// Whether this stream is the booking authority for what it yields.
    pub books: bool,
    pub personal: bool,
    /// Nothing before this instant is asked for.
    pub start: Timestamp,
    /// How often the daemon pulls it.
    pub every: SignedDuration,
}

/// What one pull of one feed did; `error` is set when it could not finish.
#[derive(Debug)]
pub struct FeedReport {
    pub id: StreamId,
    pub counts: Counts,
    pub error: Option<SyncError>,
}

impl Feed {
    /// Reads everything new since the last committed page (or everything, see [`PullMode`]) and commits page by page.
    pub async fn pull(&self, store: &Store, clock: &dyn Clock, mode: PullMode) -> FeedReport {
        let mut counts = Counts::default();
        let error = self.pull_slices(store, clock, mode, &mut counts).await.err();
        FeedReport { id: self.id.clone(), counts, error }
    }

    async fn pull_slices(
        &self,
        store: &Store,
        clock: &dyn Clock,
        mode: PullMode,
        counts: &mut Counts,
    ) -> Result<(), SyncError> {
        let now = clock.now();
        let full = mode == PullMode::Everything;
        let progress = store.progress(&self.id).await?;
        let slices = match self.coverage {
            Coverage::Span => next_spans(&progress, self.start, now, full),
            Coverage::After => {
                let token = if full { None } else { progress.token.clone() };
                vec![Slice::After(token.unwrap_or_default())]
            }
            Coverage::File => {
                let files = self.connector.files(&self.id.stream).await.map_err(|error| self.fault(error))?;
                files.into_iter().map(Slice::File).collect()
            }
        };
        for slice in slices {
            let resume = if full { None } else { progress.resume_of(&slice) };
            self.pull_slice(store, now, &slice, resume, counts).await?;
        }
        Ok(())
    }

    /// Fetches the next page while the last one is being applied: the source and the database work at the same time.
    async fn pull_slice(
        &self,
        store: &Store,
        now: Timestamp,
        slice: &Slice,
        resume: Option<String>,
        counts: &mut Counts,
    ) -> Result<(), SyncError> {
        let mut page = self.fetch(slice, resume.as_deref(), now).await?;
        for _ in 0..PAGES_PER_SLICE {
            let step = progress_step(slice, &page);
            let Some(next) = page.resume.clone() else {
                counts.add(ingest(store, self, page.batch, step).await?);
                return self.finish(slice).await;
            };
            let (applied, fetched) =
                tokio::join!(ingest(store, self, page.batch, step), self.fetch(slice, Some(&next), now));
            counts.add(applied?);
            page = fetched?;
        }
        Err(SyncError::Endless {
            source_name: self.id.source.to_string(),
            stream: self.id.stream.to_string(),
            pages: PAGES_PER_SLICE,
        })
    }

    async fn fetch(
        &self,
        slice: &Slice,
        resume: Option<&str>,
        now: Timestamp,
    ) -> Result<bihuan_connectors::sdk::Page, SyncError> {
        let request = PullRequest { stream: &self.id.stream, slice, resume, now };
        self.connector.pull(request).await.map_err(|error| self.fault(error))
    }

    /// After the last page of a file is committed the file moves to `done/`; a crash in between only reads it once more.
    async fn finish(&self, slice: &Slice) -> Result<(), SyncError> {
        let Slice::File(file) = slice else { return Ok(()) };
        self.connector.finish_file(&self.id.stream, file, false).await.map_err(|error| self.fault(error))
    }

    fn fault(&self, error: SourceError) -> SyncError {
        SyncError::Source { source_name: self.id.source.to_string(), stream: self.id.stream.to_string(), error }
    }
}

fn progress_step(slice: &Slice, page: &bihuan_connectors::sdk::Page) -> Option<ProgressStep> {
    let done = page.resume.is_none();
    let resume = page.resume.clone();
    match slice {
        Slice::Span { from, to } => Some(ProgressStep::Span { from: *from, to: *to, done, resume }),
        Slice::After(_) => page.token.clone().map(|token| ProgressStep::Token { token }),
        Slice::File(id) => Some(ProgressStep::File { id: id.clone(), done, resume }),
    }
}
