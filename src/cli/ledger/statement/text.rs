//! A statement for a terminal or an e-mail.

use std::fmt::Write as _;

use super::Paper;
use super::cells::{COLUMNS, Cell, ITEM_COLUMNS, WORDS, due_summary, head, item_row, row, section_words, summary};
use crate::cli::output::Table;
use crate::domain::Currency;
use crate::ledger::statement::StatementLine;

pub fn of(papers: &[Paper]) -> String {
    papers.iter().map(one).collect::<Vec<_>>().join("\n\n")
}

fn one(paper: &Paper) -> String {
    let statement = &paper.statement;
    let currency = statement.currency;
    let mut text = String::from("对账单 · Statement of account\n\n");
    let mut table = Table::bare();
    head(paper).into_iter().for_each(|(name, value)| table.row(vec![name.to_owned(), value]));
    text.push_str(&table.render(2));
    for (section, lines) in statement.sections().into_iter().filter(|(_, lines)| !lines.is_empty()) {
        let _ = write!(text, "\n{}\n{}", section_words(section), lines_table(lines, currency));
    }
    let mut table = Table::bare();
    summary(statement).into_iter().for_each(|(name, amount)| table.row(vec![name, amount.grouped(currency)]));
    text.push('\n');
    text.push_str(&table.render(1));
    let _ = writeln!(text, "\n截至 {} 未清 · open on that day", statement.as_of);
    let mut table = Table::bare();
    due_summary(statement)
        .into_iter()
        .for_each(|(name, amount)| table.row(vec![name.to_owned(), amount.grouped(currency)]));
    text.push_str(&table.render(1));
    if !statement.items.is_empty() {
        let mut table = Table::new(&ITEM_COLUMNS);
        for item in &statement.items {
            table.row(shown(&item_row(item, statement.as_of), currency));
        }
        let _ = write!(text, "\n{}", table.render(3));
    }
    text
}

/// Columns of which no line says anything are left out.
fn lines_table(lines: &[StatementLine], currency: Currency) -> String {
    let rows: Vec<_> = lines.iter().map(row).collect();
    let used: Vec<usize> =
        (0..COLUMNS.len()).filter(|&column| rows.iter().any(|row| row[column] != Cell::Empty)).collect();
    let pick = |row: Vec<String>| used.iter().map(|&column| row[column].clone()).collect::<Vec<_>>();
    let header = pick(COLUMNS.iter().map(|name| (*name).to_owned()).collect());
    let mut table = Table::new(&header.iter().map(String::as_str).collect::<Vec<_>>());
    rows.iter().for_each(|row| table.row(pick(shown(row, currency))));
    table.render(used.iter().filter(|column| **column < WORDS).count())
}

fn shown(row: &[Cell], currency: Currency) -> Vec<String> {
    row.iter().map(|cell| cell.shown(currency, true)).collect()
}
