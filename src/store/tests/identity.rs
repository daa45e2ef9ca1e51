//! Who is one customer is the same whatever order party keys and decisions came in, and is found without reading all.

use std::time::Instant;

use jiff::Timestamp;

use super::company::{BOOK, Page, START, customer, open, with};
use super::database::databases;
use crate::domain::{Fact, FactKind, Id, Value};
use crate::ledger::identity::Because;
use crate::sim::namesakes::namesakes;
use crate::sim::rng::Rng;
use crate::store::{Identified, Store, StreamId};
use crate::sync::decide::identity::label;

const TAX_A: &str = "91350100M000100Y43";
const TAX_B: &str = "91440300708461136T";

/// A party key of a book and number range.
fn key(book: &'static str, numbering: &str, code: &str, name: &str, tax: &str) -> Fact {
    let mut fact = customer(code, name);
    if !tax.is_empty() {
        fact = with(fact, "tax_number", Value::text(tax));
    }
    Fact { book: book.into(), numbering: numbering.into(), ..fact }
}

fn id(fact: &Fact) -> Id {
    Id::of(&fact.book, fact.kind, &fact.numbering, &fact.number)
}

fn reference(fact: &Fact) -> Value {
    Value::Ref { number: fact.number.clone(), id: id(fact) }
}

/// What a person said at a minute; `revokes` an earlier decision.
fn said(minute: i64, action: &str, a: &Fact, b: &Fact, revokes: Option<&Fact>) -> Fact {
    let at = START.parse::<Timestamp>().unwrap().as_second() + minute * 60;
    let number = format!("D{minute}");
    let mut fact = super::company::fact(
        FactKind::Decision,
        &number,
        vec![
            ("decision_id", Value::text(&*number)),
            ("decided_at", Value::Instant(Timestamp::from_second(at).unwrap())),
            ("decided_by", Value::text("lin")),
            ("action", Value::text(action)),
            ("customer", reference(a)),
            ("other_customer", reference(b)),
        ],
    );
    if let Some(revoked) = revokes {
        fact = with(fact, "revokes", reference(revoked));
    }
    fact
}

/// One page a fact, so that any order can be told. A later version of a fact has a later `at`.
fn page(at: i64, fact: &Fact) -> Page {
    let book = if &*fact.book == BOOK { BOOK } else { "hk" };
    let key = format!("{}/{}", fact.numbering, fact.number);
    let stream = StreamId::new(&format!("erp-{book}"), fact.kind.name());
    Page { book, stream, ..Page::of("", at) }.facts(&key, &format!("{at:03}"), std::slice::from_ref(fact))
}

/// Everything that an operator sees of a customer, by labels.
fn seen(identified: &Identified) -> String {
    let name = |id: &Id| identified.documents.get(id).map_or_else(|| id.to_string(), label);
    let members: Vec<String> = identified.members.iter().map(label).collect();
    let edges: Vec<String> = identified
        .edges
        .iter()
        .map(|edge| format!("{} = {} {:?}", name(&edge.a), name(&edge.b), edge.strength))
        .collect();
    let refused: Vec<String> = identified
        .refused
        .iter()
        .map(|refused| format!("{} # {} {:?}", name(&refused.edge.a), name(&refused.edge.b), refused.because))
        .collect();
    let proposals: Vec<String> = identified
        .proposals
        .iter()
        .map(|proposal| format!("{} ~ {} {}", name(&proposal.a), name(&proposal.b), proposal.evidence.points))
        .collect();
    let decisions: Vec<&str> = identified.decisions.iter().map(|decision| &*decision.number).collect();
    format!("{members:?} {edges:?} {refused:?} {proposals:?} {decisions:?}")
}

async fn members(store: &Store, party: &Fact) -> Vec<String> {
    store.identity(id(party)).await.unwrap().members.iter().map(label).collect()
}

