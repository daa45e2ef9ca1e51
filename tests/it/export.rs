//! Somebody else's arithmetic over our journal: hledger and Beancount must come to the same balances.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::office::Office;
use super::program::{on, run};

/// Customers and months; the year with `BIHUAN_TEST_FULL` (`cargo xtask test --full hledger`).
const COMPANIES: [(usize, u32); 2] = [(12, 2), (1_000, 12)];

fn export(folder: &Path, format: &str) -> String {
    let file = folder.join(format!("journal.{format}"));
    let path = file.display().to_string();
    on(folder, &["ledger", "export", "--format", format, "--output", &path]).expect_code(0);
    path
}

/// What a program prints; it must end well.
fn answer(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; `cargo xtask test` installs it"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Account and currency to the exact amount, zero left out, as the last lines of the NDJSON export say.
fn ours(folder: &Path) -> BTreeMap<(String, String), String> {
    let text = std::fs::read_to_string(export(folder, "ndjson")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let balances = lines.filter(|line| line["type"] == "balance");
    let named = balances.map(|line| {
        let part = |name: &str| line[name].as_str().map(str::to_owned);
        let parts = [part("book"), part("account"), part("customer"), part("order")];
        let account = parts.into_iter().flatten().collect::<Vec<_>>().join(":");
        ((account, part("currency").unwrap()), part("amount").unwrap())
    });
    named.filter(|(_, amount)| amount.contains(|digit: char| ('1'..='9').contains(&digit))).collect()
}

/// The same from `hledger balance -O csv`: `"account","1.00 CNY, -2.00 USD"` a line.
fn hledgers(journal: &str) -> BTreeMap<(String, String), String> {
    let csv = answer("hledger", &["-f", journal, "balance", "--flat", "--no-total", "-O", "csv"]);
    let mut balances = BTreeMap::new();
    for line in csv.lines().skip(1) {
        let (account, amounts) = line.trim_matches('"').split_once("\",\"").unwrap();
        for amount in amounts.split(", ") {
            let (number, currency) = amount.split_once(' ').unwrap();
            balances.insert((account.to_owned(), currency.to_owned()), number.to_owned());
        }
    }
    balances
}

#[test]
fn hledger_and_beancount_come_to_the_same_balances_to_the_last_digit() {
    let folder = tempfile::tempdir().unwrap();
    let (customers, months) = COMPANIES[usize::from(std::env::var_os("BIHUAN_TEST_FULL").is_some())];
    let office = Office::open(customers, months);
    run(&mut office.demo(folder.path())).expect_code(0);

    let journal = export(folder.path(), "hledger");
    answer("hledger", &["-f", &journal, "check"]);
    let ours = ours(folder.path());
    assert!(ours.len() > 20, "{ours:?}");
    assert_eq!(hledgers(&journal), ours);

    let refused = on(folder.path(), &["ledger", "export", "--format", "csv", "--book", "nowhere"]).expect_code(1);
    assert!(refused.stderr.contains("nowhere"), "{refused:?}");

    let beancount = export(folder.path(), "beancount");
    answer("bean-check", &[&beancount]);

    // The assertions at the end are no decoration: one cent elsewhere and both complain.
    for (file, program, arguments) in
        [(&journal, "hledger", vec!["-f", &journal, "check"]), (&beancount, "bean-check", vec![beancount.as_str()])]
    {
        let text = std::fs::read_to_string(file).unwrap();
        let (head, tail) = text.split_at(text.rfind("receivable").or(text.rfind("Receivable")).unwrap());
        let digit = tail.rfind('.').unwrap();
        let (before, after) = tail.split_at(digit + 1);
        let other = if after.starts_with('1') { '2' } else { '1' };
        std::fs::write(file, format!("{head}{before}{other}{}", &after[1..])).unwrap();
        let output = Command::new(program).args(&arguments).output().unwrap();
        assert!(!output.status.success(), "{program} did not see that a balance was changed");
    }
}
