//! Which money pays which item, as it stands, with the numbers of both.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::domain::{Amount, Id};
use crate::store::Store;
use crate::store::engine::{Row, Tx};
use crate::store::error::Result;
use crate::store::journal::keys;

/// Which money pays which item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllocationView {
    /// A payment, a bill or a credit.
    pub from: Id,
    pub from_number: Box<str>,
    /// An open item, or the payment that gave money back.
    pub item: Id,
    pub item_number: Box<str>,
    pub amount: Amount,
    pub tolerated: Amount,
    pub effective_on: Date,
    pub rung: Box<str>,
    pub explanation: Box<str>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT a.source, a.item, a.amount, a.tolerated, a.effective_on, a.rung, a.explanation, i.number \
             FROM allocation a LEFT JOIN open_item i ON i.subject = a.subject AND i.id = a.item WHERE ",
            $rest
        )
    };
}

pub(super) const BY_ITEM: &str = select!("a.item {keys}");
pub(super) const BY_SOURCE: &str = select!("a.source {keys}");
pub(super) const BY_SUBJECT: &str = select!("a.subject {keys}");

impl Store {
    /// The items that a payment, bill or credit pays now.
    pub async fn allocations_of(&self, source: Id) -> Result<Vec<AllocationView>> {
        let mut tx = self.engine.read().await?;
        let rows = tx.fetch_in(BY_SOURCE, &keys(&[source]), Vec::new()).await?;
        // Without a number of its own it is no item but money that was given back.
        let items =
            rows.iter().map(|row| row.opt_text(7).map(|number| number.is_some())).collect::<Result<Vec<_>>>()?;
        let items: Vec<Row> = rows.into_iter().zip(items).filter_map(|(row, is_item)| is_item.then_some(row)).collect();
        views(&mut tx, &items).await
    }
}

/// Allocations that touch one of `ends`.
pub(super) async fn allocations(tx: &mut Tx, ends: &[Id]) -> Result<Vec<AllocationView>> {
    let ends = keys(ends);
    let mut rows = tx.fetch_in(BY_ITEM, &ends, Vec::new()).await?;
    rows.append(&mut tx.fetch_in(BY_SOURCE, &ends, Vec::new()).await?);
    views(tx, &rows).await
}

/// All allocations of one customer in one currency.
pub(super) async fn allocations_of_subject(tx: &mut Tx, subject: Id) -> Result<Vec<AllocationView>> {
    let rows = tx.fetch_in(BY_SUBJECT, &keys(&[subject]), Vec::new()).await?;
    views(tx, &rows).await
}

async fn views(tx: &mut Tx, rows: &[Row]) -> Result<Vec<AllocationView>> {
    let mut views = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    views.sort_by(|a, b| {
        (a.effective_on, a.from, a.item, &a.rung, a.amount).cmp(&(b.effective_on, b.from, b.item, &b.rung, b.amount))
    });
    views.dedup();
    let named: BTreeSet<Id> = views.iter().flat_map(|view| [view.from, view.item]).collect();
    let named: Vec<Id> = named.into_iter().collect();
    let mut numbers: BTreeMap<Id, Box<str>> = BTreeMap::new();
    for row in tx.fetch_in("SELECT id, number FROM document WHERE id {keys}", &keys(&named), Vec::new()).await? {
        numbers.insert(row.id(0)?, row.text(1)?.into());
    }
    for view in &mut views {
        view.from_number = numbers.get(&view.from).cloned().unwrap_or_default();
        if view.item_number.is_empty() {
            view.item_number = numbers.get(&view.item).cloned().unwrap_or_default();
        }
    }
    Ok(views)
}

fn read(row: &Row) -> Result<AllocationView> {
    Ok(AllocationView {
        from: row.id(0)?,
        from_number: "".into(),
        item: row.id(1)?,
        item_number: row.opt_text(7)?.unwrap_or_default().into(),
        amount: row.amount(2)?,
        tolerated: row.amount(3)?,
        effective_on: row.date(4)?,
        rung: row.text(5)?.into(),
        explanation: row.text(6)?.into(),
    })
}
