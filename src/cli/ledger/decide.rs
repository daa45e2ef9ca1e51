//! `ledger allocate|unallocate|confirm|reject|identify|classify|pair|unpair|revoke`: what a person decides about money.
//!
//! It must not check anything itself: the same wish may come from a page or a button (`sync::decide`).

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::allocation_json;
use crate::app::AppError;
use crate::cli::LedgerCommand;
use crate::cli::args::Person;
use crate::cli::output::{self, Table};
use crate::domain::Currency;
use crate::store::{AllocationView, Store};
use crate::sync::SyncError;
use crate::sync::decide::{self, DecideError, Wish};

/// Dirty customers settled in one transaction.
const SETTLE_BATCH: usize = 500;

pub async fn run(store: &Store, now: Timestamp, command: LedgerCommand, as_json: bool) -> Result<(), AppError> {
    let (wish, person) = wish(command)?;
    state(store, now, wish, person, as_json).await
}

/// States a wish, settles, and shows what the money that it is about pays now.
pub async fn state(store: &Store, now: Timestamp, wish: Wish, person: Person, as_json: bool) -> Result<(), AppError> {
    let who = decide::Person { name: &person.by, book: person.book.as_deref(), note: person.note.as_deref(), now };
    let stated = decide::decide(store, &who, &wish).await.map_err(refusal)?;
    while store.settle_dirty(SETTLE_BATCH).await? > 0 {}
    let mut money = stated.money.clone();
    money.sort_unstable();
    money.dedup();
    let mut paying = Vec::new();
    for id in money {
        let receipt = store.receipt_of(id).await?;
        for document in store.documents_by_id(&[receipt]).await? {
            let currency = document.currency().unwrap_or(Currency::CNY);
            paying.push((document.number, currency, store.allocations_of(receipt).await?));
        }
    }
    if as_json {
        let rows = |(number, currency, rows): &(Box<str>, Currency, Vec<AllocationView>)| -> Json {
            let rows: Vec<Json> = rows.iter().map(|row| allocation_json(row, *currency)).collect();
            json!({ "payment": number, "currency": currency.as_str(), "pays": rows })
        };
        let pays: Vec<Json> = paying.iter().map(rows).collect();
        return output::json(&json!({ "book": stated.book, "decisions": stated.decisions, "money": pays }));
    }
    let numbers = stated.decisions.join(" ");
    let mut text = format!("已记录 · recorded\n撤销 · take back: bihuan ledger revoke {numbers}\n");
    for (number, currency, rows) in &paying {
        text.push_str(&paying_text(number, *currency, rows));
    }
    output::print(&text)
}

fn paying_text(number: &str, currency: Currency, rows: &[AllocationView]) -> String {
    if rows.is_empty() {
        return format!("\n{number} 现在未核销任何单据 · pays nothing now\n");
    }
    let mut table = Table::new(&["核销 pays", "金额 amount", "依据 because"]);
    for row in rows {
        // Across currencies the amount is the claim's, and the reason names both.
        let unit = if &*row.rung == "agreed_rate" { String::new() } else { format!(" {currency}") };
        let amount = format!("{}{unit}", row.amount.grouped(currency));
        table.row(vec![row.item_number.to_string(), amount, row.explanation.to_string()]);
    }
    format!("\n{number}\n{}", table.render(1))
}

/// What a person is told of a wish that was not stated.
pub fn refusal(error: DecideError) -> AppError {
    match error {
        DecideError::Refused(text) => AppError::Refused(text),
        DecideError::Store(error) | DecideError::Sync(SyncError::Store(error)) => AppError::Store(error),
        DecideError::Sync(error) => AppError::Refused(error.to_string()),
    }
}

fn wish(command: LedgerCommand) -> Result<(Wish, Person), AppError> {
    Ok(match command {
        LedgerCommand::Allocate { payment, target, amount: Some(amount), settles: Some(settles), person } => {
            (Wish::Rate { money: payment, target, amount, settles }, person)
        }
        LedgerCommand::Allocate { payment, target, amount, person, .. } => {
            (Wish::Allocate { money: payment, target, amount }, person)
        }
        LedgerCommand::Unallocate { payment, target, person } => (Wish::Unallocate { money: payment, target }, person),
        LedgerCommand::Confirm { payment, target, person } => (Wish::Confirm { money: payment, target }, person),
        LedgerCommand::Reject { payment, target, person } => (Wish::Reject { money: payment, target }, person),
        LedgerCommand::Identify { payment, customer, amount, remember, person } => {
            (Wish::Identify { money: payment, customer, amount, remember }, person)
        }
        LedgerCommand::Classify { line, class, person } => (Wish::Classify { line, class }, person),
        LedgerCommand::Pair { line, receipt, person } => (Wish::Pair { line, receipt }, person),
        LedgerCommand::Unpair { line, receipt, person } => (Wish::Unpair { line, receipt }, person),
        LedgerCommand::Revoke { decisions, person } => (Wish::Revoke { decisions }, person),
        other => return Err(AppError::Usage(format!("{other:?} 不是决定 · decides nothing"))),
    })
}
