//! `ledger credit`, and what `ledger party` says of a limit.

use std::sync::Arc;

use crate::cli::args::{CreditArgs, PastArgs};
use crate::cli::ledger::credit::{self, credit_json, find};
use crate::cli::ledger::past::Past;
use crate::config::{Config, Origins};
use crate::domain::{Currency, SimClock};
use crate::store::Store;
use crate::store::tests::company::{date, open};
use crate::store::tests::credit::trade;
use crate::store::tests::database::databases;

fn args(party: Option<&str>, over: bool) -> CreditArgs {
    CreditArgs { book: None, party: party.map(str::to_owned), over }
}

async fn text(store: &Store, args: &CreditArgs) -> String {
    credit::text(&find(store, args, &|_| Currency::CNY).await.unwrap(), args)
}

#[tokio::test]
async fn limits_are_listed_groups_first_with_what_is_used_of_them() {
    for database in databases().await {
        let store = open(&database).await;
        trade(&store).await;
        let all = args(None, false);
        insta::assert_snapshot!("credit", text(&store, &all).await);
        let json = credit_json(&find(&store, &all, &|_| Currency::CNY).await.unwrap());
        insta::assert_snapshot!("credit_json", serde_json::to_string_pretty(&json).unwrap());
        let of_one = text(&store, &args(Some("C2"), false)).await;
        assert!(of_one.contains("C1") && !of_one.contains("C3"), "{of_one}");
        let without = text(&store, &args(Some("C4"), false)).await;
        assert!(without.contains("C4") && without.contains("900.00"), "{without}");
        let over = text(&store, &args(None, true)).await;
        assert!(over.contains("远航集团") && !over.contains("C3"), "{over}");
        assert!(text(&store, &args(Some("C3"), true)).await.contains("nobody is over"));
    }
}

#[tokio::test]
async fn where_nobody_has_a_limit_that_is_said_and_an_unknown_customer_is_named() {
    for database in databases().await {
        let store = open(&database).await;
        assert!(text(&store, &args(None, false)).await.contains("no customer has a limit"));
        trade(&store).await;
        let refused = credit::run(&store, &args(Some("C9"), false), &|_| Currency::CNY, true).await.unwrap_err();
        assert!(refused.exit_code() == 1 && refused.render().contains("C9"), "{}", refused.render());
    }
}

/// What `ledger party` says.
async fn lines(store: &Store, code: &str, as_of: Option<&str>) -> String {
    let clock = Arc::new(SimClock::new("2026-03-01T00:00:00Z".parse().unwrap()));
    let at = PastArgs { as_of: as_of.map(date), known_at: None };
    let config = Arc::new(Config::load(&Origins::default()).unwrap());
    let past = Past::of(config, clock, store.clone(), at).await.unwrap();
    let view = past.party(None, code).await.unwrap().remove(0);
    let (customer, group) = past.credit(&view).await.unwrap();
    credit::of_customer(&customer, group.as_ref())
}

#[tokio::test]
async fn a_customer_is_shown_with_its_own_limit_and_its_groups() {
    for database in databases().await {
        let store = open(&database).await;
        trade(&store).await;
        let told = [("C1", None), ("C1", Some("2026-02-02")), ("C3", None), ("C4", None)];
        let mut text = String::new();
        for (code, as_of) in told {
            text += &format!("{code} {}\n{}", as_of.unwrap_or("today"), lines(&store, code, as_of).await);
        }
        insta::assert_snapshot!("credit_of_a_customer", text);
    }
}
