//! What people said about money, loaded for pairing and settlement: decisions, and the payments that they gave away.
//!
//! Why by links: a decision and what it names find each other whichever comes first. What a decision does is the ledger's.

use std::collections::{BTreeSet, HashMap};

use crate::domain::{FactKind, Id};
use crate::ledger::attribution::{is_identification, payer_of};
use crate::ledger::{Document, decision};
use crate::store::documents;
use crate::store::engine::Tx;
use crate::store::error::Result;
use crate::store::journal::keys;

const DECISIONS: &str = concat!(
    "SELECT ",
    documents::document_columns!(),
    " FROM link l JOIN document d ON d.id = l.document \
     WHERE l.target {keys} AND d.role = 0 AND d.kind = 'decision' AND d.status NOT IN ('draft', 'void')"
);
const OF_PAYER: &str = concat!(
    "SELECT ",
    documents::document_columns!(),
    " FROM link l JOIN document d ON d.id = l.document WHERE l.target {keys} AND d.kind = 'payment'"
);

/// Decisions that name any of these and that nobody took back, in the order in which they were made.
pub async fn decisions_about(tx: &mut Tx, targets: &[Id]) -> Result<Vec<Document>> {
    let found = said_about(tx, targets).await?;
    Ok(decision::in_force(&found).into_iter().cloned().collect())
}

/// Everything that was ever decided about any of these, what was taken back and the taking back too.
pub async fn said_about(tx: &mut Tx, targets: &[Id]) -> Result<Vec<Document>> {
    let rows = tx.fetch_in(DECISIONS, &keys(targets), Vec::new()).await?;
    rows.iter().map(|row| documents::read(row, 0)).collect()
}

/// Payments without a customer from these payers.
pub async fn payments_of(tx: &mut Tx, payers: &[Id]) -> Result<Vec<Document>> {
    let rows = tx.fetch_in(OF_PAYER, &keys(payers), Vec::new()).await?;
    let found = rows.iter().map(|row| documents::read(row, 0)).collect::<Result<Vec<Document>>>()?;
    let wanted: BTreeSet<&Id> = payers.iter().collect();
    Ok(found.into_iter().filter(|payment| payer_of(payment).is_some_and(|payer| wanted.contains(&payer))).collect())
}

/// (bank line, receipt) of every pair that one of these is in.
pub async fn twins(tx: &mut Tx, payments: &[Id]) -> Result<Vec<(Id, Id)>> {
    let mut twins = Vec::new();
    for sql in [
        "SELECT evidence, booked FROM pairing WHERE evidence {keys}",
        "SELECT evidence, booked FROM pairing WHERE booked {keys}",
    ] {
        for row in tx.fetch_in(sql, &keys(payments), Vec::new()).await? {
            twins.push((row.id(0)?, row.id(1)?));
        }
    }
    twins.sort_unstable();
    twins.dedup();
    Ok(twins)
}

/// Payments, bank lines too, of which people gave something to one of the customers that are settled.
#[derive(Default)]
pub struct Given {
    pub payments: HashMap<Id, Document>,
}

impl Given {
    /// What the identifications among `decisions` speak of.
    pub async fn load(tx: &mut Tx, decisions: impl Iterator<Item = &Document>) -> Result<Self> {
        let identifications: Vec<&Document> = decisions.filter(|document| is_identification(document)).collect();
        if identifications.is_empty() {
            return Ok(Self::default());
        }
        let payers: BTreeSet<Id> = identifications.iter().filter_map(|decision| payer_of(decision)).collect();
        let payers: Vec<Id> = payers.into_iter().collect();
        let mut ids: BTreeSet<Id> = money_named(identifications.into_iter()).collect();
        ids.extend(payments_of(tx, &payers).await?.iter().map(|payment| payment.id));
        let twins = twins(tx, &ids.iter().copied().collect::<Vec<_>>()).await?;
        ids.extend(twins.iter().flat_map(|(line, receipt)| [*line, *receipt]));
        let payments = documents::load(tx, &ids.into_iter().collect::<Vec<_>>()).await?;
        Ok(Self { payments })
    }

    /// By what a decision about one of these payments may find it.
    pub fn names(&self) -> impl Iterator<Item = Id> {
        self.payments.values().flat_map(|payment| payer_of(payment).into_iter().chain([payment.id]))
    }
}

/// The payments that decisions name as money.
pub fn money_named<'a>(decisions: impl Iterator<Item = &'a Document>) -> impl Iterator<Item = Id> {
    let decided = decisions.filter(|document| document.kind == FactKind::Decision);
    decided.filter_map(|decision| decision.fields.reference("payment_no"))
}
