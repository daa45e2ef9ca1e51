//! Period close (关账): until which day a book is closed, by what people decided.
//!
//! A closed period stays as it was reported: what comes late keeps the day on which it counts, its due date and its age,
//! and is posted on the first open day. Nothing here changes what counts when, so closing never moves a balance by
//! effective day.

use jiff::civil::Date;

use super::Document;
use super::decision::{action, in_force};
use crate::domain::{FactKind, Id};

/// What decisions about the period of a book name, so that they are found without reading all others.
pub fn period_of(book: &str) -> Id {
    Id::from_parts(&[b"period", book.as_bytes()])
}

/// The period that a decision closes, or opens again.
pub fn names_period(document: &Document) -> Option<Id> {
    let is_about = document.kind == FactKind::Decision
        && matches!(action(document), "close" | "revoke")
        && document.fields.date("until").is_some();
    is_about.then(|| period_of(&document.book))
}

/// The last closed day; `None` when nothing is closed, or what was closed is open again.
pub fn closed_until<'a>(decisions: impl IntoIterator<Item = &'a Document>) -> Option<Date> {
    let standing = in_force(decisions).into_iter().filter(|decision| action(decision) == "close");
    standing.filter_map(|decision| decision.fields.date("until")).max()
}

/// The day in whose period a transfer is shown.
pub fn posted_on(effective_on: Date, closed_until: Option<Date>) -> Date {
    // The last day that a calendar knows has no morrow; nothing is ever posted there.
    closed_until.and_then(|day| day.tomorrow().ok()).map_or(effective_on, |open| effective_on.max(open))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{FieldMap, Value};
    use crate::ledger::Role;

    fn decision(number: &str, what: &str, until: &str, revokes: Option<&str>) -> Document {
        let id = |number: &str| Id::of("sz", FactKind::Decision, "bihuan", number);
        let mut fields = FieldMap::default();
        fields.set("action", Value::text(what));
        fields.set("until", Value::Date(until.parse().unwrap()));
        if let Some(revoked) = revokes {
            fields.set("revokes", Value::Ref { number: revoked.into(), id: id(revoked) });
        }
        Document {
            id: id(number),
            kind: FactKind::Decision,
            book: "sz".into(),
            numbering: "bihuan".into(),
            number: number.into(),
            role: Role::Booked,
            fields,
            lines: Vec::new(),
        }
    }

    #[test]
    fn the_latest_close_that_stands_counts_and_a_late_entry_moves_to_the_first_open_day() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let (january, february) =
            (decision("D1", "close", "2026-01-31", None), decision("D2", "close", "2026-02-28", None));
        let opened = decision("D3", "revoke", "2026-02-28", Some("D2"));
        assert_eq!(closed_until([&february, &january]), Some(day("2026-02-28")));
        assert_eq!(closed_until([&opened, &february, &january]), Some(day("2026-01-31")));
        assert_eq!(closed_until([&decision("D4", "snooze", "2026-05-01", None)]), None);
        assert_eq!(names_period(&opened), names_period(&january));
        assert_eq!(names_period(&decision("D4", "snooze", "2026-05-01", None)), None);
        assert_eq!(posted_on(day("2026-01-31"), Some(day("2026-01-31"))), day("2026-02-01"));
        assert_eq!(posted_on(day("2026-02-02"), Some(day("2026-01-31"))), day("2026-02-02"));
        assert_eq!(posted_on(day("2026-02-02"), None), day("2026-02-02"));
    }
}
