//! Questions about the past: the ledger as of a day, and the journal as known at an instant.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan as _};

use super::company::{BOOK, Page, START, customer, date, invoice, open, receipt, reference, settle, shipment, with};
use super::database::databases;
use crate::domain::{Amount, Fact, FactKind, Line, SimClock, Value};
use crate::ledger::{AccountKind, BookPolicy};
use crate::store::{PointInTime, Store, StoreSettings};

fn bills(mut invoice: Fact, shipment: &str, units: i64) -> Fact {
    let line = [
        ("line_no".into(), Value::text("1")),
        ("shipment_no".into(), reference(FactKind::Shipment, shipment)),
        ("gross".into(), Value::Amount(Amount::units(units))),
    ];
    invoice.lines.push(Line { key: "1".into(), fields: line.into_iter().collect() });
    invoice
}

/// Each with the day on which it counts.
fn half_a_year() -> Vec<(&'static str, Fact)> {
    let bill = |day: &'static str, units| {
        let mut bill = with(invoice("B1", "C2", day, units), "received_on", Value::Date(date(day)));
        bill.kind = FactKind::Bill;
        with(with(bill, "status", Value::text("dishonoured")), "status_on", Value::Date(date("2026-04-02")))
    };
    vec![
        ("2026-01-05", shipment("S1", "C1", "2026-01-05", 100)),
        ("2026-01-20", shipment("S2", "C1", "2026-01-20", 40)),
        ("2026-01-31", bills(invoice("AR1", "C1", "2026-01-31", 100), "S1", 100)),
        ("2026-02-10", receipt("R1", Some("C1"), "2026-02-10", 60)),
        ("2026-02-28", bills(invoice("AR2", "C1", "2026-02-28", 40), "S2", 40)),
        ("2026-03-05", receipt("R2", Some("C1"), "2026-03-05", 80)),
        ("2026-02-02", shipment("S3", "C2", "2026-02-02", 25)),
        ("2026-03-01", bill("2026-03-01", 25)),
        ("2026-03-10", receipt("R3", None, "2026-03-10", 7)),
    ]
}

async fn company(store: &Store, until: &str) {
    Page::of("customer", 1)
        .facts("1", "v1", &[customer("C1", "远航")])
        .facts("2", "v1", &[customer("C2", "中芯")])
        .apply(store)
        .await;
    for (day, fact) in half_a_year() {
        if date(day) <= date(until) {
            Page::of("papers", 1).facts(&fact.number, "v1", std::slice::from_ref(&fact)).apply(store).await;
            settle(store).await;
        }
    }
}

#[tokio::test]
async fn as_of_a_day_the_ledger_says_what_it_says_of_a_company_that_ended_there() {
    for whole in databases().await {
        let whole = open(&whole).await;
        company(&whole, "2026-12-31").await;
        for day in ["2026-01-04", "2026-01-10", "2026-01-31", "2026-02-15", "2026-03-04", "2026-03-31", "2026-05-01"] {
            let fresh = databases().await;
            let short = open(&fresh[0]).await;
            company(&short, day).await;
            let expected = short.aging_as_of(None, date(day)).await.unwrap();
            let found = whole.aging_as_of(Some(BOOK), date(day)).await.unwrap();
            assert_eq!(found, expected, "{day}");
            if day != "2026-03-04" && day != "2026-03-31" {
                // The bill was dishonoured later: that is known on both sides, and has not happened yet.
                assert_eq!(short.aging(None, &|_| date(day)).await.unwrap(), expected, "{day}");
            }
            let party = |views: Vec<crate::store::PartyView>| -> Vec<_> {
                let open = |item: &crate::ledger::OpenItem| (item.number.clone(), item.open);
                views[0].positions.iter().flat_map(|position| position.items.iter().map(open)).collect()
            };
            let found = party(whole.party_as_of(None, "C1", date(day)).await.unwrap());
            assert_eq!(found, party(short.party(None, "C1").await.unwrap()), "{day}");
        }
        let open = whole.aging_as_of(None, date("2026-02-15")).await.unwrap();
        assert_eq!((&*open[0].code, open[0].open), ("C1", Amount::units(80)));
    }
}

#[tokio::test]
async fn balances_are_asked_for_by_the_day_they_count_and_by_the_instant_they_became_known() {
    for database in databases().await {
        let clock = Arc::new(SimClock::new(START.parse::<Timestamp>().unwrap()));
        let settings = StoreSettings {
            url: database.url.clone(),
            clock: clock.clone(),
            policies: Arc::new(|_| BookPolicy::default()),
        };
        let store = Store::open(&settings).await.unwrap();
        let first = START.parse::<Timestamp>().unwrap() + 1.hours();
        let shipped = |version: &str, units| {
            Page::of("outstock", 1).facts("1", version, &[shipment("S1", "C1", "2026-01-05", units)])
        };
        shipped("v1", 100).apply(&store).await;
        clock.advance_to(first + 1.hours());
        shipped("v2", 90).apply(&store).await;
        let unbilled = async |as_of, known_at| {
            let mut reader = store.journal_reader().await.unwrap();
            let balances = reader.balances_at(PointInTime { as_of, known_at, posted: false }).await.unwrap();
            let found = balances.iter().find(|balance| balance.account.kind == AccountKind::Unbilled);
            found.map(|balance| balance.amount)
        };
        assert_eq!(unbilled(None, None).await, Some(Amount::units(90)));
        assert_eq!(unbilled(None, Some(first)).await, Some(Amount::units(100)));
        assert_eq!(unbilled(Some(date("2026-01-05")), Some(first)).await, Some(Amount::units(100)));
        assert_eq!(unbilled(Some(date("2026-01-04")), None).await, None);
        assert_eq!(unbilled(None, Some("2026-01-01T00:00:00Z".parse().unwrap())).await, None);
    }
}
