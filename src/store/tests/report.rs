//! The reports of schema `report` (PostgreSQL) say what the ledger says, to the last digit.

use std::time::Instant;

use jiff::civil::Date;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};

use super::company::{BOOK, Page, date, open, settle, shipment};
use super::database::{TestDatabase, databases};
use super::trade::{fill, orders};
use crate::domain::{Amount, Currency};
use crate::ledger::{Aging, Gap, OrderDocuments, SignaturesKnown, order_state};
use crate::store::engine::Cell;
use crate::store::{NO_PARTY, Store};

const DOCUMENTATION: &str = include_str!("../../../docs/reporting.md");
/// Enough for every combination of what customers do.
const CUSTOMERS: u32 = 66;
/// For the timings.
const MANY: u32 = 400;

/// A database with reports; none when no server is at hand.
async fn with_reports() -> Option<TestDatabase> {
    databases().await.into_iter().find(|database| database.url.starts_with("postgres"))
}

async fn traded(customers: u32) -> Option<(TestDatabase, Store)> {
    let database = with_reports().await?;
    let store = open(&database).await;
    fill(&store, customers).await;
    Some((database, store))
}

/// Rows of one query whose only column is text: `concat_ws` joins what is compared.
async fn ask(store: &Store, sql: &'static str, args: Vec<Cell>) -> Vec<String> {
    let mut tx = store.engine.read().await.unwrap();
    tx.fetch(sql, args).await.unwrap().iter().map(|row| row.text(0).unwrap().to_owned()).collect()
}

fn row<T: AsRef<str>>(cells: &[T]) -> String {
    cells.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" | ")
}

#[tokio::test]
async fn every_view_and_every_column_says_what_it_means_in_both_languages() {
    let Some(database) = with_reports().await else { return };
    let store = open(&database).await;
    let views = ask(
        &store,
        "SELECT c.relname || ' : ' || coalesce(obj_description(c.oid, 'pg_class'), '') FROM pg_class c \
         WHERE c.relnamespace = 'report'::regnamespace AND c.relkind = 'v'",
        Vec::new(),
    )
    .await;
    let columns = ask(
        &store,
        "SELECT c.relname || '.' || a.attname || ' : ' || coalesce(col_description(c.oid, a.attnum), '') \
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 \
         WHERE c.relnamespace = 'report'::regnamespace AND c.relkind = 'v'",
        Vec::new(),
    )
    .await;
    assert!(views.len() >= 14 && columns.len() > 150, "{} views, {} columns", views.len(), columns.len());
    for line in views.iter().chain(&columns) {
        let (_, comment) = line.split_once(" : ").unwrap();
        let (chinese, english) = comment.split_once(" · ").unwrap_or_else(|| panic!("no comment: {line}"));
        assert!(!chinese.is_ascii() && english.chars().all(|c| !('一'..='鿿').contains(&c)), "{line}");
    }
    for view in &views {
        let (name, _) = view.split_once(" : ").unwrap();
        assert!(DOCUMENTATION.contains(&format!("`report.{name}`")), "docs/reporting.md does not name {name}");
    }
}

#[tokio::test]
async fn an_amount_has_the_decimals_of_its_currency_and_loses_none() {
    let Some(database) = with_reports().await else { return };
    let store = open(&database).await;
    for currency in Currency::all() {
        for micros in [0, 1, -10_000, 4_100_120_000, 5_000_000, i64::MAX, i64::MIN] {
            let args = vec![micros.into(), currency.into()];
            let shown = ask(&store, "SELECT report.micros($1, $2)::text", args).await;
            assert_eq!(shown, [Amount(micros).plain(currency)], "{micros} {currency}");
        }
    }
}

