//! Limits and groups over what was really posted: goods, claims, money, bills; both engines.

use super::company::{Page, customer, fact, invoice, open, receipt, reference, settle, shipment, with};
use super::database::databases;
use crate::domain::{Amount, Currency, Fact, FactKind, Value};
use crate::ledger::credit::{Credit, Line};
use crate::store::Store;

fn limited(code: &str, limit: i64) -> Fact {
    with(customer(code, &format!("{code}有限公司")), "credit_limit", Value::Amount(Amount::units(limit)))
}

fn member(fact: Fact, group: &str, limit: i64) -> Fact {
    with(with(fact, "group", Value::text(group)), "group_limit", Value::Amount(Amount::units(limit)))
}

/// C1 and C2 are a group, C3 has a limit, C4 has neither.
pub async fn trade(store: &Store) {
    let dollars = with(shipment("XS9", "C1", "2026-02-01", 70), "currency", Value::Currency(Currency::USD));
    let bill = [
        ("bill_no", Value::text("YP1")),
        ("customer", reference(FactKind::Party, "C2")),
        ("currency", Value::Currency(Currency::CNY)),
        ("gross", Value::Amount(Amount::units(40))),
        ("received_on", Value::Date(super::company::date("2026-02-20"))),
        ("status", Value::text("held")),
    ];
    let facts = [
        member(limited("C1", 500), "远航集团", 250),
        member(customer("C2", "东莞远航"), "遠航集團", 300),
        limited("C3", 100),
        customer("C4", "晨光"),
        shipment("XS1", "C1", "2026-02-01", 200),
        invoice("AR1", "C1", "2026-02-05", 150),
        receipt("R1", Some("C1"), "2026-02-09", 60),
        dollars,
        shipment("XS2", "C2", "2026-02-01", 180),
        fact(FactKind::Bill, "YP1", bill.to_vec()),
        shipment("XS3", "C3", "2026-02-01", 100),
        shipment("XS4", "C4", "2026-02-01", 900),
    ];
    let mut page = Page::of("erp", 1);
    for fact in &facts {
        page = page.facts(&fact.number, "v1", std::slice::from_ref(fact));
    }
    page.apply(store).await;
    settle(store).await;
}

async fn credit(store: &Store, book: Option<&str>, asked: Option<&str>) -> Credit {
    store.credit(book, asked, &|_| Currency::CNY).await.unwrap()
}

/// Limit, used, free in whole units.
fn figures(line: &Line) -> (Option<i64>, i64, Option<i64>) {
    let units = |amount: Amount| amount.0 / Amount::units(1).0;
    (line.limit.map(units), units(line.figures().used), line.free.map(units))
}

#[tokio::test]
async fn a_group_owes_what_its_members_owe_and_who_has_no_limit_is_left_out() {
    for database in databases().await {
        let store = open(&database).await;
        trade(&store).await;
        let found = credit(&store, None, None).await;
        let group = &found.groups[0];
        assert_eq!((found.groups.len(), &*group.name, group.limits_differ()), (1, "远航集团", true));
        // 140 of C1 (200 shipped, of which 150 are billed, 60 paid) and 140 of C2 (180, and a bill of 40).
        assert_eq!(figures(&group.line), (Some(250), 280, Some(-30)));
        let members: Vec<_> = group.members.iter().map(|member| (&*member.code, figures(&member.line))).collect();
        assert_eq!(members, [("C1", (Some(500), 140, Some(360))), ("C2", (None, 140, None))]);
        assert_eq!(group.line.figures().bills_held, Amount::units(40));
        let beside: Vec<_> = group.line.beside().map(|(currency, figures)| (currency, figures.used)).collect();
        assert_eq!(beside, [(Currency::USD, Amount::units(70))]);
        let alone: Vec<_> = found.customers.iter().map(|one| (&*one.code, figures(&one.line))).collect();
        assert_eq!(alone, [("C3", (Some(100), 100, Some(0)))]);
        let asked = credit(&store, Some("sz"), Some("C4")).await.about("C4");
        assert_eq!(figures(&asked.customers[0].line), (None, 900, None));
        assert!(credit(&store, Some("hk"), Some("C4")).await.is_empty());
    }
}

#[tokio::test]
async fn a_changed_master_changes_its_group_and_a_withdrawn_customer_still_owes() {
    for database in databases().await {
        let store = open(&database).await;
        trade(&store).await;
        let withdrawn = with(member(customer("C2", "东莞远航"), "远航集团", 300), "status", Value::text("void"));
        Page::of("erp", 2).facts("C2", "v2", &[withdrawn]).apply(&store).await;
        settle(&store).await;
        assert_eq!(figures(&credit(&store, None, None).await.groups[0].line), (Some(250), 280, Some(-30)));
        Page::of("erp", 3).facts("C2", "v3", &[customer("C2", "东莞远航")]).apply(&store).await;
        settle(&store).await;
        assert_eq!(figures(&credit(&store, None, None).await.groups[0].line), (Some(250), 140, Some(110)));
    }
}
