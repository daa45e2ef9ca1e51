//! Builds reminding from the configuration: rules, people, templates, channel, broker; and tells it what the store knows.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bihuan_connectors::sdk::{Channel, Coverage};

use super::{AppError, calendar};
use crate::config::{Config, EMBEDDED, FileText, Mistakes};
use crate::diagnostic::Diagnostic;
use crate::domain::{Clock, FactKind};
use crate::remind::decide::{self, FeedFreshness, Policy, PolicyTexts};
use crate::remind::{
    Broker, EmbeddedBroker, FeedSource, Parts, PositionSource, RabbitBroker, RemindError, Reminding, Templates,
};
use crate::store::{Position, Store, StoreError, StreamId, Subject, UnidentifiedPayment};
use crate::sync::Feed;

const DEFAULT_REMINDERS: &str = include_str!("../../config/reminders.toml");
const DEFAULT_PEOPLE: &str = include_str!("../../config/people.toml");
/// Books that no configuration names are the company's own, and the company is here.
const DEFAULT_ZONE: &str = "Asia/Shanghai";

/// What is committed, asked of the store.
#[derive(Debug)]
struct StorePositions(Store);

#[async_trait]
impl PositionSource for StorePositions {
    async fn positions(&self, subjects: &[Subject]) -> Result<Vec<Position>, StoreError> {
        self.0.positions(subjects).await
    }

    async fn unidentified(&self, book: &str) -> Result<Vec<UnidentifiedPayment>, StoreError> {
        self.0.unidentified_payments(Some(book)).await
    }
}

/// How far every stream that yields payments has been read.
#[derive(Debug)]
struct StoreFeeds {
    store: Store,
    payments: Vec<(StreamId, Box<str>, Coverage)>,
}

#[async_trait]
impl FeedSource for StoreFeeds {
    async fn feeds(&self) -> Result<FeedFreshness, StoreError> {
        let totals = self.store.stream_totals().await?;
        let mut feeds = Vec::with_capacity(self.payments.len());
        for (id, book, coverage) in &self.payments {
            let complete_until = match coverage {
                Coverage::Span => self.store.progress(id).await?.covered_until,
                // A folder is as complete as its last file; an opaque sequence as its last page.
                Coverage::File | Coverage::After => totals
                    .iter()
                    .find(|total| total.source == *id.source && total.stream == *id.stream)
                    .map(|total| total.seen_at),
            };
            feeds.push(decide::Feed { book: book.clone(), name: id.source.clone(), complete_until });
        }
        Ok(FeedFreshness(feeds))
    }
}

/// `None` when no channel is configured: then nobody could be told anything.
pub async fn build(
    config: &Config,
    store: &Store,
    feeds: &[Feed],
    clock: Arc<dyn Clock>,
    holder: &str,
    alone: bool,
) -> Result<Option<Arc<Reminding>>, AppError> {
    let Some(channel) = channel(config)? else { return Ok(None) };
    let payments = feeds
        .iter()
        .filter(|feed| feed.mapping.kinds().any(|kind| kind == FactKind::Payment))
        .map(|feed| (feed.id.clone(), feed.book.clone(), feed.coverage))
        .collect();
    let reminding = Reminding::new(Parts {
        store: store.clone(),
        positions: Arc::new(StorePositions(store.clone())),
        feeds: Arc::new(StoreFeeds { store: store.clone(), payments }),
        policy: policy(config)?,
        templates: templates(config)?,
        channel,
        broker: broker(config).await?,
        clock,
        holder: holder.to_owned(),
        exclusive: alone,
    });
    Ok(Some(Arc::new(reminding)))
}

/// Everything about reminders that can be wrong before anything runs.
pub fn check(config: &Config) -> Result<(), AppError> {
    policy(config)?;
    templates(config)?;
    channel(config).map(|_| ())
}

fn policy(config: &Config) -> Result<Policy, AppError> {
    let zones: Vec<(&str, &str)> = config.books.iter().map(|book| (&*book.key, &*book.time_zone.name)).collect();
    let reminders = config.files.reminders.as_ref().map_or(("config/reminders.toml", DEFAULT_REMINDERS), named);
    let people = config.files.people.as_ref().map_or(("config/people.toml", DEFAULT_PEOPLE), named);
    let files = calendar::files(config)?;
    let calendars = files.iter().map(named).collect();
    let texts = PolicyTexts { reminders, people, calendars, zones, default_zone: DEFAULT_ZONE };
    Policy::parse(&texts).map_err(|found| {
        let mut mistakes = Mistakes::default();
        for mistake in found {
            mistakes.add(Diagnostic::new(&mistake.file, "", 0..0, mistake.message, None), "");
        }
        AppError::Mistakes(mistakes)
    })
}

fn named(file: &FileText) -> (&str, &str) {
    (&file.name, &file.text)
}

fn templates(config: &Config) -> Result<Templates, AppError> {
    let mut replacements = Vec::new();
    for language in ["zh", "en"] {
        collect(&config.files.templates.join(language), language, &mut replacements)?;
    }
    Templates::new(&replacements).map_err(|error| AppError::Usage(error.to_string()))
}

fn collect(dir: &Path, language: &str, replacements: &mut Vec<(String, String)>) -> Result<(), AppError> {
    let fault = |source| AppError::Folder { path: dir.display().to_string(), source };
    if !dir.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(dir).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let text = std::fs::read_to_string(entry.path()).map_err(fault)?;
        replacements.push((format!("{language}/{}", entry.file_name().to_string_lossy()), text));
    }
    replacements.sort();
    Ok(())
}

fn channel(config: &Config) -> Result<Option<Arc<dyn Channel>>, AppError> {
    let Some(settings) = &config.channel else { return Ok(None) };
    let Some(entry) = bihuan_connectors::channel(settings.kind.get_ref()) else {
        let known: Vec<&str> = bihuan_connectors::CHANNELS.iter().map(|entry| entry.kind).collect();
        return Err(settings.unknown_kind(&known).into());
    };
    Ok(Some(settings.build(entry, &config.data_dir)?))
}

async fn broker(config: &Config) -> Result<Arc<dyn Broker>, AppError> {
    let url = config.broker_url()?;
    if url.expose() == EMBEDDED {
        return Ok(Arc::new(EmbeddedBroker::new()));
    }
    let broker = RabbitBroker::new(url.expose()).map_err(RemindError::from)?;
    // A wrong address or password is told now; afterwards the connection is mended as often as it breaks.
    broker.connect().await.map_err(RemindError::from)?;
    Ok(Arc::new(broker))
}
