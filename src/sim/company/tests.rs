//! The company against itself: its documents tell the same story as its truth.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::forms::{Cell, FormId, Place};
use super::papers::currency_no;
use super::timeline::Version;
use super::*;

fn small() -> Company {
    Company::generate(CompanySettings::default())
}

fn cell<'a>(form: FormId, version: &'a Version, key: &str) -> &'a Cell {
    match form.form().place(key) {
        Some(Place::Header(index)) => &version.doc.header[index],
        Some(Place::Line(index)) => &version.doc.lines[0][index],
        None => panic!("no column {key}"),
    }
}

fn text(form: FormId, version: &Version, key: &str) -> String {
    match cell(form, version, key) {
        Cell::Text(text) => text.to_string(),
        other => panic!("{key} is {other:?}"),
    }
}

fn cents(cell: &Cell) -> i64 {
    match cell {
        Cell::Number(number) => i64::try_from(*number * Decimal::ONE_HUNDRED).unwrap(),
        other => panic!("{other:?} is no number"),
    }
}

fn newest(company: &Company, book: Book, form: FormId) -> Vec<&Version> {
    company.timeline().form(book, form).visible(Timestamp::MIN, Timestamp::MAX, company.end()).collect()
}

fn fingerprint(company: &Company) -> String {
    let mut all = String::new();
    for book in Book::ALL {
        for form in FormId::ALL {
            for version in company.timeline().form(book, form).versions() {
                all.push_str(&format!("{:?}", version.doc));
            }
        }
        all.push_str(&format!("{:?}", company.timeline().bank[book.index()]));
    }
    all.push_str(&format!("{:?}{:?}", company.timeline().chats, company.timeline().contacts));
    crate::domain::Hash::of(all.as_bytes()).to_string()
}

#[test]
fn the_same_seed_is_the_same_company_and_another_seed_is_another() {
    let other = Company::generate(CompanySettings { seed: 8, ..CompanySettings::default() });
    assert_eq!(fingerprint(&small()), fingerprint(&small()));
    assert_ne!(fingerprint(&small()), fingerprint(&other));
}

#[test]
fn a_company_that_lives_on_keeps_its_past() {
    let long = Company::generate(CompanySettings { months: 3, ..CompanySettings::default() });
    let mut extended = Company::generate(CompanySettings { months: 2, ..CompanySettings::default() });
    while extended.last_day() < long.last_day() {
        extended.extend_one_day();
    }
    assert_eq!(fingerprint(&extended), fingerprint(&long));
    assert_eq!(extended.truth(), long.truth());
}

#[test]
fn stamps_rise_and_are_unique_in_each_book_and_nothing_is_seen_before_its_day() {
    let company = small();
    for book in Book::ALL {
        let mut seen = HashSet::new();
        for form in FormId::ALL {
            let versions = company.timeline().form(book, form).versions();
            assert!(versions.is_sorted_by_key(|version| version.visible_from));
            for version in versions {
                assert!(seen.insert(version.visible_from), "{book:?} {form:?} {}", version.visible_from);
                assert!(version.visible_from < company.end());
                assert_eq!(text(form, version, forms::MODIFIED), calendar::stamp_text(version.visible_from));
            }
        }
    }
}

