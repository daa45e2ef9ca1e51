//! The journal from its first row to its last, with the names of everything in it, for other programs.
//!
//! One snapshot throughout: what is read while the daemon writes is the ledger at one batch, so that the balances at the
//! end are those of the rows before. It must not know any format.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;

use super::totals::kind;
use super::verify;
use crate::domain::{Amount, Currency, FactKind, Hash, Id};
use crate::ledger::{Account, Document, Posting};
use crate::store::engine::{Row, Tx};
use crate::store::error::Result;
use crate::store::journal::{self, keys};
use crate::store::{Anchor, Store, documents};

/// Batches whose transfers are held in memory at a time.
const BATCHES_PER_PAGE: i64 = 64;

/// One row of the journal with everything that it is hashed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalLine {
    pub batch: i64,
    pub seq: i64,
    pub recorded_at: Timestamp,
    /// A document, or a customer in one currency whose settlement posted it.
    pub cause: Id,
    pub book: Box<str>,
    pub posting: Posting,
    /// Differs from the effective day when that one lay in a closed period.
    pub posted_on: Date,
    pub reversal: bool,
    pub hash: Hash,
}

/// What an account has at the end, debit positive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountBalance {
    pub book: Box<str>,
    pub currency: Currency,
    pub account: Account,
    pub amount: Amount,
}

/// How people name a document or a party key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    pub kind: FactKind,
    pub book: Box<str>,
    pub numbering: Box<str>,
    pub number: Box<str>,
}

/// A point of both times: until which day things count, and until when they had been recorded. `None`: no end.
/// `posted`: by the day of posting, which never lies in a period that was closed by then.
#[derive(Debug, Clone, Copy, Default)]
pub struct PointInTime {
    pub as_of: Option<Date>,
    pub known_at: Option<Timestamp>,
    pub posted: bool,
}

impl PointInTime {
    fn holds(self, line: &JournalLine) -> bool {
        let counts_on = if self.posted { line.posted_on } else { line.posting.effective_on };
        self.as_of.is_none_or(|day| counts_on <= day) && self.known_at.is_none_or(|instant| line.recorded_at <= instant)
    }
}

/// Reads page by page; see [`Store::journal_reader`].
#[derive(Debug)]
pub struct JournalReader {
    tx: Tx,
    after: i64,
    pub end: Anchor,
}

const LINES: &str = "SELECT t.batch, t.seq, b.recorded_at, t.cause, t.book, t.posted_on, t.reversal, t.hash, \
     t.effective_on, t.debit, t.debit_party, t.debit_order, t.credit, t.credit_party, t.credit_order, t.currency, \
     t.amount FROM transfer t JOIN batch b ON b.number = t.batch WHERE t.batch > $1 AND t.batch <= $2 \
     ORDER BY t.batch, t.seq";
const DECISIONS: &str =
    concat!("SELECT ", documents::document_columns!(), " FROM document d WHERE d.kind = 'decision' AND d.role = 0");

impl Store {
    /// Opens a snapshot of the whole journal.
    pub async fn journal_reader(&self) -> Result<JournalReader> {
        let mut tx = self.engine.read().await?;
        let end = verify::end(&mut tx).await?;
        Ok(JournalReader { tx, after: 0, end })
    }
}

impl JournalReader {
    /// The next rows in the order of the chain; `None` after the last.
    pub async fn next_page(&mut self) -> Result<Option<Vec<JournalLine>>> {
        if self.after >= self.end.batch {
            return Ok(None);
        }
        let to = self.after.saturating_add(BATCHES_PER_PAGE).min(self.end.batch);
        let rows = self.tx.fetch(LINES, vec![self.after.into(), to.into()]).await?;
        self.after = to;
        rows.iter().map(read_line).collect::<Result<_>>().map(Some)
    }

    /// Names of documents and parties; an id that nobody ever described has none.
    pub async fn names(&mut self, ids: &BTreeSet<Id>) -> Result<HashMap<Id, Name>> {
        names(&mut self.tx, ids).await
    }

