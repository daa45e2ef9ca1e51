//! Writes the banks' export files into drop folders, a file a business day, exactly as the two banks lay them out.
//!
//! Mainland: GB18030, preamble, thousands commas, tabs behind account numbers, a footer. Hong Kong: UTF-8 with a byte
//! order mark. A file appears whole (rename) and is never written twice, even after it was moved to `done/`.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::civil::Date;

use super::calendar;
use super::company::catalog::{OWN_ACCOUNTS, OWN_NAMES};
use super::company::timeline::{BANK_FILE_MS, BankLine, Dirt};
use super::company::{Book, Company};

/// Where a file that is already handled may lie, beside the drop folder itself.
const HANDLED_FOLDERS: [&str; 2] = ["done", "failed"];
/// Bytes that are no character in GB18030, nor in UTF-8.
const BROKEN_BYTES: &[u8] = &[0xff, 0xff];

/// Name of a book's file of a day.
pub fn file_name(book: Book, day: Date) -> String {
    format!("bank-{}-{}.csv", book.code(), calendar::compact(day))
}

/// Writes all files of `book` that are visible at `up_to` and not there yet; returns how many were written.
pub fn write(company: &Company, book: Book, folder: &Path, up_to: Timestamp, rewrite: bool) -> io::Result<usize> {
    fs::create_dir_all(folder)?;
    let lines = &company.timeline().bank[book.index()];
    let mut written = 0;
    for day_lines in lines.chunk_by(|left, right| left.day == right.day) {
        let day = day_lines[0].day;
        let name = file_name(book, day);
        if calendar::instant(day, BANK_FILE_MS) > up_to || (!rewrite && is_there(folder, &name)) {
            continue;
        }
        let hidden = folder.join(format!(".{name}.part"));
        let mut file = File::create(&hidden)?;
        file.write_all(&content(book, day, day_lines))?;
        // The file's own time is the simulated one: whoever stamps records with it gets the same stamps every run.
        file.set_modified(SystemTime::from(calendar::instant(day, BANK_FILE_MS)))?;
        drop(file);
        fs::rename(&hidden, folder.join(&name))?;
        written += 1;
    }
    Ok(written)
}

fn is_there(folder: &Path, name: &str) -> bool {
    folder.join(name).exists() || HANDLED_FOLDERS.iter().any(|handled| folder.join(handled).join(name).exists())
}

/// The bytes of one day's file.
pub fn content(book: Book, day: Date, lines: &[BankLine]) -> Vec<u8> {
    match book {
        Book::Sz => mainland_file(day, lines),
        Book::Hk => hong_kong_file(lines),
    }
}

fn mainland_file(day: Date, lines: &[BankLine]) -> Vec<u8> {
    let mut head = String::new();
    let date = calendar::compact(day);
    let _ = write!(head, "招商银行企业银行账户交易明细\r\n户名：{}  账号：{}\t\r\n", OWN_NAMES[0], OWN_ACCOUNTS[0]);
    let _ = write!(head, "起止日期：{date} 至 {date}  币种：人民币\r\n");
    head.push_str("交易日期,借方(出账),贷方(入账),余额,摘要,收(付)方名称,收(付)方账号,交易类型,流水号\r\n");
    let mut out = gb18030(&head);
    for line in lines {
        let columns = [
            if line.dirt == Some(Dirt::ImpossibleDate) { "20260230".to_owned() } else { calendar::compact(line.day) },
            money(line.money_out, line.dirt),
            money(line.money_in, None),
            money(line.balance, None),
            line.text.clone(),
            quoted(&line.counterparty),
            if line.account.is_empty() { String::new() } else { format!("\"{}\t\"", line.account) },
            line.kind.to_owned(),
        ];
        push_row(&mut out, line, &columns, gb18030);
    }
    let total = |pick: fn(&BankLine) -> i64| money(lines.iter().map(pick).sum(), None);
    let footer = format!("合计,{},{},,,,,,\r\n", total(|line| line.money_out), total(|line| line.money_in));
    out.extend(gb18030(&footer));
    out
}

fn hong_kong_file(lines: &[BankLine]) -> Vec<u8> {
    let mut out =
        "\u{feff}Date,Debit,Credit,Balance,Description,Counterparty,Counterparty Account,Currency,Reference\r\n"
            .as_bytes()
            .to_vec();
    for line in lines {
        let columns = [
            if line.dirt == Some(Dirt::ImpossibleDate) { "2026-02-30".to_owned() } else { line.day.to_string() },
            money(line.money_out, line.dirt),
            money(line.money_in, None),
            money(line.balance, None),
            line.text.clone(),
            quoted(&line.counterparty),
            line.account.clone(),
            line.currency.to_string(),
        ];
        push_row(&mut out, line, &columns, |text| text.as_bytes().to_vec());
    }
    out
}

/// The eight columns, then the serial number, then what is wrong with the row.
fn push_row(out: &mut Vec<u8>, line: &BankLine, columns: &[String; 8], encode: fn(&str) -> Vec<u8>) {
    out.extend(encode(&columns[..4].join(",")));
    out.push(b',');
    out.extend(encode(&columns[4]));
    if line.dirt == Some(Dirt::BrokenEncoding) {
        out.extend(BROKEN_BYTES);
    }
    out.push(b',');
    out.extend(encode(&columns[5..].join(",")));
    out.push(b',');
    if line.dirt != Some(Dirt::EmptySerial) {
        out.extend(encode(&line.serial));
    }
    if line.dirt == Some(Dirt::TooManyColumns) {
        out.extend(b",x,y");
    }
    out.extend(b"\r\n");
}

