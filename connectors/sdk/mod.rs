//! The contract between Bihuan and the systems it reads from and writes to.
//!
//! A connector turns one page of a foreign protocol into a [`RecordBatch`]; a channel turns one message into a foreign
//! call. Neither knows facts, ledgers, SQL or queues, and neither keeps progress: the caller commits a page together
//! with its effects, so that `pull` may be repeated at any time.
//!
//! The contract is `record`, `connector`, `channel`, `error`; the rest is the kit that makes obeying it easy.

mod channel;
pub mod conformance;
mod connector;
mod entry;
mod error;
mod http;
mod json;
mod rate;
mod record;
mod retry;
mod secret;

pub use channel::{Channel, Delivered, OutgoingMessage};
pub use connector::{Connector, Context, Coverage, Page, PullRequest, Slice, StreamInfo};
pub use entry::{
    Build, ChannelEntry, Entry, SettingsError, SettingsTable, bounded, one_line, parse_settings, read_settings,
    time_zone,
};
pub use error::{ErrorClass, SourceError};
pub use http::{Http, HttpOptions, MAX_RETRY_AFTER, Reply, base_url, protocol_seconds};
pub use json::{excerpt, from_json, json_member, json_text, sanitize_control_characters};
pub use rate::RateLimit;
pub use record::{CELL_SEPARATOR, PayloadShape, RawRecord, RecordBatch, RecordBatchBuilder};
pub use retry::{Delays, RetryPolicy, Sleeper, TokioSleeper, retry};
pub use secret::{Secret, SecretText};
