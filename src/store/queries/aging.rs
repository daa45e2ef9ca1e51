//! The aging list (账龄): who owes what since when.

use jiff::civil::Date;

use super::lookup::read_subject;
use super::positions::positions;
use crate::domain::Amount;
use crate::ledger::Due;
use crate::store::Store;
use crate::store::error::Result;
use crate::store::types::{Position, Subject};

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
    /// Who owes what since when, largest first within a book and currency; of all books without `book`.
    pub async fn aging(&self, book: Option<&str>, as_of: &(dyn Fn(&str) -> Date + Sync)) -> Result<Vec<AgingRow>> {
        let mut tx = self.engine.read().await?;
        let rows = tx.fetch("SELECT id, book, party, currency FROM subject", Vec::new()).await?;
        let mut subjects = rows.iter().map(read_subject).collect::<Result<Vec<_>>>()?;
        subjects.retain(|subject| book.is_none_or(|book| &*subject.book == book));
        let mut aging = Vec::new();
        for position in positions(&mut tx, &subjects).await? {
            let row = aging_row(&position, as_of(&position.subject.book))?;
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
