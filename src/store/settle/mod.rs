//! What needs more than one document: which bank line is which receipt, and what each customer's money pays.
//!
//! Both are recomputed as a whole for what is marked dirty, and only the difference is posted. One call does one book and
//! one kind of work in one transaction; callers repeat it until it returns zero. Pairing comes first, because money that
//! is seen twice must not be told about.

mod pairing;
pub mod people;
mod said;
mod subjects;

use super::Store;
use super::apply::lock_book;
use super::engine::Tx;
use super::error::Result;
use super::journal;
use crate::domain::Id;
use crate::failpoint::failpoint;

const GROUP_BOOK: &str = "SELECT book FROM pair_group WHERE generation > paired LIMIT 1";
const GROUPS: &str = "SELECT id FROM pair_group WHERE generation > paired AND book = $1 LIMIT $2";
const SUBJECT_BOOK: &str = "SELECT book FROM subject WHERE settle_generation > settled LIMIT 1";
const SUBJECTS: &str =
    "SELECT id, book, party, currency FROM subject WHERE settle_generation > settled AND book = $1 LIMIT $2";

impl Store {
    /// Pairs and settles up to `limit` dirty groups or subjects; returns how many, zero when nothing is dirty.
    pub async fn settle_dirty(&self, limit: usize) -> Result<usize> {
        let mut tx = self.engine.begin().await?;
        if let Some(book) = dirty_book(&mut tx, GROUP_BOOK).await? {
            lock_book(&mut tx, &book).await?;
            let rows = tx.fetch(GROUPS, vec![book.as_str().into(), limit.into()]).await?;
            let groups: Vec<Id> = rows.iter().map(|row| row.id(0)).collect::<Result<_>>()?;
            let entries = pairing::pair_groups(&mut tx, &groups, &(self.policies)(&book)).await?;
            journal::post(&mut tx, self.clock.as_ref(), &entries).await?;
            failpoint!("pair:before_commit");
            self.commit_and_tell(tx).await?;
            // Another process may have done the work while this one waited for the book: there may still be more.
            return Ok(groups.len().max(1));
        }
        let Some(book) = dirty_book(&mut tx, SUBJECT_BOOK).await? else {
            return Ok(0);
        };
        lock_book(&mut tx, &book).await?;
        let rows = tx.fetch(SUBJECTS, vec![book.as_str().into(), limit.into()]).await?;
        let dirty = rows.iter().map(subjects::read).collect::<Result<Vec<_>>>()?;
        let entries = subjects::settle_subjects(&mut tx, &dirty, &(self.policies)(&book)).await?;
        journal::post(&mut tx, self.clock.as_ref(), &entries).await?;
        failpoint!("settle:before_commit");
        self.commit_and_tell(tx).await?;
        failpoint!("settle:after_commit");
        Ok(dirty.len().max(1))
    }

    /// Marks everything for settlement: the policy or the recipe changed.
    pub async fn settle_everything_again(&self) -> Result<()> {
        let mut tx = self.engine.begin().await?;
        tx.execute("UPDATE subject SET settle_generation = settle_generation + 1", Vec::new()).await?;
        tx.execute("UPDATE pair_group SET generation = generation + 1", Vec::new()).await?;
        tx.commit().await
    }
}

async fn dirty_book(tx: &mut Tx, sql: &'static str) -> Result<Option<String>> {
    match tx.fetch_one(sql, Vec::new()).await? {
        Some(row) => Ok(Some(row.text(0)?.to_owned())),
        None => Ok(None),
    }
}
