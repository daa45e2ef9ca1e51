//! `bihuan ledger`: what the ledger says, why it says so, and what people decide about it. One file a subcommand.

mod aging;
mod balances;
pub mod books;
mod credit;
mod decide;
mod decisions;
mod evidence;
mod export;
mod order;
mod party;
mod past;
mod proposals;
mod rebuild;
mod reconcile;
mod statement;
mod verify;
mod why;

#[cfg(test)]
mod tests;

use jiff::civil::Date;
use serde_json::{Value as Json, json};

pub use self::decide::refusal;

use self::balances::Wanted;
use self::past::Past;
use super::args::{Global, LedgerCommand, Person};
use super::open;
use super::tree::Tree;
use crate::app::{AppError, today};
use crate::config::Config;
use crate::domain::{Clock, Currency, fact};
use crate::ledger::{Document, Due, OpenItem};
use crate::store::{AllocationView, ProposalFilter};
use crate::sync::decide::Wish;

pub async fn run(global: &Global, command: LedgerCommand) -> Result<(), AppError> {
    let (config, clock, store) = open(global).await?;
    books::check(&config, &store, books::asked(&command)).await?;
    match command {
        LedgerCommand::Party { code, book, at } => {
            let past = Past::of(config, clock, store, at).await?;
            party::run(&past, book.as_deref(), &code, global.json).await
        }
        LedgerCommand::Order { number, book } => {
            let day = |book: &str| today(clock.as_ref(), &config, book);
            order::run(&store, book.as_deref(), &number, &day, global.json).await
        }
        LedgerCommand::Why(args) => why::run(&store, &args, global.json).await,
        LedgerCommand::Evidence { book, kind, limit } => {
            evidence::run(&store, book.as_deref(), kind.as_deref(), limit as usize, global.json).await
        }
        LedgerCommand::Aging { book, at } => {
            let past = Past::of(config, clock, store, at).await?;
            aging::run(&past.aging(book.as_deref()).await?, global.json)
        }
        LedgerCommand::Credit(args) => {
            let currency = |book: &str| config.currency(book);
            credit::run(&store, &args, &currency, global.json).await
        }
        LedgerCommand::Balances { book, party, account, posted, at } => {
            let (book, party, account) = (book.as_deref(), party.as_deref(), account.as_deref());
            let wanted = Wanted { book, party, account, posted };
            balances::run(&store, wanted, at, global.json).await
        }
        LedgerCommand::Statement(args) => {
            let company = |book: &str| {
                let name = config.book(book).map_or_else(|| book.into(), |book| book.name.clone());
                (name, today(clock.as_ref(), &config, book))
            };
            statement::run(&store, clock.now(), &args, &company, global.json).await
        }
        LedgerCommand::Decisions { book, limit } => {
            decisions::run(&store, book.as_deref(), limit as usize, global.json).await
        }
        LedgerCommand::Proposals { book, party, limit } => {
            let filter = ProposalFilter { book: book.as_deref(), customer: party.as_deref(), payment: None };
            proposals::run(&store, filter, limit as usize, global.json).await
        }
        LedgerCommand::Export(args) => export::run(&store, &args).await,
        LedgerCommand::Rebuild { check: _ } => rebuild::run(&config, &store, global.json).await,
        LedgerCommand::Reconcile(args) => reconcile::run(&store, &args, global.json).await,
        LedgerCommand::Verify { anchor } => verify::run(&store, anchor.as_deref(), global.json).await,
        LedgerCommand::Close { until, person } => {
            let wish = closing(&config, clock.as_ref(), until, &person)?;
            decide::state(&store, clock.now(), wish, person, global.json).await
        }
        deciding => decide::run(&store, clock.now(), deciding, global.json).await,
    }
}

/// A period that is not over is not closed: what happens in it would be shown where nobody looks for it.
fn closing(config: &Config, clock: &dyn Clock, until: Date, person: &Person) -> Result<Wish, AppError> {
    let book = person.book.as_deref().unwrap_or_default();
    if config.book(book).is_none() {
        return Err(AppError::Refused(format!("没有账簿 `{book}` · no such book; name it with --book")));
    }
    let today = today(clock, config, book);
    if until >= today {
        return Err(AppError::Refused(format!(
            "{until} 还没有过去（今天 {today}），不能关账 · is not over (today is {today}), so it cannot be closed"
        )));
    }
    Ok(Wish::Close { until })
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

/// What a person decided, as a twig.
fn decision(decision: &Document) -> Tree {
    let at = decision.fields.instant("decided_at").map(|at| at.to_string()).unwrap_or_default();
    let text = |field: &str| decision.fields.text(field).unwrap_or_default();
    let note = decision.fields.text("note").map(|note| format!(" · {note}")).unwrap_or_default();
    Tree::leaf(format!("{at} {} {} {}{note}", text("decided_by"), text("action"), decision.number))
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
