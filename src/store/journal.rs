//! The journal: append-only transfers in hash-chained batches, with balances and flows kept beside it.
//!
//! What a cause (a document, or a subject for its settlement) has posted is read back from the journal itself, never from
//! a second copy that could differ. The head row's lock is taken last in a transaction: commit order = chain order =
//! time order. Balances and flows are read, added with checks and written under that lock.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use super::engine::{Cell, Row, Tx};
use super::error::{Result, StoreError};
use super::settle::people::decisions_about;
use super::tables;
use crate::domain::amount::AmountError;
use crate::domain::{Clock, Currency, Hash, Id};
use crate::ledger::{Account, AccountKind, Posting, chain, difference, period};

/// What one cause posts in one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub cause: Id,
    pub book: Box<str>,
    transfers: Vec<Transfer>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Transfer {
    posting: Posting,
    /// Takes back an earlier transfer: debit and credit are exchanged.
    reversal: bool,
}

impl Entry {
    /// What turns `posted` into `wanted`; `None` when they are equal.
    pub fn between(cause: Id, book: &str, posted: &[Posting], wanted: &[Posting]) -> Option<Self> {
        let change = difference(posted, wanted);
        if change.is_empty() {
            return None;
        }
        // `difference` gives the reversals first; lengths say how many: total = r + n, wanted - posted = n - r.
        let reversals = (change.len() + posted.len()).saturating_sub(wanted.len()) / 2;
        let transfers = change
            .into_iter()
            .enumerate()
            .map(|(index, posting)| Transfer { posting, reversal: index < reversals })
            .collect();
        Some(Self { cause, book: book.into(), transfers })
    }

    /// What it adds to balances and to flows.
    fn parts(&self) -> (Vec<Part>, Vec<Part>) {
        let mut balances = Vec::with_capacity(self.transfers.len() * 2);
        let mut flows = Vec::with_capacity(self.transfers.len());
        for Transfer { posting, .. } in &self.transfers {
            let amount = i128::from(posting.amount.0);
            for (account, amount) in [(posting.debit, amount), (posting.credit, -amount)] {
                let (id, columns) = balance_key(&self.book, posting.currency, account);
                balances.push(Part { id, columns, amount });
            }
            let (id, columns) = flow_key(&self.book, posting);
            flows.push(Part { id, columns, amount });
        }
        (balances, flows)
    }
}

const TRANSFERS_OF: &str = "SELECT cause, effective_on, debit, debit_party, debit_order, credit, credit_party, \
     credit_order, currency, amount, reversal FROM transfer WHERE cause {keys}";

/// What each cause has posted, net of reversals.
pub async fn posted(tx: &mut Tx, causes: &[Id]) -> Result<HashMap<Id, Vec<Posting>>> {
    let mut counts: HashMap<Id, BTreeMap<Posting, i64>> = HashMap::new();
    for row in tx.fetch_in(TRANSFERS_OF, &keys(causes), Vec::new()).await? {
        let reversal = row.bool(10)?;
        let posting = read_posting(&row, 1)?;
        let (posting, step) = if reversal { (reversed(posting), -1) } else { (posting, 1) };
        *counts.entry(row.id(0)?).or_default().entry(posting).or_default() += step;
    }
    let net = counts.into_iter().map(|(cause, counts)| {
        let postings = counts
            .into_iter()
            .flat_map(|(posting, count)| std::iter::repeat_n(posting, usize::try_from(count).unwrap_or(0)));
        (cause, postings.collect())
    });
    Ok(net.collect())
}

/// A posting from `effective_on, debit, debit_party, debit_order, credit, …, currency, amount` that start at `column`.
pub fn read_posting(row: &Row, column: usize) -> Result<Posting> {
    Ok(Posting {
        effective_on: row.date(column)?,
        debit: account(row, column + 1)?,
        credit: account(row, column + 4)?,
        currency: row.currency(column + 7)?,
        amount: row.amount(column + 8)?,
    })
}

fn reversed(posting: Posting) -> Posting {
    Posting { debit: posting.credit, credit: posting.debit, ..posting }
}

fn account(row: &Row, column: usize) -> Result<Account> {
    let name = row.text(column)?;
    let kind = AccountKind::parse(name)
        .ok_or_else(|| StoreError::Corrupt { what: "transfer", problem: format!("account {name}") })?;
    Ok(Account { kind, party: row.opt_id(column + 1)?, order: row.opt_id(column + 2)? })
}

