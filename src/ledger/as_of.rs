//! A document as it stood at the end of an earlier day: what counts only later is not there yet.
//!
//! Why on documents and not on what was settled: a settlement decides with everything that it is given, so the state of
//! a day is what it makes of that day's documents. What was *known* on a day is another question, and not asked here.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Document, signing};
use crate::domain::{FactKind, Value};

/// `None` when the document counts only after `day`, a day in the book's `zone`.
pub fn as_of(document: &Document, day: Date, zone: &TimeZone) -> Option<Document> {
    let later = |field| document.fields.date(field).is_some_and(|date| date > day);
    if document.effective_on().is_some_and(|date| date > day) {
        return None;
    }
    let happened_at = document.fields.instant("happened_at").filter(|_| document.kind == FactKind::Logistics);
    if happened_at.is_some_and(|at| signing::day(at, zone) > day) {
        return None;
    }
    let mut then = document.clone();
    match document.kind {
        FactKind::Shipment if later("signed_on") => {
            then.fields.remove("signed_on");
            // Its own word stands against the carrier's, who may have told of an earlier day.
            then.fields.remove("waybill");
        }
        FactKind::Invoice if later("received_on") => then.fields.remove("received_on"),
        FactKind::Statement if document.status() == "confirmed" && later("confirmed_on") => {
            then.fields.set("status", Value::text("sent"));
        }
        FactKind::Bill => {
            // A bill that matured says when, or it was on the day on which it had to.
            let by_itself = document.status() == "matured" && document.fields.date("status_on").is_none();
            if later(if by_itself { "matures_on" } else { "status_on" }) {
                then.fields.set("status", Value::text("held"));
            }
        }
        _ => {}
    }
    Some(then)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Id;
    use crate::ledger::Role;

    fn document(kind: FactKind, fields: &[(&'static str, &str)]) -> Document {
        let value = |name: &str, text: &str| match name {
            _ if name.ends_with("_on") => Value::Date(text.parse().unwrap()),
            "happened_at" => Value::Instant(text.parse().unwrap()),
            _ => Value::text(text),
        };
        Document {
            id: Id([1; 16]),
            kind,
            book: "sz".into(),
            numbering: "erp".into(),
            number: "1".into(),
            role: Role::Booked,
            fields: fields.iter().map(|(name, text)| ((*name).into(), value(name, text))).collect(),
            lines: Vec::new(),
        }
    }

    #[test]
    fn what_happened_later_has_not_happened_yet() {
        let day = "2026-03-31".parse().unwrap();
        let then = |kind, fields: &[(&'static str, &str)]| as_of(&document(kind, fields), day, &TimeZone::UTC);
        assert_eq!(then(FactKind::Payment, &[("paid_on", "2026-04-01")]), None);
        assert!(then(FactKind::Payment, &[("paid_on", "2026-03-31")]).is_some());
        let shipped = [("shipped_on", "2026-03-30"), ("signed_on", "2026-04-02"), ("waybill", "SF1")];
        let shipped = then(FactKind::Shipment, &shipped).unwrap();
        assert_eq!(shipped.fields.date("signed_on"), None);
        assert_eq!(shipped.fields.text("waybill"), None, "nor does the carrier know better");
        for (received_on, is_known) in [("2026-03-31", true), ("2026-04-01", false)] {
            let claim = then(FactKind::Invoice, &[("invoiced_on", "2026-03-30"), ("received_on", received_on)]);
            assert_eq!(claim.unwrap().fields.date("received_on").is_some(), is_known, "{received_on}");
        }
        for (happened_at, is_known) in [("2026-03-31T23:59:00Z", true), ("2026-04-01T00:00:00Z", false)] {
            assert_eq!(then(FactKind::Logistics, &[("happened_at", happened_at)]).is_some(), is_known, "{happened_at}");
        }
        for (kind, fields, status) in [
            (FactKind::Statement, [("status", "confirmed"), ("confirmed_on", "2026-04-01")], "sent"),
            (FactKind::Statement, [("status", "confirmed"), ("confirmed_on", "2026-03-31")], "confirmed"),
            (FactKind::Bill, [("status", "dishonoured"), ("status_on", "2026-04-01")], "held"),
            (FactKind::Bill, [("status", "matured"), ("matures_on", "2026-04-01")], "held"),
            (FactKind::Bill, [("status", "matured"), ("matures_on", "2026-03-31")], "matured"),
        ] {
            assert_eq!(then(kind, &fields).unwrap().status(), status, "{fields:?}");
        }
    }
}
