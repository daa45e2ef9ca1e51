//! What became of a statement: it is recorded as sent, listed, confirmed, disputed.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value as Json, json};

use super::super::in_book;
use super::Paper;
use crate::app::AppError;
use crate::cli::args::StatementAnswer;
use crate::cli::output::{self, Table};
use crate::domain::{Currency, Fact, FactKind};
use crate::ledger::Document;
use crate::ledger::statement::{Answer, Said, answered, number, sent};
use crate::store::Store;
use crate::sync::native;

/// Dirty customers settled in one transaction.
const SETTLE_BATCH: usize = 500;

/// Records statements as sent. One that the customer has answered is not replaced by another of the same period.
pub async fn send(
    store: &Store,
    now: Timestamp,
    party: &Document,
    papers: &[Paper],
    by: &str,
) -> Result<Vec<String>, AppError> {
    let mut facts = Vec::new();
    for paper in papers {
        let statement = &paper.statement;
        let no = number(&party.number, statement);
        let known = store.document(Some(&party.book), Some(FactKind::Statement), &no).await?;
        if let Some(known) = known.iter().find(|known| known.document.status() == "confirmed") {
            let on = known.document.fields.date("confirmed_on").map(|on| on.to_string()).unwrap_or_default();
            return Err(AppError::Refused(format!(
                "对账单 `{no}` 已于 {on} 确认，不再改动；如有出入请先 dispute · was confirmed on {on}; dispute it before it is drawn up again"
            )));
        }
        let fact = sent(party, native::NUMBERING, statement, by, statement.as_of);
        facts.push(fact.map_err(|error| AppError::Refused(format!("{no}: {error}")))?);
    }
    let numbers = facts.iter().map(|fact| fact.number.to_string()).collect();
    state(store, now, facts).await?;
    Ok(numbers)
}

async fn state(store: &Store, now: Timestamp, facts: Vec<Fact>) -> Result<(), AppError> {
    native::state(store, now, facts).await.map_err(|error| AppError::Refused(error.to_string()))?;
    while store.settle_dirty(SETTLE_BATCH).await? > 0 {}
    Ok(())
}

/// States what the customer said; returns the statement as it then is.
pub async fn answer(
    store: &Store,
    now: Timestamp,
    answer: Answer,
    args: &StatementAnswer,
    day: &(dyn Fn(&str) -> Date + Sync),
) -> Result<Vec<Document>, AppError> {
    let book = args.person.book.as_deref();
    let mut found = store.document(book, Some(FactKind::Statement), &args.number).await?;
    let statement = match (found.pop(), found.is_empty()) {
        (Some(view), true) => view.document,
        (None, _) => {
            let where_ = in_book(book);
            return Err(AppError::Refused(format!("没有对账单 `{}` · no such statement{where_}", args.number)));
        }
        (Some(_), false) => {
            return Err(AppError::Refused(format!("`{}` 不唯一，请用 --book · say which by --book", args.number)));
        }
    };
    let said = Said {
        answer,
        by: &args.person.by,
        on: args.on.unwrap_or_else(|| day(&statement.book)),
        about: args.shipment.as_deref(),
        note: args.person.note.as_deref(),
    };
    let fact = answered(&statement, &said, &*statement.numbering == native::NUMBERING);
    let fact = fact.map_err(|refusal| AppError::Refused(format!("{}: {refusal}", args.number)))?;
    state(store, now, vec![fact]).await?;
    let now_is = store.document(Some(&statement.book), Some(FactKind::Statement), &args.number).await?;
    Ok(now_is.into_iter().map(|view| view.document).collect())
}

pub async fn list(store: &Store, book: Option<&str>, party: Option<&str>) -> Result<Vec<Document>, AppError> {
    let mut found = store.statements(book).await?;
    found.retain(|statement| party.is_none_or(|code| statement.fields.text("customer") == Some(code)));
    Ok(found)
}

pub fn show(statements: &[Document], as_json: bool) -> Result<(), AppError> {
    if as_json {
        return output::json(&json!({ "statements": statements.iter().map(statement_json).collect::<Vec<_>>() }));
    }
    if statements.is_empty() {
        return output::print("没有对账单 · no statements (ledger statement --party … --sent)\n");
    }
    let mut table = Table::new(&[
        "账簿 book",
        "单号 number",
        "客户 customer",
        "期间 period",
        "状态 status",
        "发出 sent",
        "确认 confirmed",
        "争议行 disputed",
        "期末 closing",
    ]);
    for statement in statements {
        let fields = &statement.fields;
        let day = |name| fields.date(name).map(|day| day.to_string()).unwrap_or_default();
        let currency = statement.currency().unwrap_or(Currency::CNY);
        let closing = fields.amount("closing").map(|amount| format!("{} {currency}", amount.grouped(currency)));
        table.row(vec![
            statement.book.to_string(),
            statement.number.to_string(),
            fields.text("customer").unwrap_or_default().to_owned(),
            format!("{} – {}", day("from"), day("to")),
            status_words(statement.status()).to_owned(),
            day("sent_on"),
            day("confirmed_on"),
            disputed(statement).join(" "),
            closing.unwrap_or_default(),
        ]);
    }
    output::print(&table.render(8))
}

fn statement_json(statement: &Document) -> Json {
    let mut object = super::super::document_json(statement);
    object["book"] = (*statement.book).into();
    object["disputed"] = disputed(statement).into();
    object
}

