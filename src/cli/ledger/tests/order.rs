//! `ledger order`: the loop of an order, and what is missing in it.

use crate::cli::ledger::order;
use crate::store::OrderLoop;
use crate::store::tests::company::date;

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
async fn an_order_that_does_not_exist_is_named_with_the_nearest() {
    for (desk, _database) in desks().await {
        desk.one_order().await;
        let refused = order::run(&desk.store, None, "SO2601001", &|_| date("2026-03-10"), true).await.unwrap_err();
        assert_eq!(refused.exit_code(), 1);
        assert!(refused.render().contains("SO26010001"), "{}", refused.render());
    }
}
