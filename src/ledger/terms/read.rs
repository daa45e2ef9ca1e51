//! Payment terms as people write them → the closed form.
//!
//! A text that is not understood as a whole is refused: half-understood terms would be a wrong due date.

use std::str::FromStr;

use super::{
    Basis, DAYS_MAX, DueRule, INSTALMENTS_MAX, Instalment, LAST_DAY, MONTHS_MAX, Plan, Roll, Terms, TermsError, WHOLE,
};
use crate::domain::text::half_width;

impl FromStr for Terms {
    type Err = TermsError;
    fn from_str(text: &str) -> Result<Self, TermsError> {
        Self::parse(text)
    }
}

/// Words for money that is due with the goods, and what they count from.
const AT_ONCE: &[(&str, Basis)] = &[
    ("预付", Basis::Shipped),
    ("预付款", Basis::Shipped),
    ("全款预付", Basis::Shipped),
    ("定金", Basis::Shipped),
    ("订金", Basis::Shipped),
    ("发货前", Basis::Shipped),
    ("发货前付清", Basis::Shipped),
    ("款到发货", Basis::Shipped),
    ("先款后货", Basis::Shipped),
    ("现结", Basis::Shipped),
    ("现金", Basis::Shipped),
    ("现款现货", Basis::Shipped),
    ("PREPAID", Basis::Shipped),
    ("PREPAYMENT", Basis::Shipped),
    ("DEPOSIT", Basis::Shipped),
    ("BEFORESHIPMENT", Basis::Shipped),
    ("CIA", Basis::Shipped),
    ("CASH", Basis::Shipped),
    ("货到付款", Basis::Signed),
    ("COD", Basis::Signed),
];

/// Words in front of a rule, and what it counts from. The first of each basis is what is printed.
pub(super) const COUNTED_FROM: &[(&str, Basis)] = &[
    ("发货", Basis::Shipped),
    ("签收", Basis::Signed),
    ("对账", Basis::Reconciled),
    ("开票", Basis::Invoiced),
    ("收票", Basis::InvoiceReceived),
    ("货到", Basis::Signed),
    ("出货", Basis::Shipped),
    ("票到", Basis::InvoiceReceived),
    ("见票", Basis::InvoiceReceived),
    ("账期", Basis::Shipped),
    ("NET", Basis::Shipped),
];

/// Words for what is left after the stated percents.
const REST: &[&str] = &["余款", "尾款", "其余", "剩余", "余额", "BALANCE"];

pub(super) fn terms(text: &str) -> Option<Terms> {
    let folded = half_width(text).to_uppercase();
    if !folded.contains('%') {
        return plan(&folded).map(Terms::from);
    }
    let clauses = clauses(&folded);
    if clauses.len() > INSTALMENTS_MAX {
        return None;
    }
    let mut instalments = Vec::with_capacity(clauses.len());
    let mut left = WHOLE;
    for clause in &clauses {
        let (percent, text) = match take_percent(clause)? {
            Some(taken) => taken,
            None => (left, take_rest(clause)?.to_owned()),
        };
        left = left.checked_sub(percent)?;
        if percent > 0 {
            instalments.push(Instalment { percent, plan: plan(&text)? });
        }
    }
    (left == 0 && !instalments.is_empty()).then_some(Terms(instalments))
}

/// What stands between `,;+、`, as long as it says how much it is about; other pieces belong to the one before.
fn clauses(text: &str) -> Vec<String> {
    let mut clauses: Vec<String> = Vec::new();
    for piece in text.split_inclusive([',', ';', '+', '、']) {
        match clauses.last_mut() {
            Some(last) if !piece.contains('%') && take_rest(piece).is_none() => last.push_str(piece),
            _ => clauses.push(piece.to_owned()),
        }
    }
    for clause in &mut clauses {
        clause.truncate(clause.trim_end_matches([',', ';', '+', '、', ' ']).len());
    }
    clauses
}

