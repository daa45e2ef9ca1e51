//! `ledger order`: one order's loop, step by step, and what is missing in it.

use jiff::civil::Date;
use serde_json::{Value as Json, json};

use super::party::{deposit_json, deposit_line};
use super::why::near;
use super::{allocation_json, document_json, in_book, item_json};
use crate::app::AppError;
use crate::cli::output;
use crate::cli::tree::Tree;
use crate::domain::{Amount, Currency, FactKind};
use crate::ledger::{Document, Gap, Goods, ItemPayment, OrderDocuments, OrderState, order_state};
use crate::store::{ListedReminder, OrderLoop, Store};
use crate::sync::origin::tell_of_signatures;

pub async fn run(
    store: &Store,
    book: Option<&str>,
    number: &str,
    day: &dyn Fn(&str) -> Date,
    as_json: bool,
) -> Result<(), AppError> {
    let found = store.order_loop(book, number).await?;
    if found.is_empty() {
        let near = near(&store.near_documents(book, Some(FactKind::Order), number).await?);
        return Err(AppError::Refused(format!("没有订单 `{number}` · no such order{}{near}", in_book(book))));
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
    let mut both = both;
    both.try_for_each(|(view, state)| output::print(&tree(view, state).render()))
}

pub(super) fn state(view: &OrderLoop, as_of: Date) -> Result<OrderState, AppError> {
    let is_money = |from| view.payments.iter().any(|payment| payment.id == from);
    let paid = view.allocations.iter().filter(|allocation| is_money(allocation.from));
    let paid: Vec<ItemPayment> =
        paid.map(|allocation| ItemPayment { item: allocation.item, amount: allocation.amount }).collect();
    let shipments = [view.shipments.as_slice(), &view.other_shipments].concat();
    let documents = OrderDocuments {
        order: &view.order,
        shipments: &shipments,
        returns: &view.returns,
        invoices: &view.invoices,
        adjustments: &view.adjustments,
        statements: &view.statements,
        payments: &view.payments,
        items: &view.items,
        paid: &paid,
        signing: &view.signing,
        known: tell_of_signatures(&view.mappings),
    };
    order_state(&documents, as_of)
        .map_err(|error| AppError::Refused(format!("订单 `{}` 的金额相加溢出 · {error}", view.order.number)))
}

/// The stable name of a gap, its quantity and amount, and the sentence for people.
fn gap_line(gap: &Gap, currency: Currency) -> (&'static str, String) {
    let money = |amount: &Amount| format!("{} {currency}", amount.grouped(currency));
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

pub(super) fn order_json(view: &OrderLoop, state: &OrderState) -> Json {
    let mut object = json!({ "book": view.order.book, "order": document_json(&view.order) });
    let lists = [
        ("origins", &view.origins),
        ("statements", &view.statements),
        ("invoices", &view.invoices),
        ("payments", &view.payments),
        ("returns", &view.returns),
        ("adjustments", &view.adjustments),
        ("messages", &view.messages),
    ];
    for (name, documents) in lists {
        object[name] = documents.iter().map(document_json).collect::<Vec<_>>().into();
    }
    object["shipments"] = view.shipments.iter().map(|shipment| shipment_json(view, shipment)).collect();
    let currency = view.order.currency().unwrap_or(Currency::CNY);
    object["items"] = view.items.iter().map(|item| item_json(item, currency)).collect::<Vec<_>>().into();
    object["allocations"] =
        view.allocations.iter().map(|allocation| allocation_json(allocation, currency)).collect::<Vec<_>>().into();
    object["deposits"] = view.deposits.iter().map(deposit_json).collect::<Vec<_>>().into();
    object["reminders"] = json!(view.reminders);
    object["decisions"] = view.decisions.iter().map(document_json).collect::<Vec<_>>().into();
    object["totals"] = totals_json(state, currency);
    object["missing"] = state.gaps.iter().map(|gap| gap_json(gap, currency)).collect::<Vec<_>>().into();
    object
}

/// With the day of signing, also where only a carrier tells of it.
fn shipment_json(view: &OrderLoop, shipment: &Document) -> Json {
    let mut object = document_json(shipment);
    object["signed_on"] = view.signing.signed_on(shipment).map(|day| day.to_string()).into();
    object
}

fn totals_json(state: &OrderState, currency: Currency) -> Json {
    let mut totals = json!({
        "deposited": state.deposited.plain(currency), "reconciled": state.reconciled.plain(currency),
        "adjusted": state.adjusted.plain(currency), "invoiced": state.invoiced.plain(currency),
        "paid": state.paid.plain(currency), "open": state.open.plain(currency), "shared": state.is_shared,
    });
    let goods = [
        ("ordered", state.ordered),
        ("shipped", state.shipped),
        ("signed", state.signed),
        ("returned", state.returned),
    ];
    for (name, goods) in goods {
        totals[name] = goods.amount.plain(currency).into();
        totals[format!("{name}_quantity")] = goods.quantity.normalize().to_string().into();
    }
    totals
}

/// The steps of the loop, in the order in which they should happen.
pub(super) fn tree(view: &OrderLoop, state: &OrderState) -> Tree {
    let currency = view.order.currency().unwrap_or(Currency::CNY);
    let money = |amount: Amount| amount.grouped(currency);
    let goods = |goods: Goods| format!("{} · {} 件 pieces", money(goods.amount), goods.quantity.normalize());
    let documents = |list: &[Document]| list.iter().map(document).collect::<Vec<_>>();
    let signed = view.shipments.iter().filter(|shipment| shipment.is_live()).filter_map(|shipment| {
        let day = view.signing.signed_on(shipment)?;
        let by_carrier = view.signing.event_of(shipment).map_or("", |_| " · 物流回传 as the carrier tells");
        Some(Tree::leaf(format!("{} {day}{by_carrier}", shipment.number)))
    });
    let reductions: Vec<Tree> = view.returns.iter().map(document).collect();
    let allocations = view.allocations.iter().map(|found| {
        let (from, to) = (&found.from_number, &found.item_number);
        Tree::leaf(format!(
            "核销 allocated {from} → {to} {} · {} · {}",
            money(found.amount),
            found.rung,
            found.explanation
        ))
    });
    let deposits = view.deposits.iter().map(|waiting| Tree::leaf(deposit_line(waiting).trim()));
    let items = view.items.iter().filter(|item| !item.open.is_zero());
    let items = items.map(|item| Tree::leaf(format!("{} {}", item.number, money(item.open))));
    let gaps = state.gaps.iter().map(|gap| Tree::leaf(gap_line(gap, currency).1));
    let missing = Tree::branch("缺 missing", gaps)
        .unwrap_or_else(|| Tree::leaf("缺 missing: 无，闭环完成 · nothing, the loop is closed"));
    let share =
        if state.is_shared { "（按订单分摊 · this order's share of what is about several）" } else { "" };
    let steps = [
        Tree::branch("之前 before it", documents(&view.origins)),
        Some(Tree::leaf(format!("下单 ordered {}", goods(state.ordered)))),
        Some(Tree::new(format!("预收 deposit {}", money(state.deposited)), deposits)),
        Some(Tree::new(format!("发货 shipped {}", goods(state.shipped)), documents(&view.shipments))),
        Some(Tree::new(format!("签收 signed {}", goods(state.signed)), signed)),
        Some(Tree::new(format!("对账 reconciled {}", money(state.reconciled)), documents(&view.statements))),
        Some(Tree::new(format!("开票 invoiced {}", money(state.invoiced)), documents(&view.invoices))),
        Some(Tree::new(
            format!("收款 paid {}", money(state.paid)),
            documents(&view.payments).into_iter().chain(allocations),
        )),
        Some(Tree::new(format!("退货 returned {}", goods(state.returned)), reductions)),
        Some(Tree::new(format!("调整 adjusted {}", money(state.adjusted)), documents(&view.adjustments))),
        Tree::branch("对话 said", view.messages.iter().map(message)),
        Tree::branch("提醒 reminded", view.reminders.iter().map(reminder)),
        Tree::branch("决定 decided by people", view.decisions.iter().map(super::decision)),
        Some(Tree::new(format!("未清 open {}", money(state.open)), items)),
        Some(missing),
    ];
    let order = &view.order;
    let on = order.effective_on().map(|day| day.to_string()).unwrap_or_default();
    let customer = order.fields.text("customer").unwrap_or_default();
    let head = format!("{} order {} {customer} {on} {} {currency}{share}", order.book, order.number, order.status());
    Tree::new(head, steps.into_iter().flatten())
}

fn document(document: &Document) -> Tree {
    let on = document.effective_on().map(|day| format!(" {day}")).unwrap_or_default();
    let gross = document.gross().zip(document.currency());
    let gross = gross.map(|(gross, currency)| format!(" {} {currency}", gross.grouped(currency))).unwrap_or_default();
    Tree::leaf(format!("{} {}{on}{gross} {}", document.kind, document.number, document.status()))
}

fn message(message: &Document) -> Tree {
    let at = message.fields.instant("sent_at").map(|at| at.to_string()).unwrap_or_default();
    let (sender, text) = (message.fields.text("sender"), message.fields.text("text"));
    Tree::leaf(format!("{at} {}: {}", sender.unwrap_or_default(), text.unwrap_or_default()))
}

fn reminder(reminder: &ListedReminder) -> Tree {
    let to = reminder.recipient.as_deref().unwrap_or("—");
    let (at, rule, level, number) = (reminder.decided_at, &reminder.rule, &reminder.level, &reminder.number);
    let reason = reminder.reason.as_deref().map(|reason| format!(" · {reason}")).unwrap_or_default();
    let state = reminder.state.name();
    Tree::leaf(format!("{at} {rule} {level} {number} → {} {to} · {state}{reason}", reminder.audience))
}
