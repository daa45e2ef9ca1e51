//! What people decide about money, as finance would tell it.

use jiff::tz::TimeZone;

use super::{Rung, SettleInput, Settlement, settle};
use crate::domain::{Amount, Currency, FactKind, Id, Value};
use crate::ledger::fixtures::{BOOK, Doc, amount, day, id, reference};
use crate::ledger::{AccountKind, BookPolicy, Document};

fn settled(customer: &str, documents: &[Document], twins: &[(Id, Id)]) -> Settlement {
    let policy = BookPolicy::default();
    let (party, currency) = (id(FactKind::Party, customer), Currency::CNY);
    settle(&SettleInput {
        book: BOOK,
        party,
        currency,
        documents,
        twins,
        terms: &policy.default_terms,
        policy: &policy,
    })
}

/// `D1` is decided before `D2`, and so on.
fn decision(number: &str, action: &str) -> Doc {
    let decided_on = day(number[1..].parse().unwrap()).to_zoned(TimeZone::UTC).unwrap();
    let doc = Doc::new(FactKind::Decision, number).text("action", action).text("decided_by", "lin");
    doc.value("decided_at", Value::Instant(decided_on.timestamp()))
}

fn about(number: &str, action: &str, payment: &str, invoice: &str) -> Doc {
    let doc = decision(number, action).refers("payment_no", FactKind::Payment, payment);
    doc.refers("invoice_no", FactKind::Invoice, invoice)
}

fn invoices() -> Vec<Document> {
    let invoice = |number: &str, on: i32, gross: &str| Doc::invoice(number, day(on)).amount("gross", amount(gross));
    vec![invoice("AR1", 1, "100.00").build(), invoice("AR2", 2, "300.00").build()]
}

/// `(payment, item, amount, rung)` of every allocation, and what is left of the money.
fn shown(settled: &Settlement) -> (Vec<(String, String, Rung)>, Vec<String>) {
    let number = |item: Id| settled.items.iter().find(|shown| shown.id == item).map(|shown| shown.number.to_string());
    let paid = |amount: Amount| amount.plain(Currency::CNY);
    let allocations = settled.allocations.iter();
    let allocations = allocations.map(|one| (number(one.item).unwrap_or_default(), paid(one.amount), one.rung));
    (allocations.collect(), settled.leftovers.iter().map(|left| paid(left.amount)).collect())
}

fn row(item: &str, amount: &str, rung: Rung) -> (String, String, Rung) {
    (item.to_owned(), amount.to_owned(), rung)
}

#[test]
fn what_a_person_allocated_comes_before_every_guess() {
    let mut documents = invoices();
    documents.push(Doc::payment("SKD1", amount("100.00"), day(9)).build());
    let equal = shown(&settled("C1", &documents, &[]));
    assert_eq!(equal.0, vec![row("AR1", "100.00", Rung::ExactSingle)]);
    documents.push(about("D1", "allocate", "SKD1", "AR2").build());
    let pinned = settled("C1", &documents, &[]);
    assert_eq!(shown(&pinned).0, vec![row("AR2", "100.00", Rung::Pinned)]);
    assert_eq!(pinned.allocations[0].explanation, "lin 手工核销 (allocated by lin)");
}

#[test]
fn the_last_word_about_a_payment_and_a_claim_counts_and_a_revoked_one_never_did() {
    let mut documents = invoices();
    documents.push(Doc::payment("SKD1", amount("100.00"), day(9)).build());
    documents.push(about("D1", "allocate", "SKD1", "AR2").build());
    documents.push(about("D2", "unallocate", "SKD1", "AR2").build());
    assert_eq!(shown(&settled("C1", &documents, &[])).0, vec![row("AR1", "100.00", Rung::ExactSingle)]);
    documents.push(about("D3", "reject", "SKD1", "AR1").build());
    assert_eq!(shown(&settled("C1", &documents, &[])), (vec![], vec!["100.00".to_owned()]), "both are forbidden");
    documents.push(about("D4", "revoke", "SKD1", "AR1").refers("revokes", FactKind::Decision, "D3").build());
    assert_eq!(shown(&settled("C1", &documents, &[])).0, vec![row("AR1", "100.00", Rung::ExactSingle)]);
}

