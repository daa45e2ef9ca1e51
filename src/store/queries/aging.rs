//! The aging list (账龄): who owes what since when.

use jiff::civil::Date;

use super::as_of::positions_as_of;
use super::lookup::read_subject;
use super::positions::standing;
use crate::domain::Amount;
use crate::ledger::Due;
use crate::store::Store;
use crate::store::engine::Tx;
use crate::store::error::Result;
use crate::store::types::{Position, Subject};

/// Customers whose documents are held in memory at a time.
const SUBJECTS_PER_STEP: usize = 500;

/// One customer in one currency by age of what is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgingRow {
    pub subject: Subject,
    pub code: Box<str>,
    pub name: Box<str>,
    pub salesperson: Option<Box<str>>,
    /// Shipped or invoiced, with no real due date yet.
    pub expected: Amount,
    pub not_due: Amount,
    /// Past due by 1–30, 31–60, 61–90 and more days.
    pub days_30: Amount,
    pub days_60: Amount,
    pub days_90: Amount,
    pub older: Amount,
    pub open: Amount,
    /// Money that no item took.
    pub unapplied: Amount,
}

impl Store {
    /// Who owes what since when, largest first within a book and currency; of all books without `book`. Items as they are
    /// open now, by their age on `today`.
    pub async fn aging(&self, book: Option<&str>, today: &(dyn Fn(&str) -> Date + Sync)) -> Result<Vec<AgingRow>> {
        let mut tx = self.engine.read().await?;
        let subjects = subjects(&mut tx, book).await?;
        rows(&standing(&mut tx, &subjects).await?, today)
    }

    /// As [`Store::aging`], as if nothing had happened after `day`: items and money are settled again from what counts
    /// until then.
    pub async fn aging_as_of(&self, book: Option<&str>, day: Date) -> Result<Vec<AgingRow>> {
        let mut tx = self.engine.read().await?;
        let subjects = subjects(&mut tx, book).await?;
        let mut positions = Vec::with_capacity(subjects.len());
        for some in subjects.chunks(SUBJECTS_PER_STEP) {
            positions.extend(positions_as_of(&mut tx, &self.policies, some, day).await?);
        }
        rows(&positions, &|_| day)
    }
}

async fn subjects(tx: &mut Tx, book: Option<&str>) -> Result<Vec<Subject>> {
    let rows = tx.fetch("SELECT id, book, party, currency FROM subject", Vec::new()).await?;
    let mut subjects = rows.iter().map(read_subject).collect::<Result<Vec<_>>>()?;
    subjects.retain(|subject| book.is_none_or(|book| &*subject.book == book));
    subjects.sort();
    Ok(subjects)
}

fn rows(positions: &[Position], day: &(dyn Fn(&str) -> Date + Sync)) -> Result<Vec<AgingRow>> {
    let mut aging = Vec::new();
    for position in positions {
        let row = aging_row(position, day(&position.subject.book))?;
        if !row.open.is_zero() || !row.unapplied.is_zero() {
            aging.push(row);
        }
    }
    aging.sort_by(|a, b| {
        let order = |row: &AgingRow| (row.subject.book.clone(), row.subject.currency);
        order(a).cmp(&order(b)).then(b.open.cmp(&a.open)).then(a.code.cmp(&b.code))
    });
    Ok(aging)
}

fn aging_row(position: &Position, today: Date) -> Result<AgingRow> {
    let mut row = AgingRow {
        subject: position.subject.clone(),
        code: position.code.clone(),
        name: position.name.clone(),
        salesperson: position.salesperson.clone(),
        expected: Amount::ZERO,
        not_due: Amount::ZERO,
        days_30: Amount::ZERO,
        days_60: Amount::ZERO,
        days_90: Amount::ZERO,
        older: Amount::ZERO,
        open: Amount::ZERO,
        unapplied: Amount::sum(position.leftovers.iter().map(|(leftover, ..)| leftover.amount))?,
    };
    for item in &position.items {
        let bucket = match (item.due, item.due.days_overdue(today)) {
            (Due::Expected { .. }, _) => &mut row.expected,
            (Due::On(_), ..=0) => &mut row.not_due,
            (Due::On(_), 1..=30) => &mut row.days_30,
            (Due::On(_), 31..=60) => &mut row.days_60,
            (Due::On(_), 61..=90) => &mut row.days_90,
            (Due::On(_), _) => &mut row.older,
        };
        *bucket = bucket.checked_add(item.open)?;
        row.open = row.open.checked_add(item.open)?;
    }
    Ok(row)
}
