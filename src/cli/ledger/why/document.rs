//! Why a document is as it is: its values and where they came from, what it posted by which rule, its twin, its money.

use serde_json::{Value as Json, json};

use super::origin;
use crate::app::AppError;
use crate::cli::ledger::proposals::{proposal_json, proposal_line};
use crate::cli::ledger::{allocation_json, decision, document_json, in_book, item_json};
use crate::cli::output;
use crate::cli::tree::Tree;
use crate::domain::{Currency, FactKind};
use crate::ledger::{Document, Role, event};
use crate::store::{AllocationView, DocumentView, JournalRow, NearDocument, Store};
use crate::sync::origin::trace;

pub async fn run(
    store: &Store,
    book: Option<&str>,
    kind: Option<&str>,
    number: &str,
    as_json: bool,
) -> Result<(), AppError> {
    let kind = match kind {
        None => None,
        Some(name) => Some(FactKind::parse(name).ok_or_else(|| {
            let kinds: Vec<&str> = FactKind::ALL.iter().map(|kind| kind.name()).collect();
            AppError::Usage(format!("没有单据种类 `{name}` · no such kind; one of {}", kinds.join(", ")))
        })?),
    };
    let found = store.document(book, kind, number).await?;
    if found.is_empty() {
        let near = near(&store.near_documents(book, kind, number).await?);
        return Err(AppError::Refused(format!("没有单据 `{number}` · no such document{}{near}", in_book(book))));
    }
    if as_json {
        return output::json(&json!({ "documents": found.iter().map(document_why).collect::<Vec<_>>() }));
    }
    found.iter().try_for_each(|view| output::print(&tree(view).render()))
}

/// What was perhaps meant, as the end of a message.
pub fn near(found: &[NearDocument]) -> String {
    if found.is_empty() {
        return String::new();
    }
    let named: Vec<String> = found.iter().map(|near| format!("{} {} {}", near.book, near.kind, near.number)).collect();
    format!("；是否 did you mean: {}", named.join(", "))
}

const fn role_name(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Booked => ("booked", "已入账 booked"),
        Role::Evidence => ("evidence", "仅佐证 evidence only"),
        Role::Stub => ("stub", "仅被引用或已撤回 only named, or withdrawn"),
    }
}

fn journal_json(row: &JournalRow) -> Json {
    let currency = row.posting.currency;
    json!({
        "row": format!("{}.{}", row.batch, row.seq), "batch": row.batch, "recorded_at": row.recorded_at.to_string(), "on": row.posting.effective_on.to_string(),
        "posted_on": row.posted_on.to_string(),
        "debit": row.posting.debit.kind.name(), "credit": row.posting.credit.kind.name(),
        "amount": row.posting.amount.plain(currency), "currency": currency.as_str(),
        "reversal": row.reversal, "rule": event(&row.posting, row.reversal),
    })
}

fn paired_json((other, reason): &(Document, Box<str>)) -> Json {
    let mut object = document_json(other);
    object["because"] = (&**reason).into();
    object
}

/// The whole answer for programs.
pub fn document_why(view: &DocumentView) -> Json {
    let currency = view.document.currency().unwrap_or(Currency::CNY);
    let traced = trace(view);
    let allocations: Vec<Json> =
        view.allocations.iter().map(|allocation| allocation_json(allocation, currency)).collect();
    json!({
        "book": view.document.book, "role": role_name(view.document.role).0, "document": document_json(&view.document),
        "values": origin::values_json(&traced), "sources": origin::sources_json(view, &traced),
        "journal": view.journal.iter().map(journal_json).collect::<Vec<_>>(),
        "items": view.items.iter().map(|item| item_json(item, currency)).collect::<Vec<_>>(), "allocations": allocations,
        "proposals": view.proposals.iter().map(proposal_json).collect::<Vec<_>>(),
        "paired_with": view.paired_with.iter().map(paired_json).collect::<Vec<_>>(),
        "decisions": view.decisions.iter().map(document_json).collect::<Vec<_>>(),
        "signed_by": view.signed_by.as_ref().map(|(on, event)| {
            let mut object = document_json(event);
            object["signed_on"] = on.to_string().into();
            object
        }),
    })
}

/// The whole answer for people.
pub fn tree(view: &DocumentView) -> Tree {
    let document = &view.document;
    let currency = document.currency().unwrap_or(Currency::CNY);
    let gross = document.gross().map(|gross| format!("{} {currency}", gross.grouped(currency))).unwrap_or_default();
    let on = document.effective_on().map(|day| day.to_string()).unwrap_or_default();
    let role = role_name(document.role).1;
    let (book, kind, number) = (&document.book, document.kind, &document.number);
    let head = format!("{book} {kind} {number} {} {on} {gross} · {role}", document.status());
    let traced = trace(view);
    let pairs = view.paired_with.iter().map(|(other, reason)| {
        Tree::leaf(format!("{} {} · 同一件事 the same event · {reason}", other.kind, other.number))
    });
    let items = view.items.iter().map(|item| {
        let (gross, open) = (item.gross.grouped(currency), item.open.grouped(currency));
        Tree::leaf(format!("{} {gross}，未清 open {open}", item.number))
    });
    let signed_by = view.signed_by.iter().map(|(on, event)| {
        let at = event.fields.instant("happened_at").map(|at| at.to_string()).unwrap_or_default();
        Tree::leaf(format!("{on} · 物流事件 event {} · 运单 waybill {} · {at}", event.number, waybill(event)))
    });
    let branches = [
        Tree::branch("内容 values ← 记录 record ← 映射 mapping ← 原文 raw", origin::values(&traced)),
        Tree::branch("来源 records that speak of it", origin::sources(view, &traced)),
        Tree::branch("分录 what it posted, and by which rule", view.journal.iter().map(journal)),
        Tree::branch("配对 paired with", pairs),
        Tree::branch("签收 signed for, as the carrier tells", signed_by),
        Tree::branch("未清项 open items", items),
        Tree::branch("核销 allocations", view.allocations.iter().map(|found| allocation(found, currency))),
        Tree::branch("待确认的提议 proposals", view.proposals.iter().map(|found| Tree::leaf(proposal_line(found)))),
        Tree::branch("决定 decided by people", view.decisions.iter().map(decision)),
    ];
    Tree::new(head, branches.into_iter().flatten())
}

fn waybill(event: &Document) -> &str {
    event.fields.text("waybill").unwrap_or_default()
}

fn journal(row: &JournalRow) -> Tree {
    let posting = &row.posting;
    let back = if row.reversal { "冲回 takes back: " } else { "" };
    let late = match row.posted_on {
        on if on == posting.effective_on => String::new(),
        on => format!(" · 当期已关账，过账于 {on} · its period was closed, posted on {on}"),
    };
    Tree::leaf(format!(
        "{}.{} {} Dr {} / Cr {} {} · {back}{}{late}",
        row.batch,
        row.seq,
        posting.effective_on,
        posting.debit.kind.name(),
        posting.credit.kind.name(),
        posting.amount.grouped(posting.currency),
        event(posting, row.reversal)
    ))
}

fn allocation(found: &AllocationView, currency: Currency) -> Tree {
    let amount = found.amount.grouped(currency);
    let (from, to) = (&found.from_number, &found.item_number);
    Tree::leaf(format!("{from} → {to} {amount} · {} · {}", found.rung, found.explanation))
}
