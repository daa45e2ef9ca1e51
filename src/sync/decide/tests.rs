//! What a person sees who decides about money: what holds, what is refused and why, and that it survives what comes later.

use jiff::Timestamp;

use super::{DecideError, Person, Stated, Wish, decide};
use crate::domain::{Amount, Currency, FactKind, Id, Value};
use crate::ledger::{AccountKind, BookPolicy};
use crate::store::tests::company::{
    BOOK, Page, START, bank_line, customer, date, invoice, open, open_under, receipt, settle, totals, with,
};
use crate::store::tests::database::databases;
use crate::store::{PointInTime, ProposalFilter, Store};

async fn say(store: &Store, wish: &Wish) -> Result<Stated, DecideError> {
    let now: Timestamp = START.parse().unwrap();
    let stated = decide(store, &Person { name: "lin", book: None, note: None, now }, wish).await;
    settle(store).await;
    stated
}

fn allocate(money: &str, target: &str, amount: Option<&str>) -> Wish {
    Wish::Allocate { money: money.into(), target: target.into(), amount: amount.map(Into::into) }
}

fn identify(money: &str, customer: &str, remember: bool) -> Wish {
    Wish::Identify { money: money.into(), customer: customer.into(), amount: None, remember }
}

/// `item amount rung` of what a payment pays.
async fn pays(store: &Store, payment: &str) -> Vec<String> {
    let id = Id::of(BOOK, FactKind::Payment, "erp", payment);
    let paying = store.allocations_of(id).await.unwrap();
    let row = |one: &crate::store::AllocationView| {
        format!("{} {} {}", one.item_number, one.amount.plain(Currency::CNY), one.rung)
    };
    paying.iter().map(row).collect()
}

/// Two customers; C1 owes 100 and 300, C2 owes 100; R1 is C1's money, R2 nobody's, B1 seen by the bank only.
async fn company(store: &Store) {
    let parties = [customer("C1", "远航电子（深圳）有限公司"), customer("C2", "晨光科技有限公司")];
    let dollars =
        with(invoice("AR9", "C1", "2026-01-04", 70), "currency", Value::Currency(Currency::parse("USD").unwrap()));
    let facts = [
        invoice("AR1", "C1", "2026-01-02", 100),
        invoice("AR2", "C1", "2026-01-03", 300),
        invoice("AR3", "C2", "2026-01-03", 100),
        dollars,
    ];
    let receipts = [receipt("R1", Some("C1"), "2026-01-09", 100), receipt("R2", None, "2026-01-10", 100)];
    let mut page = Page::of("everything", 1);
    for fact in parties.iter().chain(&facts).chain(&receipts) {
        page = page.facts(&fact.number, "v1", std::slice::from_ref(fact));
    }
    page.apply(store).await;
    let line = bank_line("B1", "晨光老板", "2026-01-11", 40);
    Page::of_bank(1).facts("L1", "v1", &[line]).apply(store).await;
    settle(store).await;
}

#[tokio::test]
async fn what_a_person_allocates_stays_until_it_is_taken_back() {
    for database in databases().await {
        let store = open(&database).await;
        company(&store).await;
        assert_eq!(pays(&store, "R1").await, ["AR1 100.00 exact_single"]);
        let stated = say(&store, &allocate("R1", "AR2", None)).await.unwrap();
        assert_eq!(pays(&store, "R1").await, ["AR2 100.00 pinned"]);
        let again = with(receipt("R1", Some("C1"), "2026-01-09", 100), "text", Value::text("AR1"));
        Page::of("everything", 2).facts("R1", "v2", &[again]).apply(&store).await;
        settle(&store).await;
        assert_eq!(pays(&store, "R1").await, ["AR2 100.00 pinned"], "a new version of the receipt changes nothing");
        let shown = store.decisions(None, 10).await.unwrap();
        assert_eq!(shown[0].holds, Some(Amount::units(100)));
        say(&store, &Wish::Revoke { decisions: vec![stated.decisions[0].to_string()] }).await.unwrap();
        assert_eq!(pays(&store, "R1").await, ["AR1 100.00 exact_single"]);
        let shown = store.decisions(None, 10).await.unwrap();
        assert_eq!((shown.len(), shown[1].revoked_by.is_some()), (2, true));
        let twice = say(&store, &Wish::Revoke { decisions: vec![stated.decisions[0].to_string()] }).await;
        assert!(matches!(twice, Err(DecideError::Refused(text)) if text.contains("taken back")));
        assert!(store.verify(None).await.unwrap().is_sound());
    }
}

