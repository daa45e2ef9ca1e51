//! `ledger verify`: does the journal still say what it said, and do balances, flows and documents agree with it?

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::totals::kind;
use crate::domain::{Amount, Hash, Id};
use crate::ledger::chain::{self, ChainError, Link};
use crate::ledger::{Account, Role, postings};
use crate::store::engine::{Row, Tx};
use crate::store::error::Result;
use crate::store::{Store, documents, journal};

/// Batches whose transfers are held in memory at a time.
const BATCHES_PER_STEP: i64 = 64;
/// Documents that are refolded into postings at a time.
const DOCUMENTS_PER_STEP: i64 = 2_000;
/// Findings that are kept; more tell nothing new.
const FINDINGS: usize = 100;

/// The last batch and its hash: noted elsewhere, it proves later that the tail was neither cut nor hashed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    pub batch: i64,
    pub hash: Hash,
}

impl Anchor {
    /// `BATCH:HASH`
    pub fn parse(text: &str) -> Option<Self> {
        let (batch, hash) = text.split_once(':')?;
        Some(Self { batch: batch.parse().ok()?, hash: Hash::parse_hex(hash)? })
    }
}

impl std::fmt::Display for Anchor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.batch, self.hash)
    }
}

/// What was found; `findings` is empty when everything agrees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    pub batches: i64,
    pub transfers: u64,
    pub documents: u64,
    /// `BATCH:HASH` of the end of the chain.
    pub anchor: String,
    pub findings: Vec<String>,
    /// Rows whose cause is still to be named: the place among the findings, and the cause.
    #[serde(skip)]
    causes: Vec<(usize, Id)>,
}

impl Verification {
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, finding: String) {
        if self.findings.len() < FINDINGS {
            self.findings.push(finding);
        }
    }

    /// A bad row of the journal, which `cause` posted.
    fn find_row(&mut self, cause: Id, finding: String) {
        if self.findings.len() < FINDINGS {
            self.causes.push((self.findings.len(), cause));
        }
        self.find(finding);
    }
}

#[derive(Default)]
struct Sums {
    balances: HashMap<Id, Amount>,
    flows: BTreeMap<(Box<str>, String, String, String), Amount>,
}

const BATCHES: &str = "SELECT number, recorded_at, transfers, hash FROM batch WHERE number > $1 AND number <= $2 \
     ORDER BY number";
const TRANSFERS: &str = "SELECT batch, seq, cause, book, posted_on, reversal, hash, effective_on, debit, debit_party, \
     debit_order, credit, credit_party, credit_order, currency, amount FROM transfer \
     WHERE batch > $1 AND batch <= $2 ORDER BY batch, seq";
const DOCUMENTS: &str = concat!(
    "SELECT ",
    documents::document_columns!(),
    " FROM document d \
     WHERE d.id > $1 ORDER BY d.id LIMIT $2"
);

impl Store {
    /// Where the chain ends now: to be noted where nobody who can change the database can change it.
    pub async fn anchor(&self) -> Result<Anchor> {
        end(&mut self.engine.read().await?).await
    }

    /// Recomputes chain, balances, flows and documents' postings in one snapshot.
    pub async fn verify(&self, anchor: Option<Anchor>) -> Result<Verification> {
        let mut tx = self.engine.read().await?;
        let end = end(&mut tx).await?;
        let Anchor { batch: number, hash } = end;
        let mut report = Verification {
            batches: number,
            transfers: 0,
            documents: 0,
            anchor: end.to_string(),
            findings: Vec::new(),
            causes: Vec::new(),
        };
        let sums = verify_chain(&mut tx, number, hash, anchor, &mut report).await?;
        verify_sums(&mut tx, sums, &mut report).await?;
        verify_items(&mut tx, &mut report).await?;
        self.verify_documents(&mut tx, &mut report).await?;
        name_causes(&mut tx, &mut report).await?;
        Ok(report)
    }

    /// What every booked document has posted is what it should post.
    async fn verify_documents(&self, tx: &mut Tx, report: &mut Verification) -> Result<()> {
        let mut after = Vec::new();
        loop {
            let rows = tx.fetch(DOCUMENTS, vec![after.into(), DOCUMENTS_PER_STEP.into()]).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.bytes(0)?.to_vec();
            let folded = rows.iter().map(|row| documents::read(row, 0)).collect::<Result<Vec<_>>>()?;
            let ids: Vec<Id> = folded.iter().map(|document| document.id).collect();
            let posted = journal::posted(tx, &ids).await?;
            for document in folded.iter().filter(|document| document.role != Role::Evidence) {
                report.documents += 1;
                let posted = posted.get(&document.id).map_or([].as_slice(), Vec::as_slice);
                let wanted = postings(document, &(self.policies)(&document.book)).unwrap_or_default();
                if journal::Entry::between(document.id, &document.book, posted, &wanted).is_some() {
                    let (kind, number) = (document.kind, &document.number);
                    report.find(format!("{kind} {number} ({}): the journal differs from the document", document.book));
                }
            }
        }
    }
}

