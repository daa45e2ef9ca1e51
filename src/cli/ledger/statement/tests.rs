//! What a customer receives, in each format.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Paper, csv, text, xlsx};
use crate::domain::{Amount, Currency, Id};
use crate::ledger::statement::{Event, Statement, StatementLine, Totals};
use crate::ledger::{AccountKind, Aging, Due, OpenItem, OpenItemKind};

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn line(on: &str, event: Option<Event>, number: &str, gross: Amount) -> StatementLine {
    StatementLine {
        on: date(on),
        event,
        document: None,
        number: number.into(),
        order_no: None,
        customer_order_no: None,
        part_no: None,
        brand: None,
        quantity: None,
        unit_price: None,
        gross,
        about: None,
    }
}

/// 深圳 to a customer whose name and part number would be formulas, over amounts with as many digits as fit a cell.
fn paper() -> Paper {
    let large = Amount(9_123_456_789_990_000);
    let goods = StatementLine {
        order_no: Some("SO1".into()),
        customer_order_no: Some("@PO-1".into()),
        part_no: Some("=1+1".into()),
        brand: Some("意法半导体".into()),
        quantity: Some(Decimal::new(12_000, 0)),
        unit_price: Some(Decimal::new(10_123_456, 7)),
        ..line("2026-01-11", Some(Event::Shipped), "XS1", large)
    };
    let paid = line("2026-01-26", Some(Event::Paid), "SKD1", Amount(-100_010_000));
    let item = OpenItem {
        id: Id([1; 16]),
        document: Id([1; 16]),
        number: "AR1".into(),
        kind: OpenItemKind::Invoice,
        issued_on: date("2026-01-12"),
        due: Due::On(date("2026-01-29")),
        gross: large,
        open: Amount(30_000_000),
        orders: Vec::new(),
        salesperson: None,
        disputed: false,
    };
    let waits = OpenItem {
        number: "XS1".into(),
        due: Due::Expected { on: date("2026-03-02"), missing: "reconciled" },
        ..item.clone()
    };
    let items = vec![item, waits];
    let as_of = date("2026-02-01");
    let statement = Statement {
        currency: Currency::CNY,
        from: date("2026-01-01"),
        to: date("2026-01-31"),
        opening: Amount(200_000_000),
        totals: Totals { shipped: large, paid: Amount(100_010_000), invoiced: large, ..Totals::default() },
        closing: Amount(9_123_556_779_990_000),
        goods: vec![goods],
        deductions: Vec::new(),
        money: vec![paid],
        invoices: vec![line("2026-01-12", None, "AR1", large)],
        accounts: vec![(AccountKind::Billed, large), (AccountKind::Unapplied, Amount(99_990_000))],
        aging: Aging::of(&items, as_of).unwrap(),
        items,
        as_of,
    };
    let (book, code) = ("sz".into(), "C1".into());
    Paper { book, from: "深圳远航电子有限公司".into(), code, to: "-东莞,客户".into(), statement }
}

#[test]
fn the_text_is_aligned_and_leaves_out_columns_that_say_nothing() {
    insta::assert_snapshot!(text::of(&[paper()]));
}

#[test]
fn the_csv_opens_in_a_spreadsheet_without_running_anything() {
    insta::assert_snapshot!(
        String::from_utf8(csv::of(&[paper()]).unwrap()).unwrap().replace('\u{feff}', "<BOM>").replace("\r\n", "\n")
    );
}

#[test]
fn the_workbook_reads_back_with_numbers_as_numbers_and_texts_as_texts() {
    let dollars = |paper: Paper| Paper {
        statement: Statement { currency: Currency::parse("JPY").unwrap(), ..paper.statement },
        ..paper
    };
    let bytes = xlsx::of(&[paper(), dollars(paper())]).unwrap();
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    assert_eq!(book.sheet_names(), ["CNY", "JPY"]);
    assert!(book.worksheet_formula("CNY").unwrap().used_cells().next().is_none(), "no cell is a formula");
    let sheet = book.worksheet_range("CNY").unwrap();
    let shown: Vec<String> = sheet
        .rows()
        .map(|row| {
            let cells = row.iter().map(|cell| match cell {
                Data::DateTime(day) => {
                    let (year, month, day, ..) = day.to_ymd_hms_milli();
                    format!("{year}-{month:02}-{day:02}")
                }
                Data::Float(number) => format!("#{number}"),
                other => other.to_string(),
            });
            cells.collect::<Vec<_>>().join("|").trim_end_matches('|').to_owned()
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}
