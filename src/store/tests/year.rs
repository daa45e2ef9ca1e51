//! A year of a company: one changed byte is found in it and named, and what each proof costs at that size is printed.

use std::time::Instant;

use super::company::{BOOK, Page, customer, date, fact, invoice, open, receipt, reference, settle, shipment, tamper};
use super::database::databases;
use crate::domain::{Amount, Currency, Fact, FactKind, Line, Value};
use crate::store::Store;

/// Customers with a year of trade; the size with `BIHUAN_TEST_FULL` (`cargo xtask test --full year`).
const CUSTOMERS: [usize; 2] = [5, 1_000];
/// How many times as many customers the aging list has: the others bought once.
const LISTED: usize = 5;
const MONTHS: i64 = 12;
const DELIVERY_DAYS: [i64; 5] = [5, 10, 15, 20, 25];
/// Facts of one page.
const PAGE: usize = 1_000;

fn line(shipment: Option<&str>, order: &str, units: i64) -> Line {
    let named = shipment.map(|number| ("shipment_no".into(), reference(FactKind::Shipment, number)));
    let fields = [
        ("line_no".into(), Value::text("1")),
        ("order_no".into(), reference(FactKind::Order, order)),
        ("gross".into(), Value::Amount(Amount::units(units))),
    ];
    Line { key: shipment.unwrap_or("1").into(), fields: fields.into_iter().chain(named).collect() }
}

/// 100 documents: a month is an order, five deliveries and their invoice, paid in the next month; now and then goods come
/// back, and every tenth customer pays half.
fn year_of(index: usize) -> Vec<Fact> {
    let code = format!("C{index:05}");
    let mut facts = vec![customer(&code, &format!("第{index}电子有限公司"))];
    for month in 1..=MONTHS {
        let day = |day: i64| format!("2026-{month:02}-{day:02}");
        let order = format!("SO{index:05}{month:02}");
        facts.push(fact(
            FactKind::Order,
            &order,
            vec![
                ("order_no", Value::text(&*order)),
                ("customer", reference(FactKind::Party, &code)),
                ("currency", Value::Currency(Currency::CNY)),
                ("ordered_on", Value::Date(date(&day(2)))),
                ("status", Value::text("active")),
            ],
        ));
        let mut total = 0;
        let claim_no = format!("AR{index:05}{month:02}");
        let mut claim = invoice(&claim_no, &code, &day(28), 0);
        for (place, delivered) in DELIVERY_DAYS.into_iter().enumerate() {
            let number = format!("XS{index:05}{month:02}{place}");
            let units = 100 + (index as i64 * 7 + month * 13 + delivered * 29) % 900;
            let mut sold = shipment(&number, &code, &day(delivered), units);
            sold.lines = vec![line(None, &order, units)];
            facts.push(sold);
            claim.lines.push(line(Some(&number), &order, units));
            total += units;
        }
        claim.fields.set("gross", Value::Amount(Amount::units(total)));
        facts.push(claim);
        if month < MONTHS {
            let paid = if index % 10 == 9 { total / 2 } else { total };
            let paid_on = format!("2026-{:02}-20", month + 1);
            facts.push(receipt(&format!("SK{index:05}{month:02}"), Some(&code), &paid_on, paid));
        }
        if month % 3 == 0 {
            let mut back = invoice(&format!("TH{index:05}{month:02}"), &code, &day(27), 10);
            back.kind = FactKind::Return;
            back.fields.set("returned_on", Value::Date(date(&day(27))));
            back.lines = vec![line(Some(&format!("XS{index:05}{month:02}0")), &order, 10)];
            facts.push(back);
        }
    }
    facts
}

fn bought_once(index: usize) -> Vec<Fact> {
    let code = format!("C{index:05}");
    let sold = shipment(&format!("XS{index:05}"), &code, "2026-11-05", 100 + index as i64 % 50);
    vec![customer(&code, &format!("第{index}电子有限公司")), sold]
}

async fn load(store: &Store, customers: usize) -> usize {
    let years = (0..customers).flat_map(year_of);
    let facts: Vec<Fact> = years.chain((customers..customers * LISTED).flat_map(bought_once)).collect();
    for (number, some) in facts.chunks(PAGE).enumerate() {
        let page = Page::of("year", number as i64 + 1);
        let page = some.iter().fold(page, |page, fact| {
            page.facts(&format!("{}/{}", fact.kind, fact.number), "v1", std::slice::from_ref(fact))
        });
        page.apply(store).await;
    }
    facts.len()
}

async fn timed<T>(what: &str, work: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let done = work.await;
    println!("{what:<40} {:>8} ms", started.elapsed().as_millis());
    done
}

#[tokio::test]
async fn one_changed_byte_of_one_transfer_is_found_and_named_in_a_year_of_a_company() {
    let customers = CUSTOMERS[usize::from(std::env::var_os("BIHUAN_TEST_FULL").is_some())];
    for database in databases().await {
        let store = open(&database).await;
        let documents = timed("load", load(&store, customers)).await;
        println!("{documents} documents of {} customers in {}", customers * LISTED, database.url);
        timed("settle", settle(&store)).await;
        let sound = timed("verify", store.verify(None)).await.unwrap();
        assert!(sound.is_sound(), "{:?}", sound.findings);
        assert!(sound.documents as usize >= customers * 99, "{sound:?}");
        let aging = timed("aging", store.aging(None, &|_| date("2026-12-31"))).await.unwrap();
        assert!(aging.len() >= customers * (LISTED - 1), "{}", aging.len());
        let past = timed("aging as of an earlier day", store.aging_as_of(None, date("2026-06-30"))).await.unwrap();
        assert_eq!(past.len(), customers);
        let number = "XS00003042";
        let why = timed("why a shipment", store.document(Some(BOOK), Some(FactKind::Shipment), number)).await.unwrap();
        assert_eq!(why[0].journal.len(), 1, "{why:?}");
        let sql = "UPDATE transfer SET amount = amount + 1 WHERE cause = (SELECT id FROM document WHERE number = $1)";
        tamper(&store, sql, vec![number.into()]).await;
        let found = timed("verify, one byte changed", store.verify(None)).await.unwrap().findings;
        let named = format!("it was changed; posted by shipment {number} ({BOOK})");
        assert!(found.iter().any(|finding| finding.contains(&named)), "{found:?}");
    }
}