#[tokio::test]
async fn what_was_taken_back_can_be_said_again_on_a_clock_that_stands_still() {
    for database in databases().await {
        let store = open(&database).await;
        company(&store).await;
        let revoke = |stated: &Stated| Wish::Revoke { decisions: vec![stated.decisions[0].to_string()] };
        let mut numbers = Vec::new();
        for _ in 0..3 {
            let stated = say(&store, &allocate("R1", "AR2", None)).await.unwrap();
            assert_eq!(pays(&store, "R1").await, ["AR2 100.00 pinned"]);
            say(&store, &revoke(&stated)).await.unwrap();
            assert_eq!(pays(&store, "R1").await, ["AR1 100.00 exact_single"]);
            numbers.push(stated.decisions);
        }
        numbers.dedup();
        assert_eq!((numbers.len(), store.decisions(None, 10).await.unwrap().len()), (3, 6));
    }
}

#[tokio::test]
async fn a_person_confirms_rejects_and_takes_apart_what_the_machine_placed() {
    for database in databases().await {
        let store = open(&database).await;
        company(&store).await;
        let money = || "R1".to_owned();
        say(&store, &Wish::Confirm { money: money(), target: None }).await.unwrap();
        assert_eq!(pays(&store, "R1").await, ["AR1 100.00 pinned"]);
        say(&store, &Wish::Unallocate { money: money(), target: None }).await.unwrap();
        assert_eq!(
            pays(&store, "R1").await,
            ["AR2 100.00 oldest_first"],
            "the last word counts, on a clock that stands"
        );
        say(&store, &Wish::Reject { money: money(), target: "AR2".into() }).await.unwrap();
        assert_eq!(pays(&store, "R1").await, Vec::<String>::new());
        let nothing = say(&store, &Wish::Confirm { money: money(), target: None }).await;
        assert!(matches!(nothing, Err(DecideError::Refused(text)) if text.contains("pays nothing")));
        say(&store, &allocate("R1", "AR1", Some("60"))).await.unwrap();
        assert_eq!(pays(&store, "R1").await, ["AR1 40.00 oldest_first", "AR1 60.00 pinned"]);
    }
}

