//! Which book a command is about, and whether there is one.
//!
//! Why before anything else: of a book that does not exist every list is empty, and an empty list says that nobody owes
//! anything. A book is known when it is configured or when anything ever came in for it.

use std::collections::BTreeSet;

use crate::app::AppError;
use crate::cli::args::{LedgerCommand, StatementArgs, StatementCommand};
use crate::config::Config;
use crate::store::Store;

/// Refuses a command about a book that nobody knows.
pub async fn check(config: &Config, store: &Store, asked: Option<&str>) -> Result<(), AppError> {
    let Some(book) = asked else { return Ok(()) };
    if config.book(book).is_some() {
        return Ok(());
    }
    let mut known: BTreeSet<Box<str>> = store.known_books().await?;
    if known.contains(book) {
        return Ok(());
    }
    known.extend(config.books.iter().map(|book| book.key.clone()));
    let list: Vec<&str> = known.iter().map(|book| &**book).collect();
    let list = list.join(", ");
    Err(AppError::Refused(format!("没有账簿 `{book}` · no such book; 现有 · there are: {list}")))
}

/// What `--book` says, wherever the command keeps it.
pub fn asked(command: &LedgerCommand) -> Option<&str> {
    let book = match command {
        LedgerCommand::Party { book, .. }
        | LedgerCommand::Order { book, .. }
        | LedgerCommand::Evidence { book, .. }
        | LedgerCommand::Aging { book, .. }
        | LedgerCommand::Balances { book, .. }
        | LedgerCommand::Proposals { book, .. }
        | LedgerCommand::Decisions { book, .. } => book,
        LedgerCommand::Why(args) => &args.book,
        LedgerCommand::Reconcile(args) => &args.book,
        LedgerCommand::Credit(args) => &args.book,
        LedgerCommand::Export(args) => &args.book,
        LedgerCommand::Statement(args) => return of_statement(args),
        LedgerCommand::Allocate { person, .. }
        | LedgerCommand::Unallocate { person, .. }
        | LedgerCommand::Confirm { person, .. }
        | LedgerCommand::Reject { person, .. }
        | LedgerCommand::Identify { person, .. }
        | LedgerCommand::Classify { person, .. }
        | LedgerCommand::Pair { person, .. }
        | LedgerCommand::Unpair { person, .. }
        | LedgerCommand::Close { person, .. }
        | LedgerCommand::Revoke { person, .. } => &person.book,
        LedgerCommand::Rebuild { .. } | LedgerCommand::Verify { .. } => return None,
    };
    book.as_deref()
}

fn of_statement(args: &StatementArgs) -> Option<&str> {
    let book = match (&args.about, &args.period) {
        (Some(StatementCommand::List { book, .. }), _) => book,
        (Some(StatementCommand::Confirm(answer) | StatementCommand::Dispute(answer)), _) => &answer.person.book,
        (None, Some(period)) => &period.book,
        (None, None) => return None,
    };
    book.as_deref()
}
