//! Payment terms and due dates. DESIGN 6, *Terms*; golden case there.
//!
//! Why a small closed form instead of the words people use: 月结30 means three different dates in three companies. The
//! words are expanded here, visibly (`Display`), and every due date is counted from the expansion. It must not know
//! which document it is asked about.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::Date;
use thiserror::Error;

use crate::domain::text::half_width;

/// The event from which a due date is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Basis {
    #[default]
    Shipped,
    Signed,
    Reconciled,
    Invoiced,
    InvoiceReceived,
}

impl Basis {
    pub const ALL: &[Self] = &[Self::Shipped, Self::Signed, Self::Reconciled, Self::Invoiced, Self::InvoiceReceived];

    /// The stable name; also what [`Due::Expected`] reports as missing.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shipped => "shipped",
            Self::Signed => "signed",
            Self::Reconciled => "reconciled",
            Self::Invoiced => "invoiced",
            Self::InvoiceReceived => "invoice_received",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|basis| basis.name() == name)
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Shipped => ("发货", "shipment"),
            Self::Signed => ("签收", "signed delivery"),
            Self::Reconciled => ("对账", "reconciliation"),
            Self::Invoiced => ("开票", "invoice"),
            Self::InvoiceReceived => ("收票", "receipt of the invoice"),
        }
    }
}

/// Expanded terms.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    pub basis: Basis,
    /// The last day of the accounting month (25: a shipment of the 26th belongs to the next period; 31: the calendar
    /// month); `None` counts from the basis day itself.
    pub cutoff_day: Option<i8>,
    pub rule: DueRule,
}

/// What is added to the basis day, or to the period's end where there is a cut-off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DueRule {
    Days(u16),
    /// So many months later, on this day (31 = the last day of the month).
    Months {
        months: u8,
        day: i8,
    },
}

impl Default for DueRule {
    fn default() -> Self {
        Self::Days(30)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a payment term; try 月结30, 月结60/25 (cut-off day 25), net 30, 预付, 款到发货, 货到付款")]
pub struct TermsError(pub String);

/// When an item falls due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The last civil day, in the book's zone, on which it is not overdue.
    On(Date),
    /// The basis has not happened yet (`missing` says which); never overdue.
    Expected { on: Date, missing: &'static str },
}

impl Due {
    /// The real or the expected day.
    pub const fn date(self) -> Date {
        match self {
            Self::On(on) | Self::Expected { on, .. } => on,
        }
    }

    pub const fn is_expected(self) -> bool {
        matches!(self, Self::Expected { .. })
    }

    /// Days past due on `today`: zero on the due day and before; an expected due date is never overdue.
    pub fn days_overdue(self, today: Date) -> i32 {
        match self {
            Self::On(on) => days_between(on, today).max(0),
            Self::Expected { .. } => 0,
        }
    }
}

/// Civil days from `from` to `to`.
pub(super) fn days_between(from: Date, to: Date) -> i32 {
    (to - from).get_days()
}

/// Longer terms than this are a slip of the keyboard.
const DAYS_MAX: u16 = 720;
const LAST_DAY: i8 = 31;

impl Terms {
    /// Due on the day of the basis event itself.
    pub const fn at_once(basis: Basis) -> Self {
        Self { basis, cutoff_day: None, rule: DueRule::Days(0) }
    }

    /// Expands a short name; see the table in the tests.
    pub fn parse(text: &str) -> Result<Self, TermsError> {
        parse(text).ok_or_else(|| TermsError(text.chars().take(40).collect()))
    }

    /// The last day of the accounting month that `basis_on` belongs to; the day itself without a cut-off.
    pub fn period_end(&self, basis_on: Date) -> Date {
        let Some(cutoff) = self.cutoff_day else { return basis_on };
        let this_month = day_of_month(basis_on, cutoff);
        if basis_on <= this_month {
            this_month
        } else {
            day_of_month(basis_on.first_of_month().saturating_add(1.month()), cutoff)
        }
    }

    /// The last day on which an item whose basis happened on `basis_on` is not overdue.
    pub fn due_on(&self, basis_on: Date) -> Date {
        let start = self.period_end(basis_on);
        match self.rule {
            DueRule::Days(days) => start.saturating_add(i64::from(days).days()),
            DueRule::Months { months, day } => {
                day_of_month(start.first_of_month().saturating_add(i64::from(months).months()), day)
            }
        }
    }
}

fn day_of_month(month: Date, day: i8) -> Date {
    let day = day.clamp(1, month.days_in_month());
    month.with().day(day).build().unwrap_or(month)
}

impl FromStr for Terms {
    type Err = TermsError;
    fn from_str(text: &str) -> Result<Self, TermsError> {
        Self::parse(text)
    }
}

/// `发货起，25 日截止，期末后 30 天 (from shipment, cut-off day 25, 30 days after the period's end)`.
impl fmt::Display for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (event, event_en) = self.basis.words();
        let (cutoff, cutoff_en) = match self.cutoff_day {
            None => (String::new(), String::new()),
            Some(day) if day >= LAST_DAY => ("，月底截止".to_owned(), ", cut-off at the month's end".to_owned()),
            Some(day) => (format!("，{day} 日截止"), format!(", cut-off day {day}")),
        };
        let (start, start_en) =
            if self.cutoff_day.is_some() { ("期末", "the period's end") } else { ("", "that day") };
        let (rule, rule_en) = match self.rule {
            DueRule::Days(0) if self.cutoff_day.is_none() => ("当日到期".to_owned(), "due at once".to_owned()),
            DueRule::Days(days) => (format!("{start}后 {days} 天"), format!("{days} days after {start_en}")),
            DueRule::Months { months, day } => {
                let (on, on_en) = if day >= LAST_DAY {
                    ("月底".to_owned(), "last day".to_owned())
                } else {
                    (format!(" {day} 日"), format!("day {day}"))
                };
                (format!("{start}后第 {months} 个月{on}"), format!("{on_en} of the month {months} after {start_en}"))
            }
        };
        write!(f, "{event}起{cutoff}，{rule} (from {event_en}{cutoff_en}, {rule_en})")
    }
}

