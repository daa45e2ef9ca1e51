//! Dates and times in the source's own writing.
//!
//! A fixed-width format (`%Y-%m-%d`, `%Y%m%d`, …) is read by hand, six times quicker than strptime; anything else, and
//! anything that the quick way cannot read (`2026/1/5`), goes to jiff's strptime, so both mean the same.

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TimeFormat {
    text: Box<str>,
    /// Empty when the format is not of fixed width.
    fixed: Box<[Part]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Literal(u8),
}

/// Business documents outside these years are typing mistakes.
const PLAUSIBLE_YEARS: std::ops::RangeInclusive<i16> = 1980..=2199;

/// What a text says about time: nothing at all, or a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told<T> {
    /// .NET's `DateTime.MinValue`, which ERPs write for "no date".
    Nothing,
    Is(T),
}

impl TimeFormat {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let sample = Date::constant(2026, 1, 5).to_zoned(TimeZone::UTC).map_err(|error| error.to_string())?;
        check(text, &sample)?;
        Ok(Self { text: text.into(), fixed: fixed_parts(text).unwrap_or_default().into() })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn date(&self, text: &str) -> Option<Told<Date>> {
        match self.read_fixed(text) {
            Some(civil) => plausible(civil.date()),
            None => plausible(self.read_slowly(text)?.to_date().ok()?),
        }
    }

    pub(super) fn instant(&self, text: &str, zone: &TimeZone) -> Option<Told<Timestamp>> {
        let civil = match self.read_fixed(text) {
            Some(civil) => civil,
            None => {
                let read = self.read_slowly(text)?;
                if let Ok(instant) = read.to_timestamp() {
                    return Some(Told::Is(instant));
                }
                read.to_datetime().or_else(|_| read.to_date().map(|date| date.at(0, 0, 0, 0))).ok()?
            }
        };
        match plausible(civil.date())? {
            Told::Nothing => Some(Told::Nothing),
            Told::Is(_) => zone.to_ambiguous_timestamp(civil).compatible().ok().map(Told::Is),
        }
    }

    fn read_slowly(&self, text: &str) -> Option<BrokenDownTime> {
        BrokenDownTime::parse(&*self.text, text).ok()
    }

    fn read_fixed(&self, text: &str) -> Option<DateTime> {
        if self.fixed.is_empty() {
            return None;
        }
        let mut bytes = text.as_bytes();
        let (mut year, mut month, mut day, mut hour, mut minute, mut second) = (0, 0, 0, 0, 0, 0);
        for part in &self.fixed {
            match part {
                Part::Literal(literal) => {
                    let (first, rest) = bytes.split_first()?;
                    if first != literal {
                        return None;
                    }
                    bytes = rest;
                }
                Part::Year => {
                    year = i16::from(two_digits(&mut bytes)?) * 100 + i16::from(two_digits(&mut bytes)?);
                }
                Part::Month => month = two_digits(&mut bytes)?,
                Part::Day => day = two_digits(&mut bytes)?,
                Part::Hour => hour = two_digits(&mut bytes)?,
                Part::Minute => minute = two_digits(&mut bytes)?,
                Part::Second => second = two_digits(&mut bytes)?,
            }
        }
        if !bytes.is_empty() {
            return None;
        }
        let date = Date::new(year, month, day).ok()?;
        Some(DateTime::from_parts(date, Time::new(hour, minute, second, 0).ok()?))
    }
}

fn plausible(date: Date) -> Option<Told<Date>> {
    if date == Date::constant(1, 1, 1) {
        return Some(Told::Nothing);
    }
    PLAUSIBLE_YEARS.contains(&date.year()).then_some(Told::Is(date))
}

fn two_digits(bytes: &mut &[u8]) -> Option<i8> {
    let [tens @ b'0'..=b'9', ones @ b'0'..=b'9', rest @ ..] = *bytes else { return None };
    *bytes = rest;
    i8::try_from((tens - b'0') * 10 + (ones - b'0')).ok()
}

/// Writing and reading a sample finds unknown directives and formats that do not hold a whole date.
fn check(text: &str, sample: &Zoned) -> Result<(), String> {
    let written = strtime::format(text, sample).map_err(|error| error.to_string())?;
    let read = BrokenDownTime::parse(text, &written).map_err(|error| error.to_string())?;
    let whole = read.to_date().is_ok() || read.to_timestamp().is_ok();
    if whole { Ok(()) } else { Err("the format does not hold a whole date".to_owned()) }
}

fn fixed_parts(text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        parts.push(match (byte, byte == b'%') {
            (_, true) => match bytes.next()? {
                b'Y' => Part::Year,
                b'm' => Part::Month,
                b'd' => Part::Day,
                b'H' => Part::Hour,
                b'M' => Part::Minute,
                b'S' => Part::Second,
                _ => return None,
            },
            // White space in a format matches any amount of it: left to strptime, except a single plain space.
            (b' ', _) | (b'!'..=b'~', _) => Part::Literal(byte),
            _ => return None,
        });
    }
    let each_once = |part| parts.iter().filter(|other| **other == part).count();
    let whole = [Part::Year, Part::Month, Part::Day].into_iter().all(|part| each_once(part) == 1);
    let unique = [Part::Hour, Part::Minute, Part::Second].into_iter().all(|part| each_once(part) <= 1);
    (whole && unique).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_impossible_date_is_no_date() {
        let format = TimeFormat::parse("%Y-%m-%d").unwrap();
        assert_eq!(format.date("2026-02-28"), Some(Told::Is(Date::constant(2026, 2, 28))));
        assert_eq!(format.date("2026-1-5"), Some(Told::Is(Date::constant(2026, 1, 5))));
        assert_eq!(format.date("0001-01-01"), Some(Told::Nothing));
        for wrong in ["2026-02-30", "2026-13-01", "20260101", "2026-01-01x", "", "0026-01-01"] {
            assert_eq!(format.date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_bare_time_is_in_the_zone_of_the_source() {
        let shanghai = TimeZone::get("Asia/Shanghai").unwrap();
        let instant = |format: &str, text: &str| match TimeFormat::parse(format).unwrap().instant(text, &shanghai) {
            Some(Told::Is(instant)) => instant.to_string(),
            other => format!("{other:?}"),
        };
        assert_eq!(instant("%Y-%m-%d %H:%M:%S", "2026-01-05 08:00:00"), "2026-01-05T00:00:00Z");
        assert_eq!(instant("%Y-%m-%dT%H:%M:%S%z", "2026-01-05T08:00:00+0000"), "2026-01-05T08:00:00Z");
        assert_eq!(instant("%Y%m%d", "20260105"), "2026-01-04T16:00:00Z");
    }

    #[test]
    fn a_format_without_a_whole_date_is_refused() {
        for wrong in ["%Y-%m", "%Q", "", "%"] {
            assert!(TimeFormat::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn the_quick_way_reads_what_strptime_reads(text in "20[0-4][0-9]-[01][0-9]-[0-3][0-9]") {
            let format = TimeFormat::parse("%Y-%m-%d").unwrap();
            let slow = format.read_slowly(&text).and_then(|read| read.to_date().ok()).map(Told::Is);
            prop_assert_eq!(format.date(&text), slow);
        }
    }
}
