//! What people write, what it expands to, and which day comes out.

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;

fn shown(text: &str) -> String {
    let Ok(terms) = Terms::parse(text) else { return "?".to_owned() };
    let parts = terms.instalments().iter().map(|Instalment { percent, plan }| {
        let Plan { basis, cutoff_day, rule, pay_days, roll } = plan;
        let share = if *percent == 100 { String::new() } else { format!("{percent}% ") };
        let cutoff = cutoff_day.map_or(String::new(), |day| format!(" cut-off {day}"));
        let rule = match rule {
            DueRule::Days(days) => format!("+{days}d"),
            DueRule::Months { months, day } => format!("+{months}m on {day}"),
        };
        let pay = if pay_days.is_empty() { String::new() } else { format!(" paid {pay_days:?}") };
        let roll = match roll {
            Roll::Stays => "",
            Roll::Following => " following",
            Roll::Preceding => " preceding",
        };
        format!("{share}{}{cutoff} {rule}{pay}{roll}", basis.name())
    });
    parts.collect::<Vec<_>>().join("; ")
}

/// The due date of terms with one instalment, by a calendar that knows no holidays.
fn due(terms: &str, basis_on: Date) -> Date {
    let terms = Terms::parse(terms).unwrap();
    assert_eq!(terms.instalments().len(), 1);
    terms.instalments()[0].plan.due_on(basis_on, &WorkingDays::default())
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
        ("对账月结30天", "reconciled cut-off 31 +30d"),
        ("发货当日", "shipped +0d"),
        ("第3个月25日", "shipped +3m on 25"),
        ("月结30 付款日5/25", "shipped cut-off 31 +30d paid [5, 25]"),
        ("月结60/25，付款日：每月25日、5日", "shipped cut-off 25 +60d paid [5, 25]"),
        ("月结60天，每月10号和月底付款", "shipped cut-off 31 +60d paid [10, 31]"),
        ("次月25日，遇节假日顺延", "shipped +1m on 25 following"),
        ("次月25日付款（遇法定节假日提前）", "shipped +1m on 25 preceding"),
        ("30%预付，70%月结30", "30% shipped +0d; 70% shipped cut-off 31 +30d"),
        ("预付30%，余款货到30天", "30% shipped +0d; 70% signed +30d"),
        ("30%定金+60%发货前+尾款月结60天,25日截止", "30% shipped +0d; 60% shipped +0d; 10% shipped cut-off 25 +60d"),
        ("30% deposit, balance net 30", "30% shipped +0d; 70% shipped +30d"),
        ("50%月结30 付款日5、25，50%月结60", "50% shipped cut-off 31 +30d paid [5, 25]; 50% shipped cut-off 31 +60d"),
        ("100%预付", "shipped +0d"),
        ("30%预付，60%月结30", "?"),
        ("30%预付，80%月结30", "?"),
        ("30%预付，余款", "?"),
        ("0%预付，100%月结30", "?"),
        ("30%", "?"),
        ("提前30天", "?"),
        ("付款日", "?"),
        ("月结30 付款日32", "?"),
        ("第99个月1日", "?"),
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
    let plan = &Terms::parse("月结30/25").unwrap().0[0].plan;
    assert_eq!(plan.period_end(date(2026, 1, 26)), date(2026, 2, 25));
    assert_eq!(due("月结30/25", date(2026, 1, 26)), date(2026, 3, 27));
    assert_eq!(due("月结30/25", date(2026, 1, 25)), date(2026, 2, 24));
    assert_eq!(due("次月底 25日截", date(2026, 1, 26)), date(2026, 3, 31));
}

#[test]
fn short_months_and_the_end_of_time_do_no_harm() {
    let plan = &Terms::parse("月结30").unwrap().0[0].plan;
    assert_eq!(plan.period_end(date(2026, 2, 10)), date(2026, 2, 28));
    assert_eq!(due("次月底", date(2026, 1, 31)), date(2026, 2, 28));
    for terms in ["月结30", "月结30 付款日5 顺延", "月结30 付款日月底 遇休提前"] {
        assert!(due(terms, Date::MAX) >= date(9999, 12, 30), "{terms}");
    }
}

