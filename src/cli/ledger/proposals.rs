//! `ledger proposals`: what payments may be for, where the evidence is not enough to place them.

use serde_json::{Value as Json, json};

use super::in_book;
use crate::app::AppError;
use crate::cli::output::{self, Table};
use crate::store::{ProposalFilter, ProposalView, Store};

pub async fn run(store: &Store, filter: ProposalFilter<'_>, limit: usize, as_json: bool) -> Result<(), AppError> {
    let found = store.proposals(filter, limit).await?;
    if as_json {
        return output::json(&json!({ "proposals": found.iter().map(proposal_json).collect::<Vec<_>>() }));
    }
    if found.is_empty() {
        return output::print(&format!("没有待确认的核销提议 · nothing is proposed{}\n", in_book(filter.book)));
    }
    let mut table = Table::new(&["收款 payment", "日期 paid", "客户 customer", "提议 for", "金额 amount", "分 points"]);
    for proposal in &found {
        let amount = format!("{} {}", proposal.amount.grouped(proposal.currency), proposal.currency);
        table.row(vec![
            proposal.payment.to_string(),
            proposal.paid_on.map(|day| day.to_string()).unwrap_or_default(),
            format!("{} {}", proposal.book, proposal.customer),
            proposal.item.to_string(),
            amount,
            proposal.points.to_string(),
        ]);
    }
    let mut text = table.render(4);
    text.push_str(
        "\n为什么 · why: bihuan ledger why 收款单号；确认 · decide: bihuan ledger confirm|reject 收款 单据\n",
    );
    output::print(&text)
}

pub fn proposal_json(proposal: &ProposalView) -> Json {
    json!({
        "book": proposal.book, "customer": proposal.customer, "payment": proposal.payment,
        "paid_on": proposal.paid_on.map(|day| day.to_string()), "to": proposal.item,
        "amount": proposal.amount.plain(proposal.currency), "currency": proposal.currency.as_str(),
        "points": proposal.points, "because": proposal.explanation, "runner_up": proposal.runner_up,
    })
}

/// One line, for the views of a customer and of a payment.
pub fn proposal_line(proposal: &ProposalView) -> String {
    let amount = proposal.amount.grouped(proposal.currency);
    format!("{} → {} {amount} {} · {}", proposal.payment, proposal.item, proposal.currency, proposal.explanation)
}