/// Words for money that is due with the goods, and what they count from.
const AT_ONCE: &[(&str, Basis)] = &[
    ("预付", Basis::Shipped),
    ("预付款", Basis::Shipped),
    ("全款预付", Basis::Shipped),
    ("款到发货", Basis::Shipped),
    ("先款后货", Basis::Shipped),
    ("现结", Basis::Shipped),
    ("现金", Basis::Shipped),
    ("现款现货", Basis::Shipped),
    ("PREPAID", Basis::Shipped),
    ("PREPAYMENT", Basis::Shipped),
    ("CIA", Basis::Shipped),
    ("CASH", Basis::Shipped),
    ("货到付款", Basis::Signed),
    ("COD", Basis::Signed),
];

/// Words in front of a number of days, and what they count from.
const COUNTED_FROM: &[(&str, Basis)] = &[
    ("货到", Basis::Signed),
    ("签收", Basis::Signed),
    ("发货", Basis::Shipped),
    ("出货", Basis::Shipped),
    ("对账", Basis::Reconciled),
    ("开票", Basis::Invoiced),
    ("票到", Basis::InvoiceReceived),
    ("见票", Basis::InvoiceReceived),
    ("收票", Basis::InvoiceReceived),
    ("账期", Basis::Shipped),
    ("NET", Basis::Shipped),
];