#[test]
fn the_truth_equals_the_sum_of_the_approved_documents() {
    let company = small();
    for ((book, currency), totals) in &company.truth().totals {
        let sum = |form: FormId, counts: &dyn Fn(&Version) -> bool, amount: &dyn Fn(&Version) -> i64, key: &str| {
            newest(&company, *book, form)
                .into_iter()
                .filter(|version| {
                    text(form, version, key) == currency_no(*currency)
                        && text(form, version, "FDocumentStatus") == "C"
                        && counts(version)
                })
                .map(amount)
                .sum::<i64>()
        };
        let lines = |form: FormId, key: &'static str| {
            let Some(Place::Line(index)) = form.form().place(key) else { panic!("{key}") };
            move |version: &Version| version.doc.lines.iter().map(|line| cents(&line[index])).sum::<i64>()
        };
        let all = |_: &Version| true;
        let shipped = sum(FormId::Outstock, &all, &lines(FormId::Outstock, "FAllAmount"), "FSettleCurrID.FNumber");
        let returned = sum(FormId::Return, &all, &lines(FormId::Return, "FAllAmount"), "FSettleCurrId.FNumber");
        let claim = |version: &Version| cents(cell(FormId::Receivable, version, "FALLAMOUNTFOR"));
        let kind = |kind: &'static str, opening: bool, red: bool| {
            move |version: &Version| {
                text(FormId::Receivable, version, "FSetAccountType") == kind
                    && *cell(FormId::Receivable, version, "FISINIT") == Cell::Bool(opening)
                    && (cents(cell(FormId::Receivable, version, "FALLAMOUNTFOR")) < 0) == red
            }
        };
        let claims = |filter: &dyn Fn(&Version) -> bool| sum(FormId::Receivable, filter, &claim, "FCURRENCYID.FNumber");
        let by_transfer = |version: &Version| text(FormId::Receipt, version, "FSETTLETYPEID.FNumber") == "JSFS04_SYS";
        let money = |version: &Version| cents(cell(FormId::Receipt, version, "FREALRECAMOUNTFOR"));
        let booked = sum(FormId::Receipt, &by_transfer, &money, "FCURRENCYID.FNumber");
        let context = format!("{book:?} {currency}");
        assert_eq!(totals.shipped, shipped, "{context}");
        assert_eq!(totals.returned, returned, "{context}");
        assert_eq!(totals.invoiced, claims(&kind("3", false, false)), "{context}");
        assert_eq!(totals.credited, -claims(&kind("3", false, true)), "{context}");
        assert_eq!(totals.opening, claims(&kind("3", true, false)), "{context}");
        assert_eq!(totals.received_booked, booked, "{context}");
    }
}

#[test]
fn every_receipt_of_a_connected_account_stands_once_in_the_bank_statement() {
    let company = small();
    let mut bank: BTreeMap<(Book, crate::domain::Currency), i64> = BTreeMap::new();
    let lines = company.timeline().bank.iter().flatten();
    for line in lines.filter(|line| line.text.starts_with("货款") || line.text.starts_with("PAYMENT")) {
        *bank.entry((line.book, line.currency)).or_default() += line.money_in;
        assert!(line.dirt.is_none());
    }
    assert!(bank.len() >= 3);
    for ((book, currency), cents) in bank {
        let totals = &company.truth().totals[&(book, currency)];
        assert_eq!(cents, totals.received_booked + totals.received_bank_only, "{book:?} {currency}");
        assert!(totals.received_bank_only < totals.received_booked);
    }
    assert!(company.truth().totals[&(Book::Sz, crate::domain::Currency::CNY)].received_bank_only > 0);
}

#[test]
fn claims_add_up_and_everything_that_the_issue_lists_happens() {
    let company = small();
    for claim in &company.claims {
        assert_eq!(claim.gross(), claim.lines.iter().map(|line| line.gross).sum::<i64>());
        assert!(claim.open >= 0);
    }
    let several = |picked: &dyn Fn(&state::ClaimLine) -> &String| {
        company.claims.iter().any(|claim| {
            claim.lines.iter().map(picked).collect::<HashSet<_>>().len() > 1 && claim.kind == state::ClaimKind::Final
        })
    };
    let status = |form: FormId, key: &str, value: &str| {
        let log = company.timeline().form(Book::Sz, form);
        log.versions().iter().any(|version| text(form, version, key) == value)
    };
    assert!(several(&|line| &line.shipment_no) && several(&|line| &line.order_no));
    assert!(company.receipts.iter().any(|receipt| receipt.shares.len() == 2), "one payment for two customers");
    assert!(company.receipts.iter().any(|receipt| !receipt.identified), "unknown payers");
    assert!(company.receipts.iter().any(|receipt| receipt.by_bill), "acceptance bills");
    assert!(company.bills.iter().any(|bill| bill.status == "B"), "matured bills");
    assert!(!company.adjustments.is_empty() && !company.returns.is_empty());
    assert!(status(FormId::Outstock, "FDocumentStatus", "D"), "un-approved");
    assert!(status(FormId::Outstock, "FCancelStatus", "B"), "void");
    assert!(status(FormId::Receipt, "FCancelStatus", "B"), "void receipts");
    let customers = company.timeline().form(Book::Sz, FormId::Customer);
    assert!(customers.versions().len() > customers.documents(), "customers change");
    assert!(status(FormId::Outstock, "FBillTypeID.FNumber", "XSCKD04_SYS"), "samples");
    assert!(company.truth().estimates > 0 && company.truth().dirty_bank_rows.iter().sum::<u64>() > 2);
    let said = |key: &str, value: &str| company.timeline().chats.iter().any(|chat| chat.payload[key] == value);
    assert!(said("action", "recall") && said("action", "switch") && said("msgtype", "hologram"));
    let matched: i64 = company.truth().totals.values().map(|totals| totals.matched).sum();
    let booked: i64 = company.truth().totals.values().map(|totals| totals.received_booked).sum();
    assert!(matched * 10 > booked * 2 && matched * 10 < booked * 7, "{matched} of {booked}");
}

