//! One entry of the journal (the rows of one cause in one batch) and what caused it; and the way from a row's hash to it.

use super::allocations::allocations_of_subject;
use super::export::{JournalLine, read_line};
use super::lookup::{read_subject, view};
use crate::domain::{Hash, Id};
use crate::ledger::Document;
use crate::store::engine::{Row, Tx};
use crate::store::error::Result;
use crate::store::types::Subject;
use crate::store::{AllocationView, DocumentView, Policies, Store, documents};

/// Rows that a hash prefix may stand for; a longer prefix decides.
const MAX_ALIKE: usize = 10;
/// Digits of a whole hash.
const HASH_DIGITS: usize = 64;

/// Why an entry was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A document posts what its own content says.
    Document(Box<DocumentView>),
    /// The settlement of a customer in one currency, with the allocations as they stand now.
    Settlement { subject: Subject, party: Option<Document>, allocations: Vec<AllocationView> },
    /// Nothing that is stored has this id.
    Unknown(Id),
}

/// The rows of one cause in one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryView {
    pub batch: i64,
    /// Head of the chain after the batch.
    pub batch_hash: Hash,
    pub lines: Vec<JournalLine>,
    pub cause: Cause,
}

/// The columns of `read_line`, then the batch's hash.
macro_rules! lines {
    ($rest:literal) => {
        concat!(
            "SELECT t.batch, t.seq, b.recorded_at, t.cause, t.book, t.posted_on, t.reversal, t.hash, t.effective_on, \
             t.debit, t.debit_party, t.debit_order, t.credit, t.credit_party, t.credit_order, t.currency, t.amount, \
             b.hash FROM transfer t JOIN batch b ON b.number = t.batch WHERE ",
            $rest
        )
    };
}
pub(super) use lines;

pub(super) const ROW: &str = lines!("t.batch = $1 AND t.seq = $2");
pub(super) const OF_CAUSE: &str = lines!("t.cause = $1 AND t.batch = $2");
pub(super) const ALIKE: &str = "SELECT batch, seq FROM transfer WHERE hash >= $1 AND hash <= $2 LIMIT $3";

impl Store {
    /// The entry that a row belongs to.
    pub async fn entry_of_row(&self, batch: i64, seq: i64) -> Result<Option<EntryView>> {
        let mut tx = self.engine.read().await?;
        let Some(row) = tx.fetch_one(ROW, vec![batch.into(), seq.into()]).await? else { return Ok(None) };
        let (cause, batch_hash) = (row.id(3)?, row.hash(17)?);
        let rows = tx.fetch(OF_CAUSE, vec![cause.into(), batch.into()]).await?;
        let mut lines = rows.iter().map(read_line).collect::<Result<Vec<_>>>()?;
        lines.sort_by_key(|line| line.seq);
        Ok(Some(EntryView { batch, batch_hash, lines, cause: self::cause(&mut tx, cause, &self.policies).await? }))
    }

    /// Batch and position of the rows whose hash begins so. No index leads there: it reads through the journal.
    pub async fn rows_by_hash(&self, prefix: &str) -> Result<Vec<(i64, i64)>> {
        let bound = |fill: &str| {
            let rest = fill.repeat(HASH_DIGITS.saturating_sub(prefix.len()));
            Hash::parse_hex(&format!("{prefix}{rest}"))
        };
        let (Some(first), Some(last)) = (bound("0"), bound("f")) else { return Ok(Vec::new()) };
        let mut tx = self.engine.read().await?;
        let rows = tx.fetch(ALIKE, vec![first.into(), last.into(), MAX_ALIKE.into()]).await?;
        let mut found = rows.iter().map(|row: &Row| Ok((row.int(0)?, row.int(1)?))).collect::<Result<Vec<_>>>()?;
        found.sort_unstable();
        Ok(found)
    }
}

async fn cause(tx: &mut Tx, cause: Id, policies: &Policies) -> Result<Cause> {
    if let Some(document) = documents::load(tx, &[cause]).await?.remove(&cause) {
        return Ok(Cause::Document(Box::new(view(tx, document, policies).await?)));
    }
    let sql = "SELECT id, book, party, currency FROM subject WHERE id = $1";
    let Some(row) = tx.fetch_one(sql, vec![cause.into()]).await? else { return Ok(Cause::Unknown(cause)) };
    let subject = read_subject(&row)?;
    let party = documents::load(tx, &[subject.party]).await?.remove(&subject.party);
    let allocations = allocations_of_subject(tx, cause).await?;
    Ok(Cause::Settlement { subject, party, allocations })
}