    /// The customers whose settlements are causes of rows.
    pub async fn parties_of_subjects(&mut self) -> Result<HashMap<Id, Id>> {
        let rows = self.tx.fetch("SELECT id, party FROM subject", Vec::new()).await?;
        rows.iter().map(|row| Ok((row.id(0)?, row.id(1)?))).collect()
    }

    /// Every account that was ever posted to.
    pub async fn balances(&mut self) -> Result<Vec<AccountBalance>> {
        let sql = "SELECT book, currency, account, party, ordered, amount FROM balance";
        let rows = self.tx.fetch(sql, Vec::new()).await?;
        let mut balances = rows.iter().map(read_balance).collect::<Result<Vec<_>>>()?;
        balances.sort_by(|a, b| (&a.book, a.account, a.currency).cmp(&(&b.book, b.account, b.currency)));
        Ok(balances)
    }

    /// As [`JournalReader::balances`], of the rows that are effective until `as_of` and were recorded until `known_at`. Reads
    /// the journal to that end; nothing is left for [`JournalReader::next_page`].
    pub async fn balances_at(&mut self, at: PointInTime) -> Result<Vec<AccountBalance>> {
        let mut sums: BTreeMap<(Box<str>, Account, Currency), Amount> = BTreeMap::new();
        while let Some(page) = self.next_page().await? {
            for line in page.into_iter().filter(|line| at.holds(line)) {
                let Posting { debit, credit, currency, amount, .. } = line.posting;
                for (account, amount) in [(debit, amount), (credit, amount.checked_neg()?)] {
                    let sum = sums.entry((line.book.clone(), account, currency)).or_default();
                    *sum = sum.checked_add(amount)?;
                }
            }
        }
        let balance = |((book, account, currency), amount)| AccountBalance { book, currency, account, amount };
        Ok(sums.into_iter().map(balance).collect())
    }

    /// What people decided, in the order in which they did.
    pub async fn decisions(&mut self) -> Result<Vec<Document>> {
        let rows = self.tx.fetch(DECISIONS, Vec::new()).await?;
        let mut decisions = rows.iter().map(|row| documents::read(row, 0)).collect::<Result<Vec<_>>>()?;
        decisions.sort_by_key(|decision| (decision.fields.instant("decided_at"), decision.id));
        Ok(decisions)
    }
}

pub(super) async fn names(tx: &mut Tx, ids: &BTreeSet<Id>) -> Result<HashMap<Id, Name>> {
    let ids: Vec<Id> = ids.iter().copied().collect();
    let sql = "SELECT id, kind, book, numbering, number FROM document WHERE id {keys}";
    let mut names = HashMap::with_capacity(ids.len());
    for row in tx.fetch_in(sql, &keys(&ids), Vec::new()).await? {
        let kind = documents::read_kind(&row, 1)?;
        let (book, numbering, number) = (row.text(2)?.into(), row.text(3)?.into(), row.text(4)?.into());
        names.insert(row.id(0)?, Name { kind, book, numbering, number });
    }
    Ok(names)
}

/// From the columns of [`LINES`].
pub(super) fn read_line(row: &Row) -> Result<JournalLine> {
    Ok(JournalLine {
        batch: row.int(0)?,
        seq: row.int(1)?,
        recorded_at: row.instant(2)?,
        cause: row.id(3)?,
        book: row.text(4)?.into(),
        posted_on: row.date(5)?,
        reversal: row.bool(6)?,
        hash: row.hash(7)?,
        posting: journal::read_posting(row, 8)?,
    })
}

pub(super) fn read_balance(row: &Row) -> Result<AccountBalance> {
    let account = Account { kind: kind(row.text(2)?)?, party: row.opt_id(3)?, order: row.opt_id(4)? };
    Ok(AccountBalance { book: row.text(0)?.into(), currency: row.currency(1)?, account, amount: row.amount(5)? })
}
