use super::*;
use crate::domain::Value;
use crate::ledger::fixtures::{Doc, amount, day, id};
use proptest::prelude::*;

/// `debit / credit amount date` a line.
fn shown(document: &Document, policy: &BookPolicy) -> Vec<String> {
    let lines = postings(document, policy).unwrap().into_iter().map(|posting| {
        let (debit, credit) = (posting.debit.kind.name(), posting.credit.kind.name());
        format!("{debit} / {credit} {} {}", posting.amount.plain(posting.currency), posting.effective_on)
    });
    lines.collect()
}

fn posts(doc: Doc) -> Vec<String> {
    shown(&doc.build(), &BookPolicy::default())
}

#[test]
fn every_event_posts_as_the_table_of_the_design_says() {
    let hundred = amount("100.00");
    let invoice = |nature: &str| Doc::invoice("AR1", day(0)).amount("gross", hundred).text("nature", nature);
    let bill = |status: &str| Doc::bill("YC1", hundred, day(0), status).date("status_on", day(9));
    let held = "bills:held / cash:unapplied 100.00 2026-01-01";
    for (doc, expected) in [
        (Doc::shipment("XS1", day(0)).line(1, hundred, &[]), &["receivable:unbilled / sales 100.00 2026-01-01"][..]),
        (Doc::shipment("XS1", day(0)).line(1, hundred, &[]).text("nature", "sample"), &[]),
        (Doc::returned("TH1", day(0)).line(1, hundred, &[]), &["returns / receivable:unbilled 100.00 2026-01-01"]),
        (Doc::returned("TH1", day(0)).line(1, hundred, &[]).text("disposition", "exchange"), &[]),
        (invoice(""), &["receivable:billed / receivable:unbilled 100.00 2026-01-01"]),
        (invoice("red"), &["receivable:unbilled / receivable:billed 100.00 2026-01-01"]),
        (invoice("opening"), &["receivable:billed / opening 100.00 2026-01-01"]),
        (invoice("").text("status", "draft"), &[]),
        (invoice("").evidence(), &[]),
        (
            Doc::adjustment("TZ1", hundred, day(0)).text("reason", "rebate"),
            &["adjustment:rebate / receivable:unbilled 100.00 2026-01-01"],
        ),
        (Doc::payment("SKD1", hundred, day(0)), &["bank / cash:unapplied 100.00 2026-01-01"]),
        (Doc::payment("SKD1", hundred, day(0)).text("purpose", "deposit"), &["bank / cash:deposit 100.00 2026-01-01"]),
        (
            Doc::payment("SKD1", hundred, day(0)).value("customer", Value::Null),
            &["bank / cash:unidentified 100.00 2026-01-01"],
        ),
        (Doc::payment("TK1", hundred, day(0)).text("direction", "out"), &["cash:unapplied / bank 100.00 2026-01-01"]),
        (Doc::payment("LX1", hundred, day(0)).text("class", "interest"), &[]),
        (bill("held"), &[held]),
        (bill("matured"), &[held, "bank / bills:held 100.00 2026-01-10"]),
        (
            bill("discounted").amount("interest", amount("3.00")),
            &[held, "bank / bills:held 97.00 2026-01-10", "adjustment:discount_interest / bills:held 3.00 2026-01-10"],
        ),
        (bill("endorsed"), &[held, "bills:transferred / bills:held 100.00 2026-01-10"]),
        (bill("dishonoured"), &[held, "cash:unapplied / bills:held 100.00 2026-01-10"]),
    ] {
        assert_eq!(posts(doc), expected);
    }
}

#[test]
fn a_payment_for_several_customers_is_split_by_its_lines_and_the_rest_is_the_headers() {
    let lines = [("customer", FactKind::Party, "C2")];
    let doc = Doc::payment("SKD1", amount("100.00"), day(0)).line(1, amount("60.00"), &lines);
    let accounts: Vec<(Option<Id>, Amount)> = postings(&doc.build(), &BookPolicy::default())
        .unwrap()
        .into_iter()
        .map(|posting| (posting.credit.party, posting.amount))
        .collect();
    let mut expected =
        vec![(Some(id(FactKind::Party, "C1")), amount("40.00")), (Some(id(FactKind::Party, "C2")), amount("60.00"))];
    expected.sort();
    assert_eq!(accounts, expected);
}

