//! Business days and the hours at which a person may be disturbed, in one book's time zone.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use serde::Deserialize;

use crate::domain::WorkingDays;

/// Everybody's jobs fire at the full and half hour, and chat servers throttle then (WeCom says so); we wait a little.
const BUSY_MINUTES: [i8; 2] = [0, 30];
/// How long we wait then.
const BUSY_MINUTES_SHIFT: i64 = 2;
/// Bound of every walk over days: longer than any run of holidays.
const MAX_DAYS: usize = 400;

/// `09:07-11:52`: local time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct SendWindow {
    pub from: Time,
    pub until: Time,
}

impl TryFrom<String> for SendWindow {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parse = |part: &str| Time::strptime("%H:%M", part.trim()).ok();
        let (from, until) = text
            .split_once('-')
            .and_then(|(from, until)| Some((parse(from)?, parse(until)?)))
            .ok_or_else(|| format!("`{text}` is not a window such as `09:07-11:52`"))?;
        if from >= until {
            return Err(format!("the window `{text}` ends before it begins; split one that crosses midnight"));
        }
        Ok(Self { from, until })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    zone: TimeZone,
    days: WorkingDays,
    windows: Vec<SendWindow>,
}

impl Calendar {
    pub fn new(zone: TimeZone, days: WorkingDays, windows: &[SendWindow]) -> Self {
        let mut windows = windows.to_vec();
        windows.sort_by_key(|window| window.from);
        Self { zone, days, windows }
    }

    pub fn today(&self, now: Timestamp) -> Date {
        now.to_zoned(self.zone.clone()).date()
    }

    pub fn is_business_day(&self, date: Date) -> bool {
        self.days.is_worked(date)
    }

    /// `date`, or the last business day before it.
    pub fn business_day_on_or_before(&self, date: Date) -> Date {
        self.days.on_or_before(date)
    }

    /// The `count`-th business day after `date`.
    pub fn business_days_after(&self, date: Date, count: u16) -> Date {
        let (mut day, mut left) = (date, count);
        for _ in 0..MAX_DAYS {
            if left == 0 {
                break;
            }
            day = shift(day, 1);
            left -= u16::from(self.is_business_day(day));
        }
        day
    }

    /// 00:00 of `date` in the book's zone.
    pub fn start_of(&self, date: Date) -> Timestamp {
        date.to_zoned(self.zone.clone()).map_or(Timestamp::MAX, |start| start.timestamp())
    }

    /// The first instant at or after `instant` at which a message may go out.
    pub fn next_send(&self, instant: Timestamp) -> Timestamp {
        let local = instant.to_zoned(self.zone.clone());
        let mut day = local.date();
        let mut earliest = local.time();
        for _ in 0..MAX_DAYS {
            if self.is_business_day(day) {
                for window in &self.windows {
                    let candidate = off_peak(earliest.max(window.from));
                    if candidate <= window.until && candidate >= earliest {
                        let at = day.to_datetime(candidate).to_zoned(self.zone.clone());
                        return at.map_or(instant, |at| at.timestamp().max(instant));
                    }
                }
            }
            day = shift(day, 1);
            earliest = Time::midnight();
        }
        instant
    }

    pub fn may_send(&self, now: Timestamp) -> bool {
        self.next_send(now) == now
    }
}

/// Whole days from `from` to `to`; negative when `to` is earlier.
pub fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span: Span| i64::from(span.get_days()))
}

pub fn shift(date: Date, days: i64) -> Date {
    date.saturating_add(days.days())
}

fn off_peak(time: Time) -> Time {
    if BUSY_MINUTES.contains(&time.minute()) {
        Time::constant(time.hour(), time.minute(), 0, 0).saturating_add(BUSY_MINUTES_SHIFT.minutes())
    } else {
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn calendar() -> Calendar {
        let windows = ["09:07-11:52", "13:37-17:52"].map(|text| SendWindow::try_from(text.to_owned()).unwrap());
        let days: WorkingDays = toml::from_str(include_str!("../../../config/calendar/cn-2026.toml")).unwrap();
        Calendar::new(TimeZone::get("Asia/Shanghai").unwrap(), days, &windows)
    }

    #[test]
    fn a_message_waits_for_the_next_window_of_a_business_day_and_avoids_the_full_and_half_hour() {
        for (at, next) in [
            ("2026-03-02T09:06:59+08:00", "2026-03-02T09:07:00+08:00"),
            ("2026-03-02T10:15:30+08:00", "2026-03-02T10:15:30+08:00"),
            ("2026-03-02T10:00:00+08:00", "2026-03-02T10:02:00+08:00"),
            ("2026-03-02T10:30:59+08:00", "2026-03-02T10:32:00+08:00"),
            ("2026-03-02T12:00:00+08:00", "2026-03-02T13:37:00+08:00"),
            ("2026-03-02T18:00:00+08:00", "2026-03-03T09:07:00+08:00"),
            ("2026-03-06T18:00:00+08:00", "2026-03-09T09:07:00+08:00"), // Friday evening → Monday
            ("2026-02-14T18:00:00+08:00", "2026-02-24T09:07:00+08:00"), // into the Spring Festival
            ("2026-02-28T08:00:00+08:00", "2026-02-28T09:07:00+08:00"), // a worked Saturday
        ] {
            let next: Timestamp = next.parse().unwrap();
            assert_eq!(calendar().next_send(at.parse().unwrap()), next, "{at}");
            assert!(calendar().may_send(next));
        }
    }

    #[test]
    fn business_days_skip_weekends_and_holidays() {
        let calendar = calendar();
        assert_eq!(calendar.business_days_after(date(2026, 3, 6), 1), date(2026, 3, 9));
        assert_eq!(calendar.business_days_after(date(2026, 2, 13), 2), date(2026, 2, 24));
        assert_eq!(calendar.business_day_on_or_before(date(2026, 3, 8)), date(2026, 3, 6));
        assert_eq!(days_between(date(2026, 2, 27), date(2026, 3, 2)), 3);
        assert_eq!(days_between(date(2026, 3, 2), date(2026, 2, 27)), -3);
    }

    #[test]
    fn a_window_that_is_none_is_refused_with_its_text() {
        for text in ["9", "11:00-09:00", "25:00-26:00"] {
            assert!(SendWindow::try_from(text.to_owned()).unwrap_err().contains(text));
        }
    }
}
