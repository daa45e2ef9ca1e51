//! `ledger decisions`: what people decided, whether it stands, and how much of it holds.

use serde_json::{Value as Json, json};

use super::{fields_json, in_book};
use crate::app::AppError;
use crate::cli::output::{self, Table};
use crate::domain::{Amount, Currency, Value};
use crate::ledger::Document;
use crate::store::{DecisionView, Store};

pub async fn run(store: &Store, book: Option<&str>, limit: usize, as_json: bool) -> Result<(), AppError> {
    let found = store.decisions(book, limit).await?;
    if as_json {
        return output::json(&json!({ "decisions": found.iter().map(decision_json).collect::<Vec<_>>() }));
    }
    if found.is_empty() {
        return output::print(&format!("没有人工决定 · nobody decided anything{}\n", in_book(book)));
    }
    let header = ["决定 decision", "时间 when", "谁 who", "动作 action", "内容 about", "金额 asked", "现状 now"];
    let mut table = Table::new(&header);
    for view in &found {
        let field = |name| view.decision.fields.text(name).unwrap_or_default().to_owned();
        let at = view.decision.fields.instant("decided_at").map(|at| at.to_string()).unwrap_or_default();
        table.row(vec![
            view.decision.number.to_string(),
            at.get(..16).unwrap_or(&at).to_owned(),
            field("decided_by"),
            field("action"),
            about(&view.decision),
            asked(&view.decision),
            now(view),
        ]);
    }
    output::print(&table.render(5))
}

fn currency(decision: &Document) -> Currency {
    decision.currency().unwrap_or(Currency::CNY)
}

/// How much of what is paid, and its currency: another than the money's where a rate was agreed.
fn to_be_paid(decision: &Document) -> (Option<Amount>, Currency) {
    match decision.fields.currency("to_currency") {
        Some(currency) => (decision.fields.amount("to_gross"), currency),
        None => (decision.fields.amount("gross"), currency(decision)),
    }
}

/// The numbers that the decision names, in the order of its fields.
fn about(decision: &Document) -> String {
    let numbers = decision.fields.iter().filter_map(|(_, value)| match value {
        Value::Ref { number, .. } => Some(number.to_string()),
        _ => None,
    });
    let words = ["class", "payer"].iter().filter_map(|field| decision.fields.text(field).map(str::to_owned));
    numbers.chain(words).collect::<Vec<_>>().join(" ")
}

fn asked(decision: &Document) -> String {
    let gross = decision.fields.amount("gross").map(|gross| gross.grouped(currency(decision))).unwrap_or_default();
    match to_be_paid(decision) {
        (Some(paid), other) if other != currency(decision) => {
            format!("{gross} {} = {} {other}", currency(decision), paid.grouped(other))
        }
        _ => gross,
    }
}

/// One that pays less than was asked no longer fits, and is said so rather than dropped.
fn now(view: &DecisionView) -> String {
    if let Some(by) = &view.revoked_by {
        return format!("已由 {by} 撤销 (taken back)");
    }
    let Some(holds) = view.holds else { return "有效 in force".to_owned() };
    let held = holds.grouped(to_be_paid(&view.decision).1);
    if fits(view) {
        format!("核销 {held} (pays)")
    } else {
        format!("只核销 {held}，已不完全适用 (no longer fits)")
    }
}

fn fits(view: &DecisionView) -> bool {
    let (asked, _) = to_be_paid(&view.decision);
    let for_order = view.decision.fields.reference("order_no").is_some();
    view.holds.is_none_or(|holds| for_order || asked.map_or(holds.is_positive(), |asked| holds >= asked))
}

fn decision_json(view: &DecisionView) -> Json {
    let (_, currency) = to_be_paid(&view.decision);
    json!({
        "book": view.decision.book, "number": view.decision.number, "fields": fields_json(&view.decision),
        "revoked_by": view.revoked_by, "holds": view.holds.map(|holds| holds.plain(currency)), "fits": fits(view),
    })
}
