//! Rules, people and calendars, read together: whatever is decided depends on all of them and on nothing else.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::{Calendar, People, Rules};
use crate::domain::{Hash, WorkingDays};

/// One mistake in one file; the message of a syntax or type error carries the line and a caret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{file}: {message}")]
pub struct PolicyError {
    pub file: String,
    pub message: String,
}

/// The files as they were read: `(file name, text)`.
#[derive(Debug, Clone)]
pub struct PolicyTexts<'a> {
    pub reminders: (&'a str, &'a str),
    pub people: (&'a str, &'a str),
    pub calendars: Vec<(&'a str, &'a str)>,
    /// IANA zone of each book.
    pub zones: Vec<(&'a str, &'a str)>,
    /// Of books that are not named above.
    pub default_zone: &'a str,
}

#[derive(Debug, Clone)]
pub struct Policy {
    pub rules: Rules,
    pub people: People,
    calendars: BTreeMap<Box<str>, Calendar>,
    default_calendar: Calendar,
    fingerprint: Hash,
}

impl Policy {
    /// Reads everything and reports every mistake.
    pub fn parse(texts: &PolicyTexts<'_>) -> Result<Self, Vec<PolicyError>> {
        let mut errors = Vec::new();
        let rules: Option<Rules> = read(texts.reminders, &mut errors);
        let people: Option<People> = read(texts.people, &mut errors);
        let files: Vec<WorkingDays> =
            texts.calendars.iter().filter_map(|calendar| read(*calendar, &mut errors)).collect();
        let mut zone = |name: &str| {
            TimeZone::get(name).unwrap_or_else(|error| {
                errors.push(mistake("time_zone", error.to_string()));
                TimeZone::UTC
            })
        };
        let default_zone = zone(texts.default_zone);
        let zones: Vec<(Box<str>, TimeZone)> =
            texts.zones.iter().map(|(book, name)| (Box::from(*book), zone(name))).collect();
        if let Some(rules) = &rules {
            errors.extend(rules.mistakes().into_iter().map(|message| mistake(texts.reminders.0, message)));
        }
        if let Some(people) = &people {
            errors.extend(people.mistakes().into_iter().map(|message| mistake(texts.people.0, message)));
        }
        match (rules, people) {
            (Some(rules), Some(people)) if errors.is_empty() => {
                let days = WorkingDays::merged(&files);
                let calendar = |zone: TimeZone| Calendar::new(zone, days.clone(), &rules.send_windows);
                let calendars = zones.into_iter().map(|(book, zone)| (book, calendar(zone))).collect();
                let default_calendar = calendar(default_zone);
                Ok(Self { rules, people, calendars, default_calendar, fingerprint: fingerprint(texts) })
            }
            _ => Err(errors),
        }
    }

    pub fn calendar(&self, book: &str) -> &Calendar {
        self.calendars.get(book).unwrap_or(&self.default_calendar)
    }

    /// The same policy with every book sending; see [`Rules::sending`].
    pub fn sending(mut self) -> Self {
        self.rules = self.rules.sending();
        self.fingerprint = Hash::of_parts(&[b"sending", &self.fingerprint.0]);
        self
    }

    /// Changes with any of the texts: then everything must be decided again.
    pub fn fingerprint(&self) -> Hash {
        self.fingerprint
    }
}

fn fingerprint(texts: &PolicyTexts<'_>) -> Hash {
    let mut parts: Vec<&[u8]> = vec![b"remind-policy-1", texts.reminders.1.as_bytes(), texts.people.1.as_bytes()];
    parts.extend(texts.calendars.iter().map(|(_, text)| text.as_bytes()));
    parts.push(texts.default_zone.as_bytes());
    parts.extend(texts.zones.iter().flat_map(|(book, zone)| [book.as_bytes(), zone.as_bytes()]));
    Hash::of_parts(&parts)
}

fn read<T: DeserializeOwned>((file, text): (&str, &str), errors: &mut Vec<PolicyError>) -> Option<T> {
    match toml::from_str(text) {
        Ok(value) => Some(value),
        Err(error) => {
            errors.push(mistake(file, error.to_string()));
            None
        }
    }
}

fn mistake(file: &str, message: String) -> PolicyError {
    PolicyError { file: file.to_owned(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_of_all_files_come_at_once_with_line_and_caret() {
        let errors = Policy::parse(&PolicyTexts {
            reminders: (
                "reminders.toml",
                "digest_lines = 0\nsend_windows = []\nholds = { money_days = 3, feed_days = 2 }\n",
            ),
            people: ("people.toml", "[[person]]\nname = \"张三\"\nchatt = \"zhangsan\"\n"),
            calendars: vec![("cn-2026.toml", "holidays = [\"2026-02-30\"]")],
            zones: vec![("sz", "Asia/Shenzen")],
            default_zone: "Asia/Shanghai",
        })
        .unwrap_err();
        let text: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let text = text.join("\n");
        for expected in ["digest_lines", "send_windows", "chatt", "line 3", "2026-02-30", "Asia/Shenzen"] {
            assert!(text.contains(expected), "`{expected}` is not in:\n{text}");
        }
    }
}