/// `"1,234.50"` in quotes; nothing for zero, as banks leave the other side empty.
fn money(cents: i64, dirt: Option<Dirt>) -> String {
    if dirt == Some(Dirt::NotANumber) {
        return "abc".to_owned();
    }
    if cents == 0 {
        return String::new();
    }
    let amount = crate::domain::Amount(cents.saturating_mul(10_000));
    quoted(&amount.grouped(crate::domain::Currency::CNY))
}

fn quoted(text: &str) -> String {
    if text.contains(',') { format!("\"{text}\"") } else { text.to_owned() }
}

fn gb18030(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::CompanySettings;
    use super::*;

    fn company() -> Company {
        Company::generate(CompanySettings { months: 1, ..CompanySettings::default() })
    }

    #[test]
    fn files_come_day_by_day_and_only_once() {
        let (company, folder) = (company(), tempfile::tempdir().unwrap());
        let first = calendar::instant(jiff::civil::date(2026, 1, 6), BANK_FILE_MS);
        let count = write(&company, Book::Sz, folder.path(), first, false).unwrap();
        assert!((1..=2).contains(&count), "{count}");
        let at = fs::metadata(folder.path().join(file_name(Book::Sz, jiff::civil::date(2026, 1, 6)))).unwrap();
        assert_eq!(at.modified().unwrap(), SystemTime::from(first));
        let taken = folder.path().join(file_name(Book::Sz, jiff::civil::date(2026, 1, 6)));
        fs::create_dir(folder.path().join("done")).unwrap();
        fs::rename(&taken, folder.path().join("done").join(taken.file_name().unwrap())).unwrap();
        assert_eq!(write(&company, Book::Sz, folder.path(), first, false).unwrap(), 0);
        assert_eq!(write(&company, Book::Sz, folder.path(), first, true).unwrap(), count);
    }

    #[test]
    fn the_layout_is_the_bank_s_own() {
        let company = company();
        let sz = &company.timeline().bank[0];
        let (text, _, broken) = encoding_rs::GB18030.decode(&content(Book::Sz, sz[0].day, &sz[..1])).into_owned_parts();
        let rows: Vec<&str> = text.lines().collect();
        assert!(!broken && rows.len() == 6, "{text}");
        assert!(rows[3].starts_with("交易日期,") && rows[5].starts_with("合计,"));
        let hk = &company.timeline().bank[1];
        let bytes = content(Book::Hk, hk[0].day, &hk[..1]);
        let text = std::str::from_utf8(&bytes).unwrap();
        assert!(text.starts_with("\u{feff}Date,Debit,Credit,Balance,"));
        assert!(text.lines().nth(1).unwrap().starts_with(&format!("{},", hk[0].day)));
    }

    #[test]
    fn every_row_that_is_not_damaged_has_nine_columns() {
        let company = Company::generate(CompanySettings { messiness: 300, ..CompanySettings::default() });
        for book in Book::ALL {
            for line in company.timeline().bank[book.index()].iter().filter(|line| line.dirt.is_none()) {
                let bytes = content(book, line.day, std::slice::from_ref(line));
                let (text, _, broken) = if book == Book::Sz { encoding_rs::GB18030 } else { encoding_rs::UTF_8 }
                    .decode(&bytes)
                    .into_owned_parts();
                let row = text.lines().nth(if book == Book::Sz { 4 } else { 1 }).unwrap();
                let outside_quotes = row.split('"').step_by(2);
                let commas: usize = outside_quotes.map(|part| part.matches(',').count()).sum();
                assert!(!broken && commas == 8, "{row}");
            }
        }
    }

    #[test]
    fn damage_is_what_its_name_says() {
        let company = company();
        let mut line = company.timeline().bank[0].iter().find(|line| line.money_out > 0).unwrap().clone();
        for dirt in Dirt::ALL {
            line.dirt = Some(dirt);
            let bytes = content(Book::Sz, line.day, std::slice::from_ref(&line));
            let (text, _, broken) = encoding_rs::GB18030.decode(&bytes).into_owned_parts();
            let row = text.lines().nth(4).unwrap();
            let seen = match dirt {
                Dirt::ImpossibleDate => row.starts_with("20260230"),
                Dirt::NotANumber => row.contains(",abc,"),
                Dirt::EmptySerial => row.ends_with(','),
                Dirt::BrokenEncoding => broken,
                Dirt::TooManyColumns => row.ends_with(",x,y"),
            };
            assert!(seen, "{dirt:?}: {row}");
        }
    }

    trait OwnedParts {
        fn into_owned_parts(self) -> (String, (), bool);
    }

    impl OwnedParts for (std::borrow::Cow<'_, str>, &encoding_rs::Encoding, bool) {
        fn into_owned_parts(self) -> (String, (), bool) {
            (self.0.into_owned(), (), self.2)
        }
    }
}
