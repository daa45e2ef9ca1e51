//! One stream of one source, ready to be pulled.

use std::sync::Arc;

use bihuan_connectors::sdk::{Connector, Coverage, ErrorClass, PullRequest, Slice, SourceError};
use jiff::{SignedDuration, Timestamp};

use super::page::prepare;
use super::{SyncError, next_spans};
use crate::domain::Clock;
use crate::mapping::{MapContext, Mapping};
use crate::store::{ApplyBatch, Counts, ProgressStep, Store, StreamId};

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
            let pulled = self.pull_slice(store, now, &slice, resume, counts).await;
            self.set_aside(&slice, &pulled).await?;
            pulled?;
        }
        Ok(())
    }

    /// Fetches, compares and maps the next page on another thread while the last one is being applied: source, mapping and
    /// database work at the same time. A page that was compared too early is compared again by `apply` itself.
    async fn pull_slice(
        &self,
        store: &Store,
        now: Timestamp,
        slice: &Slice,
        resume: Option<String>,
        counts: &mut Counts,
    ) -> Result<(), SyncError> {
        let mut page = self.clone().page(store.clone(), slice.clone(), resume, now).await?;
        for _ in 0..PAGES_PER_SLICE {
            let Some(next) = page.resume else {
                counts.add(store.apply(page.batch).await?.counts);
                return self.finish(slice).await;
            };
            let upcoming = tokio::spawn(self.clone().page(store.clone(), slice.clone(), Some(next), now));
            counts.add(store.apply(page.batch).await?.counts);
            page =
                upcoming.await.map_err(|error| self.fault(SourceError::new(ErrorClass::Bug, error.to_string())))??;
        }
        Err(SyncError::Endless {
            source_name: self.id.source.to_string(),
            stream: self.id.stream.to_string(),
            pages: PAGES_PER_SLICE,
        })
    }

    /// One page, ready to be applied. Owns what it needs, so that it can run on another thread.
    async fn page(
        self,
        store: Store,
        slice: Slice,
        resume: Option<String>,
        now: Timestamp,
    ) -> Result<ReadyPage, SyncError> {
        let page = self.fetch(&slice, resume.as_deref(), now).await?;
        let step = progress_step(&slice, &page);
        let batch = prepare(&store, &self, page.batch, step).await?;
        Ok(ReadyPage { batch, resume: page.resume })
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

    /// A file that is not what it should be (no header row, another format) goes to `failed/`, so that it neither blocks the
    /// files behind it nor is tried for ever.
    async fn set_aside(&self, slice: &Slice, pulled: &Result<(), SyncError>) -> Result<(), SyncError> {
        let (Slice::File(file), Err(SyncError::Source { error, .. })) = (slice, pulled) else { return Ok(()) };
        if error.class != ErrorClass::Data {
            return Ok(());
        }
        self.connector.finish_file(&self.id.stream, file, true).await.map_err(|error| self.fault(error))
    }

    fn fault(&self, error: SourceError) -> SyncError {
        SyncError::Source { source_name: self.id.source.to_string(), stream: self.id.stream.to_string(), error }
    }
}

/// A page that was fetched, compared and mapped.
struct ReadyPage {
    batch: ApplyBatch,
    resume: Option<String>,
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
