//! The contract between Bihuan and the systems it reads from and writes to.
//!
//! A connector turns one page of a foreign protocol into a [`RecordBatch`]; a channel turns one message into a foreign
//! call. Neither knows facts, ledgers, SQL or queues, and neither keeps progress: the caller commits a page together
//! with its effects, so that `pull` may be repeated at any time.

mod channel;
mod connector;
mod error;
mod record;

pub use channel::{Channel, Delivered, OutgoingMessage};
pub use connector::{Connector, Context, Coverage, Page, PullRequest, Slice, StreamInfo};
pub use error::{ErrorClass, SourceError};
pub use record::{CELL_SEPARATOR, PayloadShape, RawRecord, RecordBatch, RecordBatchBuilder};
