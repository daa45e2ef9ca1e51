//! Shipments and what carriers told about their waybills, found by the links that both have to an id of the waybill.
//!
//! Why by links, as payers and periods: whichever comes first, the other finds it, and a waybill that changes is a link
//! more. What an event means is `ledger::signing`'s.

use super::documents;
use super::engine::{Cell, Engine, Tx};
use super::error::Result;
use super::journal::keys;
use super::tables;
use crate::domain::Id;
use crate::ledger::Document;
use crate::ledger::signing::{waits_for_events, waybills_of};

/// Goes up when waybills are folded otherwise.
const LINK_RULES: i64 = 1;
/// Two processes that start together link once.
const LINK_LOCK: i64 = 0x6c69_6e6b;
/// Documents that are in memory at once while all are linked again.
const PAGE: usize = 5_000;

const RULES: &str = "SELECT version FROM link_rules WHERE id = 1";
const TO_LINK: &str = concat!(
    "SELECT ",
    documents::document_columns!(),
    " FROM document d WHERE d.kind IN ('shipment', 'logistics') AND d.id > $1 ORDER BY d.id LIMIT $2"
);
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

/// Links what was stored before there were such links, or under other rules. Whoever opens the store settles everybody
/// again then: the recipe of settling is another one too.
pub async fn link_again(engine: &Engine) -> Result<()> {
    let mut tx = engine.read().await?;
    let are_there = are_current(&mut tx).await?;
    tx.rollback().await?;
    if are_there {
        return Ok(());
    }
    let mut tx = engine.begin().await?;
    tx.lock(LINK_LOCK, b"links").await?;
    if are_current(&mut tx).await? {
        return tx.rollback().await;
    }
    let mut last = Id([0; 16]);
    loop {
        let page = tx.fetch(TO_LINK, vec![last.into(), PAGE.into()]).await?;
        let page = page.iter().map(|row| documents::read(row, 0)).collect::<Result<Vec<Document>>>()?;
        let Some(document) = page.last() else { break };
        last = document.id;
        tx.upsert_many(&tables::LINK, page.iter().flat_map(links).collect()).await?;
    }
    tx.execute(
        "INSERT INTO link_rules (id, version) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET version = excluded.version",
        vec![LINK_RULES.into()],
    )
    .await?;
    tx.commit().await
}

fn links(document: &Document) -> impl Iterator<Item = Vec<Cell>> {
    let id = document.id;
    waybills_of(document).into_iter().map(move |waybill| vec![waybill.into(), id.into()])
}

async fn are_current(tx: &mut Tx) -> Result<bool> {
    let made_by = tx.fetch_one(RULES, Vec::new()).await?.map(|row| row.int(0)).transpose()?;
    Ok(made_by == Some(LINK_RULES))
}
