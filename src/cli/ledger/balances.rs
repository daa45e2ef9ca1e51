//! `ledger balances`: what every account has, by the journal alone.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value as Json, json};

use super::in_book;
use crate::app::AppError;
use crate::cli::args::PastArgs;
use crate::cli::output::{self, Table};
use crate::domain::{FactKind, Id};
use crate::ledger::AccountKind;
use crate::store::{AccountBalance, Name, PointInTime, Store};

/// Which accounts; all without a wish.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub book: Option<&'a str>,
    pub party: Option<&'a str>,
    pub account: Option<&'a str>,
    /// By the day of posting instead of the day on which things count.
    pub posted: bool,
}

pub async fn run(store: &Store, wanted: Wanted<'_>, at: PastArgs, as_json: bool) -> Result<(), AppError> {
    let kind = wanted.account.map(account_kind).transpose()?;
    let mut reader = store.journal_reader().await?;
    let mut balances = match at {
        PastArgs { as_of: None, known_at: None } => reader.balances().await?,
        PastArgs { as_of, known_at } => {
            reader.balances_at(PointInTime { as_of, known_at, posted: wanted.posted }).await?
        }
    };
    balances.retain(|balance| !balance.amount.is_zero() && wanted.book.is_none_or(|book| *balance.book == *book));
    let named: BTreeSet<Id> =
        balances.iter().flat_map(|balance| [balance.account.party, balance.account.order]).flatten().collect();
    let names = reader.names(&named).await?;
    if let Some(code) = wanted.party {
        balances.retain(|balance| number(&names, balance.account.party) == Some(code));
        if balances.is_empty() && store.document(wanted.book, Some(FactKind::Party), code).await?.is_empty() {
            return Err(AppError::Refused(format!("没有客户 `{code}` · no such customer{}", in_book(wanted.book))));
        }
    }
    balances.retain(|balance| kind.is_none_or(|kind| balance.account.kind == kind));
    if as_json {
        let rows: Vec<Json> = balances.iter().map(|balance| balance_json(balance, &names)).collect();
        return output::json(&json!({
            "as_of": at.as_of.map(|day| day.to_string()), "known_at": at.known_at.map(|at| at.to_string()), "balances": rows,
        }));
    }
    let mut table = Table::new(&["账簿 book", "科目 account", "客户 customer", "订单 order", "借方余额 debit balance"]);
    for balance in &balances {
        let name = |id| number(&names, id).unwrap_or("").to_owned();
        table.row(vec![
            format!("{} {}", balance.book, balance.currency),
            balance.account.kind.name().to_owned(),
            name(balance.account.party),
            name(balance.account.order),
            balance.amount.grouped(balance.currency),
        ]);
    }
    output::print(&table.render(4))
}

fn account_kind(name: &str) -> Result<AccountKind, AppError> {
    AccountKind::parse(name).ok_or_else(|| {
        let known: Vec<&str> = AccountKind::ALL.iter().map(|kind| kind.name()).collect();
        AppError::Usage(format!("没有科目 `{name}` · no such account; one of {}", known.join(", ")))
    })
}

fn number(names: &HashMap<Id, Name>, id: Option<Id>) -> Option<&str> {
    names.get(&id?).map(|name| &*name.number)
}

fn balance_json(balance: &AccountBalance, names: &HashMap<Id, Name>) -> Json {
    json!({
        "book": balance.book, "currency": balance.currency.as_str(), "account": balance.account.kind.name(),
        "customer": number(names, balance.account.party), "order": number(names, balance.account.order),
        "amount": balance.amount.plain(balance.currency),
    })
}
