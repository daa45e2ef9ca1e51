//! Records that the ledger refuses, or keeps waiting for what others say: whom it refuses never depends on who came first.

use super::company::{Page, bank_line, dump, fact, invoice, open, receipt, reference, settle, shipment, totals, with};
use super::database::databases;
use crate::domain::{Amount, Fact, FactKind, Value};
use crate::store::{Outcome, Store};

fn without(mut fact: Fact, field: &str) -> Fact {
    fact.fields.remove(field);
    fact
}

fn sale(units: i64) -> Fact {
    shipment("S1", "C1", "2026-01-05", units)
}

/// Half a cent is no money.
fn half_a_cent() -> Fact {
    let mut broken = sale(0);
    broken.lines[0].fields.set("gross", Value::Amount(Amount(5_000)));
    broken
}

fn warehouse(version: &str, facts: &[Fact]) -> Page {
    Page { books: false, rank: 2, ..Page::of("warehouse", 1) }.facts("W", version, facts)
}

/// Key and field of what waits in quarantine.
async fn waiting(store: &Store) -> Vec<(String, String)> {
    let listed = store.quarantine_list(None, 10).await.unwrap();
    listed.iter().map(|entry| (entry.record_key.to_string(), entry.problem.field.to_string())).collect()
}

fn one(key: &str, field: &str) -> Vec<(String, String)> {
    vec![(key.to_owned(), field.to_owned())]
}

#[tokio::test]
async fn what_one_record_lacks_another_may_supply_whichever_comes_first() {
    for order in [[0, 1], [1, 0]] {
        for database in databases().await {
            let store = open(&database).await;
            let erp = Page::of("outstock", 1).facts("1", "v1", &[without(sale(100), "currency")]);
            let pages = [erp, warehouse("v1", &[sale(100)])];
            for index in order {
                pages[index].apply(&store).await;
            }
            assert_eq!((waiting(&store).await, totals(&store).await.shipped), (Vec::new(), Amount::units(100)));
            warehouse("v2", &[]).apply(&store).await;
            assert_eq!((waiting(&store).await, totals(&store).await.shipped), (one("1", "currency"), Amount::ZERO));
            warehouse("v3", &[sale(100)]).apply(&store).await;
            assert_eq!((waiting(&store).await, totals(&store).await.shipped), (Vec::new(), Amount::units(100)));
            assert!(store.verify(None).await.unwrap().is_sound());
        }
    }
}

#[tokio::test]
async fn while_a_newer_version_waits_for_others_the_last_complete_one_counts() {
    for database in databases().await {
        let store = open(&database).await;
        Page::of("outstock", 1).facts("1", "v1", &[sale(80)]).apply(&store).await;
        Page::of("outstock", 1).facts("1", "v2", &[without(sale(100), "currency")]).apply(&store).await;
        assert_eq!((waiting(&store).await, totals(&store).await.shipped), (one("1", "currency"), Amount::units(80)));
        warehouse("v1", &[sale(100)]).apply(&store).await;
        assert_eq!((waiting(&store).await, totals(&store).await.shipped), (Vec::new(), Amount::units(100)));
        warehouse("v2", &[]).apply(&store).await;
        assert_eq!((waiting(&store).await, totals(&store).await.shipped), (one("1", "currency"), Amount::units(80)));
        Page::of("outstock", 1).facts("1", "v3", &[sale(90)]).apply(&store).await;
        assert_eq!((waiting(&store).await, totals(&store).await.shipped), (Vec::new(), Amount::units(90)));
        assert!(dump(&store, "SELECT record FROM kept_version").await.is_empty(), "nothing waits, nothing is kept");
    }
}

#[tokio::test]
async fn of_a_good_and_a_bad_record_of_one_document_only_the_bad_one_is_refused() {
    let good = || ("good", sale(100));
    let bad = || ("bad", half_a_cent());
    for pages in [vec![vec![good(), bad()]], vec![vec![good()], vec![bad()]], vec![vec![bad()], vec![good()]]] {
        for database in databases().await {
            let store = open(&database).await;
            for page in &pages {
                let records = page.iter();
                let page = records.fold(Page::of("outstock", 1), |page, (key, fact)| {
                    page.facts(key, "v1", std::slice::from_ref(fact))
                });
                page.apply(&store).await;
            }
            assert_eq!(
                (waiting(&store).await, totals(&store).await.shipped),
                (one("bad", "gross"), Amount::units(100))
            );
        }
    }
}