/// Where the chain ends in this snapshot.
pub(super) async fn end(tx: &mut Tx) -> Result<Anchor> {
    match tx.fetch_one("SELECT number, hash FROM chain_head WHERE id = 1", Vec::new()).await? {
        Some(row) => Ok(Anchor { batch: row.int(0)?, hash: row.hash(1)? }),
        None => Ok(Anchor { batch: 0, hash: Hash::ZERO }),
    }
}

/// Walks the chain step by step; returns what the journal adds up to.
async fn verify_chain(
    tx: &mut Tx,
    number: i64,
    hash: Hash,
    anchor: Option<Anchor>,
    report: &mut Verification,
) -> Result<Sums> {
    let mut sums = Sums::default();
    let mut known = (0_u64, i64::MIN, Hash::ZERO);
    let mut from = 0;
    let mut is_whole = true;
    // One step beyond the head: a batch that was appended past it is found too.
    while from <= number {
        let to = from + BATCHES_PER_STEP;
        let mut hashes = check_transfers(tx, from, to, &mut sums, report).await?;
        for row in tx.fetch(BATCHES, vec![from.into(), to.into()]).await? {
            let link = read_link(&row, &mut hashes)?;
            let next = (link.batch, link.recorded_at_micros, link.head);
            if anchor.is_some_and(|anchor| anchor.batch == row.int(0).unwrap_or(-1) && anchor.hash != link.head) {
                report.find(format!("batch {}: its hash is not the anchor's", link.batch));
            }
            if link.transfers.len() as i64 != row.int(2)? {
                report.find(format!(
                    "batch {}: {} transfers instead of {}",
                    link.batch,
                    link.transfers.len(),
                    row.int(2)?
                ));
            }
            if let Err(error) = chain::verify(known, [link]) {
                is_whole &= matches!(error, ChainError::Broken { .. });
                report.find(error.to_string());
            }
            // Goes on from what is stored, so that every damaged batch is named and not all that follow it.
            known = next;
        }
        for batch in hashes.keys() {
            report.find(format!("transfers of batch {batch}, which does not exist"));
        }
        from = to;
    }
    if (known.0, known.2) != (number.unsigned_abs(), hash) && is_whole {
        report.find(format!("the chain ends at batch {}, its head says {number}", known.0));
    }
    if anchor.is_some_and(|anchor| anchor.batch > number) {
        report.find(format!("the chain ends at batch {number}, before the anchor: its tail was cut"));
    }
    Ok(sums)
}

fn read_link(row: &Row, hashes: &mut BTreeMap<i64, Vec<Hash>>) -> Result<Link> {
    let number = row.int(0)?;
    Ok(Link {
        batch: number.unsigned_abs(),
        recorded_at_micros: row.int(1)?,
        transfers: hashes.remove(&number).unwrap_or_default(),
        head: row.hash(3)?,
    })
}

/// Hashes transfers from their columns; a row whose stored hash differs is named.
async fn check_transfers(
    tx: &mut Tx,
    from: i64,
    to: i64,
    sums: &mut Sums,
    report: &mut Verification,
) -> Result<BTreeMap<i64, Vec<Hash>>> {
    let mut hashes: BTreeMap<i64, Vec<Hash>> = BTreeMap::new();
    for row in tx.fetch(TRANSFERS, vec![from.into(), to.into()]).await? {
        let (batch, book) = (row.int(0)?, row.text(3)?);
        report.transfers += 1;
        let Ok(posting) = journal::read_posting(&row, 7) else {
            report.find_row(row.id(2)?, format!("batch {batch}, transfer {}: it is unreadable", row.int(1)?));
            continue;
        };
        let hash = journal::row_hash(book, row.id(2)?, &posting, row.date(4)?, row.bool(5)?);
        if hash != row.hash(6)? {
            report.find_row(row.id(2)?, format!("batch {batch}, transfer {}: it was changed", row.int(1)?));
        }
        hashes.entry(batch).or_default().push(hash);
        let mut add = |account: Account, amount: Amount| -> Result<()> {
            let sum = sums.balances.entry(journal::balance_id(book, posting.currency, account)).or_default();
            *sum = sum.checked_add(amount)?;
            Ok(())
        };
        add(posting.debit, posting.amount)?;
        add(posting.credit, posting.amount.checked_neg()?)?;
        let names = (posting.debit.kind.name().to_owned(), posting.credit.kind.name().to_owned());
        let key = (book.into(), posting.currency.to_string(), names.0, names.1);
        let sum = sums.flows.entry(key).or_default();
        *sum = sum.checked_add(posting.amount)?;
    }
    Ok(hashes)
}

