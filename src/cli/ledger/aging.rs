//! `ledger aging`: who owes what since when (账龄).

use serde_json::{Value as Json, json};

use crate::app::AppError;
use crate::cli::output::{self, Table};
use crate::store::AgingRow;

pub fn run(rows: &[AgingRow], as_json: bool) -> Result<(), AppError> {
    let amounts = |row: &AgingRow| {
        let aging = &row.aging;
        [
            aging.expected,
            aging.not_due,
            aging.days_1_to_30,
            aging.days_31_to_60,
            aging.days_61_to_90,
            aging.over_90_days,
            aging.disputed,
            aging.credits,
            row.open,
            row.unapplied,
        ]
    };
    if as_json {
        let names = [
            "expected",
            "not_due",
            "days_1_30",
            "days_31_60",
            "days_61_90",
            "older",
            "disputed",
            "credits",
            "open",
            "unapplied",
        ];
        let rows: Vec<Json> = rows
            .iter()
            .map(|row| {
                let mut object = json!({
                    "book": row.subject.book, "currency": row.subject.currency.as_str(), "code": row.code, "name": row.name, "salesperson": row.salesperson,
                });
                for (name, amount) in names.iter().zip(amounts(row)) {
                    object[*name] = amount.plain(row.subject.currency).into();
                }
                object
            })
            .collect();
        return output::json(&json!({ "aging": rows }));
    }
    let header = [
        "账簿 book",
        "客户 customer",
        "未定 expected",
        "未到期 not due",
        "1–30",
        "31–60",
        "61–90",
        ">90",
        "争议 disputed",
        "可抵减 credits",
        "未清 open",
        "未核销 unapplied",
    ];
    let mut table = Table::new(&header);
    for row in rows {
        let currency = row.subject.currency;
        let mut cells = vec![format!("{} {currency}", row.subject.book), format!("{} {}", row.code, row.name)];
        cells.extend(amounts(row).iter().map(|amount| amount.grouped(currency)));
        table.row(cells);
    }
    output::print(&table.render(2))
}
