//! `ledger order`: one order's loop.

use serde_json::{Value as Json, json};

use super::{document_json, in_book, item_json};
use crate::app::AppError;
use crate::cli::output;
use crate::domain::Currency;
use crate::ledger::Document;
use crate::store::{OrderLoop, Store};

pub async fn run(store: &Store, book: Option<&str>, number: &str, as_json: bool) -> Result<(), AppError> {
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
