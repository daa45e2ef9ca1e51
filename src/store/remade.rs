//! Rows that are a function of single documents, and are made again where other rules made them, or none.
//!
//! Why at opening: a program may fold names or waybills otherwise than the one before it, and no migration can compute
//! that in SQL. What the rows say is their own module's. While a program of other rules still writes beside this one, what
//! it writes is not found by the new rows until it comes again.

use super::documents;
use super::engine::{Cell, Engine, Table, Tx};
use super::error::Result;
use crate::domain::Id;
use crate::ledger::Document;

/// Two processes that start together make rows once.
const LOCK: i64 = 0x7265_6d61_6465;
/// Documents that are in memory at once.
const PAGE: usize = 5_000;

/// One table of such rows.
pub struct Remade {
    /// The version of the rules that make the rows now.
    pub version: i64,
    /// Reads the version of the rules that made what is stored.
    pub known: &'static str,
    /// Writes it.
    pub note: &'static str,
    /// Removes what other rules made, where it would mislead.
    pub clear: Option<&'static str>,
    /// The documents after id `$1` that have rows, in the order of their ids, at most `$2`.
    pub documents: &'static str,
    pub table: &'static Table,
    pub rows: fn(&Document) -> Vec<Vec<Cell>>,
}

/// Makes again what other rules made.
pub async fn make_again(engine: &Engine, all: &[&Remade]) -> Result<()> {
    let mut tx = engine.read().await?;
    let mut outdated = Vec::new();
    for remade in all {
        if !remade.is_current(&mut tx).await? {
            outdated.push(*remade);
        }
    }
    tx.rollback().await?;
    for remade in outdated {
        remade.make(engine).await?;
    }
    Ok(())
}

impl Remade {
    async fn make(&self, engine: &Engine) -> Result<()> {
        let mut tx = engine.begin().await?;
        tx.lock(LOCK, self.table.name.as_bytes()).await?;
        if self.is_current(&mut tx).await? {
            return tx.rollback().await;
        }
        if let Some(clear) = self.clear {
            tx.execute(clear, Vec::new()).await?;
        }
        let mut last = Id([0; 16]);
        loop {
            let page = tx.fetch(self.documents, vec![last.into(), PAGE.into()]).await?;
            let page = page.iter().map(|row| documents::read(row, 0)).collect::<Result<Vec<Document>>>()?;
            let Some(document) = page.last() else { break };
            last = document.id;
            tx.upsert_many(self.table, page.iter().flat_map(self.rows).collect()).await?;
        }
        tx.execute(self.note, vec![self.version.into()]).await?;
        tx.commit().await
    }

    async fn is_current(&self, tx: &mut Tx) -> Result<bool> {
        let made_by = tx.fetch_one(self.known, Vec::new()).await?.map(|row| row.int(0)).transpose()?;
        Ok(made_by == Some(self.version))
    }
}
