//! Why a balance is what it is: the transfers that make it, each with what caused it. They add up, always: what is not
//! listed is summed.

use jiff::civil::Date;
use serde_json::{Value as Json, json};

use super::document::near;
use super::entry::{row_json, row_name};
use crate::app::AppError;
use crate::cli::ledger::in_book;
use crate::cli::output;
use crate::cli::tree::Tree;
use crate::diagnostic::did_you_mean;
use crate::domain::{Amount, Currency, FactKind, Id};
use crate::ledger::{AccountKind, event};
use crate::store::{BalanceQuery, BalanceView, CauseName, Name, Store};

/// A balance as people name it: `ACCOUNT[/PARTY[/ORDER]][/CURRENCY]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub account: String,
    pub party: Option<String>,
    pub order: Option<String>,
    pub currency: Option<Currency>,
}

impl Address {
    /// `None` when it does not begin with an account: then it is the number of a document.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let account = parts.next().filter(|name| AccountKind::parse(name).is_some())?.to_owned();
        let mut owners: Vec<&str> = parts.collect();
        let currency = owners.last().and_then(|last| Currency::parse(last).ok());
        owners.truncate(owners.len() - usize::from(currency.is_some()));
        let mut owners = owners.into_iter().map(str::to_owned);
        let (party, order) = (owners.next(), owners.next());
        owners.next().is_none().then_some(Self { account, party, order, currency })
    }
}

/// How much of it is told.
#[derive(Debug, Clone, Copy)]
pub struct Extent<'a> {
    pub book: Option<&'a str>,
    pub as_of: Option<Date>,
    pub limit: usize,
}

pub async fn run(store: &Store, address: &Address, extent: Extent<'_>, as_json: bool) -> Result<(), AppError> {
    let views = find(store, address, extent).await?;
    if as_json {
        let balances: Vec<Json> = views.iter().map(|view| balance_json(view, extent.as_of)).collect();
        return output::json(&json!({ "balances": balances }));
    }
    views.iter().try_for_each(|view| output::print(&tree(view, extent.as_of).render()))
}

pub async fn find(store: &Store, address: &Address, extent: Extent<'_>) -> Result<Vec<BalanceView>, AppError> {
    let account = AccountKind::parse(&address.account).ok_or_else(|| no_account(&address.account))?;
    let parties = match &address.party {
        Some(code) => Some(known(store, extent.book, FactKind::Party, code).await?),
        None => None,
    };
    let orders = match &address.order {
        Some(number) => Some(known(store, extent.book, FactKind::Order, number).await?),
        None => None,
    };
    let query = BalanceQuery {
        account,
        book: extent.book.map(Into::into),
        currency: address.currency,
        parties,
        orders,
        as_of: extent.as_of,
        limit: extent.limit,
    };
    let views = store.balance_views(&query).await?;
    let named = shown_address(address);
    if views.is_empty() {
        return Err(AppError::Refused(format!(
            "没有余额 `{named}` · no such balance{}: nothing was ever posted to it",
            in_book(extent.book)
        )));
    }
    match extent.as_of {
        Some(day) if views.iter().all(|view| view.transfers.is_empty()) => {
            Err(AppError::Refused(format!("`{named}` 在 {day} 之前没有分录 · nothing was posted to it up to that day")))
        }
        _ => Ok(views),
    }
}

fn shown_address(address: &Address) -> String {
    let currency = address.currency.map(|currency| currency.to_string());
    let parts = [Some(address.account.clone()), address.party.clone(), address.order.clone(), currency];
    parts.into_iter().flatten().collect::<Vec<_>>().join("/")
}

fn no_account(name: &str) -> AppError {
    let names = || AccountKind::ALL.iter().map(|kind| kind.name());
    let help =
        did_you_mean(name, names()).unwrap_or_else(|| format!("one of {}", names().collect::<Vec<_>>().join(", ")));
    AppError::Refused(format!("没有科目 `{name}` · no such account; {help}"))
}

