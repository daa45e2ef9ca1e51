//! `bihuan ledger`: one customer, one order's loop, aging, and the proof that nothing was changed behind our back.

use serde_json::{Value as Json, json};

use super::args::{Global, LedgerCommand};
use super::open;
use super::output::{self, Table};
use crate::app::{AppError, today};
use crate::domain::{Currency, fact};
use crate::ledger::{Document, Due, OpenItem};
use crate::store::{AgingRow, Anchor, OrderLoop, PartyView, Position, Store};

pub async fn run(global: &Global, command: LedgerCommand) -> Result<(), AppError> {
    let (config, clock, store) = open(global).await?;
    match command {
        LedgerCommand::Party { code, book } => party(&store, book.as_deref(), &code, global.json).await,
        LedgerCommand::Order { number, book } => order(&store, book.as_deref(), &number, global.json).await,
        LedgerCommand::Aging { book, as_of } => {
            let day = |book: &str| as_of.unwrap_or_else(|| today(clock.as_ref(), &config, book));
            aging(&store.aging(book.as_deref(), &day).await?, global.json)
        }
        LedgerCommand::Verify { anchor } => verify(&store, anchor.as_deref(), global.json).await,
    }
}

async fn party(store: &Store, book: Option<&str>, code: &str, as_json: bool) -> Result<(), AppError> {
    let found = store.party(book, code).await?;
    if found.is_empty() {
        return Err(AppError::Refused(format!("没有客户 `{code}` · no such customer{}", in_book(book))));
    }
    if as_json {
        return output::json(&json!({ "parties": found.iter().map(party_json).collect::<Vec<_>>() }));
    }
    for view in &found {
        output::print(&party_text(view))?;
    }
    Ok(())
}

fn in_book(book: Option<&str>) -> String {
    book.map(|book| format!("（账簿 · book {book}）")).unwrap_or_default()
}

fn party_json(view: &PartyView) -> Json {
    let positions: Vec<Json> = view
        .positions
        .iter()
        .map(|position| {
            let currency = position.subject.currency;
            json!({
                "currency": currency.as_str(),
                "items": position.items.iter().map(|item| item_json(item, currency)).collect::<Vec<_>>(),
                "unmatched": position.leftovers.iter().map(|(leftover, number, paid_on)| json!({
                    "payment": number, "paid_on": paid_on.to_string(), "amount": leftover.amount.plain(currency),
                })).collect::<Vec<_>>(),
                "likely": position.likely_money.iter().map(|money| json!({
                    "payment": money.number, "paid_on": money.paid_on.to_string(), "amount": money.amount.plain(currency), "payer": money.payer,
                })).collect::<Vec<_>>(),
            })
        })
        .collect();
    let balances: Vec<Json> = view
        .balances
        .iter()
        .map(|(currency, account, amount)| json!({ "currency": currency.as_str(), "account": account.name(), "amount": amount.plain(*currency) }))
        .collect();
    json!({ "book": view.party.book, "code": view.party.number, "fields": fields_json(&view.party), "balances": balances, "positions": positions,
        "messages": view.messages.iter().map(document_json).collect::<Vec<_>>() })
}

fn item_json(item: &OpenItem, currency: Currency) -> Json {
    let (due_on, waits_for) = match item.due {
        Due::On(day) => (day, None),
        Due::Expected { on, missing } => (on, Some(missing)),
    };
    json!({
        "number": item.number, "issued_on": item.issued_on.to_string(), "due_on": due_on.to_string(), "waits_for": waits_for,
        "gross": item.gross.plain(currency), "open": item.open.plain(currency), "disputed": item.disputed,
    })
}

/// Every field of a document as text.
fn fields_json(document: &Document) -> Json {
    Json::Object(document.fields.iter().map(|(name, value)| (name.to_owned(), fact::shown(value))).collect())
}

