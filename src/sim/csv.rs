//! A large file of shipment lines for the bench: repeated keys out of order, and rows that cannot be read.
//!
//! The same arguments write the same bytes. What a reader must find in the end is counted while writing.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use jiff::civil::{Date, date};

use super::calendar;
use super::company::catalog::PARTS;
use super::rng::Rng;
use crate::domain::{Amount, Currency};

pub const HEADER: &str =
    "shipment_no,line_no,order_no,customer,part_no,quantity,unit_price,gross,currency,shipped_on,status,modified";

/// Lines of one shipment.
const LINES_PER_SHIPMENT: u64 = 4;
const CUSTOMERS: u64 = 1000;
const FIRST_DAY: Date = date(2025, 7, 1);
/// Shipments are spread over so many days.
const DAYS: u64 = 240;
/// A repeated key is at most so many keys away from its first row.
const REPEAT_DISTANCE: u64 = 100_000;

/// What is wrong with a row, on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DirtyRow {
    ImpossibleDate,
    NegativeQuantity,
    UnknownCurrency,
    EmptyShipmentNo,
    BrokenEncoding,
    TooManyColumns,
}

impl DirtyRow {
    pub const ALL: [Self; 6] = [
        Self::ImpossibleDate,
        Self::NegativeQuantity,
        Self::UnknownCurrency,
        Self::EmptyShipmentNo,
        Self::BrokenEncoding,
        Self::TooManyColumns,
    ];
}

/// What is in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CsvCounts {
    /// Rows below the header.
    pub rows: u64,
    /// Distinct (shipment_no, line_no) among the readable rows.
    pub lines: u64,
    pub shipments: u64,
    /// Rows that repeat a key, and how many of them are newer than all before them.
    pub repeated: u64,
    pub repeated_newer: u64,
    pub dirty: BTreeMap<DirtyRow, u64>,
    /// Sum of gross over the newest version of every shipped line, per currency.
    pub shipped_gross: BTreeMap<Currency, Amount>,
}

impl CsvCounts {
    pub fn dirty_rows(&self) -> u64 {
        self.dirty.values().sum()
    }
}

/// One line of one shipment, as a function of its number: nothing needs to be remembered.
struct Row {
    key: u64,
    customer: u64,
    part: usize,
    quantity: i64,
    price: i64,
    currency: Currency,
    day: Date,
    status: &'static str,
    /// Seconds of the change stamp after midnight of `day`.
    modified: i64,
}

impl Row {
    fn of(seed: u64, key: u64) -> Self {
        let shipment = key / LINES_PER_SHIPMENT;
        let mut header = Rng::new(seed ^ shipment.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let customer = header.below(CUSTOMERS);
        let currency = match customer % 10 {
            0 => Currency::HKD,
            1 | 2 => Currency::USD,
            _ => Currency::CNY,
        };
        let day = calendar::add_days(FIRST_DAY, header.below(DAYS) as i64);
        let status = match header.below(100) {
            0 => "void",
            1 => "draft",
            _ => "shipped",
        };
        let mut line = Rng::new(seed.wrapping_add(1) ^ key.wrapping_mul(0xd134_2543_de82_ef95));
        let part = line.below(PARTS.len() as u64) as usize;
        let price = PARTS[part].price * line.between(90, 110) / 100;
        let quantity = PARTS[part].pack * line.between(1, 20);
        Self { key, customer, part, quantity, price, currency, day, status, modified: 43_200 + line.between(0, 3600) }
    }

    fn gross_cents(&self) -> i64 {
        (self.quantity * self.price + 5_000) / 10_000
    }

    fn write(&self, out: &mut Vec<u8>, dirt: Option<DirtyRow>) -> io::Result<()> {
        let (shipment, line) = (self.key / LINES_PER_SHIPMENT, self.key % LINES_PER_SHIPMENT + 1);
        match dirt {
            Some(DirtyRow::EmptyShipmentNo) => {}
            // Keys of their own, so that an unreadable row never stands for a readable one.
            Some(_) => write!(out, "XSCKX{shipment:07}")?,
            None => write!(out, "XSCKD{shipment:07}")?,
        }
        write!(out, ",{line},SO{:08},CUST{:04},", shipment / 2, self.customer + 1)?;
        out.extend(PARTS[self.part].number.as_bytes());
        if dirt == Some(DirtyRow::BrokenEncoding) {
            out.extend([0xc3, 0x28, 0xff]);
        }
        let sign = if dirt == Some(DirtyRow::NegativeQuantity) { "-" } else { "" };
        let currency = if dirt == Some(DirtyRow::UnknownCurrency) { "RMX" } else { self.currency.as_str() };
        let gross = self.gross_cents();
        write!(out, ",{sign}{},{}.{:06}", self.quantity, self.price / 1_000_000, self.price % 1_000_000)?;
        write!(out, ",{}.{:02},{currency},", gross / 100, gross % 100)?;
        match dirt {
            Some(DirtyRow::ImpossibleDate) => out.extend(b"2026-02-30"),
            _ => write!(out, "{}", self.day)?,
        }
        let stamp = calendar::stamp_text(calendar::instant(self.day, self.modified * 1000));
        write!(out, ",{},{}", self.status, stamp.get(..19).unwrap_or(&stamp))?;
        out.extend(if dirt == Some(DirtyRow::TooManyColumns) { &b",x,y\n"[..] } else { &b"\n"[..] });
        Ok(())
    }
}

/// Writes `lines` rows, so many percent of which repeat an earlier key with an older or newer `modified`, and so many
/// percent of which are dirty.
pub fn write_shipment_csv(
    path: &Path,
    lines: usize,
    seed: u64,
    duplicates_percent: u32,
    dirty_percent: u32,
) -> io::Result<CsvCounts> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "{HEADER}")?;
    let mut writer =
        Writer { seed, rng: Rng::new(seed), repeated: HashMap::new(), next: 0, counts: CsvCounts::default() };
    let mut row = Vec::with_capacity(256);
    for _ in 0..lines {
        row.clear();
        let roll = writer.rng.below(100);
        if roll < u64::from(dirty_percent) {
            writer.dirty(&mut row)?;
        } else if roll < u64::from(dirty_percent + duplicates_percent) && writer.next > 0 {
            writer.repeat(&mut row)?;
        } else {
            writer.fresh(&mut row)?;
        }
        file.write_all(&row)?;
        writer.counts.rows += 1;
    }
    file.flush()?;
    Ok(writer.counts)
}