#[tokio::test]
async fn keys_of_two_books_and_number_ranges_are_one_customer_by_rule_and_by_decision() {
    for database in databases().await {
        let store = open(&database).await;
        let erp = key(BOOK, "erp", "C1", "远航电子（深圳）有限公司", TAX_A);
        let crm = key(BOOK, "crm", "K7", "远航", TAX_A);
        let hk = key("hk", "erp", "H1", "遠航電子(深圳) 有限公司", "");
        let sibling = key(BOOK, "erp", "C2", "远航电子（东莞）有限公司", TAX_B);
        for fact in [&erp, &crm, &hk, &sibling] {
            page(1, fact).apply(&store).await;
        }
        assert_eq!(members(&store, &hk).await, ["hk:erp:H1", "sz:crm:K7", "sz:erp:C1"]);
        assert_eq!(members(&store, &sibling).await, ["sz:erp:C2"]);

        let split = said(1, "split", &hk, &erp, None);
        page(2, &split).apply(&store).await;
        let found = store.identity(id(&hk)).await.unwrap();
        assert_eq!(found.members.len(), 1);
        assert!(matches!(found.refused[0].because, Because::Split(decision) if decision == id(&split)));
        assert!(found.proposals.is_empty(), "what a person split is not proposed again");

        page(3, &said(2, "revoke", &hk, &erp, Some(&split))).apply(&store).await;
        page(4, &said(3, "link", &hk, &sibling, None)).apply(&store).await;
        assert_eq!(
            members(&store, &erp).await,
            ["sz:crm:K7", "sz:erp:C1"],
            "H1 has another number now, and C1 its name"
        );
        assert_eq!(members(&store, &sibling).await, ["hk:erp:H1", "sz:erp:C2"]);
    }
}

#[tokio::test]
async fn a_key_whose_name_changes_leaves_its_customer() {
    for database in databases().await {
        let store = open(&database).await;
        let one = key(BOOK, "erp", "C1", "远航电子有限公司", "");
        let two = key(BOOK, "erp", "C2", "远航电子有限公司", "");
        page(1, &one).apply(&store).await;
        page(1, &two).apply(&store).await;
        assert_eq!(members(&store, &one).await.len(), 2);
        page(2, &key(BOOK, "erp", "C2", "晨光科技有限公司", "")).apply(&store).await;
        assert_eq!(members(&store, &one).await, ["sz:erp:C1"]);
        page(3, &two).apply(&store).await;
        assert_eq!(members(&store, &one).await.len(), 2);
    }
}

