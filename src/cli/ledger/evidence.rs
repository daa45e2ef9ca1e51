//! `ledger evidence`: what bank, warehouse and tax platform have seen against what is booked, and what has no twin.

use serde_json::{Value as Json, json};

use super::document_json;
use crate::app::AppError;
use crate::cli::output::{self, Table};
use crate::domain::{Currency, FactKind};
use crate::ledger::Document;
use crate::store::{EvidenceReport, Store};

/// The kinds that a second source can see.
const KINDS: [FactKind; 3] = [FactKind::Payment, FactKind::Shipment, FactKind::Invoice];

pub async fn run(
    store: &Store,
    book: Option<&str>,
    kind: Option<&str>,
    limit: usize,
    as_json: bool,
) -> Result<(), AppError> {
    let kind = match kind {
        None => None,
        Some(name) => Some(KINDS.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let kinds = KINDS.map(FactKind::name).join(", ");
            AppError::Usage(format!("`{name}` 没有佐证来源 · has no evidence; one of {kinds}"))
        })?),
    };
    let report = store.evidence(book, kind).await?;
    if as_json { output::json(&report_json(&report, limit)) } else { output::print(&text(&report, limit)) }
}

fn report_json(report: &EvidenceReport, limit: usize) -> Json {
    let counts: Vec<Json> = report
        .counts
        .iter()
        .map(|count| {
            json!({ "book": count.book, "kind": count.kind.name(), "seen": count.seen, "paired": count.paired })
        })
        .collect();
    let newest = |documents: &[Document]| -> Vec<Json> {
        let rows = documents.iter().rev().take(limit);
        rows.map(|document| {
            let mut object = document_json(document);
            object["book"] = (*document.book).into();
            object
        })
        .collect()
    };
    json!({
        "counts": counts,
        "unbooked": { "count": report.unbooked.len(), "newest": newest(&report.unbooked) },
        "unseen": { "count": report.unseen.len(), "newest": newest(&report.unseen) },
    })
}

fn text(report: &EvidenceReport, limit: usize) -> String {
    if report.counts.is_empty() {
        return "没有佐证来源的记录 · no source has given evidence (books = false)\n".to_owned();
    }
    let mut counts = Table::new(&["账簿 book", "种类 kind", "看到 seen", "已对应 paired", "未入账 unbooked"]);
    for count in &report.counts {
        let numbers = [count.seen, count.paired, count.seen - count.paired].map(|number| number.to_string());
        counts.row([count.book.to_string(), count.kind.name().to_owned()].into_iter().chain(numbers).collect());
    }
    let mut text = counts.render(2);
    text.push_str(&section("看到而未入账 · seen, not booked", &report.unbooked, limit));
    text.push_str(&section("入账而未看到 · booked, not seen", &report.unseen, limit));
    text
}

fn section(title: &str, documents: &[Document], limit: usize) -> String {
    if documents.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["账簿 book", "单号 number", "日期 date", "对方 who", "金额 amount"]);
    for document in documents.iter().rev().take(limit) {
        let currency = document.currency().unwrap_or(Currency::CNY);
        let customer = document.fields.get("customer").map(crate::domain::fact::shown);
        let customer = customer.as_ref().and_then(Json::as_str);
        table.row(vec![
            document.book.to_string(),
            document.number.to_string(),
            document.effective_on().map(|day| day.to_string()).unwrap_or_default(),
            customer.or_else(|| document.fields.text("payer")).unwrap_or("-").to_owned(),
            format!("{} {currency}", document.gross().unwrap_or_default().grouped(currency)),
        ]);
    }
    let more = match documents.len().saturating_sub(limit) {
        0 => String::new(),
        more => format!("… 另有 {more} 张 · {more} more (--limit)\n"),
    };
    format!("\n{title} ({})\n{}{more}", documents.len(), table.render(4))
}