#[tokio::test]
async fn sums_over_customers_are_the_totals_of_the_status_command() {
    let Some((_database, store)) = traded(CUSTOMERS).await else { return };
    // A customer that no source has described.
    Page::of("late", 2).facts("late", "v1", &[shipment("S-late", "NEW", "2026-02-01", 77)]).apply(&store).await;
    settle(&store).await;
    let found = ask(
        &store,
        "SELECT concat_ws(' | ', currency, sum(shipped), sum(returned), sum(adjusted), sum(invoiced), sum(unapplied), \
         sum(deposits), sum(bills_held), sum(open), sum(shipped - returned - adjusted - paid)) \
         FROM report.customer_360 GROUP BY currency ORDER BY currency",
        Vec::new(),
    )
    .await;
    let items = ask(
        &store,
        "SELECT concat_ws(' | ', currency, sum(open)) FROM report.open_items GROUP BY currency ORDER BY currency",
        Vec::new(),
    )
    .await;
    let money = ask(
        &store,
        "SELECT concat_ws(' | ', currency, sum(unidentified)) FROM report.payments GROUP BY currency ORDER BY currency",
        Vec::new(),
    )
    .await;
    let totals = store.book_totals(&|_| date("2026-06-30")).await.unwrap();
    assert_eq!(totals.len(), 3, "three currencies");
    for (((total, found), items), money) in totals.iter().zip(found).zip(items).zip(money) {
        let plain = |amount: Amount| amount.plain(total.currency);
        let code = total.currency.to_string();
        let expected = [
            code.clone(),
            plain(total.shipped),
            plain(total.returned),
            plain(total.adjusted),
            plain(total.invoiced),
            plain(total.unapplied),
            plain(total.deposits),
            plain(total.bills_held),
            plain(total.open),
            plain(total.open),
        ];
        assert_eq!(found, row(&expected));
        assert_eq!(items, row(&[code.clone(), plain(total.open)]));
        assert_eq!(money, row(&[code, plain(total.unidentified)]));
        let something = [total.returned, total.unapplied, total.deposits, total.bills_held, total.unidentified];
        assert!(something.iter().all(|amount| amount.is_positive()), "{total:?}");
    }
}

#[tokio::test]
async fn the_aging_of_any_day_has_the_ledgers_own_buckets() {
    let Some((_database, store)) = traded(CUSTOMERS).await else { return };
    let mut subjects = store.subjects().await.unwrap();
    subjects.retain(|subject| subject.party != NO_PARTY);
    let positions = store.positions(&subjects).await.unwrap();
    let mut buckets = Aging::default();
    for day in ["2026-01-31", "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30", "2027-01-01"] {
        let found = ask(
            &store,
            "SELECT concat_ws(' | ', customer_code, currency, not_due, days_1_to_30, days_31_to_60, days_61_to_90, \
             over_90_days, expected, disputed, credits, open) FROM report.aging_on($1::text::date) \
             ORDER BY customer_code, currency",
            vec![date(day).into()],
        )
        .await;
        let mut expected = Vec::new();
        for position in &positions {
            let currency = position.subject.currency;
            let aging = Aging::of(&position.items, date(day)).unwrap();
            let open = position.items.iter().filter(|item| !item.open.is_zero());
            if open.clone().count() > 0 {
                let mut cells = vec![position.code.to_string(), currency.to_string()];
                cells.extend(figures(&aging).map(|amount| amount.plain(currency)));
                expected.push(row(&cells));
                open.for_each(|item| buckets.add(item, date(day)).unwrap());
            }
        }
        expected.sort();
        assert_eq!(found, expected, "{day}");
    }
    assert!(figures(&buckets).iter().all(|amount| !amount.is_zero()), "some bucket was never used: {buckets:?}");
}

fn figures(aging: &Aging) -> [Amount; 9] {
    [
        aging.not_due,
        aging.days_1_to_30,
        aging.days_31_to_60,
        aging.days_61_to_90,
        aging.over_90_days,
        aging.expected,
        aging.disputed,
        aging.credits,
        aging.total().unwrap(),
    ]
}

