//! Pull → map → apply: the one way in.
//!
//! Why one: a page that was pulled, a file that was dropped and a body that was posted must be counted, deduplicated,
//! quarantined and committed by the same code, or one of them will lose something. `sync` alone owns coverage: a
//! connector is told what to fetch and keeps no progress. It must not know accounts, reminders or SQL.

mod coverage;
pub mod decide;
mod error;
mod feed;
pub mod native;
pub mod origin;
mod page;
pub mod rebuild;

pub use coverage::next_spans;
pub use error::SyncError;
pub use feed::{Feed, FeedReport, PullMode};
