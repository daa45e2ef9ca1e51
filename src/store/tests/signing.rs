//! Signing that carriers tell of, through the store: whoever comes first, the right customer is settled again, the past
//! knows nothing of it, an order's loop says the same, and what was stored before the links existed is linked.

use jiff::tz::TimeZone;

use super::company::{BOOK, Page, customer, date, fact, invoice, open_under, reference, settle, shipment, with};
use super::database::databases;
use crate::domain::{Fact, FactKind, Line, Value};
use crate::ledger::{BookPolicy, Due};
use crate::store::Store;
use crate::store::documents;
use crate::store::engine::Cell;
use crate::store::journal::keys;

fn policy() -> BookPolicy {
    BookPolicy { time_zone: TimeZone::fixed(jiff::tz::offset(8)), ..BookPolicy::default() }
}

fn on_waybill(number: &str, customer: &str, waybill: &str) -> Fact {
    with(shipment(number, customer, "2026-01-10", 100), "waybill", Value::text(waybill))
}

fn claim(number: &str, customer: &str, shipment: &str) -> Fact {
    let mut claim = invoice(number, customer, "2026-01-20", 100);
    let gross = claim.fields.get("gross").unwrap().clone();
    let line = [("shipment_no".into(), reference(FactKind::Shipment, shipment)), ("gross".into(), gross)];
    claim.lines.push(Line { key: "1".into(), fields: line.into_iter().collect() });
    claim
}

fn signed(event: &str, waybill: &str, at: &str) -> Fact {
    let fields = vec![
        ("event_id", Value::text(event)),
        ("waybill", Value::text(waybill)),
        ("happened_at", Value::Instant(at.parse().unwrap())),
        ("event", Value::text("signed")),
    ];
    fact(FactKind::Logistics, event, fields)
}

/// A carrier's events; nobody made it the authority for anything.
fn carrier(version: &str, events: &[Fact]) -> Page {
    let page = Page { books: false, ..Page::of("track", version.parse().unwrap()) };
    events.iter().fold(page, |page, event| page.facts(&event.number, version, std::slice::from_ref(event)))
}

fn terms(code: &str, terms: &str) -> Fact {
    with(customer(code, code), "terms", Value::text(terms))
}

async fn due(store: &Store, number: &str) -> Due {
    store.document(Some(BOOK), Some(FactKind::Invoice), number).await.unwrap()[0].items[0].due
}

const EXPECTED: Due = Due::Expected { on: jiff::civil::date(2026, 2, 9), missing: "signed" };

/// Which customers are to be settled.
async fn dirty(store: &Store) -> usize {
    let mut tx = store.engine.read().await.unwrap();
    tx.fetch("SELECT id FROM subject WHERE settle_generation > settled", Vec::new()).await.unwrap().len()
}

#[tokio::test]
async fn a_signature_wakes_those_whose_goods_it_is_about_and_nobody_else() {
    for database in databases().await {
        let store = open_under(&database.url, policy()).await;
        let facts = [
            terms("C1", "签收后30天"),
            terms("C2", "签收后30天"),
            on_waybill("XS1", "C1", "SF1"),
            on_waybill("XS2", "C2", "SF2"),
            claim("AR1", "C1", "XS1"),
            claim("AR2", "C2", "XS2"),
        ];
        Page::of("all", 1).facts("1", "1", &facts).apply(&store).await;
        settle(&store).await;
        assert_eq!((due(&store, "AR1").await, due(&store, "AR2").await), (EXPECTED, EXPECTED));

        let transit = with(signed("E0", "SF1", "2026-01-11T02:00:00Z"), "event", Value::text("transit"));
        carrier("2", &[transit]).apply(&store).await;
        assert_eq!(dirty(&store).await, 0, "on the way: nothing is signed");
        // 16:30 in UTC is the 15th in the zone of the book.
        carrier("3", &[signed("E1", "sf-1", "2026-01-14T16:30:00Z")]).apply(&store).await;
        assert_eq!(dirty(&store).await, 1);
        settle(&store).await;
        assert_eq!((due(&store, "AR1").await, due(&store, "AR2").await), (Due::On(date("2026-02-14")), EXPECTED));

        let january = |day: &'static str| store.party_as_of(Some(BOOK), "C1", date(day));
        let then = january("2026-01-14").await.unwrap()[0].positions[0].items[0].due;
        assert!(then.is_expected(), "nobody knew on the 14th: {then:?}");
        let later = january("2026-01-20").await.unwrap()[0].positions[0].items[0].due;
        assert_eq!(later, Due::On(date("2026-02-14")));

        // The event is gone at its source.
        let gone = Page { books: false, ..Page::of("track", 4) };
        gone.record("E1", Some("4"), crate::store::Outcome::Facts(Vec::new())).apply(&store).await;
        settle(&store).await;
        assert_eq!(due(&store, "AR1").await, EXPECTED);
        assert!(store.verify(None).await.unwrap().is_sound());
    }
}

