//! `ledger statement`: what a customer can be sent (对账单), as text, CSV or a workbook.
//!
//! One statement a currency; all formats are the same rows of the same cells (`cells`). It must not know how a balance
//! is made up: that is `ledger::statement`.

mod answers;
mod cells;
mod csv;
mod json;
mod text;
mod xlsx;

#[cfg(test)]
mod tests;

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use crate::app::AppError;
use crate::cli::args::{StatementArgs, StatementCommand, StatementFormat, StatementPeriod};
use crate::cli::output;
use crate::domain::Currency;
use crate::ledger::Document;
use crate::ledger::statement::{Answer, Statement, StatementError, StatementInput};
use crate::store::{PartyAccount, Store};

use super::in_book;

/// Who sends what to whom.
#[derive(Debug)]
pub(super) struct Paper {
    pub book: Box<str>,
    /// Our own company.
    pub from: Box<str>,
    pub code: Box<str>,
    /// The customer.
    pub to: Box<str>,
    pub statement: Statement,
}

/// What the configuration knows about a book: its company's name and its day.
pub(super) type Company<'c> = &'c (dyn Fn(&str) -> (Box<str>, Date) + Sync);

pub async fn run(
    store: &Store,
    now: Timestamp,
    args: &StatementArgs,
    company: Company<'_>,
    as_json: bool,
) -> Result<(), AppError> {
    let day = |book: &str| company(book).1;
    match (&args.about, &args.period) {
        (Some(StatementCommand::List { book, party }), _) => {
            answers::show(&answers::list(store, book.as_deref(), party.as_deref()).await?, as_json)
        }
        (Some(StatementCommand::Confirm(args)), _) => {
            answers::show(&answers::answer(store, now, Answer::Confirmed, args, &day).await?, as_json)
        }
        (Some(StatementCommand::Dispute(args)), _) => {
            answers::show(&answers::answer(store, now, Answer::Disputed, args, &day).await?, as_json)
        }
        (None, Some(period)) => draw_up(store, now, period, args.by.as_deref(), company, as_json).await,
        (None, None) => Err(AppError::Usage("请用 --party、--from、--to · name --party, --from and --to".to_owned())),
    }
}

async fn draw_up(
    store: &Store,
    now: Timestamp,
    args: &StatementPeriod,
    by: Option<&str>,
    company: Company<'_>,
    as_json: bool,
) -> Result<(), AppError> {
    if args.from > args.to {
        let (from, to) = (args.from, args.to);
        return Err(AppError::Usage(format!("--from {from} 晚于 · is after --to {to}")));
    }
    if args.format == StatementFormat::Xlsx && args.output.is_none() && !as_json {
        return Err(AppError::Usage("xlsx 请用 --output 文件名 · a workbook needs --output FILE".to_owned()));
    }
    let party = customer(store, args.book.as_deref(), &args.party).await?;
    let account = store.party_account(&party, args.from, args.to).await?;
    let papers = papers(&account, args, company)?;
    let mut numbers = Vec::new();
    if args.sent {
        let by = by.ok_or_else(|| AppError::Usage("--sent 请用 --by 姓名 · say who sends it by --by".to_owned()))?;
        numbers = answers::send(store, now, &party, &papers, by).await?;
    }
    if as_json {
        let statements: Vec<_> = papers.iter().map(json::of).collect();
        return output::json(&json!({ "statements": statements, "sent": numbers }));
    }
    write(&papers, args.format, args.output.as_deref())?;
    if !numbers.is_empty() {
        output::note(&format!("已记为发出 · recorded as sent: {}", numbers.join(" ")));
    }
    Ok(())
}

/// The one customer that is meant.
async fn customer(store: &Store, book: Option<&str>, called: &str) -> Result<Document, AppError> {
    let mut found = store.parties_called(book, called).await?;
    match (found.pop(), found.as_slice()) {
        (Some(party), []) => Ok(party),
        (None, _) => {
            let where_ = in_book(book);
            Err(AppError::Refused(format!("没有客户 `{called}` · no customer has this code or full name{where_}")))
        }
        (Some(last), others) => {
            let all = others.iter().chain([&last]).map(|party| format!("{} {}", party.book, party.number));
            let all: Vec<String> = all.collect();
            let all = all.join(", ");
            Err(AppError::Refused(format!(
                "`{called}` 不唯一，请用 --book 与客户编码 · stands for several customers: {all}"
            )))
        }
    }
}

/// One a currency, of those in which anything was ever posted.
fn papers(account: &PartyAccount, args: &StatementPeriod, company: Company<'_>) -> Result<Vec<Paper>, AppError> {
    let party = &account.party;
    let mut currencies: Vec<Currency> = account.journal.iter().map(|(_, posting)| posting.currency).collect();
    currencies.sort_unstable();
    currencies.dedup();
    if currencies.is_empty() {
        let number = &party.number;
        return Err(AppError::Refused(format!("客户 `{number}` 没有往来 · nothing was ever posted for this customer")));
    }
    let (from, as_of) = company(&party.book);
    let paper = |currency| {
        let position = account.positions.iter().find(|position| position.subject.currency == currency);
        let statement = Statement::of(&StatementInput {
            party: party.id,
            currency,
            from: args.from,
            to: args.to,
            journal: &account.journal,
            documents: &account.documents,
            balances: &account.balances,
            items: position.map_or(&[], |position| &position.items),
            as_of,
        });
        let number = &party.number;
        let statement = statement.map_err(|error| match error {
            StatementError::Amount(error) => AppError::Refused(format!("客户 `{number}`: {error}")),
            StatementError::Different { .. } => AppError::Different(format!(
                "客户 `{number}` 账实不符，请运行 bihuan ledger verify · {currency}: {error}; run `bihuan ledger verify`"
            )),
        })?;
        let to = party.fields.text("name").unwrap_or(&party.number).into();
        Ok(Paper { book: party.book.clone(), from: from.clone(), code: party.number.clone(), to, statement })
    };
    currencies.into_iter().map(paper).collect()
}

fn write(papers: &[Paper], format: StatementFormat, path: Option<&Path>) -> Result<(), AppError> {
    let bytes = match format {
        StatementFormat::Text => text::of(papers).into_bytes(),
        StatementFormat::Csv => csv::of(papers).map_err(|error| AppError::Refused(format!("csv: {error}")))?,
        StatementFormat::Xlsx => xlsx::of(papers).map_err(|error| AppError::Refused(format!("xlsx: {error}")))?,
    };
    match path {
        Some(path) => {
            std::fs::write(path, bytes).map_err(|source| AppError::Folder { path: path.display().to_string(), source })
        }
        None => output::print(&String::from_utf8_lossy(&bytes)),
    }
}
