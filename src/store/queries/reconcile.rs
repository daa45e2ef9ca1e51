//! What `ledger reconcile` compares and explains: balances of all customers, and for those who differ what else is known
//! of them. One snapshot, so that a cause never belongs to another moment than the difference.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::positions::{leftovers, unplaced};
use super::quarantine;
use super::totals::kind;
use crate::domain::text::fold_name;
use crate::domain::{Amount, Currency, Id};
use crate::ledger::reconcile::{BalanceBasis, Cause, Clues, Compared, Listed, Money, Standing, causes, compare};
use crate::ledger::{AccountKind, Document};
use crate::store::engine::Tx;
use crate::store::error::Result;
use crate::store::journal::keys;
use crate::store::types::{NO_PARTY, Subject};
use crate::store::{Store, documents};

/// Customers whose difference is looked into, the largest first: whoever has more is comparing with the wrong list.
const MAX_EXPLAINED: usize = 1_000;
/// Records of the quarantine that are searched for the customers' codes: each costs reading its page.
const MAX_QUARANTINED: usize = 500;

/// One customer in one currency on both sides, and why they may differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    pub compared: Compared,
    pub causes: Vec<Cause>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// How many customers and currencies were compared.
    pub compared: usize,
    /// Who differs, the largest difference first within a currency.
    pub different: Vec<Reconciled>,
    /// How many would differ by each of our figures.
    pub by_basis: Vec<(BalanceBasis, usize)>,
}

const BALANCES: &str = "SELECT party, currency, account, amount FROM balance \
     WHERE book = $1 AND party IS NOT NULL AND amount <> 0";
const PARTIES: &str = concat!(
    "SELECT ",
    documents::document_columns!(),
    " FROM document d WHERE d.book = $1 AND d.kind = 'party' AND d.role <> 2"
);
/// Booked documents and drafts of a customer, and what a second source has seen and no booked document is.
const NAMING: &str = concat!(
    "SELECT l.target, ",
    documents::document_columns!(),
    " FROM link l JOIN document d ON d.id = l.document WHERE l.target {keys} AND d.role IN (0, 1) AND d.status <> 'void' \
     AND d.kind IN ('shipment', 'return', 'invoice', 'adjustment', 'payment', 'bill') \
     AND NOT EXISTS (SELECT 1 FROM pairing p WHERE p.evidence = d.id)"
);

impl Store {
    /// Books of which anything is owed or was.
    pub async fn books(&self) -> Result<Vec<Box<str>>> {
        let mut tx = self.engine.read().await?;
        let rows = tx.fetch("SELECT DISTINCT book FROM subject", Vec::new()).await?;
        let mut books = rows.iter().map(|row| row.text(0).map(Into::into)).collect::<Result<Vec<Box<str>>>>()?;
        books.sort();
        Ok(books)
    }

    /// Books from which anything ever came in, if only a page without news; of a book of which nothing is owed too.
    pub async fn known_books(&self) -> Result<BTreeSet<Box<str>>> {
        let mut tx = self.engine.read().await?;
        let rows = tx.fetch("SELECT book FROM stream", Vec::new()).await?;
        rows.iter().map(|row| row.text(0).map(Into::into)).collect()
    }

    /// `theirs` against the balances of a book.
    pub async fn reconcile(&self, book: &str, theirs: &[Listed], basis: BalanceBasis) -> Result<Reconciliation> {
        let mut tx = self.engine.read().await?;
        let masters = masters(&mut tx, book).await?;
        let ours = standings(&mut tx, book, &masters).await?;
        let mut rows = compare(&ours, theirs, basis)?;
        let by_code: HashMap<&str, Id> = masters.iter().map(|(party, master)| (&*master.number, *party)).collect();
        // Whom we know and who owes nothing is no stranger.
        for row in rows.iter_mut().filter(|row| row.party.is_none()) {
            row.party = by_code.get(&*row.code).copied();
            row.ours = row.party.map(|_| Amount::ZERO);
        }
        let compared = rows.len();
        let mut by_basis = Vec::new();
        for basis in BalanceBasis::ALL {
            let different = compare(&ours, theirs, basis)?.iter().filter(|row| !row.difference.is_zero()).count();
            by_basis.push((basis, different));
        }
        rows.retain(|row| !row.difference.is_zero());
        rows.sort_by(|a, b| {
            let size = |row: &Compared| row.difference.0.unsigned_abs();
            (a.currency, size(b), &a.code).cmp(&(b.currency, size(a), &b.code))
        });
        let different = explain(&mut tx, book, &ours, rows, basis).await?;
        Ok(Reconciliation { compared, different, by_basis })
    }
}