#[tokio::test]
async fn clues_that_were_made_by_other_rules_are_made_again_when_the_store_is_opened() {
    for database in databases().await {
        let store = open(&database).await;
        let one = key(BOOK, "erp", "C1", "远航电子有限公司", TAX_A);
        let two = key("hk", "erp", "H1", "YUANHANG LTD", TAX_A);
        page(1, &one).apply(&store).await;
        page(1, &two).apply(&store).await;
        let mut tx = store.engine.begin().await.unwrap();
        tx.execute("DELETE FROM party_clue", Vec::new()).await.unwrap();
        tx.execute("UPDATE clue_rules SET version = 0", Vec::new()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(members(&store, &one).await.len(), 1);
        store.close().await;
        let store = open(&database).await;
        assert_eq!(members(&store, &one).await.len(), 2);
    }
}

/// Names and numbers that agree, conflict and hang together in chains.
fn random_company(rng: &mut Rng) -> Vec<Page> {
    const NAMES: [&str; 6] =
        ["甲电子有限公司", "乙电子有限公司", "甲電子有限公司", "甲电子", "深圳甲电子有限公司", "丙贸易有限公司"];
    const TAXES: [&str; 4] = ["", TAX_A, TAX_B, ""];
    let keys: Vec<Fact> = (0..8)
        .map(|place| {
            let book = if rng.below(3) == 0 { "hk" } else { BOOK };
            let (name, tax) = (NAMES[rng.below(6) as usize], TAXES[rng.below(4) as usize]);
            key(book, ["erp", "crm"][rng.below(2) as usize], &format!("C{place}"), name, tax)
        })
        .collect();
    let mut pages: Vec<Page> = keys.iter().map(|fact| page(1, fact)).collect();
    // A later version of one key, which may arrive first.
    let changed = &keys[rng.below(8) as usize];
    let renamed = with(changed.clone(), "name", Value::text(NAMES[rng.below(6) as usize]));
    pages.push(page(2, &renamed));
    let mut decisions: Vec<(Fact, usize, usize)> = Vec::new();
    for minute in 1..=4 {
        let (a, b) = (rng.below(8) as usize, rng.below(8) as usize);
        if a == b {
            continue;
        }
        let fact = said(minute, ["link", "split"][rng.below(2) as usize], &keys[a], &keys[b], None);
        pages.push(page(3, &fact));
        decisions.push((fact, a, b));
    }
    if let Some((fact, a, b)) = decisions.first().filter(|_| rng.below(2) == 0) {
        pages.push(page(3, &said(9, "revoke", &keys[*a], &keys[*b], Some(fact))));
    }
    pages
}

async fn told(store: &Store, pages: &[Page]) -> Vec<String> {
    for page in pages {
        page.apply(store).await;
    }
    let mut customers = Vec::new();
    for place in 0..8 {
        for party in store.party_keys(&format!("C{place}")).await.unwrap() {
            customers.push(seen(&store.identity(party.id).await.unwrap()));
        }
    }
    let proposals = store.identity_proposals().await.unwrap();
    let line = |pair: &crate::store::IdentityProposal| {
        format!("{} ~ {} {}", label(&pair.a), label(&pair.b), pair.evidence.points)
    };
    customers.extend(proposals.iter().map(line));
    customers
}

#[tokio::test]
async fn any_order_of_keys_and_decisions_ends_in_the_same_customers() {
    const ROUNDS: u64 = 12;
    for seed in 0..ROUNDS {
        let mut rng = Rng::new(seed);
        let mut pages = random_company(&mut rng);
        let databases = databases().await;
        let first = told(&open(&databases[0]).await, &pages).await;
        for database in super::database::databases().await {
            for index in (1..pages.len()).rev() {
                pages.swap(index, rng.below(index as u64 + 1) as usize);
            }
            let again = told(&open(&database).await, &pages).await;
            assert_eq!(first, again, "seed {seed} on {}", database.url);
        }
    }
}

/// `BIHUAN_TEST_FULL`: as many as the issue names.
#[tokio::test]
async fn how_long_a_new_key_takes_among_many_is_printed() {
    let many = if std::env::var_os("BIHUAN_TEST_FULL").is_some() { 100_000 } else { 2_000 };
    const NEW: usize = 100;
    const PAGE: usize = 2_000;
    for database in databases().await {
        let store = open(&database).await;
        let set = namesakes(20_261_130, many + NEW);
        let (known, new) = set.split_at(many);
        for (index, some) in known.chunks(PAGE).enumerate() {
            let mut page = Page::of("customer", 1);
            for (place, namesake) in some.iter().enumerate() {
                page = page.facts(&format!("{index}/{place}"), "1", std::slice::from_ref(&namesake.fact));
            }
            page.apply(&store).await;
        }
        let (mut applied, mut asked) = (Vec::new(), Vec::new());
        for (place, namesake) in new.iter().enumerate() {
            let page =
                Page::of("customer", 2).facts(&format!("new/{place}"), "1", std::slice::from_ref(&namesake.fact));
            let start = Instant::now();
            page.apply(&store).await;
            applied.push(start.elapsed());
            let start = Instant::now();
            store.identity(id(&namesake.fact)).await.unwrap();
            asked.push(start.elapsed());
        }
        let start = Instant::now();
        let proposals = store.identity_proposals().await.unwrap().len();
        let all = start.elapsed();
        applied.sort();
        asked.sort();
        let engine = database.url.split(':').next().unwrap_or_default();
        println!(
            "{engine}: a new key among {many}: stored p50 {:?} p99 {:?}, its customer and proposals p50 {:?} p99 {:?}; \
             all {proposals} proposals in {all:?}",
            applied[NEW / 2],
            applied[NEW * 99 / 100],
            asked[NEW / 2],
            asked[NEW * 99 / 100],
        );
    }
}
