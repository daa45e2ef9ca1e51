//! The totals of the status command: what was read, and what the ledger says in sum.
//!
//! The arithmetic that always holds, per book and currency:
//!
//! ```text
//! open = shipped − returned − adjusted − (received − unapplied − deposits − unidentified)
//! ```
//! * `shipped`: what receivables got from sales and opening positions; `returned`: net debit of returns; `adjusted`: net debit of the
//!   adjustment accounts (allowances, rebates, price differences, rounding, write-offs, bank fees).
//! * `received`: what came into the three cash accounts (unapplied, deposits, unidentified) from anywhere but a
//!   receivable or an adjustment — bank, bills, other currencies, the position at cutover — net of refunds.
//! * `open`: balance of unbilled and billed receivables; it is what was shipped and neither came back, was granted, nor
//!   was paid by money that has been applied.
//! * `overdue`: what is open of the items whose real due date has passed; credits that nothing took yet do not lessen it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::domain::{Amount, Currency};
use crate::ledger::AccountKind;
use crate::store::Store;
use crate::store::engine::Tx;
use crate::store::error::{Result, StoreError};
use crate::store::types::{Counts, StreamTotals};

/// One book in one currency. Serialized as the decimal strings of the status object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookTotals {
    pub book: Box<str>,
    pub currency: Currency,
    pub shipped: Amount,
    pub returned: Amount,
    pub adjusted: Amount,
    pub invoiced: Amount,
    pub received: Amount,
    pub unapplied: Amount,
    pub deposits: Amount,
    pub unidentified: Amount,
    pub bills_held: Amount,
    pub open: Amount,
    pub overdue: Amount,
}

impl BookTotals {
    /// Every figure with its name, in the order in which they are shown.
    pub const fn figures(&self) -> [(&'static str, Amount); 11] {
        [
            ("shipped", self.shipped),
            ("returned", self.returned),
            ("adjusted", self.adjusted),
            ("invoiced", self.invoiced),
            ("received", self.received),
            ("unapplied", self.unapplied),
            ("deposits", self.deposits),
            ("unidentified", self.unidentified),
            ("bills_held", self.bills_held),
            ("open", self.open),
            ("overdue", self.overdue),
        ]
    }

    /// Whether the identity of the module's documentation holds.
    pub fn is_consistent(&self) -> bool {
        let applied = self
            .received
            .checked_sub(self.unapplied)
            .and_then(|rest| rest.checked_sub(self.deposits))
            .and_then(|rest| rest.checked_sub(self.unidentified));
        let expected = self
            .shipped
            .checked_sub(self.returned)
            .and_then(|rest| rest.checked_sub(self.adjusted))
            .and_then(|rest| rest.checked_sub(applied?));
        expected == Ok(self.open)
    }
}

impl Serialize for BookTotals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let figures = self.figures();
        let mut map = serializer.serialize_map(Some(figures.len()))?;
        for (name, amount) in figures {
            map.serialize_entry(name, &amount.plain(self.currency))?;
        }
        map.end()
    }
}

/// What flowed from one kind of account to another.
struct Flows(Vec<(AccountKind, AccountKind, Amount)>);

const fn is_cash(kind: AccountKind) -> bool {
    matches!(kind, AccountKind::Unapplied | AccountKind::Deposit | AccountKind::Unidentified)
}

/// Where money comes from outside of receivables and grants.
const fn is_source_of_money(kind: AccountKind) -> bool {
    !is_cash(kind)
        && !kind.is_receivable()
        && !kind.is_adjustment()
        && !matches!(kind, AccountKind::Sales | AccountKind::Returns)
}

/// Where claims come from: goods, and what was owed at cutover.
const fn is_source_of_claims(kind: AccountKind) -> bool {
    matches!(kind, AccountKind::Sales | AccountKind::Opening)
}

impl Flows {
    /// Debits minus credits of the account kinds that `of` picks, against those that `against` picks.
    fn net(&self, of: impl Fn(AccountKind) -> bool, against: impl Fn(AccountKind) -> bool) -> Result<Amount> {
        let mut net = Amount::ZERO;
        for &(debit, credit, amount) in &self.0 {
            if of(debit) && against(credit) {
                net = net.checked_add(amount)?;
            }
            if of(credit) && against(debit) {
                net = net.checked_sub(amount)?;
            }
        }
        Ok(net)
    }

    fn debit(&self, of: impl Fn(AccountKind) -> bool) -> Result<Amount> {
        self.net(of, |_| true)
    }

    fn credit(&self, of: impl Fn(AccountKind) -> bool) -> Result<Amount> {
        Ok(self.debit(of)?.checked_neg()?)
    }

