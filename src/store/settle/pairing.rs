//! One event, one posting: evidence against booked documents of the same book, class, currency and amount.
//!
//! A bank line posts to *unidentified* only while no booked receipt is its pair. What belongs to nobody after pairing is
//! kept in `unplaced`, and whoever it may belong to is marked for a decision: a reminder is held while likely money is here.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::said::People;
use crate::domain::text::fold_name;
use crate::domain::{Amount, FactKind, Id};
use crate::ledger::decision::classify;
use crate::ledger::{BookPolicy, Document, Pair, Posting, Role, evidence_postings, pair, postings};
use crate::store::dirty;
use crate::store::documents;
use crate::store::engine::{Cell, Tx};
use crate::store::error::Result;
use crate::store::journal::{self, Entry, keys};
use crate::store::likely;
use crate::store::tables;

const OF_GROUP: &str = concat!(
    "SELECT ",
    documents::document_columns!(),
    ", d.pair_group \
     FROM document d WHERE d.pair_group {keys}"
);

pub async fn pair_groups(tx: &mut Tx, groups: &[Id], policy: &BookPolicy) -> Result<Vec<Entry>> {
    let mut by_group: BTreeMap<Id, Vec<Document>> = BTreeMap::new();
    for row in tx.fetch_in(OF_GROUP, &keys(groups), Vec::new()).await? {
        by_group.entry(row.id(7)?).or_default().push(documents::read(&row, 0)?);
    }
    let people = People::load(tx, by_group.values().flatten()).await?;
    for line in by_group.values_mut().flatten().filter(|document| document.role == Role::Evidence) {
        classify(line, &people.decisions());
    }
    let mut pairs: Vec<Pair> = by_group.values().flat_map(|documents| pairs_of(documents, &people, policy)).collect();
    let all: Vec<&Document> = by_group.values().flatten().collect();
    pairs.extend(people.pairs_of(&all));
    let paired: HashSet<Id> = pairs.iter().map(|pair| pair.evidence).collect();
    let wanted: HashMap<Id, Vec<Posting>> =
        all.iter().map(|document| (document.id, wanted(document, &paired, policy))).collect();
    let entries = evidence_entries(tx, &all, &wanted).await?;
    write_pairs(tx, &all, &pairs).await?;
    let twins = people.twins(&pairs);
    let nobodys = all.iter().map(|document| people.nobodys(document, &wanted[&document.id], &twins));
    let nobodys: Vec<Amount> = nobodys.collect::<Result<_>>()?;
    let touched = write_unplaced(tx, &all, &nobodys).await?;
    likely::to_decide(tx, &touched).await?;
    dirty::to_settle(tx, people.customers(&all).iter()).await?;
    let sql = "UPDATE pair_group SET paired = generation WHERE id {keys}";
    tx.execute_in(sql, &keys(groups), Vec::new()).await?;
    Ok(entries)
}

fn pairs_of(documents: &[Document], people: &People, policy: &BookPolicy) -> Vec<Pair> {
    let free = |role: Role| -> Vec<Document> {
        let is_free = |document: &&Document| document.role == role && document.is_live() && !people.paired(document.id);
        documents.iter().filter(is_free).cloned().collect()
    };
    pair(&free(Role::Evidence), &free(Role::Booked), &people.said, policy)
}

/// What a payment posts: a bank line as long as it has no pair, a receipt always. A document whose postings fail was
/// refused when it was applied; if the policy has changed since, it posts nothing. Other evidence never posts.
fn wanted(document: &Document, paired: &HashSet<Id>, policy: &BookPolicy) -> Vec<Posting> {
    if document.kind != FactKind::Payment {
        return Vec::new();
    }
    match document.role {
        Role::Evidence if paired.contains(&document.id) => Vec::new(),
        Role::Evidence => evidence_postings(document, policy).unwrap_or_default(),
        Role::Booked => postings(document, policy).unwrap_or_default(),
        Role::Stub => Vec::new(),
    }
}

async fn evidence_entries(
    tx: &mut Tx,
    documents: &[&Document],
    wanted: &HashMap<Id, Vec<Posting>>,
) -> Result<Vec<Entry>> {
    let posts = |document: &&&Document| document.role == Role::Evidence && document.kind == FactKind::Payment;
    let evidence: Vec<&&Document> = documents.iter().filter(posts).collect();
    let ids: Vec<Id> = evidence.iter().map(|document| document.id).collect();
    let posted = journal::posted(tx, &ids).await?;
    let none = Vec::new();
    let entries = evidence.iter().filter_map(|document| {
        let posted = posted.get(&document.id).unwrap_or(&none);
        let wanted = wanted.get(&document.id).unwrap_or(&none);
        Entry::between(document.id, &document.book, posted, wanted)
    });
    Ok(entries.collect())
}

async fn write_pairs(tx: &mut Tx, documents: &[&Document], pairs: &[Pair]) -> Result<()> {
    let ids: Vec<Id> = documents.iter().map(|document| document.id).collect();
    tx.execute_in("DELETE FROM pairing WHERE evidence {keys}", &keys(&ids), Vec::new()).await?;
    let rows = pairs.iter().map(|pair| vec![pair.evidence.into(), pair.booked.into(), pair.reason.name().into()]);
    tx.upsert_many(&tables::PAIRING, rows.collect()).await
}

/// Replaces what these documents have in `unplaced`; returns the payments that were or are there.
async fn write_unplaced<'a>(tx: &mut Tx, all: &[&'a Document], nobodys: &[Amount]) -> Result<Vec<&'a Document>> {
    let ids: Vec<Id> = all.iter().map(|document| document.id).collect();
    let sql = "SELECT payment FROM unplaced WHERE payment {keys}";
    let rows = tx.fetch_in(sql, &keys(&ids), Vec::new()).await?;
    let mut touched: BTreeSet<Id> = rows.iter().map(|row| row.id(0)).collect::<Result<_>>()?;
    tx.execute_in("DELETE FROM unplaced WHERE payment {keys}", &keys(&ids), Vec::new()).await?;
    let mut unplaced = Vec::new();
    for (document, amount) in all.iter().zip(nobodys) {
        if amount.is_positive() {
            touched.insert(document.id);
            unplaced.push(unplaced_row(document, *amount));
        }
    }
    tx.upsert_many(&tables::UNPLACED, unplaced).await?;
    Ok(all.iter().filter(|document| touched.contains(&document.id)).copied().collect())
}

fn unplaced_row(document: &Document, amount: Amount) -> Vec<Cell> {
    let payer = document.fields.text("payer");
    vec![
        document.id.into(),
        (&document.book).into(),
        document.currency().into(),
        amount.into(),
        document.effective_on().into(),
        (&document.number).into(),
        (document.role == Role::Booked).into(),
        payer.into(),
        payer.map(fold_name).into(),
        document.fields.text("text").into(),
        document.fields.text("salesperson").into(),
    ]
}
