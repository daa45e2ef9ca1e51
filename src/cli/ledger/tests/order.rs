//! `ledger order`: the loop of an order, and what is missing in it.

use crate::cli::ledger::{order, why};
use crate::domain::{FactKind, Value};
use crate::store::OrderLoop;
use crate::store::tests::company::{Page, date, fact};

use super::desk::{Desk, desks};

async fn seen(desk: &Desk, number: &str) -> OrderLoop {
    desk.store.order_loop(None, number).await.unwrap().remove(0)
}

#[tokio::test]
async fn the_loop_of_an_order_is_told_step_by_step_with_what_is_missing() {
    for (desk, _database) in desks().await {
        desk.one_order().await;
        let view = seen(&desk, "SO26010001").await;
        let state = order::state(&view, date("2026-03-10")).unwrap();
        insta::assert_snapshot!("an_order", order::tree(&view, &state).render());
        let json = order::order_json(&view, &state);
        insta::assert_snapshot!("an_order_json", serde_json::to_string_pretty(&json).unwrap());
    }
}

#[tokio::test]
async fn a_signature_that_a_carrier_tells_of_is_shown_with_the_order_and_with_the_goods() {
    for (desk, _database) in desks().await {
        desk.one_order().await;
        let event = vec![
            ("event_id", Value::text("E1")),
            ("waybill", Value::text("SF1234567890")),
            ("happened_at", Value::Instant("2026-01-08T02:00:00Z".parse().unwrap())),
            ("event", Value::text("signed")),
        ];
        let event = fact(FactKind::Logistics, "E1", event);
        Page::of("track", 1).facts("E1", "1", &[event]).apply(&desk.store).await;
        desk.settle().await;
        let view = seen(&desk, "SO26010001").await;
        let state = order::state(&view, date("2026-03-10")).unwrap();
        let (text, json) = (order::tree(&view, &state).render(), order::order_json(&view, &state));
        assert!(text.contains("XSCKD000123 2026-01-08 · 物流回传"), "{text}");
        assert_eq!(json["shipments"][0]["signed_on"], "2026-01-08");
        assert_eq!(json["totals"]["signed"], json["totals"]["shipped"]);
        let goods = desk.store.document(None, Some(FactKind::Shipment), "XSCKD000123").await.unwrap().remove(0);
        let text = why::document::tree(&goods).render();
        assert!(text.contains("2026-01-08 · 物流事件 event E1 · 运单 waybill SF1234567890"), "{text}");
        assert_eq!(why::document::document_why(&goods)["signed_by"]["number"], "E1");
    }
}

#[tokio::test]
async fn an_order_that_does_not_exist_is_named_with_the_nearest() {
    for (desk, _database) in desks().await {
        desk.one_order().await;
        let refused = order::run(&desk.store, None, "SO2601001", &|_| date("2026-03-10"), true).await.unwrap_err();
        assert_eq!(refused.exit_code(), 1);
        assert!(refused.render().contains("SO26010001"), "{}", refused.render());
    }
}
