//! A statement as one flat table, for a spreadsheet or a customer's own program.

use super::Paper;
use super::cells::{COLUMNS, Cell, item_row, row, section_name};
use crate::cli::csv;
use crate::domain::Currency;

/// What stands before the columns of every row.
const WHOSE: [&str; 5] = ["账簿 book", "客户编码 code", "客户 customer", "币种 currency", "部分 section"];
const DUE: &str = "到期 due";

pub fn of(papers: &[Paper]) -> std::io::Result<Vec<u8>> {
    let mut out = csv::BYTE_ORDER_MARK.as_bytes().to_vec();
    let columns: Vec<String> = WHOSE.iter().chain(&COLUMNS).chain([&DUE]).map(|name| (*name).to_owned()).collect();
    csv::row(&mut out, &columns)?;
    for paper in papers {
        let statement = &paper.statement;
        let balance = |on, amount| {
            let mut row = [const { Cell::Empty }; COLUMNS.len()];
            row[0] = Cell::Day(on);
            row[COLUMNS.len() - 1] = Cell::Money(amount);
            row
        };
        let mut add = |section: &str, row: &[Cell], due: String| {
            let whose = [&*paper.book, &*paper.code, &*paper.to].map(csv::guarded);
            let cells = row.iter().map(|cell| plain(cell, statement.currency));
            let section = [statement.currency.to_string(), section.to_owned()];
            let cells: Vec<String> = whose.into_iter().chain(section).chain(cells).chain([due]).collect();
            csv::row(&mut out, &cells)
        };
        add("opening", &balance(statement.from, statement.opening), String::new())?;
        for (section, lines) in statement.sections() {
            lines.iter().try_for_each(|line| add(section_name(section), &row(line), String::new()))?;
        }
        add("closing", &balance(statement.to, statement.closing), String::new())?;
        for item in &statement.items {
            let [number, issued_on, Cell::Label(due), _, open] = item_row(item, statement.as_of) else { continue };
            let mut row = [const { Cell::Empty }; COLUMNS.len()];
            (row[0], row[2], row[COLUMNS.len() - 1]) = (issued_on, number, open);
            add("open", &row, due)?;
        }
    }
    Ok(out)
}

fn plain(cell: &Cell, currency: Currency) -> String {
    match cell {
        Cell::Source(text) => csv::guarded(text),
        other => other.shown(currency, false),
    }
}
