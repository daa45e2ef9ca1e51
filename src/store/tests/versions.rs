//! Versions, counts and quarantine.

use super::company::{BOOK, Page, customer, dump, open, settle, shipment, totals, with};
use super::database::databases;
use crate::domain::{Amount, Fact, Value};
use crate::store::{Counts, Outcome, ProgressStep, RawPayload};

fn counts(applied: u64, unchanged: u64, ignored: u64, quarantined: u64) -> Counts {
    Counts { read: applied + unchanged + ignored + quarantined, applied, unchanged, ignored, quarantined }
}

#[tokio::test]
async fn nothing_happens_twice() {
    for database in databases().await {
        let store = open(&database).await;
        let page = Page::of("outstock", 1)
            .facts("1", "v1", &[shipment("S1", "C1", "2026-01-05", 100)])
            .facts("2", "v1", &[shipment("S2", "C1", "2026-01-06", 50)])
            .bad("3", Some("v1"))
            .record("4", Some("v1"), Outcome::Ignored("draft".into()));
        let first = page.apply(&store).await;
        assert_eq!(first.counts, counts(2, 0, 1, 1));
        assert_eq!((first.batch, first.documents), (Some(1), 2));
        settle(&store).await;
        let before = totals(&store).await;
        assert_eq!(before.shipped, Amount::units(150));
        let again = page.apply(&store).await;
        assert_eq!(again.counts, counts(0, 2, 1, 1));
        assert_eq!((again.batch, again.documents), (None, 0));
        assert_eq!(totals(&store).await, before);
        let streams = store.stream_totals().await.unwrap();
        assert_eq!((streams[0].counts, streams[0].open_quarantine), (counts(2, 2, 2, 2), 1));
    }
}

#[tokio::test]
async fn contents_a_b_a_under_one_version_or_none_end_in_a_whichever_page_comes_last() {
    for (order, version) in
        [[0, 1, 2], [2, 1, 0], [0, 2, 1], [1, 2, 0]].into_iter().flat_map(|order| [(order, None), (order, Some("v1"))])
    {
        for database in databases().await {
            let store = open(&database).await;
            let page = |observed_at: i64, units: i64| {
                let facts = vec![shipment("S1", "C1", "2026-01-05", units)];
                Page::of("outstock", observed_at).record("1", version, Outcome::Facts(facts))
            };
            let pages = [page(1, 100), page(2, 70), page(3, 100)];
            for index in order {
                pages[index].apply(&store).await;
            }
            assert_eq!(totals(&store).await.shipped, Amount::units(100), "order {order:?}, version {version:?}");
            let versions = dump(&store, "SELECT hash, observed_at FROM record_version").await;
            assert_eq!(versions.len(), 2, "two contents, however often they were seen");
        }
    }
}

#[tokio::test]
async fn a_superseded_version_is_kept_and_counted_and_changes_nothing() {
    for database in databases().await {
        let store = open(&database).await;
        let at = |version: &str, units: i64| {
            Page::of("outstock", 1).facts("1", version, &[shipment("S1", "C1", "2026-01-05", units)])
        };
        assert_eq!(at("2026-01-02", 80).apply(&store).await.counts, counts(1, 0, 0, 0));
        let late = at("2026-01-01", 100).apply(&store).await;
        assert_eq!((late.counts, late.documents), (counts(1, 0, 0, 0), 0));
        assert_eq!(at("2026-01-01", 100).apply(&store).await.counts, counts(0, 1, 0, 0));
        assert_eq!(totals(&store).await.shipped, Amount::units(80));
        let both = Page { observed_at: 9, ..at("2026-01-01", 100) };
        let both = both.facts("1", "2026-01-03", &[shipment("S1", "C1", "2026-01-05", 60)]);
        assert_eq!(both.apply(&store).await.counts, counts(1, 1, 0, 0));
        assert_eq!(totals(&store).await.shipped, Amount::units(60));
    }
}

#[tokio::test]
async fn facts_that_a_newer_version_no_longer_yields_are_withdrawn_and_come_back() {
    for database in databases().await {
        let store = open(&database).await;
        let both = [shipment("S1", "C1", "2026-01-05", 100), shipment("S2", "C1", "2026-01-05", 30)];
        Page::of("outstock", 1).facts("1", "v1", &both).apply(&store).await;
        Page::of("outstock", 1).facts("1", "v2", &both[..1]).apply(&store).await;
        assert_eq!(totals(&store).await.shipped, Amount::units(100));
        let gone = store.document(Some(BOOK), None, "S2").await.unwrap();
        assert!(!gone[0].document.is_live() && gone[0].sources.is_empty());
        assert_eq!(gone[0].journal.len(), 2, "the journal only grows");
        Page::of("outstock", 1).record("1", Some("v3"), Outcome::Ignored("void".into())).apply(&store).await;
        assert_eq!(totals(&store).await.shipped, Amount::ZERO);
        Page::of("outstock", 1).facts("1", "v4", &both).apply(&store).await;
        assert_eq!(totals(&store).await.shipped, Amount::units(130));
        assert!(store.verify(None).await.unwrap().is_sound());
    }
}