fn party_text(view: &PartyView) -> String {
    let field = |name| view.party.fields.text(name).unwrap_or("-");
    let mut text = format!(
        "{} {} {}\n条款 terms {}   业务员 salesperson {}\n",
        view.party.book,
        view.party.number,
        field("name"),
        field("terms"),
        field("salesperson")
    );
    for (currency, account, amount) in view.balances.iter().filter(|(_, _, amount)| !amount.is_zero()) {
        text.push_str(&format!("  {:<28} {:>18} {currency}\n", account.name(), amount.grouped(*currency)));
    }
    for position in &view.positions {
        text.push_str(&items_table(position));
    }
    if !view.messages.is_empty() {
        text.push_str("\n对话 conversation\n");
    }
    for message in &view.messages {
        let field = |name| message.fields.text(name).unwrap_or_default();
        let at = message.fields.instant("sent_at").map(|at| at.to_string()).unwrap_or_default();
        text.push_str(&format!("  {} {}: {}\n", at.get(..16).unwrap_or(&at), field("sender"), field("text")));
    }
    text.push('\n');
    text
}

fn items_table(position: &Position) -> String {
    let currency = position.subject.currency;
    let mut table = Table::new(&["单据 document", "日期 issued", "到期 due", "金额 gross", "未清 open"]);
    for item in position.items.iter().filter(|item| !item.open.is_zero()) {
        let due = match item.due {
            Due::On(day) => day.to_string(),
            Due::Expected { on, missing } => format!("≈{on} 待{}", basis_name(missing)),
        };
        table.row(vec![
            item.number.to_string(),
            item.issued_on.to_string(),
            due,
            item.gross.grouped(currency),
            item.open.grouped(currency),
        ]);
    }
    for (leftover, number, paid_on) in &position.leftovers {
        let amount = leftover.amount.checked_neg().unwrap_or(leftover.amount);
        table.row(vec![
            number.to_string(),
            paid_on.to_string(),
            "未核销 unmatched".to_owned(),
            String::new(),
            amount.grouped(currency),
        ]);
    }
    format!("\n{currency}\n{}", table.render(3))
}

/// The step that a due date waits for, as people call it.
fn basis_name(missing: &str) -> &str {
    match missing {
        "shipped" => "发货 shipped",
        "signed" => "签收 signed",
        "reconciled" => "对账 reconciled",
        "invoiced" => "开票 invoiced",
        "invoice_received" => "收票 invoice received",
        other => other,
    }
}

async fn order(store: &Store, book: Option<&str>, number: &str, as_json: bool) -> Result<(), AppError> {
    let found = store.order_loop(book, number).await?;
    if found.is_empty() {
        return Err(AppError::Refused(format!("没有订单 `{number}` · no such order{}", in_book(book))));
    }
    if as_json {
        return output::json(&json!({ "orders": found.iter().map(order_json).collect::<Vec<_>>() }));
    }
    for view in &found {
        output::print(&order_text(view))?;
    }
    Ok(())
}

/// The steps of the loop, in the order in which they should happen.
fn steps(view: &OrderLoop) -> [(&'static str, &'static str, &[Document]); 6] {
    [
        ("发货", "shipments", &view.shipments),
        ("开票", "invoices", &view.invoices),
        ("收款", "payments", &view.payments),
        ("退货", "returns", &view.returns),
        ("调整", "adjustments", &view.adjustments),
        ("对话", "messages", &view.messages),
    ]
}

fn order_json(view: &OrderLoop) -> Json {
    let mut object = json!({ "book": view.order.book, "order": document_json(&view.order) });
    for (_, name, documents) in steps(view) {
        object[name] = documents.iter().map(document_json).collect::<Vec<_>>().into();
    }
    let currency = view.order.currency().unwrap_or(Currency::CNY);
    object["items"] = view.items.iter().map(|item| item_json(item, currency)).collect::<Vec<_>>().into();
    object["allocations"] = view
        .allocations
        .iter()
        .map(|allocation| json!({
            "from": allocation.from_number, "to": allocation.item_number, "amount": allocation.amount.plain(currency),
            "on": allocation.effective_on.to_string(), "rung": allocation.rung, "because": allocation.explanation,
        }))
        .collect::<Vec<_>>()
        .into();
    object
}