/// The bytes of ids, as the engine wants its keys.
pub fn keys(ids: &[Id]) -> Vec<Vec<u8>> {
    ids.iter().map(|id| id.0.to_vec()).collect()
}

/// Appends one batch; `None` when there is nothing to post. What counts on a day that is closed is posted on the first open
/// one. Nothing else may be locked after this.
pub async fn post(tx: &mut Tx, clock: &dyn Clock, entries: &[Entry]) -> Result<Option<i64>> {
    if entries.iter().all(|entry| entry.transfers.is_empty()) {
        return Ok(None);
    }
    let head = lock_head(tx).await?;
    let number = head.number + 1;
    let next_instant = head.recorded_at.checked_add(1.microseconds()).unwrap_or(head.recorded_at);
    let recorded_at = clock.now().max(next_instant);
    let closed = closed_periods(tx, entries).await?;
    let (rows, hashes) = transfer_rows(number, entries, &closed);
    let transfers = rows.len();
    let chained = u64::try_from(number).unwrap_or(u64::MAX);
    let hash = chain::head(&head.hash, chained, recorded_at.as_microsecond(), &hashes);
    tx.upsert_many(&tables::TRANSFER, rows).await?;
    add_up(tx, entries).await?;
    let batch = vec![number.into(), recorded_at.into(), transfers.into(), hash.into()];
    tx.execute("INSERT INTO batch (number, recorded_at, transfers, hash) VALUES ($1, $2, $3, $4)", batch).await?;
    let head = vec![number.into(), recorded_at.into(), hash.into()];
    tx.execute("UPDATE chain_head SET number = $1, recorded_at = $2, hash = $3 WHERE id = 1", head).await?;
    Ok(Some(number))
}

struct Head {
    number: i64,
    recorded_at: Timestamp,
    hash: Hash,
}

async fn lock_head(tx: &mut Tx) -> Result<Head> {
    let sql = if tx.is_postgres() {
        "SELECT number, recorded_at, hash FROM chain_head WHERE id = 1 FOR UPDATE"
    } else {
        "SELECT number, recorded_at, hash FROM chain_head WHERE id = 1"
    };
    let row = tx.fetch_one(sql, Vec::new()).await?;
    let row = row.ok_or_else(|| StoreError::Corrupt { what: "chain head", problem: "missing".to_owned() })?;
    Ok(Head { number: row.int(0)?, recorded_at: row.instant(1)?, hash: row.hash(2)? })
}

/// The last closed day of each book that is posted to.
async fn closed_periods(tx: &mut Tx, entries: &[Entry]) -> Result<BTreeMap<Box<str>, Option<Date>>> {
    let books: BTreeSet<&str> = entries.iter().map(|entry| &*entry.book).collect();
    let mut closed = BTreeMap::new();
    for book in books {
        let decisions = decisions_about(tx, &[period::period_of(book)]).await?;
        closed.insert(book.into(), period::closed_until(&decisions));
    }
    Ok(closed)
}

fn transfer_rows(
    number: i64,
    entries: &[Entry],
    closed: &BTreeMap<Box<str>, Option<Date>>,
) -> (Vec<Vec<Cell>>, Vec<Hash>) {
    let mut rows = Vec::new();
    let mut hashes = Vec::new();
    for entry in entries {
        let closed_until = closed.get(&entry.book).copied().flatten();
        for Transfer { posting, reversal } in &entry.transfers {
            let posted_on = period::posted_on(posting.effective_on, closed_until);
            let mut row: Vec<Cell> = vec![number.into(), rows.len().into(), entry.cause.into(), (&entry.book).into()];
            row.push(posting.currency.into());
            row.push(posting.effective_on.into());
            row.push(posted_on.into());
            for account in [posting.debit, posting.credit] {
                row.push(account.kind.name().into());
                row.push(account.party.into());
                row.push(account.order.into());
            }
            row.push(posting.amount.into());
            row.push((*reversal).into());
            let hash = row_hash(&entry.book, entry.cause, posting, posted_on, *reversal);
            hashes.push(hash);
            row.push(hash.into());
            rows.push(row);
        }
    }
    (rows, hashes)
}

/// Hash of a transfer and of what the store adds to it.
pub fn row_hash(book: &str, cause: Id, posting: &Posting, posted_on: Date, reversal: bool) -> Hash {
    let transfer = chain::transfer_hash(book, cause, posting);
    Hash::of_parts(&[b"row", &transfer.0, posted_on.to_string().as_bytes(), &[u8::from(reversal)]])
}