#[tokio::test]
async fn a_version_that_cannot_be_posted_does_not_take_the_one_before_it_away() {
    for database in databases().await {
        let store = open(&database).await;
        let both = Page::of("outstock", 1).facts("1", "v1", &[sale(100)]).facts("1", "v2", &[half_a_cent()]);
        let counts = both.apply(&store).await.counts;
        assert_eq!((counts.applied, counts.quarantined), (1, 1));
        assert_eq!((waiting(&store).await, totals(&store).await.shipped), (one("1", "gross"), Amount::units(100)));
    }
}

#[tokio::test]
async fn of_two_sources_that_do_not_go_together_the_better_one_stays() {
    let shared = |units: i64| {
        let mut payment = receipt("R1", Some("C1"), "2026-01-10", 100);
        payment.lines = sale(units).lines;
        payment
    };
    let page = |stream: &str, rank: u32, fact: Fact| Page { rank, ..Page::of(stream, 1) }.facts(stream, "v1", &[fact]);
    for order in [[0, 1], [1, 0]] {
        for database in databases().await {
            let store = open(&database).await;
            // Each is a payment of 100 with one line; both lines together are more than was paid.
            let mut other = shared(70);
            other.lines[0].key = "2".into();
            let pages = [page("finance", 1, shared(60)), page("old", 2, other)];
            for index in order {
                pages[index].apply(&store).await;
            }
            settle(&store).await;
            assert_eq!(waiting(&store).await, one("old", "gross"));
            assert_eq!(totals(&store).await.received, Amount::units(100));
        }
    }
}

#[tokio::test]
async fn what_was_refused_beside_a_record_is_looked_at_again_when_that_record_takes_its_word_back() {
    for order in [[0, 1, 2, 3], [0, 1, 3, 2], [2, 0, 1, 3], [3, 1, 2, 0]] {
        for database in databases().await {
            let store = open(&database).await;
            let claim = |units: i64| {
                let mut claim = without(invoice("AR1", "C1", "2026-01-05", 0), "gross");
                claim.lines = sale(units).lines;
                claim
            };
            let erp = |version: &str, claim: Fact| Page::of("receivable", 1).facts("1", version, &[claim]);
            let pages = [
                erp("v1", claim(100)),
                erp("v2", without(claim(50), "currency")),
                warehouse("v1", &[with(claim(50), "gross", Value::Amount(Amount(5_000)))]),
                warehouse("v2", &[]),
            ];
            for index in order {
                pages[index].apply(&store).await;
            }
            assert_eq!(waiting(&store).await, one("1", "currency"), "order {order:?}");
            assert_eq!(totals(&store).await.invoiced, Amount::units(100));
        }
    }
}

#[tokio::test]
async fn a_bank_line_that_is_withdrawn_without_an_amount_takes_its_money_back() {
    for database in databases().await {
        let store = open(&database).await;
        let line = bank_line("B1", "远航", "2026-01-09", 60);
        Page::of_bank(1).facts("1", "v1", std::slice::from_ref(&line)).apply(&store).await;
        settle(&store).await;
        assert_eq!(dump(&store, "SELECT payment FROM unplaced").await.len(), 1);
        let void = without(with(line, "status", Value::text("void")), "gross");
        Page::of_bank(1).facts("1", "v2", &[void]).apply(&store).await;
        settle(&store).await;
        assert!(dump(&store, "SELECT payment FROM unplaced").await.is_empty());
        assert!(dump(&store, "SELECT id FROM balance WHERE amount <> 0").await.is_empty());
        assert!(store.verify(None).await.unwrap().is_sound());
    }
}

#[tokio::test]
async fn when_a_version_was_last_seen_does_not_depend_on_who_won_meanwhile() {
    let page = |observed_at: i64, units: i64| {
        Page::of("outstock", observed_at).record("1", None, Outcome::Facts(vec![sale(units)]))
    };
    let mut seen = Vec::new();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        for database in databases().await {
            let store = open(&database).await;
            let pages = [page(1, 100), page(2, 100), page(3, 70)];
            for index in order {
                pages[index].apply(&store).await;
            }
            let sql = "SELECT v.hash, CASE WHEN h.hash = v.hash THEN h.observed_at ELSE v.observed_at END \
                 FROM record_version v JOIN record_head h ON h.record = v.record";
            seen.push(dump(&store, sql).await);
        }
    }
    assert!(seen.iter().all(|versions| *versions == seen[0]), "{seen:?}");
}

