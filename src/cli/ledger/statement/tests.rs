//! What a customer receives, in each format.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Paper, csv, text, xlsx};
use crate::cli::output::width;
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
    let text = text::of(&[paper()]);
    let mut lines = text.lines().skip_while(|line| !line.starts_with("发货与退货"));
    let (header, goods) = (lines.nth(1).unwrap(), lines.next().unwrap());
    assert!(header.contains("客户订单 your order") && !header.contains("备注 note"), "{text}");
    assert!(goods.ends_with("9,123,456,789.99") && goods.contains("意法半导体"), "{text}");
    assert_eq!(width(header), width(goods), "{text}");
    for told in [
        "期初余额 opening balance 2026-01-01",
        "已逾期 overdue",
        "≈2026-03-02 待对账 reconciled",
        "深圳远航电子有限公司 (sz)",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
}

#[test]
fn the_csv_opens_in_a_spreadsheet_without_running_anything() {
    let text = String::from_utf8(csv::of(&[paper()]).unwrap()).unwrap();
    assert!(text.starts_with('\u{feff}'));
    let rows: Vec<&str> = text.split("\r\n").collect();
    for row in [
        "opening,2026-01-01,,,,,,,,,,200.00,",
        "goods,2026-01-11,发货 shipped,XS1,SO1,'@PO-1,'=1+1,意法半导体,,12000,1.0123456,9123456789.99,",
        "payments,2026-01-26,收款 paid,SKD1,,,,,,,,-100.01,",
        "open,2026-01-12,,AR1,,,,,,,,30.00,2026-01-29",
    ] {
        let row = format!("sz,C1,\"'-东莞,客户\",CNY,{row}");
        assert!(rows.contains(&&*row), "{row}: {rows:#?}");
    }
}

#[test]
fn the_workbook_reads_back_with_numbers_as_numbers_and_texts_as_texts() {
    let yen =
        Paper { statement: Statement { currency: Currency::parse("JPY").unwrap(), ..paper().statement }, ..paper() };
    let bytes = xlsx::of(&[paper(), yen]).unwrap();
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    assert_eq!(book.sheet_names(), ["CNY", "JPY"]);
    assert!(book.worksheet_formula("CNY").unwrap().used_cells().next().is_none(), "no cell is a formula");
    let sheet = book.worksheet_range("CNY").unwrap();
    let row = |of: &str| sheet.rows().find(|row| row.iter().any(|cell| *cell == *of)).unwrap();
    assert_eq!(row("客户 to")[1], Data::String("C1 -东莞,客户".to_owned()));
    let goods = row("XS1");
    let Data::DateTime(on) = &goods[0] else { panic!("{goods:?}") };
    assert_eq!(on.to_ymd_hms_milli(), (2026, 1, 11, 0, 0, 0, 0));
    assert_eq!((&goods[4], &goods[5]), (&Data::String("@PO-1".to_owned()), &Data::String("=1+1".to_owned())));
    let is_number = |cell: &Data, shown: &str| matches!(cell, Data::Float(number) if format!("{number}") == shown);
    assert!(is_number(&goods[8], "12000") && is_number(&goods[9], "1.0123456"), "{goods:?}");
    assert!(is_number(&goods[10], "9123456789.99"), "{goods:?}");
    assert!(is_number(&row("SKD1")[10], "-100.01"));
    let closing = sheet.rows().find(|row| row[0].to_string().starts_with('＝')).unwrap();
    assert!(is_number(&closing[10], "9123556779.99"), "{closing:?}");
}
