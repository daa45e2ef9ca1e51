//! Two stores side by side: does one say what the other says? Names what differs.
//!
//! Compared is what must not depend on the order of arrival (DESIGN 5.3): version winners, quarantine, documents,
//! pairs, open items, allocations, what is left over, and the balance of every account on every effective day. Not
//! compared are journal rows, instants of recording and the wording of reasons, which are not equal by nature.

mod parts;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;
use serde::Serialize;

use self::parts::Show::{Money, Plain};
use self::parts::{PARTS, Show, differing, money, shown};
use super::replay::{RawReader, count, slice, slices};
use crate::domain::{Amount, Id, fact};
use crate::ledger::Document;
use crate::store::engine::{Cell, Row, Tx};
use crate::store::error::Result;
use crate::store::{Store, documents, journal};

/// Documents that are held in memory at a time, of each side.
const DOCUMENTS_PER_STEP: i64 = 10_000;
/// Batches whose transfers are added up at a time.
const BATCHES_PER_STEP: i64 = 256;
/// Differences that are kept with their names; the rest is counted.
const KEPT: usize = 100;

/// One thing that is not the same; a side on which it does not exist at all is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub what: &'static str,
    pub which: String,
    /// Empty when one side lacks the whole.
    pub field: String,
    pub stored: Option<String>,
    pub rebuilt: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Comparison {
    pub documents: u64,
    /// Sides of accounts by effective day.
    pub balances: u64,
    pub count: u64,
    /// The first of them, see `count`.
    pub differences: Vec<Difference>,
}

impl Comparison {
    fn add(&mut self, difference: Difference) {
        self.count += 1;
        if self.differences.len() < KEPT {
            self.differences.push(difference);
        }
    }
}

const DOCUMENTS: &str = concat!(
    "SELECT ",
    documents::document_columns!(),
    ", d.status, d.party, d.currency, d.gross, d.effective_on, d.salesperson, d.name_key, d.pair_group FROM document d \
     WHERE d.id >= $1 AND d.id <= $2 AND d.role <> 2"
);
/// The columns beside a document's content, which reading it by number, party or day relies on.
const DOCUMENT_COLUMNS: &[(&str, Show)] = &[
    ("status", Plain),
    ("party", Plain),
    ("currency", Plain),
    ("gross", Money),
    ("effective_on", Plain),
    ("salesperson", Plain),
    ("name_key", Plain),
    ("pair_group", Plain),
];
/// Where they begin, behind those that `documents::read` understands.
const BESIDE: usize = 7;
const COUNT: &str = "SELECT COUNT(*) FROM document";

impl RawReader {
    /// What the snapshot says against what was made from its raw records.
    pub async fn compare(&mut self, rebuilt: &Store) -> Result<Comparison> {
        let mut other = rebuilt.engine.read().await?;
        let mut found = Comparison::default();
        let slices = slices(count(&mut self.tx, COUNT).await?, DOCUMENTS_PER_STEP);
        for index in 0..slices {
            let bounds = slice(index, slices);
            let ours = by_id(self.tx.fetch(DOCUMENTS, bounds.clone()).await?)?;
            let theirs = by_id(other.fetch(DOCUMENTS, bounds.clone()).await?)?;
            compare_documents(&ours, &theirs, &self.erased, &mut found)?;
            for part in PARTS {
                let ours = self.tx.fetch(part.sql, bounds.clone()).await?;
                part.compare(&ours, &other.fetch(part.sql, bounds.clone()).await?, &mut found);
            }
        }
        compare_balances(&mut self.tx, &mut other, &mut found).await?;
        Ok(found)
    }
}

fn by_id(rows: Vec<Row>) -> Result<BTreeMap<Id, Row>> {
    rows.into_iter().map(|row| Ok((row.id(0)?, row))).collect()
}

const DOCUMENT: &str = "单据 document";

fn compare_documents(
    ours: &BTreeMap<Id, Row>,
    theirs: &BTreeMap<Id, Row>,
    erased: &BTreeSet<Id>,
    found: &mut Comparison,
) -> Result<()> {
    found.documents += ours.len() as u64;
    let ids: BTreeSet<&Id> = ours.keys().chain(theirs.keys()).filter(|id| !erased.contains(id)).collect();
    for id in ids {
        match (ours.get(id), theirs.get(id)) {
            (Some(ours), Some(theirs)) if ours.cells() != theirs.cells() => compare_document(ours, theirs, found)?,
            (Some(row), None) => found.add(Difference { stored: Some(status(row)?), ..missing(row)? }),
            (None, Some(row)) => found.add(Difference { rebuilt: Some(status(row)?), ..missing(row)? }),
            _ => {}
        }
    }
    Ok(())
}

fn missing(row: &Row) -> Result<Difference> {
    Ok(Difference { what: DOCUMENT, which: name(row)?, field: String::new(), stored: None, rebuilt: None })
}

fn status(row: &Row) -> Result<String> {
    row.text(BESIDE).map(str::to_owned)
}

