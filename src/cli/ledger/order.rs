//! `ledger order`: one order's loop.

use jiff::civil::Date;
use serde_json::{Value as Json, json};

use super::party::{deposit_json, deposit_line};
use super::{allocation_json, document_json, in_book, item_json};
use crate::app::AppError;
use crate::cli::output;
use crate::domain::Currency;
use crate::ledger::{Document, Gap, OrderDocuments, OrderState, order_state};
use crate::store::{OrderLoop, Store};

pub async fn run(
    store: &Store,
    book: Option<&str>,
    number: &str,
    day: &dyn Fn(&str) -> Date,
    as_json: bool,
) -> Result<(), AppError> {
    let found = store.order_loop(book, number).await?;
    if found.is_empty() {
        return Err(AppError::Refused(format!("没有订单 `{number}` · no such order{}", in_book(book))));
    }
    let mut states = Vec::new();
    for view in &found {
        states.push(state(view, day(&view.order.book))?);
    }
    let both = found.iter().zip(&states);
    if as_json {
        let orders: Vec<Json> = both.map(|(view, state)| order_json(view, state)).collect();
        return output::json(&json!({ "orders": orders }));
    }
    for (view, state) in both {
        output::print(&order_text(view))?;
        output::print(&state_text(view, state))?;
    }
    Ok(())
}

fn state(view: &OrderLoop, as_of: Date) -> Result<OrderState, AppError> {
    let documents = OrderDocuments {
        order: &view.order,
        shipments: &view.shipments,
        returns: &view.returns,
        invoices: &view.invoices,
        items: &view.items,
    };
    order_state(&documents, as_of)
        .map_err(|error| AppError::Refused(format!("订单 `{}` 的金额相加溢出 · {error}", view.order.number)))
}

/// The stable name of a gap, its quantity and amount, and the sentence for people.
fn gap_line(gap: &Gap, currency: Currency) -> (&'static str, String) {
    let money = |amount: &crate::domain::Amount| format!("{} {currency}", amount.grouped(currency));
    match gap {
        Gap::NotShipped(goods) => {
            let (pieces, amount) = (goods.quantity.normalize(), money(&goods.amount));
            ("not_shipped", format!("未发货 {pieces} 件 {amount} · {pieces} pieces not shipped"))
        }
        Gap::NotSigned { shipments } => ("not_signed", format!("未签收 {} · not signed for", shipments.join(", "))),
        Gap::NotInvoiced { amount } => {
            ("not_invoiced", format!("已发未开票 {} · shipped, not invoiced", money(amount)))
        }
        Gap::WaitsFor { step, amount } => (
            "waits_for",
            format!("待{}，{} 还没有到期日 · no due date before it", super::party::basis_name(step), money(amount)),
        ),
        Gap::Overdue { amount, since } => ("overdue", format!("逾期 {}，自 {since} · overdue since", money(amount))),
        Gap::NotDue { amount } => ("not_due", format!("未到期未收 {} · not paid, not due yet", money(amount))),
        Gap::Disputed { amount } => ("disputed", format!("有争议 {} · disputed", money(amount))),
        Gap::ReturnWithoutRedInvoice { amount } => {
            ("return_without_red_invoice", format!("退货无红字发票 {} · returned, no red invoice", money(amount)))
        }
    }
}

fn gap_json(gap: &Gap, currency: Currency) -> Json {
    let (name, says) = gap_line(gap, currency);
    let mut object = json!({ "gap": name, "says": says });
    match gap {
        Gap::NotShipped(goods) => {
            object["quantity"] = goods.quantity.normalize().to_string().into();
            object["amount"] = goods.amount.plain(currency).into();
        }
        Gap::NotSigned { shipments } => object["shipments"] = json!(shipments),
        Gap::WaitsFor { step, amount } => {
            object["step"] = (*step).into();
            object["amount"] = amount.plain(currency).into();
        }
        Gap::Overdue { amount, since } => {
            object["since"] = since.to_string().into();
            object["amount"] = amount.plain(currency).into();
        }
        Gap::NotInvoiced { amount }
        | Gap::NotDue { amount }
        | Gap::Disputed { amount }
        | Gap::ReturnWithoutRedInvoice { amount } => object["amount"] = amount.plain(currency).into(),
    }
    object
}

fn state_text(view: &OrderLoop, state: &OrderState) -> String {
    let currency = view.order.currency().unwrap_or(Currency::CNY);
    let mut text = format!(
        "  合计 totals: 订 ordered {} · 发 shipped {} · 退 returned {} · 票 invoiced {} · 未清 open {}{}\n",
        state.ordered.amount.grouped(currency),
        state.shipped.amount.grouped(currency),
        state.returned.amount.grouped(currency),
        state.invoiced.grouped(currency),
        state.open.grouped(currency),
        if state.shared { "（含其他订单 · items shared with other orders）" } else { "" }
    );
    if state.gaps.is_empty() {
        text.push_str("  缺 missing: 无，闭环完成 · nothing, the loop is closed\n");
    }
    for gap in &state.gaps {
        text.push_str(&format!("  缺 missing: {}\n", gap_line(gap, currency).1));
    }
    text
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

fn order_json(view: &OrderLoop, state: &OrderState) -> Json {
    let mut object = json!({ "book": view.order.book, "order": document_json(&view.order) });
    for (_, name, documents) in steps(view) {
        object[name] = documents.iter().map(document_json).collect::<Vec<_>>().into();
    }
    let currency = view.order.currency().unwrap_or(Currency::CNY);
    object["items"] = view.items.iter().map(|item| item_json(item, currency)).collect::<Vec<_>>().into();
    object["allocations"] =
        view.allocations.iter().map(|allocation| allocation_json(allocation, currency)).collect::<Vec<_>>().into();
    object["deposits"] = view.deposits.iter().map(deposit_json).collect::<Vec<_>>().into();
    object["totals"] = json!({
        "ordered": state.ordered.amount.plain(currency), "ordered_quantity": state.ordered.quantity.normalize().to_string(),
        "shipped": state.shipped.amount.plain(currency), "shipped_quantity": state.shipped.quantity.normalize().to_string(),
        "returned": state.returned.amount.plain(currency), "returned_quantity": state.returned.quantity.normalize().to_string(),
        "invoiced": state.invoiced.plain(currency), "open": state.open.plain(currency), "shared": state.shared,
    });
    object["missing"] = state.gaps.iter().map(|gap| gap_json(gap, currency)).collect::<Vec<_>>().into();
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
    for deposit in &view.deposits {
        text.push_str(&deposit_line(deposit));
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