#[test]
fn a_pin_takes_what_is_open_and_the_machine_places_the_rest() {
    let mut documents = invoices();
    documents.push(Doc::payment("SKD1", amount("350.00"), day(9)).build());
    documents.push(about("D1", "allocate", "SKD1", "AR1").amount("gross", amount("250.00")).build());
    let (allocations, left) = shown(&settled("C1", &documents, &[]));
    assert_eq!(allocations, vec![row("AR1", "100.00", Rung::Pinned), row("AR2", "250.00", Rung::OldestFirst)]);
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn money_that_a_person_gave_to_an_open_order_waits_for_its_goods() {
    let mut documents = invoices();
    documents.push(Doc::payment("SKD1", amount("100.00"), day(9)).build());
    documents.push(Doc::new(FactKind::Order, "SO1").build());
    documents.push(
        decision("D1", "allocate")
            .refers("payment_no", FactKind::Payment, "SKD1")
            .refers("order_no", FactKind::Order, "SO1")
            .build(),
    );
    let waiting = settled("C1", &documents, &[]);
    assert_eq!(shown(&waiting), (vec![], vec![]));
    assert_eq!(waiting.deposits.iter().map(|left| left.amount).collect::<Vec<_>>(), vec![amount("100.00")]);
    let of_order = [("order_no", FactKind::Order, "SO1")];
    documents.push(Doc::invoice("AR3", day(20)).line(10, amount("500.00"), &of_order).build());
    assert_eq!(shown(&settled("C1", &documents, &[])).0, vec![row("AR3", "100.00", Rung::Pinned)]);
}

#[test]
fn money_of_nobody_becomes_the_customers_whom_people_name_and_never_more_than_there_is() {
    let mut documents = invoices();
    documents.push(Doc::payment("SKD1", amount("350.00"), day(9)).value("customer", Value::Null).build());
    let to = |number: &str, customer: &str, gross: &str| {
        let doc = decision(number, "identify").refers("payment_no", FactKind::Payment, "SKD1");
        doc.value("customer", reference(FactKind::Party, customer)).amount("gross", amount(gross)).build()
    };
    documents.push(to("D1", "C2", "250.00"));
    documents.push(to("D2", "C1", "250.00"));
    let ours = settled("C1", &documents, &[]);
    assert_eq!(shown(&ours).0, vec![row("AR1", "100.00", Rung::ExactSingle)], "what the earlier decision left");
    let moved = &ours.postings[0];
    assert_eq!((moved.debit.kind, moved.credit.kind), (AccountKind::Unidentified, AccountKind::Unapplied));
    assert_eq!((moved.amount, moved.effective_on), (amount("100.00"), day(9)));
    let theirs = settled("C2", &documents, &[]);
    assert_eq!(shown(&theirs), (vec![], vec!["250.00".to_owned()]));
}

#[test]
fn a_customer_who_paid_for_another_has_less_and_the_other_posts_the_move() {
    let mut documents = invoices();
    documents.push(
        Doc::payment("SKD1", amount("400.00"), day(9)).value("customer", reference(FactKind::Party, "C2")).build(),
    );
    let given = decision("D1", "identify").refers("payment_no", FactKind::Payment, "SKD1");
    documents.push(given.value("customer", reference(FactKind::Party, "C1")).amount("gross", amount("300.00")).build());
    let ours = settled("C1", &documents, &[]);
    assert_eq!(shown(&ours).0, vec![row("AR2", "300.00", Rung::ExactSingle)]);
    let payer = crate::ledger::Account::of_party(AccountKind::Unapplied, id(FactKind::Party, "C2"));
    assert_eq!(ours.postings[0].debit, payer);
    let theirs = settled("C2", &documents, &[]);
    assert_eq!((shown(&theirs).1, theirs.postings.len()), (vec!["100.00".to_owned()], 0));
}

#[test]
fn a_decision_about_a_bank_line_follows_the_money_into_the_receipt() {
    let line = Doc::payment("LS1", amount("300.00"), day(9)).value("customer", Value::Null).evidence().build();
    let mut documents = invoices();
    documents.push(line.clone());
    let given = decision("D1", "identify").refers("payment_no", FactKind::Payment, "LS1");
    documents.push(given.value("customer", reference(FactKind::Party, "C1")).build());
    documents.push(about("D2", "allocate", "LS1", "AR2").build());
    assert_eq!(shown(&settled("C1", &documents, &[])).0, vec![row("AR2", "300.00", Rung::Pinned)]);
    let receipt = Doc::payment("SKD1", amount("300.00"), day(10)).build();
    let twins = [(line.id, receipt.id)];
    documents.push(receipt);
    let booked = settled("C1", &documents, &twins);
    assert_eq!(shown(&booked), (vec![row("AR2", "300.00", Rung::Pinned)], vec![]), "counted once, pinned still");
}

#[test]
fn a_payer_whose_money_people_gave_to_one_customer_pays_for_that_one_and_to_two_for_none() {
    let from_payer = |number: &str, on: i32| {
        let doc = Doc::payment(number, amount("100.00"), day(on)).value("customer", Value::Null);
        doc.text("payer", "深圳市 某某（贸易）行").build()
    };
    let mut documents = invoices();
    documents.extend([from_payer("SKD1", 9), from_payer("SKD2", 10)]);
    let known = decision("D1", "identify").refers("payment_no", FactKind::Payment, "SKD1");
    let known = known.value("customer", reference(FactKind::Party, "C1")).text("payer", "深圳市某某(贸易)行");
    documents.push(known.build());
    let both = settled("C1", &documents, &[]);
    assert_eq!(both.allocations.iter().map(|one| one.amount.0).sum::<i64>(), amount("200.00").0);
    let other = decision("D2", "identify").text("payer", "深圳市某某(贸易)行");
    documents.push(other.value("customer", reference(FactKind::Party, "C2")).build());
    assert_eq!(shown(&settled("C1", &documents, &[])).0.len(), 1, "only the payment that was named");
    assert!(settled("C2", &documents, &[]).leftovers.is_empty());
}