/// `30%预付` or `预付30%` → 30 and the words; `Some(None)` when no percent is stated.
fn take_percent(clause: &str) -> Option<Option<(u8, String)>> {
    let Some((before, after)) = clause.split_once('%') else { return Some(None) };
    let before = before.trim_end();
    let stem = before.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let percent: u8 = before[stem.len()..].parse().ok().filter(|percent| (1..=WHOLE).contains(percent))?;
    Some(Some((percent, format!("{stem}{after}"))))
}

fn take_rest(clause: &str) -> Option<&str> {
    let clause = clause.trim_start();
    REST.iter().find_map(|word| clause.strip_prefix(word))
}

fn plan(text: &str) -> Option<Plan> {
    let (rest, roll) = take_roll(text);
    let (rest, pay_days) = take_pay_days(&rest)?;
    let (rest, cutoff) = take_cutoff(&rest)?;
    let compact: String =
        rest.chars().filter(|letter| !matches!(letter, ' ' | '\t' | '(' | ')' | ',' | ';' | '、')).collect();
    let plan = counted(&compact, cutoff)?;
    Some(Plan { pay_days, roll, ..plan })
}

/// The terms without their pay days and their roll.
fn counted(compact: &str, cutoff: Option<i8>) -> Option<Plan> {
    if let Some((_, basis)) = AT_ONCE.iter().find(|(word, _)| *word == compact) {
        return cutoff.is_none().then(|| Plan::at_once(*basis));
    }
    let stated = COUNTED_FROM.iter().find_map(|(word, basis)| Some((compact.strip_prefix(word)?, *basis)));
    let (words, basis) = stated.unwrap_or((compact, Basis::Shipped));
    let words = words.strip_prefix(['后', '起']).unwrap_or(words);
    let plan = |cutoff_day, rule| Plan { basis, cutoff_day, rule, ..Plan::default() };
    if let Some(monthly) = words.strip_prefix("月结") {
        let (rule, slash) = match monthly.split_once('/') {
            Some((rule, day)) => (rule, Some(day_number(day)?)),
            None => (monthly, None),
        };
        let rule = if rule.is_empty() { DueRule::default() } else { days(rule).or_else(|| month_rule(rule))? };
        return Some(plan(cutoff.or(slash).or(Some(LAST_DAY)), rule));
    }
    if matches!(words, "当日" | "当天") {
        return Some(plan(cutoff, DueRule::Days(0)));
    }
    if let Some(rule) = month_rule(words) {
        return Some(plan(cutoff, rule));
    }
    if let Some(number) = words.strip_suffix("EOM") {
        return Some(plan(Some(LAST_DAY), days(number)?));
    }
    Some(plan(cutoff, days(words)?))
}

/// Cuts `顺延`, `遇节假日顺延` or `遇休提前` out of the text. 提前 alone may mean anything.
fn take_roll(text: &str) -> (String, Roll) {
    const DAYS_OFF: &[&str] = &["节假日", "休息日", "假日", "周末", "休"];
    for (word, roll) in [("顺延", Roll::Following), ("提前", Roll::Preceding)] {
        let Some((before, after)) = text.split_once(word) else { continue };
        let before = before.trim_end();
        let day_off = DAYS_OFF.iter().find_map(|day_off| before.strip_suffix(day_off));
        if roll == Roll::Preceding && day_off.is_none() {
            continue;
        }
        let stem = day_off.unwrap_or(before);
        let stem = stem.strip_suffix("法定").unwrap_or(stem);
        let stem = stem.strip_suffix(['遇', '逢']).unwrap_or(stem);
        return (format!("{stem}{after}"), roll);
    }
    (text.to_owned(), Roll::Stays)
}

/// Cuts `付款日5/25`, `付款日: 每月5日、月底` or `每月5、25日付款` out of the text. `None` when 付款日 has no day.
fn take_pay_days(text: &str) -> Option<(String, Vec<i8>)> {
    if let Some((before, after)) = text.split_once("付款日") {
        let after = after.trim_start_matches([':', ' ', '为']);
        let (days, rest) = day_list(after.strip_prefix("每月").unwrap_or(after))?;
        return Some((format!("{before} {rest}"), days));
    }
    if let Some((before, after)) = text.split_once("每月")
        && let Some((days, rest)) = day_list(after)
        && let Some(rest) = rest.strip_prefix("付款")
    {
        return Some((format!("{before} {rest}"), days));
    }
    Some((text.to_owned(), Vec::new()))
}