fn name(row: &Row) -> Result<String> {
    Ok(format!("{} {} ({})", row.text(2)?, row.text(4)?, row.text(1)?))
}

fn compare_document(ours: &Row, theirs: &Row, found: &mut Comparison) -> Result<()> {
    let which = name(ours)?;
    differing(DOCUMENT, &which, DOCUMENT_COLUMNS, (&ours.cells()[BESIDE..], &theirs.cells()[BESIDE..]), found);
    let (Ok(ours), Ok(theirs)) = (documents::read(ours, 0), documents::read(theirs, 0)) else {
        let (stored, rebuilt) = (Some("看不懂 unreadable".to_owned()), None);
        found.add(Difference { what: DOCUMENT, which, field: "body".to_owned(), stored, rebuilt });
        return Ok(());
    };
    if ours.role != theirs.role {
        let (stored, rebuilt) = (Some(format!("{:?}", ours.role)), Some(format!("{:?}", theirs.role)));
        found.add(Difference { what: DOCUMENT, which: which.clone(), field: "role".to_owned(), stored, rebuilt });
    }
    let (ours, theirs) = (contents(&ours), contents(&theirs));
    let fields: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    for field in fields.into_iter().filter(|field| ours.get(*field) != theirs.get(*field)) {
        let (stored, rebuilt) = (ours.get(field).cloned(), theirs.get(field).cloned());
        found.add(Difference { what: DOCUMENT, which: which.clone(), field: field.clone(), stored, rebuilt });
    }
    Ok(())
}

/// Every field of header and lines by a name that says where it stands.
fn contents(document: &Document) -> BTreeMap<String, String> {
    let text = |value| match fact::shown(value) {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    let header = document.fields.iter().map(|(name, value)| (name.to_owned(), text(value)));
    let lines = document.lines.iter().flat_map(|line| {
        line.fields.iter().map(move |(name, value)| (format!("{name} (line {})", line.key), text(value)))
    });
    header.chain(lines).collect()
}

/// An account on a day.
type Side = (Id, Date);

const TRANSFERS: &str = "SELECT book, effective_on, debit, debit_party, debit_order, credit, credit_party, credit_order, \
     currency, amount FROM transfer WHERE batch > $1 AND batch <= $2";
const LAST_BATCH: &str = "SELECT COALESCE(MAX(batch), 0) FROM transfer";
const ACCOUNTS: &str = "SELECT b.id, b.book, b.currency, b.account, p.number, o.number FROM balance b \
     LEFT JOIN document p ON p.id = b.party LEFT JOIN document o ON o.id = b.ordered WHERE b.id {keys}";

/// What every account moved by on every effective day, from the journals themselves.
async fn compare_balances(ours: &mut Tx, theirs: &mut Tx, found: &mut Comparison) -> Result<()> {
    let stored = moved(ours).await?;
    let rebuilt = moved(theirs).await?;
    found.balances = stored.len() as u64;
    let of = |sums: &HashMap<Side, Amount>, side: &Side| sums.get(side).copied().unwrap_or_default();
    let mut differing: Vec<Side> = stored.keys().chain(rebuilt.keys()).copied().collect();
    differing.retain(|side| of(&stored, side) != of(&rebuilt, side));
    differing.sort_unstable();
    differing.dedup();
    let ids: Vec<Id> = differing.iter().take(KEPT).map(|(account, _)| *account).collect();
    let mut names: HashMap<Id, String> = HashMap::new();
    for tx in [theirs, ours] {
        for row in tx.fetch_in(ACCOUNTS, &journal::keys(&ids), Vec::new()).await? {
            let cells = row.cells()[1..].iter().filter(|cell| **cell != Cell::Null);
            names.insert(row.id(0)?, cells.map(|cell| shown(cell, Plain)).collect::<Vec<_>>().join(" "));
        }
    }
    for side in differing {
        let which = format!("{} {}", names.get(&side.0).cloned().unwrap_or_else(|| side.0.to_string()), side.1);
        let (stored, rebuilt) = (Some(money(of(&stored, &side))), Some(money(of(&rebuilt, &side))));
        found.add(Difference { what: "余额 balance", which, field: "moved".to_owned(), stored, rebuilt });
    }
    Ok(())
}

async fn moved(tx: &mut Tx) -> Result<HashMap<Side, Amount>> {
    let last = count(tx, LAST_BATCH).await?;
    let mut sums: HashMap<Side, Amount> = HashMap::new();
    let mut from = 0;
    while from < last {
        let to = from + BATCHES_PER_STEP;
        for row in tx.fetch(TRANSFERS, vec![from.into(), to.into()]).await? {
            let (book, posting) = (row.text(0)?, journal::read_posting(&row, 1)?);
            for (account, amount) in [(posting.debit, posting.amount), (posting.credit, posting.amount.checked_neg()?)]
            {
                let account = journal::balance_id(book, posting.currency, account);
                let sum = sums.entry((account, posting.effective_on)).or_default();
                *sum = sum.checked_add(amount)?;
            }
        }
        from = to;
    }
    sums.retain(|_, sum| !sum.is_zero());
    Ok(sums)
}
