//! The ERP's aging list beside our balances, from the files to the exit code.

use std::path::Path;

use rust_xlsxwriter::Workbook;

use super::folder::Folder;
use super::order::WAREHOUSE;
use super::program::{Ended, on};

const SHIPMENTS: &str =
    "shipment_no,line_no,order_no,customer,part_no,quantity,unit_price,gross,currency,shipped_on,status,modified
XS1,1,SO1,CUST0001,STM32,10,123.45,1234.50,CNY,2026-01-05,shipped,2026-01-05T18:00:00
XS2,1,SO2,CUST0002,STM32,10,2,20.05,USD,2026-01-06,shipped,2026-01-06T18:00:00
XS3,1,SO3,CUST0003,STM32,10,0.7,7.00,CNY,2026-01-06,draft,2026-01-06T18:00:00
";
const LIST: &str = "应收账款账龄表,,,\n客户编码,客户名称,币别,期末余额\nCUST0001,甲,人民币,\"1,234.50\"\nCUST0002,乙,USD,20.05\n合计,,,\"1,254.55\"\n";

fn reconcile(folder: &Path, list: &Path, more: &[&str]) -> Ended {
    let path = list.display().to_string();
    on(folder, &[&["ledger", "reconcile", "--against", &path], more].concat())
}

fn shipped() -> Folder {
    let folder = Folder::new(WAREHOUSE);
    folder.write("inbox/warehouse/1.csv", SHIPMENTS);
    folder.sync(&[]).expect_code(0);
    folder
}

#[test]
fn equal_lists_end_with_zero_and_a_difference_is_told_with_its_cause() {
    let folder = shipped();
    let equal = folder.write("equal.csv", encoding_rs::GB18030.encode(LIST).0);
    reconcile(folder.path(), &equal, &[]).expect_code(0);
    let more = LIST.replace("合计", "CUST0003,丙,CNY,7\n合计");
    let different = reconcile(folder.path(), &folder.write("more.csv", &more), &["--json"]).expect_code(3);
    let told: serde_json::Value = serde_json::from_str(&different.stdout).unwrap();
    assert_eq!(told["compared"], 3);
    let row = &told["different"][0];
    assert_eq!((row["code"].as_str(), row["theirs"].as_str()), (Some("CUST0003"), Some("7.00")), "{told}");
    assert_eq!((&row["ours"], row["difference"].as_str()), (&serde_json::Value::Null, Some("-7.00")), "{told}");
    let text = reconcile(folder.path(), &folder.write("cent.csv", LIST.replace("20.05", "20.06")), &[]).expect_code(3);
    assert!(text.stdout.contains("-0.01") && text.stderr.contains("1 of 2"), "{text:?}");
}

#[test]
fn a_workbook_is_read_to_the_last_cent() {
    let folder = shipped();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, name) in ["Customer", "Currency", "Balance"].into_iter().enumerate() {
        sheet.write(0, u16::try_from(column).unwrap(), name).unwrap();
    }
    for (row, (code, currency, balance)) in [("CUST0001", "CNY", 1234.5), ("CUST0002", "USD", 20.05)].iter().enumerate()
    {
        let row = u32::try_from(row).unwrap() + 1;
        sheet.write(row, 0, *code).unwrap().write(row, 1, *currency).unwrap().write(row, 2, *balance).unwrap();
    }
    let path = folder.path().join("aging.xlsx");
    workbook.save(&path).unwrap();
    reconcile(folder.path(), &path, &["--book", "main"]).expect_code(0);
}

#[test]
fn what_cannot_be_compared_is_refused_with_the_way_out() {
    let folder = shipped();
    let no_balance = folder.write("none.csv", LIST.replace("期末余额", "金额"));
    let refused = reconcile(folder.path(), &no_balance, &[]).expect_code(2);
    assert!(refused.stderr.contains("客户编码, 客户名称, 币别, 金额"), "{refused:?}");
    let list = folder.write("list.csv", LIST);
    let refused = reconcile(folder.path(), &list, &["--book", "hk"]).expect_code(1);
    assert!(refused.stderr.contains("main"), "{refused:?}");
    reconcile(folder.path(), &folder.path().join("absent.csv"), &[]).expect_code(2);
}
