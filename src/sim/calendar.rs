//! The company's calendar: China Standard Time, working days, working hours.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::Offset;

/// The zone in which the ERP and the banks write bare times. No summer time since 1991, so an offset is exact.
pub const ZONE: &str = "Asia/Shanghai";
const OFFSET: Offset = Offset::constant(8);

/// Public holidays of 2026 that fall on weekdays, as (month, first day, last day). Working weekends are left out.
const HOLIDAYS_2026: &[(i8, i8, i8)] =
    &[(1, 1, 3), (2, 15, 23), (4, 4, 6), (5, 1, 5), (6, 19, 21), (9, 25, 27), (10, 1, 7)];

pub const MS_PER_MINUTE: i64 = 60_000;

pub fn is_business_day(day: Date) -> bool {
    let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    let holiday = day.year() == 2026
        && HOLIDAYS_2026
            .iter()
            .any(|(month, first, last)| day.month() == *month && (*first..=*last).contains(&day.day()));
    !weekend && !holiday
}

/// `days` may be negative. Stays at the calendar's end instead of failing.
pub fn add_days(day: Date, days: i64) -> Date {
    let span = jiff::Span::new().try_days(days).unwrap_or_default();
    day.saturating_add(span)
}

pub fn business_day_on_or_after(day: Date) -> Date {
    let mut found = day;
    while !is_business_day(found) && found < Date::MAX {
        found = add_days(found, 1);
    }
    found
}

/// The `count`-th working day after `day`; for 0 the first one on or after it.
pub fn add_business_days(day: Date, count: i64) -> Date {
    let mut found = business_day_on_or_after(day);
    for _ in 0..count {
        found = business_day_on_or_after(add_days(found, 1));
    }
    found
}

/// The instant at `ms_of_day` of a local day.
pub fn instant(day: Date, ms_of_day: i64) -> Timestamp {
    let midnight = OFFSET.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).unwrap_or(Timestamp::MAX);
    midnight.saturating_add(jiff::SignedDuration::from_millis(ms_of_day)).unwrap_or(Timestamp::MAX)
}

pub fn local(instant: Timestamp) -> DateTime {
    OFFSET.to_datetime(instant)
}

/// `2026-01-05T08:31:07.123`, as the ERP writes its change stamps.
pub fn stamp_text(instant: Timestamp) -> String {
    let time = local(instant);
    let millis = time.subsec_nanosecond() / 1_000_000;
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{millis:03}",
        time.year(),
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// `20260105`.
pub fn compact(day: Date) -> String {
    format!("{:04}{:02}{:02}", day.year(), day.month(), day.day())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_spring_festival_is_skipped() {
        assert_eq!(add_business_days(date(2026, 2, 13), 1), date(2026, 2, 24));
        assert_eq!(business_day_on_or_after(date(2026, 1, 1)), date(2026, 1, 5));
    }

    #[test]
    fn stamps_are_local_with_milliseconds() {
        let at = instant(date(2026, 1, 5), 9 * 60 * MS_PER_MINUTE + 7);
        assert_eq!(at.to_string(), "2026-01-05T01:00:00.007Z");
        assert_eq!(stamp_text(at), "2026-01-05T09:00:00.007");
    }
}
