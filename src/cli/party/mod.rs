//! `bihuan party`: which party keys are one customer, why, and what people decide about it. One file a subcommand.
//!
//! It must not link or weigh anything: rules are the ledger's, what may be decided is `sync::decide`'s.

mod decide;
mod propose;
mod why;
mod wording;

#[cfg(test)]
mod tests;

use serde_json::{Value as Json, json};

use super::args::{Global, PartyCommand};
use super::ledger::books;
use super::open;
use crate::app::AppError;
use crate::ledger::Document;
use crate::sync::decide::Wish;
use crate::sync::decide::identity::label;

pub async fn run(global: &Global, command: PartyCommand) -> Result<(), AppError> {
    let (config, clock, store) = open(global).await?;
    books::check(&config, &store, asked(&command)).await?;
    match command {
        PartyCommand::Why { party, book } => why::run(&store, book.as_deref(), &party, global.json).await,
        PartyCommand::Propose { party, book, limit } => {
            propose::run(&store, book.as_deref(), party.as_deref(), limit as usize, global.json).await
        }
        PartyCommand::Link { a, b, person } => {
            decide::run(&store, clock.now(), Wish::Link { a, b }, &person, global.json).await
        }
        PartyCommand::Split { a, b, person } => {
            decide::run(&store, clock.now(), Wish::Split { a, b }, &person, global.json).await
        }
    }
}

/// What `--book` says.
fn asked(command: &PartyCommand) -> Option<&str> {
    let book = match command {
        PartyCommand::Why { book, .. } | PartyCommand::Propose { book, .. } => book,
        PartyCommand::Link { person, .. } | PartyCommand::Split { person, .. } => &person.book,
    };
    book.as_deref()
}

/// A party key on one line.
fn named(party: &Document) -> String {
    format!("{} {}", label(party), party.fields.text("name").unwrap_or("（无名称 no name）"))
}

fn key_json(party: &Document) -> Json {
    json!({
        "key": label(party), "book": party.book, "numbering": party.numbering, "code": party.number,
        "name": party.fields.text("name"), "tax_number": party.fields.text("tax_number"),
    })
}
