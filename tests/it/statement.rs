//! A statement that a customer is sent adds up, for every customer of a company, and its workbook says the same.

use std::path::Path;

use calamine::{Data, Reader, Xlsx, open_workbook};
use rust_decimal::Decimal;
use serde_json::Value;

use super::office::Office;
use super::program::{on, run};

const CUSTOMERS: usize = 8;
const MONTHS: u32 = 2;

fn money(value: &Value) -> Decimal {
    Decimal::from_str_exact(value.as_str().unwrap()).unwrap()
}

/// The simulated company begins with 2026; the second month is cut in two.
fn statement(folder: &Path, customer: &Value, from: &str, to: &str, more: &[&str]) -> Vec<Value> {
    let mut arguments = vec!["ledger", "statement", "--party", customer["code"].as_str().unwrap()];
    arguments.extend(["--book", customer["book"].as_str().unwrap(), "--from", from, "--to", to, "--json"]);
    arguments.extend(more);
    on(folder, &arguments).json()["statements"].as_array().unwrap().clone()
}

#[test]
fn statements_of_a_simulated_company_join_and_the_workbook_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(CUSTOMERS, MONTHS);
    run(&mut office.demo(folder.path())).expect_code(0);
    let aging = on(folder.path(), &["ledger", "aging", "--json"]).json();
    let customers = aging["aging"].as_array().unwrap();
    assert!(customers.len() > 3, "{aging}");
    let mut lines = 0;
    for customer in customers {
        let first = statement(folder.path(), customer, "2026-01-01", "2026-01-31", &[]);
        let second = statement(folder.path(), customer, "2026-02-01", "2026-12-31", &[]);
        assert_eq!(first.len(), second.len());
        for (first, second) in first.iter().zip(&second) {
            assert_eq!(first["closing"], second["opening"], "{customer}");
            let total = |name: &str| money(&second["totals"][name]);
            let less = total("returned") + total("deducted") + total("paid");
            assert_eq!(money(&second["opening"]) + total("shipped") - less, money(&second["closing"]), "{customer}");
            lines += second["goods"].as_array().unwrap().len();
        }
        let same_currency = |statement: &&Value| statement["currency"] == customer["currency"];
        let closing = money(&second.iter().find(same_currency).unwrap()["closing"]);
        let open = money(&customer["open"]) - money(&customer["unapplied"]);
        assert!(closing <= open, "{customer}: {closing} is {open} less deposits");
    }
    assert!(lines > 20, "{lines}");

    let customer = &customers[0];
    let file = folder.path().join("statement.xlsx").display().to_string();
    let [from, to] = ["2026-01-01", "2026-12-31"];
    let told = statement(folder.path(), customer, from, to, &[]);
    let code = customer["code"].as_str().unwrap();
    let book = customer["book"].as_str().unwrap();
    let arguments = ["ledger", "statement", "--party", code, "--book", book, "--from", from, "--to", to];
    on(folder.path(), &[&arguments[..], &["--format", "xlsx", "--output", &file]].concat()).expect_code(0);
    let mut workbook: Xlsx<_> = open_workbook(&file).unwrap();
    for statement in &told {
        let sheet = workbook.worksheet_range(statement["currency"].as_str().unwrap()).unwrap();
        let is_closing = |row: &&[Data]| row[0].to_string().starts_with('＝');
        let closing = sheet.rows().find(is_closing).unwrap().last().unwrap().to_string();
        assert_eq!(Decimal::from_str_exact(&closing).unwrap(), money(&statement["closing"]));
    }

    let unknown = ["ledger", "statement", "--party", "没有这家", "--from", from, "--to", to];
    let refused = on(folder.path(), &unknown).expect_code(1);
    assert!(refused.stderr.contains("没有这家"), "{refused:?}");
}