#[tokio::test]
async fn an_unreadable_newer_version_waits_in_quarantine_and_the_last_good_facts_stay() {
    for database in databases().await {
        let store = open(&database).await;
        Page::of("outstock", 1).facts("1", "v1", &[shipment("S1", "C1", "2026-01-05", 100)]).apply(&store).await;
        assert_eq!(Page::of("outstock", 2).bad("1", Some("v2")).apply(&store).await.counts, counts(0, 0, 0, 1));
        assert_eq!(totals(&store).await.shipped, Amount::units(100));
        let listed = store.quarantine_list(Some("erp"), 10).await.unwrap();
        assert_eq!((&*listed[0].record_key, &*listed[0].problem.value), ("1", "20260230"));
        let (_, bytes) = store.quarantine_show(listed[0].record).await.unwrap().unwrap();
        assert!(matches!(bytes, RawPayload::Bytes(bytes) if bytes.starts_with(b"Quarantined")));
        let stored = store.stored_records(&Page::of("outstock", 1).stream, None, 10).await.unwrap();
        assert_eq!((stored.len(), stored[0].version.as_deref()), (1, Some("v2")), "the winner, to be mapped again");
        Page::of("outstock", 3).facts("1", "v3", &[shipment("S1", "C1", "2026-01-05", 90)]).apply(&store).await;
        assert!(store.quarantine_list(None, 10).await.unwrap().is_empty());
        assert_eq!(totals(&store).await.shipped, Amount::units(90));
    }
}

#[tokio::test]
async fn a_record_whose_document_cannot_be_posted_is_kept_out_whole() {
    for database in databases().await {
        let store = open(&database).await;
        let mut broken = shipment("S1", "C1", "2026-01-05", 100);
        broken.fields.remove("currency");
        let facts: Vec<Fact> = vec![customer("C1", "远航"), broken];
        let page =
            Page::of("outstock", 1).facts("1", "v1", &facts).facts("2", "v1", &[shipment("S2", "C1", "2026-01-05", 5)]);
        assert_eq!(page.apply(&store).await.counts, counts(1, 0, 0, 1));
        assert!(store.party(None, "C1").await.unwrap().is_empty(), "a record is applied whole or not at all");
        assert_eq!(totals(&store).await.shipped, Amount::units(5));
        assert_eq!(page.apply(&store).await.counts, counts(0, 1, 0, 1));
        assert_eq!(&*store.quarantine_list(None, 10).await.unwrap()[0].problem.field, "currency");
    }
}

#[tokio::test]
async fn a_personal_record_is_unreadable_in_the_database() {
    for database in databases().await {
        let store = open(&database).await;
        let page = Page { personal: true, ..Page::of("message", 1) };
        page.bad("msg-1", None).apply(&store).await;
        let record = crate::store::StreamId::new("erp", "message").record("msg-1");
        let (_, bytes) = store.quarantine_show(record).await.unwrap().unwrap();
        assert!(matches!(bytes, RawPayload::Bytes(bytes) if bytes.starts_with(b"Quarantined")));
        let sql = "UPDATE data_key SET secret = NULL, erased_at = 1 WHERE id = $1";
        super::company::tamper(&store, sql, vec![record.into()]).await;
        assert_eq!(store.quarantine_show(record).await.unwrap().unwrap().1, RawPayload::Erased);
    }
}

#[tokio::test]
async fn progress_commits_with_its_page_and_covered_spans_grow_together() {
    for database in databases().await {
        let store = open(&database).await;
        let at = |second: i64| jiff::Timestamp::from_second(second).unwrap();
        let span = |from: i64, to: i64, resume: Option<&str>| {
            let resume = resume.map(str::to_owned);
            Some(ProgressStep::Span { from: at(from), to: at(to), done: resume.is_none(), resume })
        };
        let stream = Page::of("outstock", 1).stream;
        for step in [span(0, 10, Some("page 2")), span(0, 10, None), span(20, 30, None), span(30, 40, Some("x"))] {
            Page { progress: step, ..Page::of("outstock", 1) }.apply(&store).await;
        }
        let progress = store.progress(&stream).await.unwrap();
        assert_eq!(progress.covered, [(at(0), at(10)), (at(20), at(30))]);
        assert_eq!(progress.unfinished, [(at(30), at(40), "x".to_owned())]);
        let token = Some(ProgressStep::Token { token: "17".to_owned() });
        Page { progress: token, ..Page::of("outstock", 1) }.apply(&store).await;
        Page { progress: span(5, 45, None), ..Page::of("outstock", 1) }.apply(&store).await;
        let progress = store.progress(&stream).await.unwrap();
        assert_eq!((progress.covered, progress.token), (vec![(at(0), at(45))], Some("17".to_owned())));
    }
}

#[tokio::test]
async fn a_void_document_takes_its_posting_back() {
    for database in databases().await {
        let store = open(&database).await;
        let sold = shipment("S1", "C1", "2026-01-05", 100);
        Page::of("outstock", 1).facts("1", "v1", std::slice::from_ref(&sold)).apply(&store).await;
        let void = with(sold, "status", Value::text("void"));
        Page::of("outstock", 1).facts("1", "v2", &[void]).apply(&store).await;
        assert_eq!(totals(&store).await.open, Amount::ZERO);
    }
}

#[tokio::test]
async fn a_document_that_two_streams_tell_alike_outlives_either_of_them() {
    for database in databases().await {
        let store = open(&database).await;
        let sold = [shipment("S1", "C1", "2026-01-05", 100)];
        for stream in ["erp", "wms"] {
            Page::of(stream, 1).facts("1", "v1", &sold).apply(&store).await;
        }
        for (stream, left) in [("erp", 1), ("wms", 0)] {
            let seen = &store.document(None, None, "S1").await.unwrap()[0];
            assert_eq!(seen.document.gross(), Some(Amount::units(100)));
            assert_eq!(seen.sources.len(), left + 1);
            Page::of(stream, 1).facts("1", "v2", &[]).apply(&store).await;
            assert_eq!(totals(&store).await.shipped, Amount::units(100 * left as i64));
        }
        assert!(store.verify(None).await.unwrap().is_sound());
    }
}
