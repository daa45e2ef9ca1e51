//! The aging list (账龄): who owes what since when.

use jiff::civil::Date;

use super::lookup::read_subject;
use super::positions::positions;
use crate::domain::Amount;
use crate::ledger::Aging;
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
    /// By age; disputed items and credits stand apart.
    pub aging: Aging,
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
    let aging = Aging::of(&position.items, today)?;
    Ok(AgingRow {
        subject: position.subject.clone(),
        code: position.code.clone(),
        name: position.name.clone(),
        salesperson: position.salesperson.clone(),
        open: aging.total()?,
        aging,
        unapplied: Amount::sum(position.leftovers.iter().map(|(leftover, ..)| leftover.amount))?,
    })
}
