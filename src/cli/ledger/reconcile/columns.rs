//! What the rows of an ERP's aging list say: which column is which by its header, in Chinese or English, and exact amounts.
//!
//! A row that cannot be read stops everything and is named: a list that is read in part would compare wrongly.

use rust_decimal::Decimal;

use crate::domain::text::half_width;
use crate::domain::{Amount, Currency};
use crate::ledger::reconcile::Listed;
use crate::mapping;

/// Titles and dates stand above the header; a header further down than this belongs to another table.
const MAX_HEADER_ROW: usize = 30;

/// Header names a column, the likelier first; compared in half width, without spaces, in lower case.
const CODE: &[&str] = &[
    "客户编码",
    "客户代码",
    "客户编号",
    "往来单位编码",
    "往来单位编号",
    "customercode",
    "customer_code",
    "customer",
    "code",
];
const NAME: &[&str] =
    &["客户名称", "往来单位名称", "客户", "往来单位", "单位名称", "customername", "customer_name", "name"];
const CURRENCY: &[&str] = &["币别", "币种", "结算币别", "currency"];
const BALANCE: &[&str] = &["期末余额", "应收余额", "未清余额", "未收余额", "余额", "closingbalance", "balance", "open"];

const CURRENCY_NAMES: &[(&str, &[&str])] = &[
    ("CNY", &["人民币", "人民币元", "RMB", "¥", "￥"]),
    ("HKD", &["港币", "港元", "港幣"]),
    ("USD", &["美元", "美金", "US$"]),
    ("EUR", &["欧元"]),
    ("JPY", &["日元", "日圆"]),
    ("TWD", &["新台币", "台币"]),
];
/// A row whose customer is one of these words adds others up.
const TOTALS: &[&str] = &["合计", "小计", "总计", "累计", "total", "subtotal", "grandtotal"];

struct Columns {
    code: Option<usize>,
    name: Option<usize>,
    currency: Option<usize>,
    balance: usize,
}

/// The customers of a table. `currency` holds for all rows when there is no such column.
pub fn listed(rows: &[Vec<String>], currency: Option<Currency>) -> Result<Vec<Listed>, String> {
    let (header, columns) = header(rows)?;
    if columns.currency.is_none() && currency.is_none() {
        return Err(format!(
            "没有币别列 ({})，请用 --currency 指明 · there is no currency column: say which with --currency",
            CURRENCY.join(", ")
        ));
    }
    let mut found = Vec::new();
    for (index, row) in rows.iter().enumerate().skip(header + 1) {
        let at = |problem: String| format!("第 {} 行 · row {}: {problem}", index + 1, index + 1);
        if let Some(listed) = read(row, &columns, currency).map_err(at)? {
            found.push(listed);
        }
    }
    Ok(found)
}

fn header(rows: &[Vec<String>]) -> Result<(usize, Columns), String> {
    let mut best: Option<(usize, &[String])> = None;
    for (index, row) in rows.iter().enumerate().take(MAX_HEADER_ROW) {
        let folded: Vec<String> = row.iter().map(|cell| fold(cell)).collect();
        let column = |names: &[&str]| names.iter().find_map(|name| folded.iter().position(|cell| cell == name));
        let (code, name, balance) = (column(CODE), column(NAME), column(BALANCE));
        if let (true, Some(balance)) = (code.is_some() || name.is_some(), balance) {
            return Ok((index, Columns { code, name, currency: column(CURRENCY), balance }));
        }
        let known = [code, name, balance].iter().flatten().count();
        let filled = row.iter().filter(|cell| !cell.is_empty()).count();
        let weight = known * 1_000 + filled;
        if best.is_none_or(|(most, _)| weight > most) {
            best = Some((weight, row));
        }
    }
    let found = best.map(|(_, row)| row.iter().filter(|cell| !cell.is_empty()).cloned().collect::<Vec<_>>().join(", "));
    Err(format!(
        "前 {MAX_HEADER_ROW} 行没有表头 · no header among the first rows. 需要 · needed: {} 或 · or {}; 及 · and {}. 最像的一行 · the row most like one: {}",
        CODE.join("/"),
        NAME.join("/"),
        BALANCE.join("/"),
        found.unwrap_or_default()
    ))
}

/// Half width, without spaces and a unit in brackets, in lower case.
fn fold(header: &str) -> String {
    let narrow: String = half_width(header).chars().filter(|character| !character.is_whitespace()).collect();
    narrow.strip_suffix("(元)").unwrap_or(&narrow).to_lowercase()
}

