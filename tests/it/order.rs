//! Order does not matter: whichever comes first, bank or finance, and however shipments are cut into files.

use bihuan::sim::csv::write_shipment_csv;
use bihuan::sim::rng::Rng;
use bihuan::sim::{Book, CompanySettings};
use jiff::civil::date;

use super::figures::{Figures, Money, Totals};
use super::folder::Folder;
use super::office::Office;

/// Finance's receipts as an export of the ERP, the bank's lines as a statement.
const MONEY: &str = r#"
[books.sz]
[sources.finance]
type = "file"
book = "sz"
numbering = "erp"
folder = "inbox/finance"
format = "ndjson"
stream_name = "receipt"
key = ["FID"]
version = "FModifyDate"
[sources.finance.streams.receipt]
mapping = "kingdee/receipt.toml"
[sources.bank]
type = "file"
book = "sz"
numbering = "bank"
folder = "inbox/bank"
key = ["流水号"]
[sources.bank.streams.statement]
mapping = "bank/cmb.toml"
books = false
rank = 110
"#;

const RECEIPT: &str = r#"{"FID":1,"FBILLNO":"SKD000001","FDATE":"2026-03-28T00:00:00","FCONTACTUNIT":{"FNumber":"CUST0007"},"FPAYUNIT":{"FName":"深圳市远航电子有限公司"},"FCURRENCYID":{"FNumber":"PRE001"},"FREALRECAMOUNTFOR":4100.0,"FSALEERID":{"FNumber":"S001"},"FDocumentStatus":"C","FCancelStatus":"A","FModifyDate":"2026-03-28T09:00:00","FRECEIVEBILLENTRY":[{"FENTRYID":51,"FRECTOTALAMOUNTFOR":4100.0,"FSETTLETYPEID":{"FNumber":"JSFS04_SYS"},"FPURPOSEID":{"FNumber":"SFKYT01_SYS"},"FACCOUNTID":{"FNumber":"755900001"},"FTHIRDBILLNO":" ","FCOMMENT":"货款","FSaleOrderNo":" ","FContactUnitE":{"FNumber":"CUST0007"}}]}
"#;

/// The same money, seen by the bank two days earlier.
const STATEMENT: &str = "交易日期,借方(出账),贷方(入账),余额,摘要,收(付)方名称,收(付)方账号,交易类型,流水号
20260326,,\"4,100.00\",\"104,100.00\",货款,深圳市远航电子有限公司,6225880012345678\t,转账,C20260326000001
";

fn cny(figures: &Figures) -> Totals {
    figures.ledger["sz"]["CNY"].clone()
}

#[test]
fn a_receipt_that_the_bank_and_finance_both_tell_of_is_one_payment_whichever_comes_first() {
    let once = Money::cents(410_000);
    let mut ends = Vec::new();
    for order in [["finance", "bank"], ["bank", "finance"]] {
        let folder = Folder::new(MONEY);
        for name in order {
            let (file, content) = match name {
                "bank" => ("inbox/bank/20260326.csv", STATEMENT),
                _ => ("inbox/finance/receipts.ndjson", RECEIPT),
            };
            folder.write(file, content);
            let totals = cny(&Figures::read(folder.sync(&[name]).json()));
            assert_eq!(totals.received, once, "after {name} of {order:?}: {totals:?}");
        }
        ends.push(folder.status().ledger);
        let again = Figures::read(folder.sync(&["--full"]).json());
        assert_eq!(again.ledger, ends[0], "after reading everything again");
    }
    assert_eq!(ends[0], ends[1]);
    assert_eq!(ends[0]["sz"]["CNY"].unapplied, once);
    assert_eq!(ends[0]["sz"]["CNY"].unidentified, Money::cents(0));
}

#[test]
fn a_whole_company_read_bank_first_or_finance_first_ends_in_the_same_figures() {
    let settings = CompanySettings { customers: 12, months: 2, start: date(2025, 1, 1), ..CompanySettings::default() };
    let office = Office::of(settings).at_the_end();
    let mut orders = [
        vec!["erp-sz", "erp-hk", "bank-sz", "bank-hk", "wecom"],
        vec!["wecom", "bank-hk", "bank-sz", "erp-hk", "erp-sz"],
        vec!["bank-sz", "erp-sz", "wecom", "erp-hk", "bank-hk"],
    ]
    .into_iter();
    let read = |order: Vec<&str>| {
        let folder = Folder::new(&office.config());
        let (sz, hk) = (folder.path().join("inbox/bank-sz"), folder.path().join("inbox/bank-hk"));
        office.world.write_bank_files(&sz, &hk, office.world.company().end(), false).unwrap();
        order.iter().for_each(|source| drop(folder.sync(&[source]).json()));
        folder.status()
    };
    let expected = read(orders.next().unwrap());
    for ((book, currency), truth) in &office.world.company().truth().totals {
        assert_eq!(expected.ledger[book.code()][currency.as_str()].received, Money::cents(truth.received()));
    }
    assert!(expected.ledger.contains_key(Book::Hk.code()));
    for order in orders {
        let told = format!("{order:?}");
        let figures = read(order);
        assert_eq!(figures.ledger, expected.ledger, "{told}");
    }
}

/// Shipment lines from a warehouse that writes files.
pub const WAREHOUSE: &str = r#"
[books.main]
[sources.warehouse]
type = "file"
folder = "inbox/warehouse"
pattern = "*.csv"
stream_name = "shipments"
key = ["shipment_no", "line_no"]
version = "modified"
page_rows = 500
[sources.warehouse.streams.shipments]
mapping = "csv/shipments.toml"
"#;

const LINES: usize = 2_000;
const REPEATED_PERCENT: u32 = 10;
const SEED: u64 = 7;
const SHUFFLES: usize = 3;

#[test]
fn the_same_shipments_in_any_order_of_rows_and_files_end_in_the_same_totals() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("all.csv");
    let counts = write_shipment_csv(&file, LINES, SEED, REPEATED_PERCENT, 0).unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    let mut rows: Vec<&str> = text.lines().collect();
    let header = rows.remove(0);
    println!("seed {SEED}");
    let mut rng = Rng::new(SEED);
    for shuffle in 0..SHUFFLES {
        let folder = Folder::new(WAREHOUSE);
        let files = 1 + 2 * shuffle;
        for (number, part) in rows.chunks(rows.len().div_ceil(files)).enumerate() {
            // The first round keeps the file as it is; files are read by name, so their names are shuffled as well.
            let name = if shuffle == 0 { 0 } else { rng.next_u64() };
            folder.write(&format!("inbox/warehouse/{name:020}-{number}.csv"), [&[header], part].concat().join("\n"));
        }
        let figures = Figures::read(folder.sync(&[]).json());
        let stream = figures.stream("warehouse", "shipments");
        assert_eq!((stream.read, stream.quarantined), (counts.rows, 0), "{stream:?}");
        let shipped = &figures.ledger["main"];
        assert_eq!(shipped.len(), counts.shipped_gross.len());
        for (currency, gross) in &counts.shipped_gross {
            assert_eq!(shipped[currency.as_str()].shipped.0, gross.to_decimal(), "{files} files: {currency}");
            assert_eq!(shipped[currency.as_str()].open, shipped[currency.as_str()].shipped);
        }
        for last in (1..rows.len()).rev() {
            let other = rng.below(last as u64 + 1) as usize;
            rows.swap(last, other);
        }
    }
}
