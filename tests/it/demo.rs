//! The first five minutes of a newcomer: `bihuan demo --once`, then again.

use bihuan::sim::{Book, Totals as Truth};
use serde_json::Value;

use super::figures::{Figures, Money};
use super::office::Office;
use super::program::{on, run};

const CUSTOMERS: usize = 12;
const MONTHS: u32 = 2;

/// What the generator counted while it made the company, apart from the documents that tell of it.
fn compare_with_truth(office: &Office, figures: &Figures) {
    let company = office.world.company();
    let truths = company.truth().totals.iter().filter(|(_, truth)| **truth != Truth::default());
    let mut compared = 0;
    for ((book, currency), truth) in truths {
        let totals = &figures.ledger[book.code()][currency.as_str()];
        let context = format!("{} {currency}: {totals:?}\n{truth:?}", book.code());
        assert_eq!(totals.shipped, Money::cents(truth.shipped + truth.opening), "shipped, {context}");
        assert_eq!(totals.returned, Money::cents(truth.returned), "returned, {context}");
        // What an allowance without a red invoice takes off a claim lessens what is claimed.
        let claimed = truth.invoiced - truth.credited - truth.adjusted;
        assert_eq!(totals.invoiced, Money::cents(claimed), "invoiced, {context}");
        assert_eq!(totals.adjusted, Money::cents(truth.adjusted), "adjusted, {context}");
        assert_eq!(totals.received, Money::cents(truth.received()), "received, {context}");
        assert_eq!(totals.bills_held, Money::cents(truth.bills_held), "bills held, {context}");
        compared += 1;
    }
    let shown: usize = figures.ledger.values().map(|currencies| currencies.len()).sum();
    assert_eq!(compared, shown, "every book and currency of the ledger is one of the company's");
    for book in Book::ALL {
        let bank = figures.stream(&format!("bank-{}", book.code()), "statement");
        assert_eq!(bank.quarantined, company.truth().dirty_bank_rows[book.index()], "{bank:?}");
        assert_eq!(bank.read, company.truth().bank_rows[book.index()], "{bank:?}");
    }
}

#[test]
fn the_demo_ends_with_the_companys_true_figures_and_a_second_run_changes_and_sends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(CUSTOMERS, MONTHS);
    let first = Figures::read(run(&mut office.demo(folder.path())).json());
    compare_with_truth(&office, &first);
    let chats = office.world.chats();
    assert!(first.reminders.delivered > 0 && !chats.delivered.is_empty(), "{:?}", first.reminders);
    assert_eq!((first.reminders.failed, first.reminders.unknown, chats.dropped), (0, 0, 0));

    let second = Figures::read(run(&mut office.demo(folder.path())).json());
    assert_eq!(second.sum(|stream| stream.applied), 0, "{:?}", second.streams);
    assert_eq!(second.sum(|stream| stream.quarantined), first.sum(|stream| stream.quarantined));
    assert!(second.sum(|stream| stream.unchanged) > 0);
    assert_eq!(second.ledger, first.ledger);
    assert_eq!(second.reminders, first.reminders);
    assert_eq!(office.world.chats().delivered, chats.delivered, "nothing is sent again");

    let verified: Value = on(folder.path(), &["ledger", "verify", "--json"]).json();
    assert!(verified["transfers"].as_u64().unwrap() > 0, "{verified}");
    let status = Figures::read(on(folder.path(), &["status", "--json"]).json());
    assert_eq!((status.ledger, status.reminders), (first.ledger, first.reminders));
}