    fn totals(&self, book: Box<str>, currency: Currency) -> Result<BookTotals> {
        let is = |kind: AccountKind| move |other: AccountKind| other == kind;
        Ok(BookTotals {
            book,
            currency,
            shipped: self.net(AccountKind::is_receivable, is_source_of_claims)?,
            returned: self.debit(is(AccountKind::Returns))?,
            adjusted: self.debit(AccountKind::is_adjustment)?,
            invoiced: self.net(is(AccountKind::Billed), is(AccountKind::Unbilled))?,
            received: self.net(is_cash, is_source_of_money)?.checked_neg()?,
            unapplied: self.credit(is(AccountKind::Unapplied))?,
            deposits: self.credit(is(AccountKind::Deposit))?,
            unidentified: self.credit(is(AccountKind::Unidentified))?,
            bills_held: self.debit(is(AccountKind::BillsHeld))?,
            open: self.debit(AccountKind::is_receivable)?,
            overdue: Amount::ZERO,
        })
    }
}

const STREAMS: &str =
    "SELECT id, source, stream, read_count, applied, unchanged, ignored, quarantined, seen_at FROM stream";
const OPEN_QUARANTINE: &str = "SELECT stream, COUNT(*) FROM quarantine WHERE state = 'open' GROUP BY stream";
const FLOWS: &str = "SELECT book, currency, debit, credit, amount FROM flow";
const DUE: &str = "SELECT s.book, s.currency, i.due_on, i.open FROM open_item i JOIN subject s ON s.id = i.subject \
     WHERE i.open > 0 AND i.due_missing IS NULL";

impl Store {
    /// Cumulated counts of every stream, by source and stream.
    pub async fn stream_totals(&self) -> Result<Vec<StreamTotals>> {
        let mut tx = self.engine.read().await?;
        let mut open = BTreeMap::new();
        for row in tx.fetch(OPEN_QUARANTINE, Vec::new()).await? {
            open.insert(row.id(0)?, count(row.int(1)?));
        }
        let mut totals = Vec::new();
        for row in tx.fetch(STREAMS, Vec::new()).await? {
            totals.push(StreamTotals {
                source: row.text(1)?.to_owned(),
                stream: row.text(2)?.to_owned(),
                counts: Counts {
                    read: count(row.int(3)?),
                    applied: count(row.int(4)?),
                    unchanged: count(row.int(5)?),
                    ignored: count(row.int(6)?),
                    quarantined: count(row.int(7)?),
                },
                open_quarantine: open.get(&row.id(0)?).copied().unwrap_or(0),
                seen_at: row.instant(8)?,
            });
        }
        totals.sort_by(|a, b| (&a.source, &a.stream).cmp(&(&b.source, &b.stream)));
        Ok(totals)
    }

    /// The ledger in sum, by book and currency. `today` is the business day of a book.
    pub async fn book_totals(&self, today: &(dyn Fn(&str) -> Date + Sync)) -> Result<Vec<BookTotals>> {
        let mut tx = self.engine.read().await?;
        let mut flows: BTreeMap<(Box<str>, Currency), Flows> = BTreeMap::new();
        for row in tx.fetch(FLOWS, Vec::new()).await? {
            let key = (row.text(0)?.into(), row.currency(1)?);
            let flow = (kind(row.text(2)?)?, kind(row.text(3)?)?, row.amount(4)?);
            flows.entry(key).or_insert_with(|| Flows(Vec::new())).0.push(flow);
        }
        let overdue = overdue(&mut tx, today).await?;
        flows
            .into_iter()
            .map(|((book, currency), flows)| {
                let overdue = overdue.get(&(book.clone(), currency)).copied().unwrap_or_default();
                Ok(BookTotals { overdue, ..flows.totals(book, currency)? })
            })
            .collect()
    }
}

/// Sum of what is open past its real due date.
async fn overdue(tx: &mut Tx, today: &(dyn Fn(&str) -> Date + Sync)) -> Result<BTreeMap<(Box<str>, Currency), Amount>> {
    let mut sums: BTreeMap<(Box<str>, Currency), Amount> = BTreeMap::new();
    for row in tx.fetch(DUE, Vec::new()).await? {
        let book = row.text(0)?;
        if row.date(2)? < today(book) {
            let sum = sums.entry((book.into(), row.currency(1)?)).or_default();
            *sum = sum.checked_add(row.amount(3)?)?;
        }
    }
    Ok(sums)
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

pub(super) fn kind(name: &str) -> Result<AccountKind> {
    AccountKind::parse(name)
        .ok_or_else(|| StoreError::Corrupt { what: "account", problem: format!("unknown kind {name}") })
}
