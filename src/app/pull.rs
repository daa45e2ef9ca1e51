//! Pulling under a lease: one stream is pulled by one worker at a time, among all daemons and commands.

use std::time::Duration;

use super::App;
use crate::store::Counts;
use crate::sync::{Feed, FeedReport, PullMode, SyncError};

/// Longer than any page takes; a process that died holds a stream no longer than this.
pub(super) const LEASE_MS: i64 = 6_000;
const RENEW_EVERY: Duration = Duration::from_millis(2_500);

impl App {
    /// Pulls every feed (or those of one source) once, one after the other. A failing source does not stop the others.
    pub async fn pull(&self, source: Option<&str>, mode: PullMode) -> Vec<FeedReport> {
        let mut reports = Vec::new();
        for feed in self.feeds.iter().filter(|feed| source.is_none_or(|name| *feed.id.source == *name)) {
            reports.push(self.pull_feed(feed, mode).await);
        }
        reports
    }

    /// Pulls one feed once. Alone with its data it needs no lease, and on a clock that stands still none would run out.
    pub async fn pull_feed(&self, feed: &Feed, mode: PullMode) -> FeedReport {
        let report = if self.presence.alone {
            feed.pull(&self.store, self.clock.as_ref(), mode).await
        } else {
            self.pull_leased(feed, mode).await.unwrap_or_else(|error| failed(feed, error))
        };
        if let Some(error) = &report.error {
            let class = error.class_name();
            tracing::warn!(source = %feed.id.source, stream = %feed.id.stream, class, %error, "Stream stopped; its cursor stays.");
        }
        report
    }

    async fn pull_leased(&self, feed: &Feed, mode: PullMode) -> Result<FeedReport, SyncError> {
        let name = format!("pull:{}/{}", feed.id.source, feed.id.stream);
        let held = || SyncError::Held { source_name: feed.id.source.to_string(), stream: feed.id.stream.to_string() };
        let fence = self.store.acquire_lease(&name, &self.holder, LEASE_MS).await?.ok_or_else(held)?;
        let pull = feed.pull(&self.store, self.clock.as_ref(), mode);
        tokio::pin!(pull);
        let report = loop {
            tokio::select! {
                report = &mut pull => break report,
                () = tokio::time::sleep(RENEW_EVERY) => {
                    // When somebody else has it by now, what we had committed stays and the rest is theirs.
                    self.store.renew_lease(&name, fence, LEASE_MS).await?;
                }
            }
        };
        self.store.release_lease(&name, fence).await?;
        Ok(report)
    }
}

fn failed(feed: &Feed, error: SyncError) -> FeedReport {
    FeedReport { id: feed.id.clone(), counts: Counts::default(), error: Some(error) }
}
