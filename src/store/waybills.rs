//! Shipments and what carriers told about their waybills, found by the links that both have to an id of the waybill.
//!
//! Why by links, as payers and periods: whichever comes first, the other finds it, and a waybill that changes is a link
//! more. What an event means is `ledger::signing`'s.

use super::documents;
use super::engine::{Cell, Tx};
use super::error::Result;
use super::journal::keys;
use super::remade::Remade;
use super::tables;
use crate::domain::Id;
use crate::ledger::Document;
use crate::ledger::signing::{waits_for_events, waybills_of};

/// Goes up when waybills are folded otherwise.
const LINK_RULES: i64 = 1;

/// Whoever opens the store settles everybody again when these are made: the recipe of settling is another one too.
pub const LINKS: Remade = Remade {
    version: LINK_RULES,
    known: "SELECT version FROM link_rules WHERE id = 1",
    note: "INSERT INTO link_rules (id, version) VALUES (1, $1) \
           ON CONFLICT (id) DO UPDATE SET version = excluded.version",
    // Other links lie in the same table, and a waybill that means nothing any more finds nobody.
    clear: None,
    documents: concat!(
        "SELECT ",
        documents::document_columns!(),
        " FROM document d WHERE d.kind IN ('shipment', 'logistics') AND d.id > $1 ORDER BY d.id LIMIT $2"
    ),
    table: &tables::LINK,
    rows: links,
};

const EVENTS: &str = concat!(
    "SELECT ",
    documents::document_columns!(),
    " FROM link l JOIN document d ON d.id = l.document WHERE l.target {keys} AND d.kind = 'logistics' AND d.role <> 2"
);
const SHIPMENTS: &str = concat!(
    "SELECT ",
    documents::document_columns!(),
    " FROM link l JOIN document d ON d.id = l.document \
     WHERE l.target {keys} AND d.kind = 'shipment' AND d.role = 0 AND d.status NOT IN ('draft', 'void')"
);

/// What carriers told about signatures for these waybills, whichever source booked it.
pub async fn events(tx: &mut Tx, waybills: &[Id]) -> Result<Vec<Document>> {
    let rows = tx.fetch_in(EVENTS, &keys(waybills), Vec::new()).await?;
    let mut found = rows.iter().map(|row| documents::read(row, 0)).collect::<Result<Vec<Document>>>()?;
    found.sort_by_key(|event| event.id);
    found.dedup_by_key(|event| event.id);
    Ok(found)
}

/// What of these shipments only carriers can tell.
pub async fn events_of<'d>(tx: &mut Tx, shipments: impl Iterator<Item = &'d Document>) -> Result<Vec<Document>> {
    let mut waybills: Vec<Id> = shipments.filter(|document| waits_for_events(document)).flat_map(waybills_of).collect();
    waybills.sort_unstable();
    waybills.dedup();
    events(tx, &waybills).await
}

/// Shipments that say nothing of a signature themselves and have one of these waybills.
pub async fn waiting(tx: &mut Tx, waybills: &[Id]) -> Result<Vec<Document>> {
    let rows = tx.fetch_in(SHIPMENTS, &keys(waybills), Vec::new()).await?;
    let found = rows.iter().map(|row| documents::read(row, 0)).collect::<Result<Vec<Document>>>()?;
    Ok(found.into_iter().filter(waits_for_events).collect())
}

fn links(document: &Document) -> Vec<Vec<Cell>> {
    waybills_of(document).into_iter().map(|waybill| vec![waybill.into(), document.id.into()]).collect()
}