/// Shipments and returns whose lines are disputed.
fn disputed(statement: &Document) -> Vec<String> {
    let lines = statement.lines.iter().map(|line| &line.fields);
    let lines = lines.filter(|fields| fields.bool("disputed") == Some(true));
    lines.filter_map(|fields| fields.text("shipment_no").or(fields.text("return_no"))).map(str::to_owned).collect()
}

fn status_words(status: &str) -> &str {
    match status {
        "draft" => "草稿 draft",
        "sent" => "已发出 sent",
        "confirmed" => "已确认 confirmed",
        "disputed" => "有争议 disputed",
        "void" => "作废 void",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{Person, StatementFormat, StatementPeriod};
    use crate::domain::{Amount, Value};
    use crate::store::tests::company::{BOOK, Page, customer, date, open, settle, shipment, with};
    use crate::store::tests::database::databases;

    const NUMBER: &str = "DZ-C1-CNY-20260101-20260131";

    fn said(shipment: Option<&str>, on: &str) -> StatementAnswer {
        let person = Person { by: "lin".to_owned(), book: None, note: Some("数量不符".to_owned()) };
        let shipment = shipment.map(str::to_owned);
        StatementAnswer { number: NUMBER.to_owned(), on: Some(date(on)), shipment, person }
    }

    async fn papers(store: &Store) -> (Document, Vec<Paper>) {
        let party = store.parties_called(None, "C1").await.unwrap().remove(0);
        let (from, to) = (date("2026-01-01"), date("2026-01-31"));
        let account = store.party_account(&party, from, to).await.unwrap();
        let (format, output) = (StatementFormat::Text, None);
        let args = StatementPeriod { party: "C1".to_owned(), from, to, book: None, format, output, sent: true };
        let papers = super::super::papers(&account, &args, &|book| (book.into(), date("2026-02-01"))).unwrap();
        (party, papers)
    }

    /// Waiting for its due date, due, disputed: as on 20 April.
    async fn aging(store: &Store) -> [Amount; 3] {
        let aging = store.aging(Some(BOOK), &|_| date("2026-04-20")).await.unwrap();
        let aging = &aging[0].aging;
        [aging.expected, aging.overdue().unwrap(), aging.disputed]
    }

    #[tokio::test]
    async fn what_the_customer_says_about_a_statement_decides_what_is_due_and_what_is_held() {
        for database in databases().await {
            let store = open(&database).await;
            let party = with(customer("C1", "远航"), "terms", Value::text("对账后30天"));
            let billed = |number: &str, shipment: &str, units: i64| {
                let mut billed = crate::store::tests::company::invoice(number, "C1", "2026-01-20", units);
                let line = [
                    ("line_no".into(), Value::text("1")),
                    ("shipment_no".into(), crate::store::tests::company::reference(FactKind::Shipment, shipment)),
                    ("gross".into(), Value::Amount(Amount::units(units))),
                ];
                billed.lines.push(crate::domain::Line { key: "1".into(), fields: line.into_iter().collect() });
                billed
            };
            let facts = [
                party,
                shipment("XS1", "C1", "2026-01-10", 100),
                shipment("XS2", "C1", "2026-01-12", 20),
                billed("AR1", "XS1", 100),
                billed("AR2", "XS2", 20),
            ];
            Page::of("all", 1).facts("1", "1", &facts).apply(&store).await;
            settle(&store).await;
            let mut now: Timestamp = crate::store::tests::company::START.parse().unwrap();
            let mut tick = || {
                now = now.checked_add(jiff::SignedDuration::from_secs(1)).unwrap();
                now
            };
            let units = |amounts: [i64; 3]| amounts.map(Amount::units);
            let day = |_: &str| date("2026-02-01");

            let (party, drawn) = papers(&store).await;
            assert_eq!(send(&store, tick(), &party, &drawn, "lin").await.unwrap(), [NUMBER]);
            assert_eq!(aging(&store).await, units([120, 0, 0]), "sent is not confirmed");

            let args = said(Some("XS2"), "2026-02-03");
            let told = answer(&store, tick(), Answer::Disputed, &args, &day).await.unwrap();
            assert_eq!(disputed(&told[0]), ["XS2"]);
            assert_eq!(aging(&store).await, units([100, 0, 20]));

            answer(&store, tick(), Answer::Confirmed, &said(None, "2026-02-05"), &day).await.unwrap();
            assert_eq!(aging(&store).await, units([0, 100, 20]), "confirmed but for the disputed line");
            let again = send(&store, tick(), &party, &drawn, "lin").await.unwrap_err();
            assert!(again.to_string().contains("2026-02-05"), "{again}");

            answer(&store, tick(), Answer::Confirmed, &said(Some("XS2"), "2026-02-20"), &day).await.unwrap();
            assert_eq!(aging(&store).await, units([0, 120, 0]));

            let listed = list(&store, None, Some("C1")).await.unwrap();
            assert_eq!(listed[0].fields.amount("closing"), Some(Amount::units(120)));
            for (number, wrong) in [
                ("DZ-9", said(None, "2026-02-05")),
                (NUMBER, said(Some("XS9"), "2026-02-05")),
                (NUMBER, said(None, "2026-01-05")),
            ] {
                let wrong = StatementAnswer { number: number.to_owned(), ..wrong };
                let refused = answer(&store, tick(), Answer::Disputed, &wrong, &day).await.unwrap_err();
                assert_eq!(refused.exit_code(), 1, "{refused}");
            }
            assert!(store.verify(None).await.unwrap().is_sound());
        }
    }
}
