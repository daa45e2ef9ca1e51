//! `ledger party`: one customer — terms, balances, items, what was said.

use serde_json::{Value as Json, json};

use super::credit;
use super::past::Past;
use super::proposals::{proposal_json, proposal_line};
use super::{document_json, fields_json, in_book, item_json};
use crate::app::AppError;
use crate::cli::output::{self, Table};
use crate::domain::{Amount, Currency};
use crate::ledger::credit::{Customer, Group};
use crate::ledger::{AccountKind, Due, Terms};
use crate::store::{Kin, PartyView, Position, ProposalFilter, ProposalView, WaitingDeposit};
use crate::sync::decide::identity::label;

/// More are listed by `ledger proposals`.
const PROPOSALS_MAX: usize = 50;

pub async fn run(past: &Past, book: Option<&str>, code: &str, as_json: bool) -> Result<(), AppError> {
    let found = past.party(book, code).await?;
    if found.is_empty() {
        return Err(AppError::Refused(format!("没有客户 `{code}` · no such customer{}", in_book(book))));
    }
    let filter = ProposalFilter { book, customer: Some(code), ..ProposalFilter::default() };
    let proposed = past.proposals(filter, PROPOSALS_MAX).await?;
    let mut parties = Vec::with_capacity(found.len());
    for view in &found {
        let (customer, group) = past.credit(view).await?;
        if as_json {
            let mut party = party_json(view, &proposed);
            party["credit"] = credit_json(&customer, group.as_ref());
            parties.push(party);
        } else {
            output::print(&party_text(view, &proposed, &credit::of_customer(&customer, group.as_ref())))?;
        }
    }
    if as_json { output::json(&json!({ "parties": parties })) } else { Ok(()) }
}

fn credit_json(customer: &Customer, group: Option<&Group>) -> Json {
    let mut object = credit::line_json(&customer.line);
    let of_group = group.map(|group| credit::line_json(&group.line));
    object["group"] = customer.group.as_deref().map(|name| json!({ "name": name, "credit": of_group })).into();
    object
}

fn party_json(view: &PartyView, proposed: &[ProposalView]) -> Json {
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
    let balances = balances_json(&view.balances);
    let deposits: Vec<Json> = view.deposits.iter().map(deposit_json).collect();
    let proposals: Vec<Json> =
        proposed.iter().filter(|proposal| proposal.book == view.party.book).map(proposal_json).collect();
    json!({ "book": view.party.book, "code": view.party.number, "fields": fields_json(&view.party), "balances": balances, "deposits": deposits, "positions": positions, "proposals": proposals,
        "messages": view.messages.iter().map(document_json).collect::<Vec<_>>(),
        "same_customer": view.others.iter().map(other_json).collect::<Vec<_>>() })
}

fn balances_json(balances: &[(Currency, AccountKind, Amount)]) -> Vec<Json> {
    let row = |(currency, account, amount): &(Currency, AccountKind, Amount)| json!({ "currency": currency.as_str(), "account": account.name(), "amount": amount.plain(*currency) });
    balances.iter().map(row).collect()
}

fn other_json(other: &Kin) -> Json {
    json!({ "key": label(&other.party), "name": other.party.fields.text("name"), "balances": balances_json(&other.balances) })
}

/// The other keys of the customer with what each has: shown together, never added up.
fn others_text(others: &[Kin]) -> String {
    if others.is_empty() {
        return String::new();
    }
    let mut text = "\n同一客户的其他编码 other keys of this customer (party why)\n".to_owned();
    for other in others {
        text.push_str(&format!("  {} {}\n", label(&other.party), other.party.fields.text("name").unwrap_or("-")));
        for (currency, account, amount) in &other.balances {
            text.push_str(&format!("    {:<26} {:>18} {currency}\n", account.name(), amount.grouped(*currency)));
        }
    }
    text
}

fn party_text(view: &PartyView, proposed: &[ProposalView], credit: &str) -> String {
    let field = |name| view.party.fields.text(name).unwrap_or("-");
    let mut text = format!(
        "{} {} {}\n业务员 salesperson {}\n条款 terms {}\n{credit}",
        view.party.book,
        view.party.number,
        field("name"),
        field("salesperson"),
        terms_text(view.party.fields.text("terms"))
    );
    for (currency, account, amount) in view.balances.iter().filter(|(_, _, amount)| !amount.is_zero()) {
        text.push_str(&format!("  {:<28} {:>18} {currency}\n", account.name(), amount.grouped(*currency)));
    }
    for deposit in &view.deposits {
        text.push_str(&deposit_line(deposit));
    }
    for position in &view.positions {
        text.push_str(&items_table(position));
    }
    for proposal in proposed.iter().filter(|proposal| proposal.book == view.party.book) {
        text.push_str(&format!("  待确认 proposed: {}\n", proposal_line(proposal)));
    }
    text.push_str(&others_text(&view.others));
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

pub(super) fn deposit_json(deposit: &WaitingDeposit) -> Json {
    let amount = deposit.amount.plain(deposit.currency);
    json!({ "order": deposit.order_number, "currency": deposit.currency.as_str(), "amount": amount })
}

pub(super) fn deposit_line(deposit: &WaitingDeposit) -> String {
    let WaitingDeposit { order_number, currency, amount, .. } = deposit;
    format!("  预收待用 deposit waiting for {order_number}: {} {currency}\n", amount.grouped(*currency))
}

/// The customer's terms as they came, and how they are understood.
fn terms_text(terms: Option<&str>) -> String {
    const DEFAULT: &str = "按账套默认 (the book's default)";
    match terms.map(|text| (text, Terms::parse(text))) {
        None => DEFAULT.to_owned(),
        Some((text, Ok(terms))) => format!("{text}：{}", terms.explain()),
        Some((text, Err(_))) => format!("{text}：看不懂，{DEFAULT} · not understood"),
    }
}

fn items_table(position: &Position) -> String {
    let currency = position.subject.currency;
    let mut table = Table::new(&["单据 document", "日期 issued", "到期 due", "金额 gross", "未清 open"]);
    for item in position.items.iter().filter(|item| !item.open.is_zero()) {
        table.row(vec![
            item.number.to_string(),
            item.issued_on.to_string(),
            due_words(&item.due),
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

/// A due date, or about when it would be and what it waits for.
pub(super) fn due_words(due: &Due) -> String {
    match due {
        Due::On(day) => day.to_string(),
        Due::Expected { on, missing } => format!("≈{on} 待{}", basis_name(missing)),
    }
}

/// The step that a due date waits for, as people call it.
pub(super) fn basis_name(missing: &str) -> &str {
    match missing {
        "shipped" => "发货 shipped",
        "signed" => "签收 signed",
        "reconciled" => "对账 reconciled",
        "invoiced" => "开票 invoiced",
        "invoice_received" => "收票 invoice received",
        other => other,
    }
}
