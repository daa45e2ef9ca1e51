//! `bihuan ledger`: what the ledger says, why it says so, and what people decide about it. One file a subcommand.

mod aging;
mod decide;
mod decisions;
mod evidence;
mod export;
mod order;
mod party;
mod rebuild;
mod verify;
mod why;

#[cfg(test)]
mod tests;

use serde_json::{Value as Json, json};

use super::args::{Global, LedgerCommand};
use super::open;
use crate::app::{AppError, today};
use crate::domain::{Currency, fact};
use crate::ledger::{Document, Due, OpenItem};
use crate::store::AllocationView;

pub async fn run(global: &Global, command: LedgerCommand) -> Result<(), AppError> {
    let (config, clock, store) = open(global).await?;
    match command {
        LedgerCommand::Party { code, book } => party::run(&store, book.as_deref(), &code, global.json).await,
        LedgerCommand::Order { number, book } => {
            let day = |book: &str| today(clock.as_ref(), &config, book);
            order::run(&store, book.as_deref(), &number, &day, global.json).await
        }
        LedgerCommand::Why { number, book, kind } => {
            why::run(&store, book.as_deref(), kind.as_deref(), &number, global.json).await
        }
        LedgerCommand::Evidence { book, kind, limit } => {
            evidence::run(&store, book.as_deref(), kind.as_deref(), limit as usize, global.json).await
        }
        LedgerCommand::Aging { book, as_of } => {
            let day = |book: &str| as_of.unwrap_or_else(|| today(clock.as_ref(), &config, book));
            aging::run(&store.aging(book.as_deref(), &day).await?, global.json)
        }
        LedgerCommand::Decisions { book, limit } => {
            decisions::run(&store, book.as_deref(), limit as usize, global.json).await
        }
        LedgerCommand::Export(args) => export::run(&store, &args).await,
        LedgerCommand::Rebuild { check: _ } => rebuild::run(&config, &store, global.json).await,
        LedgerCommand::Verify { anchor } => verify::run(&store, anchor.as_deref(), global.json).await,
        deciding => decide::run(&store, clock.now(), deciding, global.json).await,
    }
}

fn in_book(book: Option<&str>) -> String {
    book.map(|book| format!("（账簿 · book {book}）")).unwrap_or_default()
}

fn item_json(item: &OpenItem, currency: Currency) -> Json {
    let (due_on, waits_for) = match item.due {
        Due::On(day) => (day, None),
        Due::Expected { on, missing } => (on, Some(missing)),
    };
    json!({
        "number": item.number, "issued_on": item.issued_on.to_string(), "due_on": due_on.to_string(), "waits_for": waits_for,
        "gross": item.gross.plain(currency), "open": item.open.plain(currency), "disputed": item.disputed,
    })
}

fn allocation_json(allocation: &AllocationView, currency: Currency) -> Json {
    json!({
        "from": allocation.from_number, "to": allocation.item_number, "amount": allocation.amount.plain(currency),
        "on": allocation.effective_on.to_string(), "rung": allocation.rung, "because": allocation.explanation,
    })
}

/// Every field of a document as text.
fn fields_json(document: &Document) -> Json {
    Json::Object(document.fields.iter().map(|(name, value)| (name.to_owned(), fact::shown(value))).collect())
}

fn document_json(document: &Document) -> Json {
    let gross = document.gross().map(|gross| gross.plain(document.currency().unwrap_or(Currency::CNY)));
    json!({
        "kind": document.kind.name(), "number": document.number, "status": document.status(),
        "on": document.effective_on().map(|day| day.to_string()), "gross": gross, "fields": fields_json(document),
    })
}