#[test]
fn no_settlement_takes_more_than_there_is() {
    let company = small();
    for book in Book::ALL {
        let mut taken: BTreeMap<String, i64> = BTreeMap::new();
        for version in newest(&company, book, FormId::Match) {
            let cents = cents(cell(FormId::Match, version, "FMatchAmount"));
            for key in ["FReceiveBillNo", "FReceivableBillNo"] {
                *taken.entry(text(FormId::Match, version, key)).or_default() += cents;
            }
        }
        let receipts = company.receipts.iter().map(|receipt| (&receipt.no, receipt.amount));
        let there: BTreeMap<&String, i64> =
            company.claims.iter().map(|claim| (&claim.no, claim.gross())).chain(receipts).collect();
        for (no, cents) in &taken {
            assert!(*cents <= there[no], "{no}: {cents} of {}", there[no]);
        }
        assert!(taken.len() > 20);
    }
}

#[test]
fn somebody_owes_something_at_the_end() {
    let company = small();
    let overdue = |claim: &&Claim| claim.open > 0 && claim.due < company.last_day();
    let sellers: HashSet<usize> =
        company.claims.iter().filter(overdue).map(|claim| company.customers[claim.customer].seller).collect();
    let count = company.claims.iter().filter(overdue).count();
    assert!(count > 10 && sellers.len() > 3, "{count} overdue claims, {} salespeople", sellers.len());
}

#[test]
fn without_messiness_nothing_goes_wrong() {
    let company = Company::generate(CompanySettings { messiness: 0, ..CompanySettings::default() });
    assert_eq!(company.truth().dirty_bank_rows, [0, 0]);
    assert!(company.returns.is_empty() && company.adjustments.is_empty());
    assert!(company.receipts.iter().all(|receipt| receipt.identified));
}

#[test]
fn the_smallest_companies_live_too() {
    for customers in 0..3 {
        let company = Company::generate(CompanySettings { customers, months: 2, ..CompanySettings::default() });
        assert_eq!(company.last_day(), jiff::civil::date(2026, 2, 28));
    }
}

#[test]
fn a_thousand_customers_are_no_trouble() {
    let settings = CompanySettings { customers: 1000, months: 1, ..CompanySettings::default() };
    let company = Company::generate(settings);
    assert!(company.orders.len() > 2000, "{}", company.orders.len());
}

#[test]
#[ignore = "prints sizes for the report"]
fn sizes() {
    let started = std::time::Instant::now();
    let company = small();
    println!("{:?}", started.elapsed());
    let started = std::time::Instant::now();
    let large = Company::generate(CompanySettings { customers: 1000, ..CompanySettings::default() });
    println!(
        "1000 customers: {:?}, {} orders, {} shipments",
        started.elapsed(),
        large.orders.len(),
        large.shipments.len()
    );
    let folder = tempfile::tempdir().unwrap();
    let started = std::time::Instant::now();
    crate::sim::csv::write_shipment_csv(&folder.path().join("x.csv"), 500_000, 7, 5, 1).unwrap();
    println!("500,000 CSV rows: {:?}", started.elapsed());
    for book in Book::ALL {
        for form in FormId::ALL {
            let log = company.timeline().form(book, form);
            println!(
                "{} {}: {} documents, {} versions",
                book.code(),
                form.form().id,
                log.documents(),
                log.versions().len()
            );
        }
        println!("{} bank lines {}", book.code(), company.timeline().bank[book.index()].len());
    }
    println!("{} chats, {} contacts", company.timeline().chats.len(), company.timeline().contacts.len());
    println!("{:#?}", company.truth());
}
