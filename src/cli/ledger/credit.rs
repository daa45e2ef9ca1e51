//! `ledger credit`: limits (信用额度) of groups and customers, and what stands against them.

use serde_json::{Value as Json, json};

use super::in_book;
use crate::app::AppError;
use crate::cli::args::CreditArgs;
use crate::cli::output::{self, Table};
use crate::domain::{Amount, Currency};
use crate::ledger::credit::{Credit, Customer, Group, Line};
use crate::store::Store;

/// The currency in which a book's limits are.
pub(super) type CurrencyOf<'c> = &'c (dyn Fn(&str) -> Currency + Sync);

pub async fn run(store: &Store, args: &CreditArgs, currency: CurrencyOf<'_>, as_json: bool) -> Result<(), AppError> {
    let found = find(store, args, currency).await?;
    if as_json { output::json(&credit_json(&found)) } else { output::print(&text(&found, args)) }
}

/// What was asked for.
pub(super) async fn find(store: &Store, args: &CreditArgs, currency: CurrencyOf<'_>) -> Result<Credit, AppError> {
    let book = args.book.as_deref();
    let mut found = store.credit(book, args.party.as_deref(), currency).await?;
    if let Some(code) = args.party.as_deref() {
        found = found.about(code);
        if found.is_empty() {
            return Err(AppError::Refused(format!("没有客户 `{code}` · no such customer{}", in_book(book))));
        }
    }
    Ok(if args.over { found.over() } else { found })
}

pub(super) fn credit_json(credit: &Credit) -> Json {
    let groups: Vec<Json> = credit.groups.iter().map(group_json).collect();
    let customers: Vec<Json> = credit.customers.iter().map(customer_json).collect();
    json!({ "groups": groups, "customers": customers })
}

fn group_json(group: &Group) -> Json {
    let mut object = line_json(&group.line);
    let plain = |limit: &Amount| limit.plain(group.line.currency);
    object["book"] = (*group.book).into();
    object["group"] = (*group.name).into();
    object["limits_stated"] = group.stated.iter().map(plain).collect();
    object["limits_differ"] = group.limits_differ().into();
    object["members"] = group.members.iter().map(customer_json).collect();
    object
}

fn customer_json(customer: &Customer) -> Json {
    let mut object = line_json(&customer.line);
    object["book"] = (*customer.book).into();
    object["code"] = (*customer.code).into();
    object["name"] = (*customer.name).into();
    object
}

pub(super) fn line_json(line: &Line) -> Json {
    let (currency, figures) = (line.currency, line.figures());
    let others: Vec<Json> = line
        .beside()
        .map(|(currency, figures)| {
            json!({
                "currency": currency.as_str(), "used": figures.used.plain(currency),
                "bills_held": figures.bills_held.plain(currency), "bills_transferred": figures.bills_transferred.plain(currency),
            })
        })
        .collect();
    json!({
        "currency": currency.as_str(), "limit": line.limit.map(|limit| limit.plain(currency)),
        "used": figures.used.plain(currency), "free": line.free.map(|free| free.plain(currency)), "over": line.is_over(),
        "bills_held": figures.bills_held.plain(currency), "bills_transferred": figures.bills_transferred.plain(currency),
        "other_currencies": others,
    })
}

pub(super) fn text(credit: &Credit, args: &CreditArgs) -> String {
    if credit.is_empty() {
        let where_ = in_book(args.book.as_deref());
        return if args.over {
            format!("没有超出信用额度 · nobody is over a limit{where_}\n")
        } else {
            format!("没有客户设有信用额度或集团 · no customer has a limit or a group{where_}\n")
        };
    }
    let mut table = Table::new(&[
        "账簿 book",
        "集团、客户 group, customer",
        "",
        "额度 limit",
        "已用 used",
        "可用 free",
        "在手票据 bills held",
        "已背书 bills passed on",
        "其他币别 other currencies",
    ]);
    for group in &credit.groups {
        table.row(row(&group.book, format!("集团 {}", group.name), &group.line));
        for member in &group.members {
            table.row(row(&member.book, format!("  {} {}", member.code, member.name), &member.line));
        }
    }
    for customer in &credit.customers {
        table.row(row(&customer.book, format!("{} {}", customer.code, customer.name), &customer.line));
    }
    let mut text = table.render(3);
    for group in credit.groups.iter().filter(|group| group.limits_differ()) {
        text.push_str(&differing(group));
    }
    text
}

fn row(book: &str, who: String, line: &Line) -> Vec<String> {
    let (currency, figures) = (line.currency, line.figures());
    let grouped = |amount: Option<Amount>| amount.map_or_else(|| "-".to_owned(), |amount| amount.grouped(currency));
    vec![
        format!("{book} {currency}"),
        who,
        if line.is_over() { "超额 over".to_owned() } else { String::new() },
        grouped(line.limit),
        figures.used.grouped(currency),
        grouped(line.free),
        figures.bills_held.grouped(currency),
        figures.bills_transferred.grouped(currency),
        beside(line),
    ]
}

/// What is used in other currencies: nothing adds them up.
fn beside(line: &Line) -> String {
    let used = line.beside().map(|(currency, figures)| format!("{} {currency}", figures.used.grouped(currency)));
    used.collect::<Vec<_>>().join(", ")
}

/// One of them is out of date, and only people can say which.
fn differing(group: &Group) -> String {
    let limits: Vec<String> = group.stated.iter().map(|limit| limit.grouped(group.line.currency)).collect();
    let (book, name, limits) = (&group.book, &group.name, limits.join(" / "));
    format!(
        "\n{book} 集团 {name}：各成员的集团额度不一致（{limits}），按最小的算 · members state different limits; the smallest counts\n"
    )
}

/// One line for the view of a customer: what of its own limit is used, and what of its group's.
pub(super) fn of_customer(customer: &Customer, group: Option<&Group>) -> String {
    let mut text = format!("信用 credit {}\n", used_of(&customer.line));
    if let Some(name) = &customer.group {
        let used = group.map(|group| format!(" {}", used_of(&group.line))).unwrap_or_default();
        text.push_str(&format!("集团 group {name}{used}\n"));
    }
    text
}

fn used_of(line: &Line) -> String {
    let (currency, used) = (line.currency, line.figures().used);
    let used = used.grouped(currency);
    match (line.limit, line.free) {
        (Some(limit), Some(free)) => {
            let over = if line.is_over() { " 超额 over" } else { "" };
            format!(
                "额度 limit {} · 已用 used {used} · 可用 free {} {currency}{over}",
                limit.grouped(currency),
                free.grouped(currency)
            )
        }
        _ => format!("无额度 no limit · 已用 used {used} {currency}"),
    }
}