#[test]
fn a_due_date_moves_to_the_next_pay_day_and_then_to_a_working_day() {
    for (terms, basis_on, expected) in [
        ("15天 付款日5/25", date(2026, 3, 1), date(2026, 3, 25)), // the 16th
        ("15天 付款日5/25", date(2026, 3, 10), date(2026, 3, 25)), // the 25th itself
        ("15天 付款日5/25", date(2026, 3, 11), date(2026, 4, 5)),
        ("15天 付款日5/25 顺延", date(2026, 3, 11), date(2026, 4, 6)), // 5 April 2026 is a Sunday
        ("15天 付款日5/25 遇休提前", date(2026, 3, 11), date(2026, 4, 3)),
        ("1天 付款日月底", date(2026, 2, 1), date(2026, 2, 28)),
        ("1天 付款日30", date(2026, 2, 27), date(2026, 2, 28)), // February has no 30th: its last day
        ("次月25日", date(2026, 3, 20), date(2026, 4, 25)),     // a Saturday stays without 顺延
        ("次月25日 顺延", date(2026, 3, 20), date(2026, 4, 27)),
    ] {
        assert_eq!(due(terms, basis_on), expected, "{terms} from {basis_on}");
    }
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
    for (text, short, explained) in [
        (
            "月结30/25",
            "月结30天 25日截",
            "发货起，25 日截止，期末后 30 天 (from shipment, cut-off day 25, 30 days after the period's end)",
        ),
        (
            "30%预付，70%对账月结次月底 付款日5/25 顺延",
            "30%发货当日 + 70%对账月结次月底 付款日5/25 遇休顺延",
            "30% 发货起，当日到期 (from shipment, due at once)；70% 对账起，月底截止，期末后第 1 个月月底，付款日 5/25，遇休顺延 \
             (from reconciliation, cut-off at the month's end, last day of the month 1 after the period's end, \
             paid on day 5/25, or the next working day)",
        ),
    ] {
        let terms = Terms::parse(text).unwrap();
        assert_eq!(terms.to_string(), short);
        assert_eq!(terms.explain(), explained);
    }
}

fn plans() -> impl Strategy<Value = Plan> {
    let rules = prop_oneof![
        (0..=DAYS_MAX).prop_map(DueRule::Days),
        (0..=MONTHS_MAX, 1..=LAST_DAY).prop_map(|(months, day)| DueRule::Months { months, day }),
    ];
    let rolls = prop::sample::select(vec![Roll::Stays, Roll::Following, Roll::Preceding]);
    let pay_days = prop::collection::btree_set(1..=LAST_DAY, 0..4);
    (prop::sample::select(Basis::ALL), prop::option::of(1..=LAST_DAY), rules, pay_days, rolls).prop_map(
        |(basis, cutoff_day, rule, pay_days, roll)| Plan {
            basis,
            cutoff_day,
            rule,
            pay_days: pay_days.into_iter().collect(),
            roll,
        },
    )
}

/// Instalments by cutting the hundred at up to four places.
fn any_terms() -> impl Strategy<Value = Terms> {
    (prop::collection::btree_set(1_u8..100, 0..4), prop::collection::vec(plans(), 5)).prop_map(|(cuts, plans)| {
        let ends = cuts.iter().copied().chain([WHOLE]);
        let starts = [0].into_iter().chain(cuts.iter().copied());
        let percents = starts.zip(ends).map(|(start, end)| end - start);
        Terms(percents.zip(plans).map(|(percent, plan)| Instalment { percent, plan }).collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_is_printed_reads_back_as_the_same_terms(terms in any_terms()) {
        let text = terms.to_string();
        prop_assert_eq!(Terms::parse(&text), Ok(terms), "{}", text);
    }

    #[test]
    fn a_later_basis_is_never_due_earlier_and_nothing_is_due_before_its_basis(
        plan in plans(), days in 0_i64..800, later in 0_i64..40,
    ) {
        let working_days = WorkingDays::default();
        let basis_on = date(2026, 1, 1).saturating_add(days.days());
        let due = plan.due_on(basis_on, &working_days);
        prop_assert!(due <= plan.due_on(basis_on.saturating_add(later.days()), &working_days));
        // 当月5日 of a shipment on the 20th lies before it, and so may 遇休提前.
        if plan.roll != Roll::Preceding && !matches!(plan.rule, DueRule::Months { months: 0, .. }) {
            prop_assert!(due >= basis_on);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[0-9%/,;+、月结付款日截顺延提前每底第个 A-Z（）]{0,24}") {
        if let Ok(terms) = Terms::parse(&text) {
            prop_assert_eq!(terms.instalments().iter().map(|part| u32::from(part.percent)).sum::<u32>(), 100);
        }
    }
}