#[tokio::test]
async fn the_event_may_come_before_the_goods_and_a_waybill_may_change() {
    for database in databases().await {
        let store = open_under(&database.url, policy()).await;
        let events = [signed("E1", "SF1", "2026-01-15T02:00:00Z"), signed("E2", "SF2", "2026-01-17T02:00:00Z")];
        carrier("1", &events).apply(&store).await;
        settle(&store).await;
        let facts = [terms("C1", "签收后30天"), on_waybill("XS1", "C1", "SF1"), claim("AR1", "C1", "XS1")];
        let page = |version: &str, facts: &[Fact]| {
            let page = Page::of("all", version.parse().unwrap());
            facts.iter().fold(page, |page, fact| page.facts(&fact.number, version, std::slice::from_ref(fact)))
        };
        page("1", &facts).apply(&store).await;
        settle(&store).await;
        assert_eq!(due(&store, "AR1").await, Due::On(date("2026-02-14")));
        for (version, waybill, expected) in [
            ("2", "SF2", Due::On(date("2026-02-16"))),
            ("3", "SF1, SF2", Due::On(date("2026-02-16"))),
            ("4", "SF1, SF3", EXPECTED),
            ("5", "SF1", Due::On(date("2026-02-14"))),
        ] {
            page(version, &[on_waybill("XS1", "C1", waybill)]).apply(&store).await;
            settle(&store).await;
            assert_eq!(due(&store, "AR1").await, expected, "{waybill}");
        }
        // Terms that do not count from signing read no events, and say nothing of them; an order's own do.
        page("6", &[terms("C1", "net 30")]).apply(&store).await;
        settle(&store).await;
        assert_eq!(due(&store, "AR1").await, Due::On(date("2026-02-09")));
        let order = vec![
            ("order_no", Value::text("SO26010001")),
            ("customer", reference(FactKind::Party, "C1")),
            ("ordered_on", Value::Date(date("2026-01-02"))),
            ("status", Value::text("active")),
            ("terms", Value::text("签收后10天")),
        ];
        page("7", &[fact(FactKind::Order, "SO26010001", order)]).apply(&store).await;
        settle(&store).await;
        let goods = store.document(Some(BOOK), Some(FactKind::Invoice), "AR1").await.unwrap();
        assert_eq!(goods[0].items[0].due, Due::On(date("2026-01-25")), "{:?}", goods[0].items);
        let view = store.order_loop(Some(BOOK), "SO26010001").await.unwrap().remove(0);
        assert_eq!(view.signing.signed_on(&view.shipments[0]), Some(date("2026-01-15")));
    }
}

#[tokio::test]
async fn what_was_stored_before_waybills_were_linked_is_linked_when_the_store_is_opened() {
    for database in databases().await {
        let store = open_under(&database.url, policy()).await;
        let facts = [terms("C1", "签收后30天"), on_waybill("XS1", "C1", "SF1"), claim("AR1", "C1", "XS1")];
        Page::of("all", 1).facts("1", "1", &facts).apply(&store).await;
        carrier("1", &[signed("E1", "SF1", "2026-01-15T02:00:00Z")]).apply(&store).await;
        settle(&store).await;
        // As an older version left it.
        let shipped = store.document(Some(BOOK), Some(FactKind::Shipment), "XS1").await.unwrap();
        let waybills = crate::ledger::signing::waybills_of(&shipped[0].document);
        assert!(documents::references(&shipped[0].document).contains(&waybills[0]));
        let mut tx = store.engine.begin().await.unwrap();
        let unlinked = tx.execute_in("DELETE FROM link WHERE target {keys}", &keys(&waybills), Vec::new()).await;
        assert_eq!(unlinked.unwrap(), 2);
        tx.execute("DELETE FROM link_rules", Vec::<Cell>::new()).await.unwrap();
        tx.commit().await.unwrap();
        store.close().await;

        let store = open_under(&database.url, policy()).await;
        let fingerprint = BookPolicy::fingerprint([(BOOK, policy())]);
        assert!(store.settle_under(fingerprint).await.unwrap());
        settle(&store).await;
        assert_eq!(due(&store, "AR1").await, Due::On(date("2026-02-14")));
        // And the next word about it finds the goods.
        carrier("2", &[signed("E1", "SF1", "2026-01-16T02:00:00Z")]).apply(&store).await;
        assert_eq!(dirty(&store).await, 1);
        settle(&store).await;
        assert_eq!(due(&store, "AR1").await, Due::On(date("2026-02-15")));
    }
}
