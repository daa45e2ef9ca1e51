//! One page: what is known is counted, what is new is mapped, and both are made ready to be committed with its progress.

use std::sync::Arc;

use bihuan_connectors::sdk::{RawRecord, RecordBatch};

use super::{Feed, SyncError};
use crate::domain::Hash;
use crate::mapping::Mapped;
use crate::store::{ApplyBatch, Counts, Known, Outcome, ProgressStep, RecordId, Store, StreamId, Verdict};

/// Makes one batch ready for `Store::apply`, whoever brought it.
pub async fn prepare(
    store: &Store,
    feed: &Feed,
    raw: RecordBatch,
    progress: Option<ProgressStep>,
) -> Result<ApplyBatch, SyncError> {
    let (fresh, counted) = compare(store, &feed.id, feed.personal, &raw).await?;
    let records = map_fresh(feed, &raw, &fresh)?;
    Ok(ApplyBatch {
        stream: feed.id.clone(),
        book: feed.book.clone(),
        personal: feed.personal,
        rank: feed.rank,
        books: feed.books,
        mapping: feed.mapping.id(),
        mapping_text: Arc::clone(feed.mapping.text()),
        raw,
        records,
        counted,
        progress,
    })
}

/// Indexes of the records that are new or changed, and the count of the rest.
pub(super) async fn compare(
    store: &Store,
    stream: &StreamId,
    personal: bool,
    raw: &RecordBatch,
) -> Result<(Vec<usize>, Counts), SyncError> {
    // A record is named by its source, stream and key; what it says, by the (for personal streams: keyed) hash of its
    // bytes.
    let head = |record: RawRecord<'_>| (stream.record(record.key), store.content_hash(personal, record));
    let heads: Vec<(RecordId, Hash)> = raw.iter().map(head).collect();
    let known = store.known(stream, &heads).await?;
    let mut counted = Counts::default();
    let mut fresh = Vec::new();
    for (index, known) in known.iter().enumerate() {
        match known {
            Known::New => fresh.push(index),
            // It still waits in quarantine: to call it unchanged would hide it.
            Known::Unchanged(Verdict::Quarantined) => counted.quarantined += 1,
            Known::Unchanged(Verdict::Applied | Verdict::Ignored) => counted.unchanged += 1,
        }
    }
    counted.read = counted.unchanged + counted.quarantined;
    Ok((fresh, counted))
}

fn map_fresh(feed: &Feed, raw: &RecordBatch, fresh: &[usize]) -> Result<Vec<(usize, Outcome)>, SyncError> {
    if fresh.is_empty() {
        return Ok(Vec::new());
    }
    let plan = feed.mapping.plan(&raw.shape, &feed.context).map_err(|error| SyncError::Mapping {
        source_name: feed.id.source.to_string(),
        stream: feed.id.stream.to_string(),
        error,
    })?;
    Ok(fresh.iter().filter_map(|index| raw.get(*index).map(|record| (*index, outcome(plan.map(record))))).collect())
}

pub(super) fn outcome(mapped: Mapped) -> Outcome {
    match mapped {
        Mapped::Facts(facts) => Outcome::Facts(facts),
        Mapped::Ignored(because) => Outcome::Ignored(because),
        Mapped::Quarantined(problem) => Outcome::Quarantined(problem),
    }
}
