//! What an operator reads and is refused about who is one customer; both engines must answer the same.

use jiff::Timestamp;

use super::{propose, why};
use crate::app::AppError;
use crate::cli::ledger::refusal;
use crate::domain::{Fact, Value};
use crate::store::Store;
use crate::store::tests::company::{BOOK, Page, START, customer, invoice, open, settle, with};
use crate::store::tests::database::databases;
use crate::sync::decide::identity::party_key;
use crate::sync::decide::{Person, Wish, decide};

/// Two keys of one number, a third that only sounds like it, a namesake in another city, and one name with two numbers.
async fn company(store: &Store) {
    let crm = |code: &str, name: &str| Fact { numbering: "crm".into(), ..customer(code, name) };
    let tax = |fact: Fact, number: &str| with(fact, "tax_number", Value::text(number));
    let phone = |fact: Fact| with(fact, "phone", Value::text("0755-2688 1234"));
    let facts = [
        tax(customer("C1", "深圳市远航电子有限公司"), "91350100M000100Y43"),
        tax(crm("K7", "远航电子深圳"), "91350100M000100Y43"),
        phone(customer("C3", "远航电子")),
        customer("C4", "东莞市远航电子有限公司"),
        phone(tax(customer("C5", "晨光科技有限公司"), "91440300708461136T")),
        crm("C4", "晨光科技有限公司"),
        invoice("AR1", "C1", "2026-01-02", 100),
    ];
    let mut page = Page::of("customer", 1);
    for fact in &facts {
        page = page.facts(&format!("{}/{}", fact.numbering, fact.number), "1", std::slice::from_ref(fact));
    }
    page.apply(store).await;
    settle(store).await;
}

async fn say(store: &Store, wish: Wish) -> Result<(), AppError> {
    let now: Timestamp = START.parse().unwrap();
    let person = Person { name: "lin", book: None, note: Some("电话确认"), now };
    decide(store, &person, &wish).await.map(drop).map_err(refusal)
}

fn link(a: &str, b: &str) -> Wish {
    Wish::Link { a: a.into(), b: b.into() }
}

fn split(a: &str, b: &str) -> Wish {
    Wish::Split { a: a.into(), b: b.into() }
}

async fn tree(store: &Store, called: &str) -> String {
    let party = party_key(store, None, called).await.unwrap();
    why::tree(&party, &store.identity(party.id).await.unwrap()).render()
}

#[tokio::test]
async fn why_names_the_keys_of_a_customer_and_what_links_refuses_and_proposes() {
    for database in databases().await {
        let store = open(&database).await;
        company(&store).await;
        insta::assert_snapshot!("by_rule", tree(&store, "C1").await);
        let all = store.identity_proposals().await.unwrap();
        insta::assert_snapshot!("proposals", propose::text(&all, all.len()));
        say(&store, link("C3", "K7")).await.unwrap();
        say(&store, split("C1", "erp:C4")).await.unwrap();
        insta::assert_snapshot!("by_decision", tree(&store, "C3").await);
        let party = party_key(&store, None, "C3").await.unwrap();
        let json = why::why_json(&party, &store.identity(party.id).await.unwrap());
        insta::assert_snapshot!("by_decision_json", serde_json::to_string_pretty(&json).unwrap());
    }
}

#[tokio::test]
async fn a_customer_is_shown_with_its_other_keys_and_their_own_balances() {
    for database in databases().await {
        let store = open(&database).await;
        company(&store).await;
        let view = store.party(Some(BOOK), "K7").await.unwrap().remove(0);
        let others: Vec<(&str, usize)> =
            view.others.iter().map(|other| (&*other.party.number, other.balances.len())).collect();
        assert_eq!((view.balances.len(), others), (0, vec![("C1", 2)]));
    }
}

#[tokio::test]
async fn what_cannot_be_decided_about_two_keys_is_refused_with_the_way_out() {
    for database in databases().await {
        let store = open(&database).await;
        company(&store).await;
        for (wish, expected) in [
            (link("C9", "C1"), "C9` · no such customer"),
            (link("C4", "C1"), "sz:crm:C4, sz:erp:C4"),
            (link("C1", "sz:C1"), "one and the same key"),
        ] {
            let refused = say(&store, wish).await.unwrap_err();
            assert!(refused.render().contains(expected), "{}", refused.render());
            assert_eq!(refused.exit_code(), 1);
        }
        say(&store, link("C3", "C1")).await.unwrap();
        let again = say(&store, link("C1", "C3")).await.unwrap_err();
        assert!(again.render().contains("links them already"), "{}", again.render());
        say(&store, split("C1", "C3")).await.unwrap();
        let again = say(&store, split("C3", "C1")).await.unwrap_err();
        assert!(again.render().contains("apart already"), "{}", again.render());
        // The last word about two keys counts.
        say(&store, link("C1", "C3")).await.unwrap();
        assert!(tree(&store, "C1").await.contains("(3)"));
        // The newest word wins over the rule by which C1 and K7 are one, because somebody keeps K7 and C4 apart.
        say(&store, split("K7", "erp:C4")).await.unwrap();
        say(&store, link("C1", "erp:C4")).await.unwrap();
        let seen = tree(&store, "C1").await;
        assert!(seen.contains("sz:crm:K7 ≠ sz:erp:C1") || seen.contains("sz:erp:C1 ≠ sz:crm:K7"), "{seen}");
    }
}

#[tokio::test]
async fn a_link_that_was_taken_back_holds_no_more() {
    for database in databases().await {
        let store = open(&database).await;
        company(&store).await;
        say(&store, link("C3", "C1")).await.unwrap();
        let decision = store.decisions(None, 1).await.unwrap().remove(0).decision;
        say(&store, Wish::Revoke { decisions: vec![decision.number.to_string()] }).await.unwrap();
        assert!(tree(&store, "C3").await.contains("(1)"));
        say(&store, link("C3", "C1")).await.unwrap();
        assert!(tree(&store, "C3").await.contains("(3)"), "it may be said again");
    }
}
