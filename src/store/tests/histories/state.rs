//! What a telling ends in, row by row, in an order of its own and with names for ids, so that two can be compared and read.

use std::collections::{BTreeMap, HashMap};

use crate::domain::{Id, fact};
use crate::store::Store;
use crate::store::documents;
use crate::store::engine::{Cell, Row, Tx};
use crate::store::journal;

/// Tables of which every row must be equal; ids in them are shown by their names.
const TABLES: &[(&str, &str)] = &[
    (
        "head",
        "SELECT record, hash, version, observed_at, outcome, reason, mapping, facts_hash, facts_version, \
         facts_observed_at, documents FROM record_head",
    ),
    (
        "version",
        "SELECT v.record, v.hash, v.version, CASE WHEN h.hash = v.hash THEN h.observed_at ELSE v.observed_at END \
         FROM record_version v JOIN record_head h ON h.record = v.record",
    ),
    ("quarantine", "SELECT record, hash, field, value, reason, mapping FROM quarantine WHERE state = 'open'"),
    (
        "item",
        "SELECT subject, id, document, number, kind, issued_on, due_on, due_missing, gross, open, orders, \
         salesperson, disputed FROM open_item",
    ),
    (
        "allocation",
        "SELECT subject, position, source, item, amount, tolerated, effective_on, rung, explanation FROM allocation",
    ),
    ("leftover", "SELECT subject, payment, amount FROM leftover"),
    ("pairing", "SELECT evidence, booked, reason FROM pairing"),
    (
        "unplaced",
        "SELECT payment, book, currency, amount, paid_on, number, booked, payer, payer_key, remittance, salesperson \
         FROM unplaced",
    ),
    ("balance", "SELECT book, currency, account, party, ordered, amount FROM balance WHERE amount <> 0"),
];

/// A document that nobody speaks of any more (role 2) is a number that was once seen: whether it was, depends on order.
const DOCUMENTS: &str = concat!(
    "SELECT ",
    documents::document_columns!(),
    ", d.status, d.party, d.currency, d.gross, d.effective_on, d.salesperson, d.name_key, d.pair_group \
     FROM document d WHERE d.role <> 2"
);
const TRANSFERS: &str = "SELECT cause, effective_on, debit, debit_party, debit_order, credit, credit_party, \
     credit_order, currency, amount, reversal, book FROM transfer";

/// Whose differences explain those of all other tables.
const CAUSES: &[&str] = &["head", "version", "quarantine", "document", "pairing"];
/// So many differing rows are enough to see what went wrong.
const SHOWN_ROWS: usize = 24;

#[derive(Debug, PartialEq, Eq)]
pub struct State(Vec<String>);

impl State {
    pub async fn of(store: &Store) -> Self {
        let mut tx = store.engine.read().await.unwrap();
        let names = names(&mut tx).await;
        let mut rows = Vec::new();
        for row in tx.fetch(DOCUMENTS, Vec::new()).await.unwrap() {
            rows.push(format!("document {}", shown_document(&row, &names)));
        }
        for (name, sql) in TABLES {
            let found = tx.fetch(sql, Vec::new()).await.unwrap();
            rows.extend(found.iter().map(|row| format!("{name} {}", shown(row, 0, &names))));
        }
        rows.extend(daily_balances(&mut tx, &names).await);
        rows.sort_unstable();
        Self(rows)
    }

    /// Rows of either that the other has not: `-` only in this one, `+` only in the other.
    pub fn difference(&self, other: &Self) -> Vec<String> {
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        self.0.iter().for_each(|row| *counts.entry(row).or_default() += 1);
        other.0.iter().for_each(|row| *counts.entry(row).or_default() -= 1);
        let differing = counts.into_iter().filter(|(_, count)| *count != 0);
        let sign = |count: i64| if count > 0 { '-' } else { '+' };
        let mut rows: Vec<String> = differing.map(|(row, count)| format!("{} {row}", sign(count))).collect();
        // Causes before consequences.
        rows.sort_by_key(|row| CAUSES.iter().position(|name| row[2..].starts_with(name)).unwrap_or(CAUSES.len()));
        rows.truncate(SHOWN_ROWS);
        rows
    }
}

/// Of what is named but not known, the id is shown: whether its number was seen once depends on order.
async fn names(tx: &mut Tx) -> HashMap<Vec<u8>, String> {
    let mut names = HashMap::new();
    for row in tx.fetch("SELECT id, kind, number, book FROM document WHERE role <> 2", Vec::new()).await.unwrap() {
        let name = format!("{}:{}/{}", row.text(1).unwrap(), row.text(2).unwrap(), row.text(3).unwrap());
        names.insert(row.bytes(0).unwrap().to_vec(), name);
    }
    for row in tx.fetch("SELECT record, record_key FROM record_head", Vec::new()).await.unwrap() {
        names.insert(row.bytes(0).unwrap().to_vec(), format!("record:{}", row.text(1).unwrap()));
    }
    names
}

/// The document's own content from its body, whichever row carries it, and the columns beside it.
fn shown_document(row: &Row, names: &HashMap<Vec<u8>, String>) -> String {
    let document = documents::read(row, 0).unwrap();
    let body = fact::encode(&document.fields, &document.lines);
    format!("{}:{} {:?} {body} {}", document.kind, document.number, document.role, shown(row, 7, names))
}

fn shown(row: &Row, from: usize, names: &HashMap<Vec<u8>, String>) -> String {
    let cells = row.cells()[from..].iter().map(|cell| match cell {
        Cell::Null => "-".to_owned(),
        Cell::Int(value) => value.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Bytes(bytes) => shown_bytes(bytes, names),
    });
    cells.collect::<Vec<_>>().join(" | ")
}

/// Ids by name, lists of ids likewise, everything else by its first bytes.
fn shown_bytes(bytes: &[u8], names: &HashMap<Vec<u8>, String>) -> String {
    let name = |id: &[u8]| names.get(id).cloned().unwrap_or_else(|| hex(id));
    if bytes.len().is_multiple_of(16) && bytes.len() != 32 || bytes.chunks(16).all(|id| names.contains_key(id)) {
        return bytes.chunks(16).map(name).collect::<Vec<_>>().join(",");
    }
    hex(bytes)
}

fn hex(bytes: &[u8]) -> String {
    let digit = |digit: u8| char::from(b"0123456789abcdef"[usize::from(digit)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// What every account gained or lost on every effective day: equal sums for every day are equal balances for any day.
async fn daily_balances(tx: &mut Tx, names: &HashMap<Vec<u8>, String>) -> Vec<String> {
    let mut sums: BTreeMap<String, i128> = BTreeMap::new();
    for row in tx.fetch(TRANSFERS, Vec::new()).await.unwrap() {
        let posting = journal::read_posting(&row, 1).unwrap();
        let name = |id: Option<Id>| id.map_or_else(String::new, |id| shown_bytes(&id.0, names));
        for (account, sign) in [(posting.debit, 1), (posting.credit, -1)] {
            let day = posting.effective_on;
            let (party, order) = (name(account.party), name(account.order));
            let book = row.text(11).unwrap();
            let key = format!("day {book} {} {day} {} {party} {order}", posting.currency, account.kind.name());
            *sums.entry(key).or_default() += sign * i128::from(posting.amount.0);
        }
    }
    sums.into_iter().filter(|(_, sum)| *sum != 0).map(|(key, sum)| format!("{key} {sum}")).collect()
}
