//! The transfers that make a balance, each with what caused it.
//!
//! Why by way of the causes: the journal has no index by account (it would cost every write), but what moves a
//! customer's account is caused by a document that names the customer or by the customer's own settlement. What is found
//! that way must add up to the balance that is kept beside the journal; if it ever does not, the journal is read through.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::entry::lines;
use super::export::{AccountBalance, JournalLine, Name, names, read_balance, read_line};
use crate::domain::{Amount, Currency, Id};
use crate::ledger::{Account, AccountKind};
use crate::store::Store;
use crate::store::engine::Tx;
use crate::store::error::Result;
use crate::store::journal::keys;

/// Batches whose transfers are held in memory while the journal is read through.
const BATCHES_PER_PAGE: i64 = 64;

/// Which balances are asked about; what is `None` is not asked for.
#[derive(Debug, Clone)]
pub struct BalanceQuery {
    pub account: AccountKind,
    pub book: Option<Box<str>>,
    pub currency: Option<Currency>,
    /// Party keys that the customer may be.
    pub parties: Option<Vec<Id>>,
    pub orders: Option<Vec<Id>>,
    /// Transfers effective on this day or before.
    pub as_of: Option<Date>,
    /// Transfers that are listed; the others are summed.
    pub limit: usize,
}

/// Who or what made a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CauseName {
    Document(Name),
    /// The settlement of the account's own customer, or of another one.
    Settlement {
        party: Option<Name>,
    },
    Unknown,
}

/// One balance and what it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceView {
    pub book: Box<str>,
    pub currency: Currency,
    pub account: Account,
    pub party: Option<Name>,
    pub order: Option<Name>,
    /// Debit positive.
    pub amount: Amount,
    /// The latest, oldest first; amounts as they change the balance.
    pub transfers: Vec<(JournalLine, Amount, CauseName)>,
    /// How many came before those, and their sum.
    pub earlier: (usize, Amount),
}

/// Transfers of one account under way: all are summed, the latest are kept.
struct Gathering {
    limit: usize,
    /// By what they are shown in order of.
    latest: BTreeMap<(Date, i64, i64), (JournalLine, Amount)>,
    earlier: (usize, Amount),
    /// Of all days, for comparing with the balance that is kept.
    total: Amount,
}

impl Gathering {
    fn new(limit: usize) -> Self {
        Self { limit, latest: BTreeMap::new(), earlier: (0, Amount::ZERO), total: Amount::ZERO }
    }

    fn add(&mut self, line: &JournalLine, account: Account, as_of: Option<Date>) -> Result<()> {
        let posting = &line.posting;
        let debit = if posting.debit == account { posting.amount } else { Amount::ZERO };
        let credit = if posting.credit == account { posting.amount } else { Amount::ZERO };
        let change = debit.checked_sub(credit)?;
        self.total = self.total.checked_add(change)?;
        if as_of.is_some_and(|day| posting.effective_on > day) {
            return Ok(());
        }
        self.latest.insert((posting.effective_on, line.batch, line.seq), (line.clone(), change));
        if self.latest.len() > self.limit
            && let Some((_, (_, change))) = self.latest.pop_first()
        {
            self.earlier = (self.earlier.0 + 1, self.earlier.1.checked_add(change)?);
        }
        Ok(())
    }
}

impl Store {
    /// Every balance that the query means, by book, account and currency.
    pub async fn balance_views(&self, query: &BalanceQuery) -> Result<Vec<BalanceView>> {
        let mut tx = self.engine.read().await?;
        let mut views = Vec::new();
        for balance in balances(&mut tx, query).await? {
            let mut gathering = by_causes(&mut tx, &balance, query).await?;
            if gathering.total != balance.amount {
                gathering = by_reading_through(&mut tx, &balance, query).await?;
            }
            views.push(view(&mut tx, balance, gathering).await?);
        }
        Ok(views)
    }
}

pub(super) const OF_PARTY: &str =
    "SELECT book, currency, account, party, ordered, amount FROM balance WHERE party {keys}";
pub(super) const OF_ALL: &str =
    "SELECT book, currency, account, party, ordered, amount FROM balance WHERE account = $1";