#[tokio::test]
async fn every_order_stands_where_the_order_command_says() {
    let Some((_database, store)) = traded(CUSTOMERS).await else { return };
    let found = ask(
        &store,
        "SELECT concat_ws(' | ', order_no, ordered_quantity, ordered, shipped_quantity, shipped, returned_quantity, \
         returned, invoiced, paid, open, shared, missing) FROM report.order_loop ORDER BY order_no",
        Vec::new(),
    )
    .await;
    let numbers = orders(CUSTOMERS);
    assert_eq!(found.len(), numbers.len());
    for (found, number) in found.iter().zip(&numbers) {
        assert_eq!(*found, expected_order(&store, number, date("2026-06-30")).await);
    }
    for word in ["shipment", "signature", "invoice", "payment", "| t |", "| f |"] {
        assert!(found.iter().any(|row| row.contains(word)), "no order with {word}");
    }
}

/// The row of an order, by `ledger::order_state`, and the allocations to its items with what is open of them.
async fn expected_order(store: &Store, number: &str, as_of: Date) -> String {
    let view = store.order_loop(Some(BOOK), number).await.unwrap().remove(0);
    let state = order_state(
        &OrderDocuments {
            order: &view.order,
            shipments: &view.shipments,
            returns: &view.returns,
            invoices: &view.invoices,
            adjustments: &[],
            statements: &[],
            payments: &[],
            items: &view.items,
            paid: &[],
            signing: &view.signing,
            known: SignaturesKnown { by_source: true, by_carrier: false },
        },
        as_of,
    )
    .unwrap();
    // The view takes an item over several orders whole and says that it is shared; the command shares it out.
    let own = |item: &&crate::ledger::OpenItem| item.orders.contains(&view.order.id);
    let open = view.items.iter().filter(own).map(|item| item.open).filter(|open| open.is_positive());
    let open = Amount::sum(open).unwrap();
    let money = view.allocations.iter().filter(|allocation| {
        &*allocation.rung != "credit_note" && view.items.iter().filter(own).any(|item| item.id == allocation.item)
    });
    let paid = Amount::sum(money.map(|allocation| allocation.amount)).unwrap();
    let has = |wanted: fn(&Gap) -> bool| state.gaps.iter().any(wanted);
    let steps = [
        ("shipment", has(|gap| matches!(gap, Gap::NotShipped(_)))),
        ("signature", has(|gap| matches!(gap, Gap::NotSigned { .. }))),
        ("invoice", has(|gap| matches!(gap, Gap::NotInvoiced { .. }))),
        ("payment", open.is_positive()),
    ];
    let missing: Vec<&str> = steps.iter().filter(|(_, is_missing)| *is_missing).map(|(step, _)| *step).collect();
    let shared = view.items.iter().filter(own).any(|item| item.orders.len() > 1);
    let plain = |amount: Amount| amount.plain(view.order.currency().unwrap());
    row(&[
        number.to_owned(),
        state.ordered.quantity.normalize().to_string(),
        plain(state.ordered.amount),
        state.shipped.quantity.normalize().to_string(),
        plain(state.shipped.amount),
        state.returned.quantity.normalize().to_string(),
        plain(state.returned.amount),
        plain(state.invoiced),
        plain(paid),
        plain(open),
        if shared { "t" } else { "f" }.to_owned(),
        missing.join(", "),
    ])
}

#[tokio::test]
async fn of_every_payment_nothing_is_left_unsaid() {
    let Some((_database, store)) = traded(CUSTOMERS).await else { return };
    let different = ask(
        &store,
        "SELECT concat_ws(' | ', payment_no, amount, applied, unapplied, unidentified) FROM report.payments \
         WHERE direction = 'in' AND purpose = 'receivable' AND amount <> applied + unapplied + unidentified",
        Vec::new(),
    )
    .await;
    assert!(different.is_empty(), "{different:?}");
    let seen = ask(
        &store,
        "SELECT concat_ws(' | ', booked, seen_by_bank, count(*)) FROM report.payments \
         GROUP BY booked, seen_by_bank ORDER BY booked, seen_by_bank",
        Vec::new(),
    )
    .await;
    // The bank shows everybody's first receipt, and money of some that nobody has booked.
    assert!(seen.contains(&format!("t | t | {CUSTOMERS}")), "{seen:?}");
    assert!(seen.contains(&format!("f | f | {}", CUSTOMERS.div_ceil(9))), "{seen:?}");
}

