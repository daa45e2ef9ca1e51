//! Which days are worked, of one country. Due dates roll by it, reminders wait for it.
//!
//! One type for both, so that a due date never rolls to a day on which nobody would be reminded. It must not know time
//! zones: a day is a civil day.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use serde::Deserialize;

/// Bound of every walk over days: longer than any run of holidays.
const MAX_DAYS: usize = 400;

/// `config/calendar/<country>-<year>.toml`, or several of them together. Without any, only week ends are days off.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkingDays {
    /// Days off that are not Saturday or Sunday by themselves.
    #[serde(default)]
    holidays: BTreeSet<Date>,
    /// Saturdays and Sundays that are worked (调休).
    #[serde(default)]
    workdays: BTreeSet<Date>,
}

impl WorkingDays {
    pub fn merged<'a>(years: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut all = Self::default();
        for year in years {
            all.holidays.extend(&year.holidays);
            all.workdays.extend(&year.workdays);
        }
        all
    }

    pub fn is_worked(&self, date: Date) -> bool {
        self.workdays.contains(&date)
            || !self.holidays.contains(&date) && !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
    }

    /// `date`, or the first working day after it.
    pub fn on_or_after(&self, date: Date) -> Date {
        self.walk(date, 1)
    }

    /// `date`, or the last working day before it.
    pub fn on_or_before(&self, date: Date) -> Date {
        self.walk(date, -1)
    }

    fn walk(&self, date: Date, step: i64) -> Date {
        let days = std::iter::successors(Some(date), |day| Some(day.saturating_add(step.days())));
        days.take(MAX_DAYS).find(|day| self.is_worked(*day)).unwrap_or(date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn holidays_and_worked_week_ends_are_those_of_the_file() {
        let days: WorkingDays = toml::from_str(include_str!("../../config/calendar/cn-2026.toml")).unwrap();
        assert_eq!(days.on_or_after(date(2026, 2, 15)), date(2026, 2, 24), "past the Spring Festival");
        assert_eq!(days.on_or_before(date(2026, 2, 23)), date(2026, 2, 14), "a worked Saturday");
        assert_eq!(days.on_or_after(date(2026, 3, 7)), date(2026, 3, 9));
        assert_eq!(WorkingDays::default().on_or_after(date(2026, 2, 16)), date(2026, 2, 16));
        assert_eq!(days.on_or_after(Date::MAX), Date::MAX);
        assert_eq!(WorkingDays::merged([&days, &WorkingDays::default()]), days);
    }
}