fn read(row: &[String], columns: &Columns, currency: Option<Currency>) -> Result<Option<Listed>, String> {
    let cell = |column: Option<usize>| column.and_then(|column| row.get(column)).map_or("", String::as_str);
    let (code, name, balance) = (cell(columns.code), cell(columns.name), cell(Some(columns.balance)));
    let is_total = |text: &str| TOTALS.iter().any(|word| fold(text).trim_end_matches(':') == *word);
    if row.iter().any(|cell| is_total(cell)) || (code.is_empty() && name.is_empty() && balance.is_empty()) {
        return Ok(None);
    }
    if code.is_empty() && name.is_empty() {
        return Err(format!("有余额 `{balance}` 而没有客户 · a balance without a customer"));
    }
    let named = cell(columns.currency);
    let currency = match (named, currency) {
        ("", Some(currency)) => currency,
        _ => self::currency(named).ok_or_else(|| format!("不认识的币别 `{named}` · not a currency that is known"))?,
    };
    let decimal = decimal(balance)
        .ok_or_else(|| format!("余额 `{balance}` 不是一个准确的数 · the balance is not an exact number"))?;
    let balance = Amount::exact(decimal, currency).map_err(|error| format!("余额 `{balance}` · balance: {error}"))?;
    Ok(Some(Listed { code: code.into(), name: name.into(), currency, balance }))
}

fn currency(named: &str) -> Option<Currency> {
    let named = named.trim().to_uppercase();
    let known = CURRENCY_NAMES.iter().find(|(_, names)| names.contains(&&*named)).map(|(code, _)| *code);
    Currency::parse(known.unwrap_or(&named)).ok()
}

/// `1,234.50`, `￥1,234.50`, `(1,234.50)` and `-1234.5`; nothing or a dash is zero.
fn decimal(text: &str) -> Option<Decimal> {
    let narrow: String = half_width(text).chars().filter(|c| !c.is_whitespace() && !"¥￥$".contains(*c)).collect();
    if matches!(&*narrow, "" | "-" | "--") {
        return Some(Decimal::ZERO);
    }
    match narrow.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inside) => mapping::decimal(inside).filter(|number| !number.is_sign_negative()).map(|number| -number),
        None => mapping::decimal(&narrow),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Vec<Vec<String>> {
        text.lines().map(|line| line.split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
    }

    fn read_all(text: &str, currency: Option<Currency>) -> Result<Vec<String>, String> {
        let rows = listed(&table(text), currency)?;
        Ok(rows
            .iter()
            .map(|row| format!("{} {} {} {}", row.code, row.name, row.balance.plain(row.currency), row.currency))
            .collect())
    }

    #[test]
    fn an_export_with_titles_thousands_brackets_and_totals_is_read() {
        let text = "应收款账龄分析表\n截止日期：2026-06-30\n\
             客户编码 | 客户名称 | 币别 | 期末余额（元） | 1-30天\n\
             C1 | 远航电子 | 人民币 | 1,234.50 | 0\n\
             C2 | 蓝海 | USD | （２０．０５） |\n\
             C3 | 空 | 港币 | - |\n\
             合计 | | | 1,214.45 |\n";
        assert_eq!(read_all(text, None).unwrap(), ["C1 远航电子 1234.50 CNY", "C2 蓝海 -20.05 USD", "C3 空 0.00 HKD"]);
        let english = "Customer | Balance\nC1 | $5\nTotal: | 5\n";
        assert_eq!(read_all(english, Some(Currency::USD)).unwrap(), ["C1  5.00 USD"]);
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_row_and_the_way_out() {
        for (text, expected) in [
            ("客户 | 币别 | 应收\n甲 | CNY | 1", "客户, 币别, 应收"),
            ("客户 | 余额\n甲 | 1", "--currency"),
            ("客户 | 币别 | 余额\n甲 | CNY | 1,5", "row 2: 余额 `1,5`"),
            ("客户 | 币别 | 余额\n甲 | 金币 | 15", "row 2: 不认识的币别 `金币`"),
            ("客户 | 币别 | 余额\n甲 | CNY | 0.001", "row 2: 余额 `0.001`"),
            ("客户 | 币别 | 余额\n | CNY | 7", "row 2: 有余额 `7`"),
            ("", "needed: 客户编码"),
        ] {
            let error = read_all(text, None).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
