//! Clues of party keys in their table: by them identity finds whom a key may be one with, without reading all keys.
//!
//! Why clues and no stored components: a component is a function of the keys and of what people decided, and small, so it
//! is made when somebody asks. Then there is nothing to mark, to lock or to mend, and the order of arrival cannot matter.
//! A clue is a function of one document and is written with it. What a clue says is `ledger::identity`'s.

use super::documents;
use super::engine::{Cell, Tx};
use super::error::Result;
use super::journal::keys;
use super::remade::Remade;
use super::tables;
use crate::domain::{FactKind, Id};
use crate::ledger::Document;
use crate::ledger::identity::{CLUE_RULES, PartyKey};

pub const CLUES: Remade = Remade {
    version: CLUE_RULES,
    known: "SELECT version FROM clue_rules WHERE id = 1",
    note: "INSERT INTO clue_rules (id, version) VALUES (1, $1) \
           ON CONFLICT (id) DO UPDATE SET version = excluded.version",
    clear: Some("DELETE FROM party_clue"),
    documents: concat!(
        "SELECT ",
        documents::document_columns!(),
        " FROM document d WHERE d.kind = 'party' AND d.id > $1 ORDER BY d.id LIMIT $2"
    ),
    table: &tables::PARTY_CLUE,
    rows,
};

/// Replaces the clues of those of the documents that are party keys.
pub async fn write<'a>(tx: &mut Tx, documents: impl Iterator<Item = &'a Document>) -> Result<()> {
    let parties: Vec<&Document> = documents.filter(|document| document.kind == FactKind::Party).collect();
    let ids: Vec<Id> = parties.iter().map(|party| party.id).collect();
    tx.execute_in("DELETE FROM party_clue WHERE party {keys}", &keys(&ids), Vec::new()).await?;
    tx.upsert_many(&tables::PARTY_CLUE, parties.into_iter().flat_map(rows).collect()).await
}

fn rows(party: &Document) -> Vec<Vec<Cell>> {
    let clues = PartyKey::of(party).into_iter().flat_map(|key| key.clues);
    clues.map(|clue| vec![clue.text().into(), party.id.into()]).collect()
}