fn parse(text: &str) -> Option<Terms> {
    let folded = half_width(text).to_uppercase();
    let (rest, mut cutoff) = take_cutoff(&folded)?;
    let compact: String = rest.chars().filter(|letter| !matches!(letter, ' ' | '\t' | '(' | ')' | ',')).collect();
    if let Some((_, basis)) = AT_ONCE.iter().find(|(word, _)| *word == compact) {
        return cutoff.is_none().then(|| Terms::at_once(*basis));
    }
    if let Some(monthly) = compact.strip_prefix("月结") {
        let (rule, slash) = match monthly.split_once('/') {
            Some((rule, day)) => (rule, Some(day_number(day)?)),
            None => (monthly, None),
        };
        cutoff = cutoff.or(slash).or(Some(LAST_DAY));
        let rule = if rule.is_empty() { DueRule::default() } else { days(rule).or_else(|| month_rule(rule))? };
        return Some(Terms { basis: Basis::Shipped, cutoff_day: cutoff, rule });
    }
    if let Some(rule) = month_rule(&compact) {
        return Some(Terms { basis: Basis::Shipped, cutoff_day: cutoff, rule });
    }
    if let Some(number) = compact.strip_suffix("EOM") {
        let number = number.strip_prefix("NET").unwrap_or(number);
        return Some(Terms { basis: Basis::Shipped, cutoff_day: Some(LAST_DAY), rule: days(number)? });
    }
    let counted = COUNTED_FROM.iter().find_map(|(word, basis)| Some((compact.strip_prefix(word)?, *basis)));
    let (number, basis) = counted.unwrap_or((&compact, Basis::Shipped));
    let rule = days(number.strip_prefix('后').unwrap_or(number))?;
    Some(Terms { basis, cutoff_day: cutoff, rule })
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

/// `次月25日`, `次月底`, `次次月底`, `当月底`, `月底`.
fn month_rule(text: &str) -> Option<DueRule> {
    const MONTHS: &[(&str, u8)] = &[("次次月", 2), ("隔月", 2), ("次月", 1), ("下月", 1), ("当月", 0), ("本月", 0)];
    let text = text.trim_end_matches("前").trim_end_matches("付款").trim_end_matches('付');
    if matches!(text, "月底" | "月末" | "EOM") {
        return Some(DueRule::Months { months: 0, day: LAST_DAY });
    }
    let (day, months) = MONTHS.iter().find_map(|(word, months)| Some((text.strip_prefix(word)?, *months)))?;
    let day = if matches!(day, "底" | "末" | "月底") { LAST_DAY } else { day_number(day)? };
    Some(DueRule::Months { months, day })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn shown(text: &str) -> String {
        match Terms::parse(text) {
            Ok(Terms { basis, cutoff_day, rule }) => {
                let cutoff = cutoff_day.map_or(String::new(), |day| format!(" cut-off {day}"));
                match rule {
                    DueRule::Days(days) => format!("{}{cutoff} +{days}d", basis.name()),
                    DueRule::Months { months, day } => format!("{}{cutoff} +{months}m on {day}", basis.name()),
                }
            }
            Err(_) => "?".to_owned(),
        }
    }

    #[test]
    fn short_names_expand_visibly() {
        for (text, expanded) in [
            ("月结30", "shipped cut-off 31 +30d"),
            ("月结30天", "shipped cut-off 31 +30d"),
            (" 月结 ６０ 天 ", "shipped cut-off 31 +60d"),
            ("月结", "shipped cut-off 31 +30d"),
            ("月结30/25", "shipped cut-off 25 +30d"),
            ("月结30 25日截", "shipped cut-off 25 +30d"),
            ("月结30天（25日截止）", "shipped cut-off 25 +30d"),
            ("月结60天，每月25号截数", "shipped cut-off 25 +60d"),
            ("月结90天 截止20日", "shipped cut-off 20 +90d"),
            ("月结次月25日", "shipped cut-off 31 +1m on 25"),
            ("次月25日", "shipped +1m on 25"),
            ("次月25号付款", "shipped +1m on 25"),
            ("次月底", "shipped +1m on 31"),
            ("次月底 25日截", "shipped cut-off 25 +1m on 31"),
            ("当月底", "shipped +0m on 31"),
            ("net 30", "shipped +30d"),
            ("NET30 days", "shipped +30d"),
            ("Net 60 EOM", "shipped cut-off 31 +60d"),
            ("账期45天", "shipped +45d"),
            ("15天", "shipped +15d"),
            ("票到30天", "invoice_received +30d"),
            ("开票后30天内付款", "invoiced +30d"),
            ("货到30天", "signed +30d"),
            ("对账后15天", "reconciled +15d"),
            ("预付", "shipped +0d"),
            ("款到发货", "shipped +0d"),
            ("货到付款", "signed +0d"),
            ("现结", "shipped +0d"),
            ("月结3000", "?"),
            ("月结30/32", "?"),
            ("看情况", "?"),
            ("截", "?"),
            ("", "?"),
        ] {
            assert_eq!(shown(text), expanded, "{text}");
        }
    }

    #[test]
    fn the_golden_case_of_the_design() {
        let plus_30 = Terms::parse("月结30/25").unwrap();
        assert_eq!(plus_30.period_end(date(2026, 1, 26)), date(2026, 2, 25));
        assert_eq!(plus_30.due_on(date(2026, 1, 26)), date(2026, 3, 27));
        assert_eq!(plus_30.due_on(date(2026, 1, 25)), date(2026, 2, 24));
        let month_end = Terms::parse("次月底 25日截").unwrap();
        assert_eq!(month_end.due_on(date(2026, 1, 26)), date(2026, 3, 31));
    }

    #[test]
    fn short_months_and_the_end_of_time_do_no_harm() {
        let terms = Terms::parse("月结30").unwrap();
        assert_eq!(terms.period_end(date(2026, 2, 10)), date(2026, 2, 28));
        assert_eq!(Terms::parse("次月底").unwrap().due_on(date(2026, 1, 31)), date(2026, 2, 28));
        assert_eq!(terms.due_on(Date::MAX), Date::MAX);
    }

    #[test]
    fn an_item_is_overdue_from_the_day_after_its_due_date_and_never_while_it_is_only_expected() {
        let due = Due::On(date(2026, 3, 27));
        assert_eq!(due.days_overdue(date(2026, 3, 27)), 0);
        assert_eq!(due.days_overdue(date(2026, 4, 27)), 31);
        let expected = Due::Expected { on: date(2026, 3, 27), missing: "invoiced" };
        assert_eq!(expected.days_overdue(date(2027, 1, 1)), 0);
    }

    #[test]
    fn terms_explain_themselves_in_both_languages() {
        assert_eq!(
            Terms::parse("月结30/25").unwrap().to_string(),
            "发货起，25 日截止，期末后 30 天 (from shipment, cut-off day 25, 30 days after the period's end)"
        );
    }
}