/// `5/25`, `5日、25日`, `10号和月底`, ascending; with what comes after it.
fn day_list(text: &str) -> Option<(Vec<i8>, &str)> {
    let mut days = Vec::new();
    let mut rest = text;
    while let Some((day, after)) = one_day(rest.trim_start()) {
        days.push(day);
        rest = after;
        match after.trim_start().strip_prefix(['/', '、', ',', '和', '及', '&']) {
            Some(more) => rest = more,
            None => break,
        }
    }
    days.sort_unstable();
    days.dedup();
    (!days.is_empty()).then_some((days, rest))
}

fn one_day(text: &str) -> Option<(i8, &str)> {
    if let Some(rest) = ["月底", "月末"].iter().find_map(|word| text.strip_prefix(word)) {
        return Some((LAST_DAY, rest));
    }
    let rest = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let day = day_number(&text[..text.len() - rest.len()])?;
    Some((day, rest.strip_prefix(['日', '号']).unwrap_or(rest)))
}

/// Cuts `25日截`, `25号截数`, `每月25日截止` or `截止25日` out of the text. `None` when 截 has no day beside it.
fn take_cutoff(text: &str) -> Option<(String, Option<i8>)> {
    let Some(at) = text.find('截') else { return Some((text.to_owned(), None)) };
    let (before, after) = (&text[..at], &text[at + '截'.len_utf8()..]);
    let after = after.trim_start_matches(['止', '数', '单', ' ']);
    let day_before = before.trim_end_matches(['日', '号', ' ']);
    let stem = day_before.trim_end_matches(|letter: char| letter.is_ascii_digit());
    if stem.len() < day_before.len() {
        let day = day_number(&day_before[stem.len()..])?;
        let stem = stem.trim_end_matches("每月").trim_end_matches(['/', ',', ' ', '(']);
        return Some((format!("{stem}{}", after.trim_matches([')', ' ', ','])), Some(day)));
    }
    let digits = after.len() - after.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let day = day_number(&after[..digits])?;
    let rest = after[digits..].trim_start_matches(['日', '号']);
    Some((format!("{}{rest}", before.trim_end_matches("每月")), Some(day)))
}

fn day_number(text: &str) -> Option<i8> {
    text.trim_end_matches(['日', '号']).parse().ok().filter(|day| (1..=LAST_DAY).contains(day))
}

/// `30`, `30天`, `30日`, `30 DAYS`.
fn days(text: &str) -> Option<DueRule> {
    let number = text.trim_end_matches("付款").trim_end_matches("内");
    let number = ["天", "日", "DAYS", "DAY", "D"].iter().find_map(|unit| number.strip_suffix(unit)).unwrap_or(number);
    number.parse().ok().filter(|days| *days <= DAYS_MAX).map(DueRule::Days)
}

/// `次月25日`, `次月底`, `次次月底`, `第3个月25日`, `当月底`, `月底`.
fn month_rule(text: &str) -> Option<DueRule> {
    const MONTHS: &[(&str, u8)] = &[("次次月", 2), ("隔月", 2), ("次月", 1), ("下月", 1), ("当月", 0), ("本月", 0)];
    let text = text.trim_end_matches("前").trim_end_matches("付款").trim_end_matches('付');
    if let Some((months, day)) = text.strip_prefix('第').and_then(|rest| rest.split_once("个月")) {
        let months = months.parse().ok().filter(|months| *months <= MONTHS_MAX)?;
        return Some(DueRule::Months { months, day: day_in_month(day)? });
    }
    if matches!(text, "月底" | "月末" | "EOM") {
        return Some(DueRule::Months { months: 0, day: LAST_DAY });
    }
    let (day, months) = MONTHS.iter().find_map(|(word, months)| Some((text.strip_prefix(word)?, *months)))?;
    Some(DueRule::Months { months, day: day_in_month(day)? })
}

fn day_in_month(text: &str) -> Option<i8> {
    if matches!(text, "底" | "末" | "月底") { Some(LAST_DAY) } else { day_number(text) }
}