fn document_json(document: &Document) -> Json {
    let gross = document.gross().map(|gross| gross.plain(document.currency().unwrap_or(Currency::CNY)));
    json!({
        "kind": document.kind.name(), "number": document.number, "status": document.status(),
        "on": document.effective_on().map(|day| day.to_string()), "gross": gross, "fields": fields_json(document),
    })
}

fn order_text(view: &OrderLoop) -> String {
    let mut text = format!("{} ", view.order.book);
    text.push_str(&document_line("下单 ordered", &view.order));
    for (chinese, english, documents) in steps(view) {
        if documents.is_empty() {
            text.push_str(&format!("  {chinese} {english}: —\n"));
        }
        for document in documents {
            text.push_str(&format!("  {}", document_line(&format!("{chinese} {english}"), document)));
        }
    }
    let currency = view.order.currency().unwrap_or(Currency::CNY);
    for allocation in &view.allocations {
        text.push_str(&format!(
            "  核销 allocated: {} → {} {} {} · {}\n",
            allocation.from_number,
            allocation.item_number,
            allocation.amount.grouped(currency),
            allocation.rung,
            allocation.explanation
        ));
    }
    for item in view.items.iter().filter(|item| !item.open.is_zero()) {
        text.push_str(&format!("  未清 open: {} {}\n", item.number, item.open.grouped(currency)));
    }
    text
}

fn document_line(label: &str, document: &Document) -> String {
    let on = document
        .effective_on()
        .map(|day| day.to_string())
        .or_else(|| document.fields.instant("sent_at").map(|at| at.to_string()));
    let gross = document
        .gross()
        .zip(document.currency())
        .map(|(gross, currency)| format!("{} {currency}", gross.grouped(currency)));
    let said = document.fields.text("text").unwrap_or_default();
    format!(
        "{label}: {} {} {} {} {said}\n",
        document.number,
        on.unwrap_or_default(),
        gross.unwrap_or_default(),
        document.status()
    )
}

fn aging(rows: &[AgingRow], as_json: bool) -> Result<(), AppError> {
    let amounts = |row: &AgingRow| {
        [row.expected, row.not_due, row.days_30, row.days_60, row.days_90, row.older, row.open, row.unapplied]
    };
    if as_json {
        let names = ["expected", "not_due", "days_1_30", "days_31_60", "days_61_90", "older", "open", "unapplied"];
        let rows: Vec<Json> = rows
            .iter()
            .map(|row| {
                let mut object = json!({
                    "book": row.subject.book, "currency": row.subject.currency.as_str(), "code": row.code, "name": row.name, "salesperson": row.salesperson,
                });
                for (name, amount) in names.iter().zip(amounts(row)) {
                    object[*name] = amount.plain(row.subject.currency).into();
                }
                object
            })
            .collect();
        return output::json(&json!({ "aging": rows }));
    }
    let header = [
        "账簿 book",
        "客户 customer",
        "未定 expected",
        "未到期 not due",
        "1–30",
        "31–60",
        "61–90",
        ">90",
        "未清 open",
        "未核销 unapplied",
    ];
    let mut table = Table::new(&header);
    for row in rows {
        let currency = row.subject.currency;
        let mut cells = vec![format!("{} {currency}", row.subject.book), format!("{} {}", row.code, row.name)];
        cells.extend(amounts(row).iter().map(|amount| amount.grouped(currency)));
        table.row(cells);
    }
    output::print(&table.render(2))
}

async fn verify(store: &Store, anchor: Option<&str>, as_json: bool) -> Result<(), AppError> {
    let anchor = match anchor {
        Some(text) => Some(
            Anchor::parse(text)
                .ok_or_else(|| AppError::Usage(format!("`{text}` 不是 BATCH:HASH · is not BATCH:HASH")))?,
        ),
        None => None,
    };
    let found = store.verify(anchor).await?;
    if as_json {
        output::json(&found)?;
    } else {
        output::print(&format!(
            "{} 批 batches, {} 笔 transfers, {} 份单据 documents\n锚点 anchor {}\n",
            found.batches, found.transfers, found.documents, found.anchor
        ))?;
    }
    if found.is_sound() { Ok(()) } else { Err(AppError::Different(found.findings.join("\n"))) }
}