/// What one entry adds to one row of balances or flows.
struct Part {
    id: Id,
    columns: Vec<Cell>,
    amount: i128,
}

/// Sums by row: wide, so that adding never fails and a sum that cannot be stored is seen.
struct Sums(BTreeMap<Id, (Vec<Cell>, i128)>);

impl Sums {
    async fn load(tx: &mut Tx, sql: &'static str, parts: impl Iterator<Item = &Part>) -> Result<Self> {
        let mut sums: BTreeMap<Id, (Vec<Cell>, i128)> =
            parts.map(|part| (part.id, (part.columns.clone(), 0))).collect();
        let ids: Vec<Id> = sums.keys().copied().collect();
        for row in tx.fetch_in(sql, &keys(&ids), Vec::new()).await? {
            if let Some((_, sum)) = sums.get_mut(&row.id(0)?) {
                *sum = i128::from(row.amount(1)?.0);
            }
        }
        Ok(Self(sums))
    }

    /// Adds the parts; takes them out again and says no if a sum cannot be stored.
    fn add(&mut self, parts: &[Part]) -> bool {
        self.add_times(parts, 1);
        let fits = |part: &Part| self.0.get(&part.id).is_none_or(|(_, sum)| i64::try_from(*sum).is_ok());
        let all_fit = parts.iter().all(fits);
        if !all_fit {
            self.add_times(parts, -1);
        }
        all_fit
    }

    fn add_times(&mut self, parts: &[Part], times: i128) {
        for part in parts {
            if let Some((_, sum)) = self.0.get_mut(&part.id) {
                *sum += part.amount * times;
            }
        }
    }

    fn rows(self) -> Result<Vec<Vec<Cell>>> {
        let row = |(mut columns, sum): (Vec<Cell>, i128)| {
            columns.push(i64::try_from(sum).map_err(|_| AmountError::Overflow)?.into());
            Ok(columns)
        };
        self.0.into_values().map(row).collect()
    }
}

/// Adds the transfers to balances and flows; entries that would make one of them too large are named and nothing is added.
async fn add_up(tx: &mut Tx, entries: &[Entry]) -> Result<()> {
    let parts: Vec<(Vec<Part>, Vec<Part>)> = entries.iter().map(Entry::parts).collect();
    let stored = "SELECT id, amount FROM balance WHERE id {keys}";
    let mut balances = Sums::load(tx, stored, parts.iter().flat_map(|(balances, _)| balances)).await?;
    let stored = "SELECT id, amount FROM flow WHERE id {keys}";
    let mut flows = Sums::load(tx, stored, parts.iter().flat_map(|(_, flows)| flows)).await?;
    let mut causes = Vec::new();
    for (entry, (of_balances, of_flows)) in entries.iter().zip(&parts) {
        if !balances.add(of_balances) {
            causes.push(entry.cause);
        } else if !flows.add(of_flows) {
            balances.add_times(of_balances, -1);
            causes.push(entry.cause);
        }
    }
    if !causes.is_empty() {
        return Err(StoreError::TooLarge { causes });
    }
    tx.upsert_many(&tables::BALANCE, balances.rows()?).await?;
    tx.upsert_many(&tables::FLOW, flows.rows()?).await
}

pub fn balance_id(book: &str, currency: Currency, account: Account) -> Id {
    let party = account.party.map_or([].as_slice(), |_| b"p");
    Id::from_parts(&[
        b"balance",
        book.as_bytes(),
        currency.as_str().as_bytes(),
        account.kind.name().as_bytes(),
        party,
        &account.party.map_or([0; 16], |id| id.0),
        &account.order.map_or([0; 16], |id| id.0),
    ])
}

fn balance_key(book: &str, currency: Currency, account: Account) -> (Id, Vec<Cell>) {
    let id = balance_id(book, currency, account);
    let columns = vec![
        id.into(),
        book.into(),
        currency.into(),
        account.kind.name().into(),
        account.party.into(),
        account.order.into(),
    ];
    (id, columns)
}

fn flow_key(book: &str, posting: &Posting) -> (Id, Vec<Cell>) {
    let (debit, credit) = (posting.debit.kind.name(), posting.credit.kind.name());
    let id = Id::from_parts(&[
        b"flow",
        book.as_bytes(),
        posting.currency.as_str().as_bytes(),
        debit.as_bytes(),
        credit.as_bytes(),
    ]);
    (id, vec![id.into(), book.into(), posting.currency.into(), debit.into(), credit.into()])
}