async fn masters(tx: &mut Tx, book: &str) -> Result<HashMap<Id, Document>> {
    let rows = tx.fetch(PARTIES, vec![book.into()]).await?;
    rows.iter().map(|row| documents::read(row, 0).map(|party| (party.id, party))).collect()
}

/// Customers of a book by currency that have any balance.
async fn standings(tx: &mut Tx, book: &str, masters: &HashMap<Id, Document>) -> Result<Vec<Standing>> {
    let name = |party: &Id| masters.get(party).and_then(|master| master.fields.text("name")).unwrap_or_default();
    let mut standings: BTreeMap<(Id, Currency), Standing> = BTreeMap::new();
    for row in tx.fetch(BALANCES, vec![book.into()]).await? {
        let (party, currency, amount) = (row.id(0)?, row.currency(1)?, row.amount(3)?);
        let standing = standings.entry((party, currency)).or_insert_with(|| Standing {
            party,
            code: masters.get(&party).map_or_else(Box::default, |master| master.number.clone()),
            name: name(&party).into(),
            currency,
            unbilled: Amount::ZERO,
            billed: Amount::ZERO,
            credit: Amount::ZERO,
            bills_held: Amount::ZERO,
        });
        let (sum, amount) = match kind(row.text(2)?)? {
            AccountKind::Unbilled => (&mut standing.unbilled, amount),
            AccountKind::Billed => (&mut standing.billed, amount),
            AccountKind::Unapplied | AccountKind::Deposit => (&mut standing.credit, amount.checked_neg()?),
            AccountKind::BillsHeld => (&mut standing.bills_held, amount),
            _ => continue,
        };
        *sum = sum.checked_add(amount)?;
    }
    let mut standings: Vec<Standing> = standings.into_values().collect();
    name_the_unnamed(tx, &mut standings).await?;
    Ok(standings)
}

/// A customer that no source has described is known by the code under which its documents name it.
async fn name_the_unnamed(tx: &mut Tx, standings: &mut [Standing]) -> Result<()> {
    let unnamed: BTreeSet<Id> =
        standings.iter().filter(|standing| standing.code.is_empty()).map(|standing| standing.party).collect();
    let unnamed: Vec<Id> = unnamed.into_iter().collect();
    let mut codes: HashMap<Id, Box<str>> = HashMap::new();
    for row in tx.fetch_in(NAMING, &keys(&unnamed), Vec::new()).await? {
        let (party, document) = (row.id(0)?, documents::read(&row, 1)?);
        if let (Some(code), true) = (document.fields.text("customer"), document.party() == Some(party)) {
            codes.insert(party, code.into());
        }
    }
    for standing in standings.iter_mut().filter(|standing| standing.code.is_empty()) {
        standing.code = codes.get(&standing.party).cloned().unwrap_or_else(|| standing.party.to_string().into());
    }
    Ok(())
}

async fn explain(
    tx: &mut Tx,
    book: &str,
    ours: &[Standing],
    rows: Vec<Compared>,
    basis: BalanceBasis,
) -> Result<Vec<Reconciled>> {
    let looked_into = &rows[..rows.len().min(MAX_EXPLAINED)];
    let mut clues = clues(tx, book, looked_into).await?;
    let standings: HashMap<(Id, Currency), &Standing> =
        ours.iter().map(|standing| ((standing.party, standing.currency), standing)).collect();
    let twins = twins(&rows);
    let mut explained = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let clues = clues.remove(&index).unwrap_or_default();
        let standing = row.party.and_then(|party| standings.get(&(party, row.currency))).copied();
        let twins = twins.get(&index).map_or([].as_slice(), Vec::as_slice);
        explained.push(causes(row, standing, basis, &clues, twins)?);
    }
    Ok(rows.into_iter().zip(explained).map(|(compared, causes)| Reconciled { compared, causes }).collect())
}

