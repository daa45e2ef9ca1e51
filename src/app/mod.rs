//! From configuration to a running system: store, feeds, reminding, http; and the order in which they start and stop.
//!
//! Why one place: a command, the daemon and the demo must wire the same parts the same way. It must not know how any
//! part works inside.

mod calendar;
mod daemon;
mod error;
mod feeds;
mod presence;
mod pull;
mod rebuild;
mod reminding;

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;

pub use daemon::run;
pub use error::AppError;
pub use feeds::build as build_feeds;
pub use presence::{Presence, Wanted};
pub use rebuild::{Rebuilt, Remade, rebuild};
pub use reminding::check as check_reminding;

use crate::config::Config;
use crate::domain::Clock;
use crate::ledger::BookPolicy;
use crate::remind::Reminding;
use crate::store::{Policies, Store, StoreSettings};
use crate::sync::Feed;

/// How the address of an embedded database begins.
pub(crate) const SQLITE: &str = "sqlite:";

/// Subjects settled in one transaction; bounds its length, not the work.
const SETTLE_BATCH: usize = 200;

/// Everything that is running.
#[derive(Debug)]
pub struct App {
    pub config: Arc<Config>,
    pub clock: Arc<dyn Clock>,
    pub store: Store,
    pub feeds: Vec<Feed>,
    pub presence: Presence,
    /// Names this process among all that share the database.
    pub holder: String,
    /// Absent when no channel is configured.
    pub reminding: Option<Arc<Reminding>>,
}

impl App {
    /// Opens the store, builds the connectors, checks the mappings, prepares reminding. Nothing is pulled or sent yet.
    pub async fn open(config: Arc<Config>, clock: Arc<dyn Clock>, wanted: Wanted) -> Result<Self, AppError> {
        let feeds = feeds::build(&config)?;
        let presence = Presence::take(&config, wanted)?;
        let store = open_store(&config, Arc::clone(&clock)).await?;
        let policies = policies(&config)?;
        let fingerprint = BookPolicy::fingerprint(config.books.iter().map(|book| (&*book.key, policies(&book.key))));
        if store.settle_under(fingerprint).await? {
            tracing::info!("the books' policies are not those of last time: every customer is settled again");
        }
        let holder = format!("{}-{}", std::process::id(), clock.now().as_microsecond());
        let reminding = reminding::build(&config, &store, &feeds, Arc::clone(&clock), &holder, presence.alone).await?;
        Ok(Self { config, clock, store, feeds, presence, holder, reminding })
    }

    /// Decides and delivers everything that is due at this instant of the clock.
    pub async fn remind(&self) -> Result<(), AppError> {
        if let Some(reminding) = &self.reminding {
            reminding.tick().await?;
        }
        Ok(())
    }

    /// Pairs and allocates until no customer is dirty.
    pub async fn settle(&self) -> Result<usize, AppError> {
        settle(&self.store).await
    }
}

async fn settle(store: &Store) -> Result<usize, AppError> {
    let mut settled = 0;
    loop {
        match store.settle_dirty(SETTLE_BATCH).await? {
            0 => return Ok(settled),
            some => settled += some,
        }
    }
}

/// The store alone, for commands that only read.
pub async fn open_store(config: &Arc<Config>, clock: Arc<dyn Clock>) -> Result<Store, AppError> {
    let url = config.store_url()?;
    if url.expose().starts_with(SQLITE) {
        let dir = &config.data_dir;
        std::fs::create_dir_all(dir).map_err(|source| AppError::Folder { path: dir.display().to_string(), source })?;
    }
    let policies = policies(config)?;
    let settings = StoreSettings { url: url.expose().to_owned(), clock, policies };
    Ok(Store::open(&settings).await?)
}

/// Each book's policy with the days that are worked there; of a book that nobody configured, the defaults.
fn policies(config: &Arc<Config>) -> Result<Policies, AppError> {
    let config = Arc::clone(config);
    let working_days = Arc::new(calendar::working_days(&config)?);
    Ok(Arc::new(move |book: &str| BookPolicy {
        working_days: Arc::clone(&working_days),
        ..config.book(book).map(|book| book.policy.clone()).unwrap_or_default()
    }))
}

/// The civil date in the book's own zone.
pub fn today(clock: &dyn Clock, config: &Config, book: &str) -> Date {
    let zone = config.book(book).map_or(TimeZone::UTC, |book| book.time_zone.zone.clone());
    clock.now().to_zoned(zone).date()
}