struct Writer {
    seed: u64,
    rng: Rng,
    /// Keys that came more than once: (newest stamp, its gross, how often repeated).
    repeated: HashMap<u64, (i64, i64, i64)>,
    next: u64,
    counts: CsvCounts,
}

impl Writer {
    fn fresh(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let row = Row::of(self.seed, self.next);
        self.next += 1;
        self.counts.lines += 1;
        self.counts.shipments = (self.next - 1) / LINES_PER_SHIPMENT + 1;
        self.count_gross(&row, row.gross_cents());
        row.write(out, None)
    }

    /// Another version of an earlier key: its stamp is further and further from the first one, before or after.
    fn repeat(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let key = self.next - 1 - self.rng.below(self.next.min(REPEAT_DISTANCE));
        let mut row = Row::of(self.seed, key);
        let first = (row.modified, row.gross_cents(), 0);
        let (newest, gross, times) = *self.repeated.get(&key).unwrap_or(&first);
        let newer = self.rng.chance(500);
        row.quantity += PARTS[row.part].pack * (times + 1);
        row.modified += if newer { 4000 * (times + 1) } else { -4000 * (times + 1) };
        self.counts.repeated += 1;
        if row.modified > newest {
            self.counts.repeated_newer += 1;
            self.count_gross(&row, row.gross_cents() - gross);
            self.repeated.insert(key, (row.modified, row.gross_cents(), times + 1));
        } else {
            self.repeated.insert(key, (newest, gross, times + 1));
        }
        row.write(out, None)
    }

    fn dirty(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let dirt = *self.rng.pick(&DirtyRow::ALL);
        *self.counts.dirty.entry(dirt).or_default() += 1;
        let key = self.counts.rows;
        Row::of(self.seed ^ 1, key).write(out, Some(dirt))
    }

    fn count_gross(&mut self, row: &Row, cents: i64) {
        if row.status == "shipped" {
            let sum = self.counts.shipped_gross.entry(row.currency).or_default();
            *sum = Amount(sum.0 + cents * 10_000);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_arguments_write_the_same_bytes_and_the_counts_are_true() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("1.csv"), folder.path().join("2.csv"));
        let counts = write_shipment_csv(&one, 20_000, 7, 5, 1).unwrap();
        assert_eq!(counts, write_shipment_csv(&two, 20_000, 7, 5, 1).unwrap());
        let bytes = std::fs::read(&one).unwrap();
        assert_eq!(bytes, std::fs::read(&two).unwrap());
        assert_eq!(counts.rows, 20_000);
        assert_eq!(counts.rows, counts.lines + counts.repeated + counts.dirty_rows());
        assert!((800..1200).contains(&counts.repeated) && (140..260).contains(&counts.dirty_rows()), "{counts:?}");
        assert_eq!(counts.dirty.len(), DirtyRow::ALL.len());
        let mut newest: HashMap<(String, String), (String, String, String, String)> = HashMap::new();
        for line in String::from_utf8_lossy(&bytes).lines().skip(1).filter(|line| line.starts_with("XSCKD")) {
            let columns: Vec<String> = line.split(',').map(str::to_owned).collect();
            let value = (columns[11].clone(), columns[7].clone(), columns[8].clone(), columns[10].clone());
            let slot = newest.entry((columns[0].clone(), columns[1].clone())).or_insert_with(|| value.clone());
            if value.0 > slot.0 {
                *slot = value;
            }
        }
        assert_eq!(newest.len() as u64, counts.lines);
        let mut gross: BTreeMap<Currency, Amount> = BTreeMap::new();
        for (_, cents, currency, status) in newest.values() {
            if status == "shipped" {
                let sum = gross.entry(Currency::parse(currency).unwrap()).or_default();
                let amount = rust_decimal::Decimal::from_str_exact(cents).unwrap();
                *sum = sum.checked_add(Amount::exact(amount, Currency::CNY).unwrap()).unwrap();
            }
        }
        assert_eq!(gross, counts.shipped_gross);
    }
}
