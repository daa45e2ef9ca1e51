//! `ledger reconcile`: our balances against the ERP's aging list (账龄表), a customer a row, with the likely cause.

mod columns;
mod sheet;

use serde_json::{Value as Json, json};

use crate::app::AppError;
use crate::cli::args::ReconcileArgs;
use crate::cli::output::{self, Table};
use crate::domain::{Amount, Currency};
use crate::ledger::reconcile::{BalanceBasis, Cause, CauseKind};
use crate::store::{Reconciled, Reconciliation, Store};

pub async fn run(store: &Store, args: &ReconcileArgs, as_json: bool) -> Result<(), AppError> {
    let currency = args.currency.as_deref().map(|code| {
        Currency::parse(code).map_err(|_| AppError::Usage(format!("`{code}` 不是币种 · is not a currency code")))
    });
    let rows = sheet::rows(&args.against)?;
    let theirs = columns::listed(&rows, currency.transpose()?)
        .map_err(|problem| AppError::Usage(format!("{}: {problem}", args.against.display())))?;
    let book = book(store, args.book.as_deref()).await?;
    let basis = args.basis.into();
    let found = store.reconcile(&book, &theirs, basis).await?;
    if as_json {
        output::json(&as_object(&book, basis, &found))?;
    } else {
        output::print(&text(&found, basis))?;
    }
    if found.different.is_empty() {
        return Ok(());
    }
    let (differ, all) = (found.different.len(), found.compared);
    Err(AppError::Different(format!("{all} 个客户余额中 {differ} 个不同 · {differ} of {all} balances differ")))
}

/// The book that is asked for, or the only one.
async fn book(store: &Store, asked: Option<&str>) -> Result<Box<str>, AppError> {
    let books = store.books().await?;
    let list = books.join(", ");
    match (asked, books.as_slice()) {
        (Some(asked), _) if books.iter().any(|book| &**book == asked) => Ok(asked.into()),
        (Some(asked), _) => {
            Err(AppError::Refused(format!("没有账簿 `{asked}` · no such book; 现有 · there are: {list}")))
        }
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err(AppError::Refused("台账是空的 · the ledger is empty".to_owned())),
        (None, _) => Err(AppError::Usage(format!("有多个账簿，请用 --book 指明 · several books, name one: {list}"))),
    }
}

/// What finance reads.
fn says(cause: &Cause) -> String {
    let about = &*cause.about;
    let on = cause.on.map(|day| format!(" {day}")).unwrap_or_default();
    match cause.kind {
        CauseKind::OtherBasis => format!("口径不同：等于 {about} · equals our {about} balance"),
        CauseKind::UnidentifiedMoney => format!("未认领到款 {about}{on} · money whose owner we do not know"),
        CauseKind::UnappliedMoney => format!("未核销到款 {about}{on} · money that no item took"),
        CauseKind::BillsHeld => "在手汇票，对方未计 · bills held, not counted there".to_owned(),
        CauseKind::Draft => format!("此处为草稿 {about}{on} · a draft here"),
        CauseKind::NotBookedHere => format!("此处未入账 {about}{on} · seen, not booked here"),
        CauseKind::OnlyHere => format!("对方可能没有 {about}{on} · they may not have it"),
        CauseKind::OtherCode => format!("同名另一编码 {about} · the same name under another code"),
        CauseKind::Quarantine => format!("隔离区记录 {about} · a record in quarantine names it"),
        CauseKind::UnknownHere => "此处没有该客户 · not known here".to_owned(),
        CauseKind::UnknownThere => "对方没有该客户 · not in their list".to_owned(),
    }
}

fn as_object(book: &str, basis: BalanceBasis, found: &Reconciliation) -> Json {
    let plain = |amount: Option<Amount>, currency: Currency| amount.map(|amount| amount.plain(currency));
    let row = |found: &Reconciled| {
        let compared = &found.compared;
        let causes: Vec<Json> = found
            .causes
            .iter()
            .map(|cause| {
                let on = cause.on.map(|day| day.to_string());
                json!({ "cause": cause.kind.name(), "about": cause.about, "on": on, "says": says(cause) })
            })
            .collect();
        json!({
            "code": compared.code, "name": compared.name, "currency": compared.currency.as_str(),
            "ours": plain(compared.ours, compared.currency), "theirs": plain(compared.theirs, compared.currency),
            "difference": compared.difference.plain(compared.currency), "causes": causes,
        })
    };
    let different_by: serde_json::Map<String, Json> =
        found.by_basis.iter().map(|(basis, count)| (basis.name().to_owned(), (*count).into())).collect();
    json!({
        "book": book, "basis": basis.name(), "compared": found.compared, "different_by_basis": different_by,
        "different": found.different.iter().map(row).collect::<Vec<_>>(),
    })
}

fn text(found: &Reconciliation, basis: BalanceBasis) -> String {
    let mut table =
        Table::new(&["客户 customer", "可能原因 likely cause", "我方 ours", "对方 theirs", "差额 difference"]);
    for Reconciled { compared, causes } in &found.different {
        let amount = |amount: Option<Amount>| amount.map_or_else(|| "-".to_owned(), |a| a.grouped(compared.currency));
        let mut says = causes.iter().map(says);
        table.row(vec![
            format!("{} {} {}", compared.code, compared.name, compared.currency),
            says.next().unwrap_or_else(|| "不明 · unknown".to_owned()),
            amount(compared.ours),
            amount(compared.theirs),
            amount(Some(compared.difference)),
        ]);
        for more in says {
            table.row(vec![String::new(), more]);
        }
    }
    let equal = found.compared - found.different.len();
    let mut text = if found.different.is_empty() { String::new() } else { table.render(2) };
    text.push_str(&format!("{equal} / {} 相同 equal ({})\n", found.compared, basis.name()));
    let better = found.by_basis.iter().filter(|(_, different)| *different < found.different.len());
    if let Some((better, different)) = better.min_by_key(|(_, different)| *different) {
        let name = better.name();
        text.push_str(&format!(
            "用 --basis {name} 只差 {different} 个 · with --basis {name} only {different} differ\n"
        ));
    }
    text
}