/// Ids of the customers or orders of this number.
async fn known(store: &Store, book: Option<&str>, kind: FactKind, number: &str) -> Result<Vec<Id>, AppError> {
    let found = store.ids_of_number(book, kind, number).await?;
    if !found.is_empty() {
        return Ok(found);
    }
    let what = if kind == FactKind::Party { "客户 `{}` · no such customer" } else { "订单 `{}` · no such order" };
    let what = what.replace("{}", number);
    let near = near(&store.near_documents(book, Some(kind), number).await?);
    Err(AppError::Refused(format!("没有{what}{}{near}", in_book(book))))
}

fn name(of: &Name) -> &str {
    &of.number
}

pub fn tree(view: &BalanceView, as_of: Option<Date>) -> Tree {
    let owner: String =
        [&view.party, &view.order].into_iter().flatten().map(|owner| format!(" {}", name(owner))).collect();
    let day = as_of.map(|day| format!(" 截至 as of {day}")).unwrap_or_default();
    let (currency, account) = (view.currency, view.account.kind.name());
    let side = if view.amount.is_negative() { "贷 credit" } else { "借 debit" };
    let head = format!("{} {account}{owner} {} {currency} {side}{day}", view.book, view.amount.grouped(currency));
    let (count, sum) = view.earlier;
    let earlier = (count > 0).then(|| Tree::leaf(format!("此前 {count} 笔 · earlier ones: {}", signed(sum, currency))));
    let listed = view.transfers.iter().map(|(line, change, cause)| {
        let posting = &line.posting;
        let other = if posting.debit == view.account { posting.credit } else { posting.debit };
        let back = if line.reversal { "冲回 takes back: " } else { "" };
        Tree::leaf(format!(
            "{} {} {} ⇄ {} · {back}{} · {}",
            posting.effective_on,
            row_name(line),
            signed(*change, currency),
            other.kind.name(),
            event(posting, line.reversal),
            caused_by(cause)
        ))
    });
    Tree::new(head, earlier.into_iter().chain(listed))
}

fn signed(amount: Amount, currency: Currency) -> String {
    format!("{}{}", if amount.is_negative() { "" } else { "+" }, amount.grouped(currency))
}

fn caused_by(cause: &CauseName) -> String {
    match cause {
        CauseName::Document(of) => format!("{} {}", of.kind, of.number),
        CauseName::Settlement { party } => {
            format!("核销 settlement {}", party.as_ref().map(name).unwrap_or_default()).trim_end().to_owned()
        }
        CauseName::Unknown => "起因不明 cause unknown".to_owned(),
    }
}

pub fn balance_json(view: &BalanceView, as_of: Option<Date>) -> Json {
    let currency = view.currency;
    let transfers = view.transfers.iter().map(|(line, change, cause)| {
        let mut object = row_json(line);
        object["change"] = change.plain(currency).into();
        object["cause"] = match cause {
            CauseName::Document(of) => json!({ "kind": of.kind.name(), "number": of.number }),
            CauseName::Settlement { party } => json!({ "kind": "settlement", "number": party.as_ref().map(name) }),
            CauseName::Unknown => Json::Null,
        };
        object
    });
    json!({
        "book": view.book, "account": view.account.kind.name(), "party": view.party.as_ref().map(name),
        "order": view.order.as_ref().map(name), "currency": currency.as_str(),
        "as_of": as_of.map(|day| day.to_string()), "amount": view.amount.plain(currency),
        "earlier": { "count": view.earlier.0, "amount": view.earlier.1.plain(currency) },
        "transfers": transfers.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_account_customer_order_and_currency() {
        let parts =
            |text: &str| Address::parse(text).map(|found| (found.account, found.party, found.order, found.currency));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            parts("receivable:billed/C1/CNY"),
            Some(("receivable:billed".to_owned(), some("C1"), None, Some(Currency::CNY)))
        );
        assert_eq!(parts("cash:deposit/C1/SO1"), Some(("cash:deposit".to_owned(), some("C1"), some("SO1"), None)));
        assert_eq!(parts("bank"), Some(("bank".to_owned(), None, None, None)));
        assert_eq!(parts("SO/2601/1"), None);
        assert_eq!(parts("bank/a/b/c"), None);
    }
}