#[test]
fn documents_before_cutover_are_history_and_an_opening_position_counts_from_cutover_on() {
    let policy = BookPolicy { cutover: Some(day(10)), ..BookPolicy::default() };
    let old = Doc::invoice("AR1", day(0)).amount("gross", amount("5.00"));
    assert!(shown(&old.clone().build(), &policy).is_empty());
    let opening = old.text("nature", "opening").build();
    assert_eq!(shown(&opening, &policy), ["receivable:billed / opening 5.00 2026-01-11"]);
}

#[test]
fn what_cannot_be_posted_exactly_is_refused_with_field_and_reason() {
    let problem = |doc: Doc| postings(&doc.build(), &BookPolicy::default()).unwrap_err().to_string();
    let shipment = Doc::shipment("XS1", day(0));
    let max = Amount(i64::MAX / 40_000 * 10_000);
    assert_eq!(problem(shipment.clone()), "field `gross` is missing, so the document cannot be posted");
    assert_eq!(
        problem(shipment.clone().line(1, max, &[]).line(1, max, &[])),
        "field `gross`: amount is outside what can be stored (±9,223,372,036,854 units)"
    );
    assert_eq!(
        problem(shipment.clone().line(1, Amount(1), &[])),
        "field `gross`: 0.000001 has a fraction of CNY's minor unit"
    );
    assert_eq!(
        problem(shipment.line(1, Amount::units(-1), &[])),
        "field `gross`: -1.00 is negative; the kind of the document gives the sign"
    );
    let lines = Doc::payment("SKD1", amount("1.00"), day(0)).line(1, amount("2.00"), &[]);
    assert_eq!(problem(lines), "field `gross`: the lines add up to more than the payment and its fee");
}

#[test]
fn an_unpaired_bank_line_is_unidentified_money_and_money_out_waits_for_its_booking() {
    let policy = BookPolicy::default();
    let line = Doc::payment("B1", amount("9.00"), day(0)).evidence();
    let posted = evidence_postings(&line.clone().build(), &policy).unwrap();
    assert_eq!((posted[0].debit.kind, posted[0].credit.kind), (AccountKind::Bank, AccountKind::Unidentified));
    for other in [line.clone().text("direction", "out"), line.text("class", "own_transfer")] {
        assert!(evidence_postings(&other.build(), &policy).unwrap().is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn posted_and_difference_together_are_what_is_wanted(
        posted in prop::collection::vec(0..6_i32, 0..20), wanted in prop::collection::vec(0..6_i32, 0..20),
    ) {
        let build = |rows: &[i32]| -> Vec<Posting> {
            rows.iter().flat_map(|row| {
                let doc = Doc::payment("SKD1", Amount::units(i64::from(1 + row / 2)), day(row % 2));
                postings(&doc.build(), &BookPolicy::default()).unwrap()
            }).collect()
        };
        let (posted, wanted) = (build(&posted), build(&wanted));
        let difference = difference(&posted, &wanted);
        let net = |rows: &[&[Posting]]| {
            let mut net: BTreeMap<(Date, Account), i64> = BTreeMap::new();
            for posting in rows.iter().copied().flatten() {
                *net.entry((posting.effective_on, posting.debit)).or_default() += posting.amount.0;
                *net.entry((posting.effective_on, posting.credit)).or_default() -= posting.amount.0;
            }
            net.retain(|_, sum| *sum != 0);
            net
        };
        prop_assert_eq!(net(&[&posted, &difference]), net(&[&wanted]));
        prop_assert!(difference.len() <= posted.len() + wanted.len());
    }
}