/// Rows that only one side has, by index, with the codes under which the other side has the same name.
fn twins(rows: &[Compared]) -> HashMap<usize, Vec<Box<str>>> {
    let mut by_name: BTreeMap<(String, Currency), Vec<usize>> = BTreeMap::new();
    let one_sided = |row: &&Compared| row.ours.is_none() != row.theirs.is_none() && !row.name.is_empty();
    for (index, row) in rows.iter().enumerate().filter(|(_, row)| one_sided(row)) {
        by_name.entry((fold_name(&row.name), row.currency)).or_default().push(index);
    }
    let mut twins: HashMap<usize, Vec<Box<str>>> = HashMap::new();
    for indexes in by_name.values() {
        for &index in indexes {
            let is_other = |other: &&usize| rows[**other].ours.is_some() != rows[index].ours.is_some();
            let codes = indexes.iter().filter(is_other).map(|&other| rows[other].code.clone());
            twins.entry(index).or_default().extend(codes);
        }
    }
    twins
}

/// What is known about each row beside its balances, by the row's index.
async fn clues(tx: &mut Tx, book: &str, rows: &[Compared]) -> Result<HashMap<usize, Clues>> {
    let parties: BTreeSet<Id> = rows.iter().filter_map(|row| row.party).collect();
    let parties: Vec<Id> = parties.into_iter().collect();
    let mut of_party: HashMap<Id, Vec<Document>> = HashMap::new();
    for row in tx.fetch_in(NAMING, &keys(&parties), Vec::new()).await? {
        let (party, document) = (row.id(0)?, documents::read(&row, 1)?);
        if document.party() == Some(party) {
            of_party.entry(party).or_default().push(document);
        }
    }
    let mut unidentified: HashMap<Currency, Vec<Money>> = HashMap::new();
    for payment in unplaced(tx, book).await? {
        let money = Money { number: payment.number, amount: payment.amount, on: payment.paid_on };
        unidentified.entry(payment.currency).or_default().push(money);
    }
    let subject =
        |row: &Compared| Subject { book: book.into(), party: row.party.unwrap_or(NO_PARTY), currency: row.currency };
    let subjects: Vec<Id> = rows.iter().map(|row| subject(row).id()).collect();
    let mut unapplied = leftovers(tx, &keys(&subjects)).await?;
    let quarantined = if rows.is_empty() { Vec::new() } else { quarantine::texts(tx, book, MAX_QUARANTINED).await? };
    let mut clues = HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        let own = row.party.and_then(|party| of_party.get(&party)).into_iter().flatten();
        let left = unapplied.remove(&subjects[index]).unwrap_or_default();
        let naming = quarantined.iter().filter(|(_, text)| names(text, &row.code));
        let found = Clues {
            documents: own.filter(|document| document.currency() == Some(row.currency)).cloned().collect(),
            unidentified: unidentified.get(&row.currency).cloned().unwrap_or_default(),
            unapplied: left
                .into_iter()
                .map(|(leftover, number, on)| Money { number, amount: leftover.amount, on })
                .collect(),
            quarantined: naming.map(|(key, _)| key.clone()).collect(),
        };
        clues.insert(index, found);
    }
    Ok(clues)
}

/// Whether a record's text has the code as a word: `C1` is not named by `C12`.
fn names(text: &str, code: &str) -> bool {
    let is_word =
        |character: Option<char>| character.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    !code.is_empty()
        && text.match_indices(code).any(|(at, found)| {
            !is_word(text[..at].chars().next_back()) && !is_word(text[at + found.len()..].chars().next())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_named_as_a_whole_word_only() {
        for (text, expected) in [
            (r#"{"cust":"C1"}"#, true),
            ("C12", false),
            ("XC1", false),
            ("C1-2", false),
            ("客户C1已停", true),
            ("", false),
        ] {
            assert_eq!(names(text, "C1"), expected, "{text}");
        }
        assert!(!names("anything", ""));
    }
}