#[tokio::test]
async fn what_cannot_hold_is_refused_with_the_reason_and_changes_nothing() {
    for database in databases().await {
        let store = open(&database).await;
        company(&store).await;
        let cases = [
            (allocate("R7", "AR1", None), "no such document"),
            (allocate("R1", "AR7", None), "no such document"),
            (allocate("R1", "AR3", None), "another customer's"),
            (allocate("R2", "AR1", None), "nobody's money yet"),
            (allocate("R1", "AR9", None), "agreed rate"),
            (allocate("R1", "AR2", Some("100.01")), "more than there is"),
            (allocate("R1", "AR1", Some("300")), "more than there is"),
            (allocate("R1", "AR1", Some("-5")), "no positive amount"),
            (identify("R1", "C1", false), "can be given"),
            (identify("R2", "C9", false), "no such customer"),
            (identify("R2", "C1", true), "names no payer"),
            (Wish::Pair { line: "R1".into(), receipt: "R2".into() }, "a bank line and a receipt"),
            (Wish::Classify { line: "R1".into(), class: "interest".into() }, "is booked"),
            (Wish::Revoke { decisions: vec!["D-1".into()] }, "no such document"),
        ];
        for (wish, reason) in cases {
            let refused = say(&store, &wish).await;
            assert!(
                matches!(&refused, Err(DecideError::Refused(text)) if text.contains(reason)),
                "{wish:?}: {refused:?} should say {reason}"
            );
        }
        assert!(store.decisions(None, 10).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn money_of_nobody_is_given_to_a_customer_and_no_longer_waits() {
    for database in databases().await {
        let store = open(&database).await;
        company(&store).await;
        assert_eq!(store.unidentified_payments(None).await.unwrap().len(), 2);
        say(&store, &identify("R2", "晨光科技有限公司", false)).await.unwrap();
        assert_eq!(pays(&store, "R2").await, ["AR3 100.00 exact_single"]);
        say(&store, &identify("B1", "C2", true)).await.unwrap();
        assert!(store.unidentified_payments(None).await.unwrap().is_empty());
        let next = bank_line("B2", "晨光老板", "2026-01-12", 25);
        Page::of_bank(2).facts("L2", "v1", &[next]).apply(&store).await;
        settle(&store).await;
        assert!(store.unidentified_payments(None).await.unwrap().is_empty(), "the payer is remembered");
        let booked = with(receipt("R3", Some("C2"), "2026-01-11", 40), "bank_ref", Value::text("B1"));
        Page::of("everything", 3).facts("R3", "v1", &[booked]).apply(&store).await;
        settle(&store).await;
        let totals = totals(&store).await;
        assert_eq!(
            totals.received,
            Amount::units(100 + 100 + 40 + 25),
            "the bank line and its receipt are one payment"
        );
        assert_eq!(totals.unidentified, Amount::ZERO);
        assert!(store.verify(None).await.unwrap().is_sound());
    }
}

#[tokio::test]
async fn a_bank_line_is_paired_with_a_receipt_of_another_amount_and_parted_again_by_people() {
    for database in databases().await {
        let store = open(&database).await;
        company(&store).await;
        let pair = || ("B1".to_owned(), "R2".to_owned());
        let (line, receipt) = pair();
        say(&store, &Wish::Pair { line, receipt }).await.unwrap();
        let open = store.unidentified_payments(None).await.unwrap();
        assert_eq!(open.iter().map(|one| &*one.number).collect::<Vec<_>>(), ["R2"], "the line is the receipt");
        let (line, receipt) = pair();
        say(&store, &Wish::Unpair { line, receipt }).await.unwrap();
        assert_eq!(store.unidentified_payments(None).await.unwrap().len(), 2);
        say(&store, &Wish::Classify { line: "B1".into(), class: "interest".into() }).await.unwrap();
        let open = store.unidentified_payments(None).await.unwrap();
        assert_eq!(open.len(), 1, "interest is nobody's receipt: {open:?}");
    }
}

#[tokio::test]
async fn what_is_only_proposed_waits_for_a_person_and_is_confirmed_or_rejected() {
    for database in databases().await {
        let policy = BookPolicy { oldest_first: false, ..BookPolicy::default() };
        let store = open_under(&database.url, policy).await;
        let mut page = Page::of("everything", 1).facts("C1", "v1", &[customer("C1", "远航电子")]);
        for fact in [
            invoice("AR1", "C1", "2026-01-02", 100),
            invoice("AR2", "C1", "2026-01-02", 100),
            receipt("R1", Some("C1"), "2026-01-09", 100),
            receipt("R2", Some("C1"), "2026-01-10", 30),
        ] {
            page = page.facts(&fact.number.clone(), "v1", &[fact]);
        }
        page.apply(&store).await;
        settle(&store).await;
        assert!(pays(&store, "R1").await.is_empty(), "two claims of one amount are a question");
        let proposed = async |payment: &str| {
            let filter = ProposalFilter { payment: Some(payment), ..ProposalFilter::default() };
            let found = store.proposals(filter, 10).await.unwrap();
            found.into_iter().map(|one| (one.item, one.amount, one.runner_up.is_some())).collect::<Vec<_>>()
        };
        let of_r1 = proposed("R1").await;
        assert!(matches!(&of_r1[..], [(_, amount, true)] if *amount == Amount::units(100)), "{of_r1:?}");
        assert_eq!(proposed("R2").await.len(), 1, "on account, the oldest first");
        say(&store, &Wish::Reject { money: "R1".into(), target: "AR1".into() }).await.unwrap();
        assert_eq!(pays(&store, "R1").await, ["AR2 100.00 exact_single"], "no other fits now");
        say(&store, &Wish::Confirm { money: "R2".into(), target: None }).await.unwrap();
        assert_eq!(pays(&store, "R2").await, ["AR1 30.00 pinned"]);
        assert!(proposed("R1").await.is_empty() && proposed("R2").await.is_empty());
    }
}

#[tokio::test]
async fn money_settles_a_claim_in_another_currency_only_at_a_rate_that_somebody_agreed() {
    for database in databases().await {
        let store = open(&database).await;
        company(&store).await;
        let refused = say(&store, &allocate("R1", "AR9", None)).await;
        assert!(matches!(refused, Err(DecideError::Refused(text)) if text.contains("--settles")));
        let rate = |amount: &str, settles: &str| Wish::Rate {
            money: "R1".into(),
            target: "AR9".into(),
            amount: amount.into(),
            settles: settles.into(),
        };
        for (amount, settles) in [("101", "14"), ("100", "70.01")] {
            let refused = say(&store, &rate(amount, settles)).await;
            assert!(
                matches!(refused, Err(DecideError::Refused(text)) if text.contains("more than there is")),
                "{amount}"
            );
        }
        let stated = say(&store, &rate("72", "10")).await.unwrap();
        let mut paying = pays(&store, "R1").await;
        paying.sort();
        assert_eq!(paying, ["AR1 28.00 oldest_first", "AR9 10.00 agreed_rate"]);
        assert_eq!(store.decisions(None, 1).await.unwrap()[0].holds, Some(Amount::units(10)));
        say(&store, &Wish::Revoke { decisions: vec![stated.decisions[0].to_string()] }).await.unwrap();
        assert_eq!(pays(&store, "R1").await, ["AR1 100.00 exact_single"]);
        assert!(store.verify(None).await.unwrap().is_sound());
    }
}

#[tokio::test]
async fn what_comes_late_keeps_its_day_and_is_posted_on_the_first_open_one() {
    for database in databases().await {
        let store = open(&database).await;
        company(&store).await;
        let january = date("2026-01-31");
        let reported = async |posted| {
            let at = PointInTime { as_of: Some(january), known_at: None, posted };
            let balances = store.journal_reader().await.unwrap().balances_at(at).await.unwrap();
            let of = |kind| balances.iter().filter(move |balance| balance.account.kind == kind);
            of(AccountKind::Billed).map(|balance| balance.amount.0).sum::<i64>()
        };
        let before = reported(true).await;
        assert_eq!(before, reported(false).await);
        let person = Person { name: "lin", book: Some(BOOK), note: None, now: START.parse().unwrap() };
        let closed = decide(&store, &person, &Wish::Close { until: january }).await.unwrap();
        let late = async |number: &str| {
            let claim = invoice(number, "C1", "2026-01-20", 50);
            Page::of("everything", 1).facts(number, "v1", &[claim]).apply(&store).await;
            settle(&store).await;
            let view = store.document(Some(BOOK), Some(FactKind::Invoice), number).await.unwrap().remove(0);
            let row = &view.journal[0];
            (row.posting.effective_on, row.posted_on)
        };
        let [day, open_day] = ["2026-01-20", "2026-02-01"].map(date);
        assert_eq!(late("AR17").await, (day, open_day));
        assert_eq!((reported(true).await, reported(false).await), (before, before + Amount::units(50).0));
        let aging = store.aging_as_of(Some(BOOK), january).await.unwrap();
        let owed = aging.iter().find(|row| &*row.code == "C1").map(|row| row.aging.not_due);
        assert_eq!(owed, Some(Amount::units(300 + 50)), "{aging:?}");
        let again = decide(&store, &person, &Wish::Close { until: day }).await.unwrap_err();
        assert!(again.to_string().contains("is closed until 2026-01-31"), "{again}");
        let revoked = Wish::Revoke { decisions: vec![closed.decisions[0].to_string()] };
        decide(&store, &person, &revoked).await.unwrap();
        assert_eq!(late("AR18").await, (day, day));
        let anew = decide(&store, &person, &Wish::Close { until: january }).await.unwrap();
        assert_ne!(anew.decisions, closed.decisions, "said again after it was taken back, on a clock that stands");
        assert_eq!(late("AR19").await, (day, open_day));
        assert!(store.verify(None).await.unwrap().is_sound());
    }
}