#[tokio::test]
async fn a_return_knows_brand_and_lot_from_its_shipment() {
    let Some((_database, store)) = traded(CUSTOMERS).await else { return };
    let unknown = ask(
        &store,
        "SELECT concat_ws(' | ', return_no, brand, lot) FROM report.returns \
         WHERE brand IS NULL OR brand NOT IN ('ST', 'GD') OR lot IS NULL OR lot NOT LIKE 'L_'",
        Vec::new(),
    )
    .await;
    assert!(unknown.is_empty(), "{unknown:?}");
    let pieces = ask(&store, "SELECT sum(quantity)::text FROM report.returns_by_part", Vec::new()).await;
    assert_eq!(pieces, [(CUSTOMERS.div_ceil(4) * 3).to_string()]);
}

/// The SQL blocks of the documentation, in order.
fn documented() -> Vec<&'static str> {
    DOCUMENTATION.split("```sql\n").skip(1).map(|block| block.split("```").next().unwrap()).collect()
}

#[tokio::test]
async fn the_documentations_role_reads_the_reports_and_nothing_behind_them() {
    let Some((database, _store)) = traded(12).await else { return };
    let [rights, ref questions @ ..] = documented()[..] else { panic!("the documentation has no SQL") };
    assert_eq!(questions.len(), 3);
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    // Roles belong to the whole server, which other tests use too.
    let role = format!("bihuan_report_{}", std::process::id());
    connection.execute(AssertSqlSafe(rights.replace("bihuan_report", &role))).await.unwrap();
    connection.execute(AssertSqlSafe(format!("SET ROLE {role}"))).await.unwrap();
    for question in questions {
        let rows = connection.fetch_all(AssertSqlSafe((*question).to_owned())).await.unwrap();
        println!("{} rows of {}\n{question}", rows.len(), rows[0].columns().len());
    }
    for view in ["documents", "customer_360", "order_loop", "payments", "allocations"] {
        let sql = format!("SELECT count(*) FROM report.{view}");
        let row = connection.fetch_one(AssertSqlSafe(sql)).await.unwrap();
        assert!(row.get::<i64, _>(0) > 0, "{view} is empty");
    }
    for table in ["document", "transfer", "contribution", "segment", "data_key"] {
        let refused = connection.fetch_all(AssertSqlSafe(format!("SELECT * FROM public.{table}"))).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{table}: {refused}");
    }
    let clean = format!("RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}");
    connection.execute(AssertSqlSafe(clean)).await.unwrap();
}

#[tokio::test]
async fn how_quick_the_reports_are_is_printed() {
    let Some((database, store)) = traded(MANY).await else { return };
    // A server does this by itself within a minute.
    PgConnection::connect(&database.url).await.unwrap().execute("ANALYZE").await.unwrap();
    for sql in [
        "SELECT concat_ws(' rows, ', count(*), sum(open)) FROM report.customer_360",
        "SELECT concat_ws(' rows, ', count(*), sum(open)) FROM report.aging_on('2026-06-30')",
        "SELECT concat_ws(' rows, ', count(*), sum(open)) FROM report.aging",
        "SELECT concat_ws(' rows, ', count(*), sum(open)) FROM report.order_loop",
        "SELECT concat_ws(' rows, ', count(*), sum(amount)) FROM report.payments",
        "SELECT concat_ws(' rows, ', count(*), sum(amount)) FROM report.allocations",
    ] {
        let start = Instant::now();
        let rows = ask(&store, sql, Vec::new()).await;
        println!("{MANY} customers: {} in {:?}: {sql}", rows[0], start.elapsed());
    }
}
