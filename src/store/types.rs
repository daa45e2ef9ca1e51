//! What callers of the store say and hear.

use std::sync::Arc;

use bihuan_connectors::sdk::RecordBatch;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::domain::{Amount, Currency, Fact, Hash, Id, Problem};
use crate::ledger::{Leftover, OpenItem};

/// Id of a record: source, stream and the source's own key.
pub type RecordId = Id;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    pub source: Box<str>,
    pub stream: Box<str>,
}

impl StreamId {
    pub fn new(source: &str, stream: &str) -> Self {
        Self { source: source.into(), stream: stream.into() }
    }

    pub fn id(&self) -> Id {
        Id::from_parts(&[b"stream", self.source.as_bytes(), self.stream.as_bytes()])
    }

    pub fn record(&self, key: &str) -> RecordId {
        Id::from_parts(&[b"record", self.source.as_bytes(), self.stream.as_bytes(), key.as_bytes()])
    }
}

/// What became of a record that has not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Applied,
    Ignored,
    Quarantined,
}

/// Whether a record is the same as its current winner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    New,
    Unchanged(Verdict),
}

/// What mapping made of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Facts(Vec<Fact>),
    /// The mapping condition that said so.
    Ignored(Box<str>),
    Quarantined(Problem),
}

/// `read = applied + unchanged + ignored + quarantined`, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    pub read: u64,
    pub applied: u64,
    pub unchanged: u64,
    pub ignored: u64,
    pub quarantined: u64,
}

impl Counts {
    pub fn add(&mut self, other: Self) {
        self.read += other.read;
        self.applied += other.applied;
        self.unchanged += other.unchanged;
        self.ignored += other.ignored;
        self.quarantined += other.quarantined;
    }

    pub fn is_balanced(&self) -> bool {
        self.read == self.applied + self.unchanged + self.ignored + self.quarantined
    }

    /// Counts one unchanged record by what became of it.
    pub fn count_known(&mut self, verdict: Verdict) {
        self.read += 1;
        match verdict {
            Verdict::Applied => self.unchanged += 1,
            Verdict::Ignored => self.ignored += 1,
            Verdict::Quarantined => self.quarantined += 1,
        }
    }
}

/// How far a stream is covered after a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgressStep {
    Span { from: Timestamp, to: Timestamp, done: bool, resume: Option<String> },
    Token { token: String },
    File { id: String, done: bool, resume: Option<String> },
}

/// One page of one stream, mapped.
#[derive(Debug, Clone)]
pub struct ApplyBatch {
    pub stream: StreamId,
    pub book: Box<str>,
    /// Payloads are personal data: stored encrypted.
    pub personal: bool,
    /// Position in the configured precedence of streams; the smaller wins a contested field.
    pub rank: u32,
    /// Whether the stream is the booking authority of its kinds in this book.
    pub books: bool,
    pub mapping: Hash,
    pub mapping_text: Arc<str>,
    pub raw: RecordBatch,
    /// Index in `raw` and outcome of every record that `known` did not call unchanged.
    pub records: Vec<(usize, Outcome)>,
    /// Records of this page that `known` called unchanged, already counted.
    pub counted: Counts,
    pub progress: Option<ProgressStep>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ApplyOutcome {
    /// Of the whole page, `counted` included.
    pub counts: Counts,
    /// The journal batch, when something was posted.
    pub batch: Option<i64>,
    pub documents: usize,
}

/// One customer in one book and currency; `party` is [`NO_PARTY`] for what belongs to nobody yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    pub book: Box<str>,
    pub party: Id,
    pub currency: Currency,
}

pub const NO_PARTY: Id = Id([0; 16]);

impl Subject {
    /// Key of table `subject`.
    pub fn id(&self) -> Id {
        Id::from_parts(&[b"subject", self.book.as_bytes(), &self.party.0, self.currency.as_str().as_bytes()])
    }
}

/// Money that may be this customer's: unpaired or unidentified, whose payer has the customer's folded name or whose text
/// names one of the customer's orders or invoices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LikelyMoney {
    pub payment: Id,
    pub number: Box<str>,
    pub amount: Amount,
    pub paid_on: Date,
    pub payer: Option<Box<str>>,
    pub text: Option<Box<str>>,
}

/// Everything that `remind` needs to know about a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub subject: Subject,
    pub code: Box<str>,
    pub name: Box<str>,
    pub short_name: Option<Box<str>>,
    pub salesperson: Option<Box<str>>,
    pub items: Vec<OpenItem>,
    /// Leftover, number and value date of the payment.
    pub leftovers: Vec<(Leftover, Box<str>, Date)>,
    pub likely_money: Vec<LikelyMoney>,
    /// `subject.remind_generation` at the time of reading: `decided` may be set to it.
    pub generation: i64,
}

/// A payment that belongs to nobody yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnidentifiedPayment {
    pub payment: Id,
    pub book: Box<str>,
    pub currency: Currency,
    pub number: Box<str>,
    pub amount: Amount,
    pub paid_on: Date,
    pub payer: Option<Box<str>>,
    pub text: Option<Box<str>>,
    pub salesperson: Option<Box<str>>,
    /// Finance has booked it; otherwise only the bank has seen it.
    pub booked: bool,
}

/// Cumulated counts of one stream, and what is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StreamTotals {
    pub source: String,
    pub stream: String,
    #[serde(flatten)]
    pub counts: Counts,
    /// Records that lie in quarantine now.
    pub open_quarantine: u64,
    /// When the last page of it was committed.
    #[serde(skip)]
    pub seen_at: Timestamp,
}
