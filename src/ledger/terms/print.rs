//! Terms as text: the short form that reads back as the same terms, and the expansion that explains itself.

use std::fmt;

use super::read::COUNTED_FROM;
use super::{Basis, DueRule, Instalment, LAST_DAY, Plan, Roll, Terms, WHOLE};

/// `30%发货当日 + 70%月结30天 25日截 付款日5/25 遇休顺延`.
impl fmt::Display for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Instalment { percent, plan }) in self.instalments().iter().enumerate() {
            if index > 0 {
                f.write_str(" + ")?;
            }
            if *percent != WHOLE {
                write!(f, "{percent}%")?;
            }
            plan.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cutoff_day {
            Some(_) if self.basis == Basis::Shipped => f.write_str("月结")?,
            Some(_) => write!(f, "{}月结", self.basis.short())?,
            None if self.rule == DueRule::Days(0) => write!(f, "{}当日", self.basis.short())?,
            None => write!(f, "{}后", self.basis.short())?,
        }
        match self.rule {
            DueRule::Days(0) if self.cutoff_day.is_none() => {}
            DueRule::Days(days) => write!(f, "{days}天")?,
            DueRule::Months { months, day } => {
                match months {
                    0 => f.write_str("当月")?,
                    1 => f.write_str("次月")?,
                    2 => f.write_str("次次月")?,
                    more => write!(f, "第{more}个月")?,
                }
                if day >= LAST_DAY { f.write_str("底") } else { write!(f, "{day}日") }?;
            }
        }
        if let Some(day) = self.cutoff_day.filter(|day| *day < LAST_DAY) {
            write!(f, " {day}日截")?;
        }
        for (index, day) in self.pay_days.iter().enumerate() {
            write!(f, "{}{day}", if index == 0 { " 付款日" } else { "/" })?;
        }
        f.write_str(match self.roll {
            Roll::Stays => "",
            Roll::Following => " 遇休顺延",
            Roll::Preceding => " 遇休提前",
        })
    }
}

impl Basis {
    fn short(self) -> &'static str {
        COUNTED_FROM.iter().find(|(_, basis)| *basis == self).map_or("", |(word, _)| word)
    }

    /// The event in both languages.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Shipped => ("发货", "shipment"),
            Self::Signed => ("签收", "signed delivery"),
            Self::Reconciled => ("对账", "reconciliation"),
            Self::Invoiced => ("开票", "invoice"),
            Self::InvoiceReceived => ("收票", "receipt of the invoice"),
        }
    }
}

impl Terms {
    /// `发货起，25 日截止，期末后 30 天 (from shipment, cut-off day 25, 30 days after the period's end)`; instalments one
    /// after the other.
    pub fn explain(&self) -> String {
        let parts = self.instalments().iter().map(|Instalment { percent, plan }| {
            let share = if *percent == WHOLE { String::new() } else { format!("{percent}% ") };
            format!("{share}{}", plan.explain())
        });
        parts.collect::<Vec<_>>().join("；")
    }
}

impl Plan {
    fn explain(&self) -> String {
        let (event, event_en) = self.basis.words();
        let (cutoff, cutoff_en) = match self.cutoff_day {
            None => (String::new(), String::new()),
            Some(day) if day >= LAST_DAY => ("，月底截止".to_owned(), ", cut-off at the month's end".to_owned()),
            Some(day) => (format!("，{day} 日截止"), format!(", cut-off day {day}")),
        };
        let (rule, rule_en) = self.explain_rule();
        let (pay, pay_en) = self.explain_pay_days();
        let (roll, roll_en) = match self.roll {
            Roll::Stays => ("", ""),
            Roll::Following => ("，遇休顺延", ", or the next working day"),
            Roll::Preceding => ("，遇休提前", ", or the working day before"),
        };
        format!("{event}起{cutoff}，{rule}{pay}{roll} (from {event_en}{cutoff_en}, {rule_en}{pay_en}{roll_en})")
    }

    fn explain_rule(&self) -> (String, String) {
        let (start, start_en) =
            if self.cutoff_day.is_some() { ("期末", "the period's end") } else { ("", "that day") };
        match self.rule {
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
        }
    }

    fn explain_pay_days(&self) -> (String, String) {
        if self.pay_days.is_empty() {
            return (String::new(), String::new());
        }
        let days: Vec<String> = self.pay_days.iter().map(ToString::to_string).collect();
        let days = days.join("/");
        (format!("，付款日 {days}"), format!(", paid on day {days}"))
    }
}