const CAUSES: &[&str] = &[
    "SELECT id, kind, number, book FROM document WHERE id {keys}",
    "SELECT s.id, 'settlement of customer', COALESCE(d.number, ''), s.book FROM subject s \
     LEFT JOIN document d ON d.id = s.party WHERE s.id {keys}",
];

/// Says of every bad row what had posted it.
async fn name_causes(tx: &mut Tx, report: &mut Verification) -> Result<()> {
    let ids: Vec<Id> = report.causes.iter().map(|(_, cause)| *cause).collect();
    let mut names: HashMap<Id, String> = HashMap::new();
    for sql in CAUSES {
        for row in tx.fetch_in(sql, &journal::keys(&ids), Vec::new()).await? {
            names.insert(row.id(0)?, format!("{} {} ({})", row.text(1)?, row.text(2)?, row.text(3)?));
        }
    }
    for (place, cause) in std::mem::take(&mut report.causes) {
        let name = names.get(&cause).cloned().unwrap_or_else(|| format!("{cause}, which nobody knows"));
        report.findings[place].push_str(&format!("; posted by {name}"));
    }
    Ok(())
}

async fn verify_sums(tx: &mut Tx, mut sums: Sums, report: &mut Verification) -> Result<()> {
    for row in tx.fetch("SELECT id, book, currency, account, amount FROM balance", Vec::new()).await? {
        if sums.balances.remove(&row.id(0)?).unwrap_or_default() != row.amount(4)? {
            let (book, currency, account) = (row.text(1)?, row.text(2)?, row.text(3)?);
            report.find(format!("balance of {account} ({book}, {currency}) differs from the journal"));
        }
    }
    if sums.balances.values().any(|amount| !amount.is_zero()) {
        report.find("a balance is missing".to_owned());
    }
    for row in tx.fetch("SELECT book, currency, debit, credit, amount FROM flow", Vec::new()).await? {
        let (debit, credit) = (kind(row.text(2)?)?.name(), kind(row.text(3)?)?.name());
        let key = (row.text(0)?.into(), row.text(1)?.to_owned(), debit.to_owned(), credit.to_owned());
        if sums.flows.remove(&key).unwrap_or_default() != row.amount(4)? {
            report.find(format!("flow from {credit} to {debit} ({}, {}) differs from the journal", key.0, key.1));
        }
    }
    if !sums.flows.is_empty() {
        report.find("a flow is missing".to_owned());
    }
    Ok(())
}

const OPEN: &str = "SELECT s.book, s.currency, s.party, i.open FROM open_item i JOIN subject s ON s.id = i.subject";
const OWED: &str = "SELECT book, currency, party, amount FROM balance \
     WHERE account IN ('receivable:unbilled', 'receivable:billed') AND party IS NOT NULL";
const UNSETTLED: &str = "SELECT book, currency, party FROM subject WHERE settle_generation > settled";

/// What is open item by item is what the customer owes by account; who waits for settlement is passed over.
async fn verify_items(tx: &mut Tx, report: &mut Verification) -> Result<()> {
    let mut differences: BTreeMap<(String, String, Id), Amount> = BTreeMap::new();
    let key = |row: &Row| -> Result<_> { Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned(), row.id(2)?)) };
    for (sql, sign) in [(OPEN, 1), (OWED, -1)] {
        for row in tx.fetch(sql, Vec::new()).await? {
            let amount = if sign > 0 { row.amount(3)? } else { row.amount(3)?.checked_neg()? };
            let difference = differences.entry(key(&row)?).or_default();
            *difference = difference.checked_add(amount)?;
        }
    }
    for row in tx.fetch(UNSETTLED, Vec::new()).await? {
        differences.remove(&key(&row)?);
    }
    for ((book, currency, party), _) in differences.into_iter().filter(|(_, difference)| !difference.is_zero()) {
        report.find(format!("open items of party {party} ({book}, {currency}) differ from its balance"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_read_as_it_is_shown() {
        let anchor = Anchor { batch: 7, hash: Hash::of(b"x") };
        assert_eq!(Anchor::parse(&anchor.to_string()), Some(anchor));
        assert_eq!(Anchor::parse("7"), None);
    }
}
