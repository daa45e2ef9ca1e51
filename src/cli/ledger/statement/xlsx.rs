//! A statement as a workbook, one sheet a currency: numbers are numbers and days are days, so that finance can add up.

use rust_xlsxwriter::{Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};

use super::Paper;
use super::cells::{COLUMNS, Cell, ITEM_COLUMNS, due_summary, head, item_row, row, section_words, summary};
use crate::domain::{Amount, Currency};

/// Characters, by column.
const WIDTHS: [u16; COLUMNS.len()] = [12, 18, 18, 16, 16, 22, 12, 20, 12, 14, 16];
/// A4.
const PAPER: u8 = 9;
const LAST: u16 = COLUMNS.len() as u16 - 1;

struct Formats {
    title: Format,
    heading: Format,
    bold: Format,
    text: Format,
    day: Format,
    quantity: Format,
    money: Format,
    total: Format,
}

impl Formats {
    fn of(currency: Currency) -> Self {
        let digits = currency.minor_digits() as usize;
        let money = if digits == 0 { "#,##0".to_owned() } else { format!("#,##0.{}", "0".repeat(digits)) };
        Self {
            title: Format::new().set_bold().set_font_size(14),
            heading: Format::new().set_bold().set_border_bottom(FormatBorder::Thin).set_text_wrap(),
            bold: Format::new().set_bold(),
            text: Format::new(),
            day: Format::new().set_num_format("yyyy-mm-dd").set_align(FormatAlign::Left),
            quantity: Format::new().set_num_format("#,##0.##########"),
            total: Format::new().set_bold().set_num_format(&money),
            money: Format::new().set_num_format(money),
        }
    }
}

/// A sheet under construction.
struct Page<'s> {
    sheet: &'s mut Worksheet,
    formats: Formats,
    next: u32,
}

pub fn of(papers: &[Paper]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    for paper in papers {
        let currency = paper.statement.currency;
        let sheet = book.add_worksheet().set_name(currency.as_str())?;
        sheet.set_landscape().set_paper_size(PAPER).set_print_fit_to_pages(1, 0);
        for (column, width) in (0..).zip(WIDTHS) {
            sheet.set_column_width(column, width)?;
        }
        Page { sheet, formats: Formats::of(currency), next: 0 }.write(paper)?;
    }
    book.save_to_buffer()
}

impl Page<'_> {
    fn write(mut self, paper: &Paper) -> Result<(), XlsxError> {
        let statement = &paper.statement;
        self.sheet.write_with_format(0, 0, "对账单 · Statement of account", &self.formats.title)?;
        self.next = 2;
        for (name, value) in head(paper) {
            self.sheet.write_with_format(self.next, 0, name, &self.formats.bold)?;
            // As a string, whatever it begins with.
            self.sheet.write_string(self.next, 1, value)?;
            self.next += 1;
        }
        for (section, lines) in statement.sections().into_iter().filter(|(_, lines)| !lines.is_empty()) {
            self.title(section_words(section))?;
            self.headings(&COLUMNS)?;
            for line in lines {
                self.row(&row(line))?;
            }
        }
        self.title("余额 · balance")?;
        for (name, amount) in summary(statement) {
            let strong = name.starts_with('＝');
            self.sum(&name, amount, strong)?;
        }
        self.title(&format!("截至 {} 未清 · open on that day", statement.as_of))?;
        for (name, amount) in due_summary(statement) {
            self.sum(name, amount, false)?;
        }
        if !statement.items.is_empty() {
            self.next += 1;
            self.headings(&ITEM_COLUMNS)?;
            for item in &statement.items {
                self.row(&item_row(item, statement.as_of))?;
            }
        }
        Ok(())
    }

    fn title(&mut self, title: &str) -> Result<(), XlsxError> {
        self.next += 1;
        self.sheet.write_with_format(self.next, 0, title, &self.formats.bold)?;
        self.next += 1;
        Ok(())
    }

    fn headings(&mut self, names: &[&str]) -> Result<(), XlsxError> {
        for (column, name) in (0..).zip(names) {
            self.sheet.write_with_format(self.next, column, *name, &self.formats.heading)?;
        }
        self.next += 1;
        Ok(())
    }

    fn row(&mut self, cells: &[Cell]) -> Result<(), XlsxError> {
        for (column, cell) in (0..).zip(cells) {
            self.cell(column, cell)?;
        }
        self.next += 1;
        Ok(())
    }

    fn sum(&mut self, name: &str, amount: Amount, strong: bool) -> Result<(), XlsxError> {
        let (text, money) =
            if strong { (&self.formats.bold, &self.formats.total) } else { (&self.formats.text, &self.formats.money) };
        self.sheet.write_string_with_format(self.next, 0, name, text)?;
        self.sheet.write_with_format(self.next, LAST, amount.to_decimal().normalize(), money)?;
        self.next += 1;
        Ok(())
    }

    fn cell(&mut self, column: u16, cell: &Cell) -> Result<(), XlsxError> {
        let (row, formats) = (self.next, &self.formats);
        match cell {
            Cell::Empty => return Ok(()),
            Cell::Label(text) | Cell::Source(text) => self.sheet.write_string(row, column, text)?,
            Cell::Day(day) => self.sheet.write_with_format(row, column, day, &formats.day)?,
            Cell::Quantity(number) => {
                self.sheet.write_with_format(row, column, number.normalize(), &formats.quantity)?
            }
            // Normalized, so that the nearest double is found: at most fifteen digits are money.
            Cell::Money(amount) => {
                self.sheet.write_with_format(row, column, amount.to_decimal().normalize(), &formats.money)?
            }
        };
        Ok(())
    }
}