/// In units; four of them are nearly all that a balance can hold.
const HUGE: i64 = 2_305_843_009_213;

#[tokio::test]
async fn what_no_balance_can_hold_waits_in_quarantine_and_stops_nobody() {
    for database in databases().await {
        let store = open(&database).await;
        let huge = (1..=5).fold(Page::of("outstock", 1), |page, number| {
            let sold = shipment(&format!("S{number}"), "C1", "2026-01-05", HUGE);
            page.facts(&number.to_string(), "v1", &[sold])
        });
        let counts = huge.apply(&store).await.counts;
        assert_eq!((counts.applied, counts.quarantined), (4, 1));
        let small = Page::of("outstock", 1).facts("6", "v1", &[shipment("S6", "C1", "2026-01-05", 1)]);
        assert_eq!(small.apply(&store).await.counts.applied, 1);
        settle(&store).await;
        let waiting = waiting(&store).await;
        assert_eq!((waiting.len(), waiting[0].1.as_str()), (1, "gross"));
        assert!(store.verify(None).await.unwrap().is_sound());
    }
}

#[tokio::test]
async fn a_bank_line_that_no_balance_can_hold_waits_in_quarantine_and_the_others_are_settled() {
    for database in databases().await {
        let store = open(&database).await;
        let huge = (1..=5).fold(Page::of_bank(1), |page, number| {
            page.facts(&number.to_string(), "v1", &[bank_line(&format!("B{number}"), "远航", "2026-01-09", HUGE)])
        });
        huge.apply(&store).await;
        Page::of("outstock", 1).facts("1", "v1", &[sale(100)]).apply(&store).await;
        settle(&store).await;
        let waiting = waiting(&store).await;
        assert_eq!((waiting.len(), waiting[0].1.as_str()), (1, "gross"));
        assert_eq!(dump(&store, "SELECT payment FROM unplaced").await.len(), 4);
        assert_eq!(dump(&store, "SELECT id FROM open_item").await.len(), 1, "customers are settled after it");
        assert!(store.verify(None).await.unwrap().is_sound());
        // The bank says that it was another amount: the line comes back.
        let number = waiting[0].0.clone();
        let mended = bank_line(&format!("B{number}"), "远航", "2026-01-09", 1);
        Page::of_bank(2).facts(&number, "v2", &[mended]).apply(&store).await;
        settle(&store).await;
        assert!(self::waiting(&store).await.is_empty());
        assert_eq!(dump(&store, "SELECT payment FROM unplaced").await.len(), 5);
        assert!(store.verify(None).await.unwrap().is_sound());
    }
}

#[tokio::test]
async fn a_customer_whose_allocations_no_sum_can_hold_is_shown_and_the_others_are_settled() {
    for database in databases().await {
        let store = open(&database).await;
        let decide = |number: u8, action: &str| {
            let at = format!("2026-02-{number:02}T08:00:00Z").parse().unwrap();
            let mut fields = vec![
                ("decided_at", Value::Instant(at)),
                ("decided_by", Value::text("li")),
                ("action", Value::text(action)),
                ("customer", reference(FactKind::Party, "C1")),
                ("payment_no", reference(FactKind::Payment, "R1")),
                ("invoice_no", reference(FactKind::Invoice, "AR1")),
            ];
            if action == "revoke" {
                fields.push(("revokes", reference(FactKind::Decision, &(number - 1).to_string())));
            }
            fact(FactKind::Decision, &number.to_string(), fields)
        };
        let (sold, paid) = (invoice("AR1", "C1", "2026-01-05", HUGE), receipt("R1", Some("C1"), "2026-01-06", HUGE));
        Page::of("all", 1).facts("0", "v1", &[sold, paid]).apply(&store).await;
        // Every time that it is taken apart and joined again, the sum of what was ever joined grows.
        for number in 1..=8 {
            settle(&store).await;
            assert!(store.verify(None).await.unwrap().is_sound());
            let action = if number % 2 == 1 { "unallocate" } else { "revoke" };
            Page::of("all", 1).facts(&number.to_string(), "v1", &[decide(number, action)]).apply(&store).await;
        }
        Page::of("all", 1).facts("other", "v1", &[invoice("AR2", "C2", "2026-01-05", 1)]).apply(&store).await;
        settle(&store).await;
        let open = "SELECT number FROM open_item WHERE open > 0";
        assert_eq!(dump(&store, open).await.len(), 2, "AR1 stays apart from its payment, AR2 is settled");
    }
}
