//! A statement for a program.

use serde_json::{Value as Json, json};

use super::super::item_json;
use super::Paper;
use super::cells::{event_words, section_name};
use crate::domain::{Amount, Currency};
use crate::ledger::AccountKind;
use crate::ledger::statement::StatementLine;

pub fn of(paper: &Paper) -> Json {
    let statement = &paper.statement;
    let currency = statement.currency;
    let plain = |amount: Amount| amount.plain(currency);
    let (totals, aging) = (&statement.totals, &statement.aging);
    let account = |(account, amount): &(AccountKind, Amount)| (account.name().to_owned(), Json::from(plain(*amount)));
    let accounts: serde_json::Map<String, Json> = statement.accounts.iter().map(account).collect();
    let mut object = json!({
        "book": paper.book, "from_company": paper.from, "customer": paper.code, "customer_name": paper.to,
        "currency": currency.as_str(), "from": statement.from.to_string(), "to": statement.to.to_string(),
        "opening": plain(statement.opening), "closing": plain(statement.closing), "closing_accounts": accounts,
        "totals": {
            "shipped": plain(totals.shipped), "returned": plain(totals.returned), "deducted": plain(totals.deducted),
            "paid": plain(totals.paid), "invoiced": plain(totals.invoiced),
        },
        "as_of": statement.as_of.to_string(),
        "overdue": plain(aging.overdue().unwrap_or_default()), "not_due": plain(aging.not_due),
        "expected": plain(aging.expected), "disputed": plain(aging.disputed), "credits": plain(aging.credits),
        "items": statement.items.iter().map(|item| item_json(item, currency)).collect::<Vec<_>>(),
    });
    for (section, lines) in statement.sections() {
        object[section_name(section)] = lines.iter().map(|line| line_json(line, currency)).collect();
    }
    object
}

fn line_json(line: &StatementLine, currency: Currency) -> Json {
    json!({
        "on": line.on.to_string(), "event": event_words(line), "number": line.number, "order_no": line.order_no,
        "customer_order_no": line.customer_order_no, "part_no": line.part_no, "brand": line.brand,
        "quantity": line.quantity.map(|number| number.normalize().to_string()),
        "unit_price": line.unit_price.map(|number| number.normalize().to_string()),
        "gross": line.gross.plain(currency), "about": line.about,
    })
}
