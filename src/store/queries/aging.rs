//! The aging list (账龄): who owes what since when.

use jiff::civil::Date;

use super::as_of::positions_as_of;
use super::lookup::read_subject;
use super::positions::standing;
use crate::domain::Amount;
use crate::ledger::Aging;
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
    /// By age; disputed items and credits stand apart.
    pub aging: Aging,
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
