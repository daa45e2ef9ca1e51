//! Clues of party keys in their table: by them identity finds whom a key may be one with, without reading all keys.
//!
//! Why clues and no stored components: a component is a function of the keys and of what people decided, and small, so it
//! is made when somebody asks. Then there is nothing to mark, to lock or to mend, and the order of arrival cannot matter.
//! A clue is a function of one document and is written with it. What a clue says is `ledger::identity`'s.

use super::documents;
use super::engine::{Cell, Engine, Tx};
use super::error::Result;
use super::journal::keys;
use super::tables;
use crate::domain::{FactKind, Id};
use crate::ledger::Document;
use crate::ledger::identity::{CLUE_RULES, PartyKey};

/// Two processes that start together make them once.
const CLUE_LOCK: i64 = 0x636c_7565;
/// Party keys that are in memory at once while all clues are made again.
const PAGE: usize = 5_000;

const RULES: &str = "SELECT version FROM clue_rules WHERE id = 1";
const PARTIES: &str = concat!(
    "SELECT ",
    documents::document_columns!(),
    " FROM document d WHERE d.kind = 'party' AND d.id > $1 ORDER BY d.id LIMIT $2"
);

/// Replaces the clues of those of the documents that are party keys.
pub async fn write<'a>(tx: &mut Tx, documents: impl Iterator<Item = &'a Document>) -> Result<()> {
    let parties: Vec<&Document> = documents.filter(|document| document.kind == FactKind::Party).collect();
    let ids: Vec<Id> = parties.iter().map(|party| party.id).collect();
    tx.execute_in("DELETE FROM party_clue WHERE party {keys}", &keys(&ids), Vec::new()).await?;
    tx.upsert_many(&tables::PARTY_CLUE, rows(parties)).await
}

fn rows<'a>(parties: impl IntoIterator<Item = &'a Document>) -> Vec<Vec<Cell>> {
    let known = parties.into_iter().filter_map(PartyKey::of);
    known.flat_map(|key| key.clues.into_iter().map(move |clue| vec![clue.text().into(), key.id.into()])).collect()
}

/// Makes all clues, where those that are stored were made by other rules or by none.
pub async fn make_again(engine: &Engine) -> Result<()> {
    let mut tx = engine.read().await?;
    let are_there = are_current(&mut tx).await?;
    tx.rollback().await?;
    if are_there {
        return Ok(());
    }
    let mut tx = engine.begin().await?;
    tx.lock(CLUE_LOCK, b"clues").await?;
    if are_current(&mut tx).await? {
        return tx.rollback().await;
    }
    tx.execute("DELETE FROM party_clue", Vec::new()).await?;
    let mut last = Id([0; 16]);
    loop {
        let page = tx.fetch(PARTIES, vec![last.into(), PAGE.into()]).await?;
        let parties = page.iter().map(|row| documents::read(row, 0)).collect::<Result<Vec<Document>>>()?;
        let Some(party) = parties.last() else { break };
        last = party.id;
        tx.upsert_many(&tables::PARTY_CLUE, rows(&parties)).await?;
    }
    tx.execute(
        "INSERT INTO clue_rules (id, version) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET version = excluded.version",
        vec![CLUE_RULES.into()],
    )
    .await?;
    tx.commit().await
}

async fn are_current(tx: &mut Tx) -> Result<bool> {
    let made_by = tx.fetch_one(RULES, Vec::new()).await?.map(|row| row.int(0)).transpose()?;
    Ok(made_by == Some(CLUE_RULES))
}