async fn balances(tx: &mut Tx, query: &BalanceQuery) -> Result<Vec<AccountBalance>> {
    let rows = match &query.parties {
        Some(parties) => tx.fetch_in(OF_PARTY, &keys(parties), Vec::new()).await?,
        None => tx.fetch(OF_ALL, vec![query.account.name().into()]).await?,
    };
    let mut found = rows.iter().map(read_balance).collect::<Result<Vec<_>>>()?;
    found.retain(|balance| {
        let is_order = |orders: &Vec<Id>| balance.account.order.is_some_and(|order| orders.contains(&order));
        balance.account.kind == query.account
            && query.book.as_ref().is_none_or(|book| *book == balance.book)
            && query.currency.is_none_or(|currency| currency == balance.currency)
            && query.orders.as_ref().is_none_or(is_order)
    });
    found.sort_by(|a, b| (&a.book, a.account, a.currency).cmp(&(&b.book, b.account, b.currency)));
    Ok(found)
}

pub(super) const NAMING: &str = "SELECT document FROM link WHERE target = $1";
pub(super) const SUBJECTS: &str = "SELECT id FROM subject WHERE party = $1";
pub(super) const OF_CAUSES: &str = lines!("t.cause {keys}");
pub(super) const OF_BATCHES: &str = lines!("t.batch > $1 AND t.batch <= $2 AND (t.debit = $3 OR t.credit = $3)");

async fn by_causes(tx: &mut Tx, balance: &AccountBalance, query: &BalanceQuery) -> Result<Gathering> {
    let mut gathering = Gathering::new(query.limit);
    let Some(party) = balance.account.party else { return Ok(gathering) };
    let mut causes = BTreeSet::new();
    for sql in [NAMING, SUBJECTS] {
        for row in tx.fetch(sql, vec![party.into()]).await? {
            causes.insert(row.id(0)?);
        }
    }
    let causes: Vec<Id> = causes.into_iter().collect();
    for row in tx.fetch_in(OF_CAUSES, &keys(&causes), Vec::new()).await? {
        take(&mut gathering, read_line(&row)?, balance, query)?;
    }
    Ok(gathering)
}

async fn by_reading_through(tx: &mut Tx, balance: &AccountBalance, query: &BalanceQuery) -> Result<Gathering> {
    let mut gathering = Gathering::new(query.limit);
    let end = super::verify::end(tx).await?.batch;
    let mut after = 0;
    while after < end {
        let to = after + BATCHES_PER_PAGE;
        let args = vec![after.into(), to.into(), balance.account.kind.name().into()];
        for row in tx.fetch(OF_BATCHES, args).await? {
            take(&mut gathering, read_line(&row)?, balance, query)?;
        }
        after = to;
    }
    Ok(gathering)
}

fn take(gathering: &mut Gathering, line: JournalLine, balance: &AccountBalance, query: &BalanceQuery) -> Result<()> {
    let posting = &line.posting;
    let touches = posting.debit == balance.account || posting.credit == balance.account;
    if touches && line.book == balance.book && posting.currency == balance.currency {
        gathering.add(&line, balance.account, query.as_of)?;
    }
    Ok(())
}

async fn view(tx: &mut Tx, balance: AccountBalance, gathering: Gathering) -> Result<BalanceView> {
    let AccountBalance { book, currency, account, .. } = balance;
    let mut ids: BTreeSet<Id> = account.party.into_iter().chain(account.order).collect();
    ids.extend(gathering.latest.values().map(|(line, _)| line.cause));
    let subjects = subjects(tx, &ids).await?;
    ids.extend(subjects.values());
    let names = names(tx, &ids).await?;
    let cause = |id: Id| match (names.get(&id), subjects.get(&id)) {
        (Some(name), _) => CauseName::Document(name.clone()),
        (None, Some(party)) => CauseName::Settlement { party: names.get(party).cloned() },
        (None, None) => CauseName::Unknown,
    };
    let shown = Amount::sum(gathering.latest.values().map(|(_, change)| *change))?;
    let transfers: Vec<_> = gathering
        .latest
        .into_values()
        .map(|(line, change)| {
            let cause = cause(line.cause);
            (line, change, cause)
        })
        .collect();
    Ok(BalanceView {
        book,
        currency,
        account,
        party: account.party.and_then(|party| names.get(&party).cloned()),
        order: account.order.and_then(|order| names.get(&order).cloned()),
        amount: shown.checked_add(gathering.earlier.1)?,
        transfers,
        earlier: gathering.earlier,
    })
}

/// Which of these ids are settlements, and of which party.
async fn subjects(tx: &mut Tx, ids: &BTreeSet<Id>) -> Result<BTreeMap<Id, Id>> {
    let ids: Vec<Id> = ids.iter().copied().collect();
    let rows = tx.fetch_in("SELECT id, party FROM subject WHERE id {keys}", &keys(&ids), Vec::new()).await?;
    rows.iter().map(|row| Ok((row.id(0)?, row.id(1)?))).collect()
}
