//! When a customer signed for goods (签收), where the ERP does not say: by what carriers told of the waybills.
//!
//! Why at one place: settlement counts terms from that day and an order's loop shows it, so both must mean the same. It
//! must not know where shipments and events were found.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Document;
use crate::domain::text::half_width;
use crate::domain::{FactKind, Id};

/// What shipments and events of the same waybill have in common, so that each finds the other: an id for every waybill
/// that the document names, if it is a shipment or an event that decides whether goods were signed for.
pub fn waybills_of(document: &Document) -> Vec<Id> {
    let names = match document.kind {
        FactKind::Shipment => true,
        FactKind::Logistics => Signature::of(document).is_some(),
        _ => false,
    };
    let text = document.fields.text("waybill").filter(|_| names).unwrap_or_default();
    let mut ids: Vec<Id> = numbers(text)
        .iter()
        .map(|number| Id::from_parts(&[b"waybill", document.book.as_bytes(), number.as_bytes()]))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Whether only an event can tell that this was signed for: a shipment with a waybill and no day of its own.
pub fn waits_for_events(document: &Document) -> bool {
    document.kind == FactKind::Shipment
        && document.fields.date("signed_on").is_none()
        && !waybills_of(document).is_empty()
}

/// The numbers in a field that people fill: several with whatever between them (`SF1, SF2`), perhaps with the carrier's
/// name (`顺丰 SF1`), so a number is what of letters, digits and hyphens has a digit. Case and hyphens do not tell two
/// waybills apart.
fn numbers(text: &str) -> Vec<String> {
    let text = half_width(text).replace('-', "").to_ascii_uppercase();
    let words = text.split(|character: char| !character.is_ascii_alphanumeric());
    words.filter(|word| word.bytes().any(|byte| byte.is_ascii_digit())).map(str::to_owned).collect()
}

/// What an event says about a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Signature {
    at: Timestamp,
    is_signed: bool,
    event: Id,
}

impl Signature {
    fn of(event: &Document) -> Option<Self> {
        let is_signed = match event.fields.text("event")? {
            "signed" => true,
            "refused" => false,
            _ => return None,
        };
        Some(Self { at: event.fields.instant("happened_at")?, is_signed, event: event.id })
    }
}

/// What carriers told about the signatures for some waybills.
///
/// Of each waybill the first event that decides counts. Carriers tell the same signature twice, and a later refusal takes
/// nothing back: goods that come back after they were handed over are a return. What is signed after a refusal is most
/// often the sender's own signature for what came home, so then nobody signed until the ERP says so: a due date that is
/// only expected chases nobody. Because only the first counts, an earlier day knows nothing of a later event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signing {
    first: HashMap<Id, Signature>,
    zone: Option<TimeZone>,
}

impl Signing {
    /// From the logistics events among the documents. A day is one in the book's `zone`.
    pub fn of<'d>(documents: impl IntoIterator<Item = &'d Document>, zone: &TimeZone) -> Self {
        let mut first: HashMap<Id, Signature> = HashMap::new();
        for event in documents {
            if event.kind != FactKind::Logistics || !event.is_live() {
                continue;
            }
            let Some(signature) = Signature::of(event) else { continue };
            for waybill in waybills_of(event) {
                let known = first.entry(waybill).or_insert(signature);
                *known = (*known).min(signature);
            }
        }
        Self { first, zone: Some(zone.clone()) }
    }

    /// The day on which the customer signed: the source's own, else the day on which the last of its waybills was signed
    /// for; `None` as soon as one of them was not.
    pub fn signed_on(&self, shipment: &Document) -> Option<Date> {
        if let Some(own) = shipment.fields.date("signed_on") {
            return Some(own);
        }
        Some(day(self.last(shipment)?.at, self.zone.as_ref()?))
    }

    /// The event by which goods without a day of their own are signed for.
    pub fn event_of(&self, shipment: &Document) -> Option<Id> {
        let own = shipment.fields.date("signed_on");
        if own.is_some() { None } else { Some(self.last(shipment)?.event) }
    }

    fn last(&self, shipment: &Document) -> Option<Signature> {
        let mut last = None;
        for waybill in waybills_of(shipment) {
            let signature = self.first.get(&waybill).filter(|signature| signature.is_signed)?;
            last = last.max(Some(*signature));
        }
        last
    }
}

/// The civil day of an event.
pub fn day(at: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(at).date()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Value;
    use crate::ledger::fixtures::{Doc, day as on};

    fn event(number: &str, waybill: &str, what: &str, at: &str) -> Document {
        let event = Doc::new(FactKind::Logistics, number).text("waybill", waybill).text("event", what);
        event.value("happened_at", Value::Instant(at.parse().unwrap())).build()
    }

    fn shipment(waybill: &str) -> Doc {
        Doc::shipment("S1", on(0)).text("waybill", waybill)
    }

    fn signed(waybill: &str, events: &[(&str, &str, &str)]) -> Option<String> {
        let events: Vec<Document> = events
            .iter()
            .enumerate()
            .map(|(index, (waybill, what, at))| event(&index.to_string(), waybill, what, at))
            .collect();
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        let found = Signing::of(&events, &zone).signed_on(&shipment(waybill).build());
        assert_eq!(found, Signing::of(events.iter().rev(), &zone).signed_on(&shipment(waybill).build()));
        found.map(|day| day.to_string())
    }

    const MORNING: &str = "2026-02-03T02:00:00Z";
    /// Already the fourth in China.
    const NIGHT: &str = "2026-02-03T16:30:00Z";

    #[test]
    fn the_first_word_about_a_waybill_counts_on_the_day_that_it_was_in_the_books_zone() {
        for (events, expected) in [
            (&[][..], None),
            (&[("SF1", "transit", MORNING)], None),
            (&[("SF1", "signed", NIGHT)], Some("2026-02-04")),
            (&[("SF2", "signed", NIGHT)], None),
            (&[("SF1", "signed", NIGHT), ("SF1", "signed", MORNING)], Some("2026-02-03")),
            (&[("SF1", "signed", MORNING), ("SF1", "refused", NIGHT)], Some("2026-02-03")),
            (&[("SF1", "refused", MORNING), ("SF1", "signed", NIGHT)], None),
            (&[("SF1", "refused", MORNING), ("SF1", "signed", MORNING)], None),
        ] {
            assert_eq!(signed("SF1", events).as_deref(), expected, "{events:?}");
        }
    }

    #[test]
    fn goods_on_several_waybills_are_signed_for_with_the_last_of_them() {
        let both = [("SF1", "signed", MORNING), ("SF2", "signed", NIGHT)];
        for text in ["SF1,SF2", "SF1；SF2", "sf1 SF-2", "ＳＦ１、SF2", "顺丰 SF1 / 顺丰SF2", "SF2 SF1 SF1"] {
            assert_eq!(signed(text, &both).as_deref(), Some("2026-02-04"), "{text}");
            assert_eq!(signed(text, &both[..1]), None, "{text}");
        }
        assert_eq!(signed("自提", &both), None);
    }

    #[test]
    fn the_sources_own_day_wins_and_another_books_event_or_one_that_was_deleted_says_nothing() {
        let zone = TimeZone::UTC;
        let told = event("E1", "SF1", "signed", MORNING);
        let own = shipment("SF1").date("signed_on", on(5)).build();
        let signing = Signing::of([&told], &zone);
        assert_eq!((signing.signed_on(&own), signing.event_of(&own)), (Some(on(5)), None));
        assert_eq!(signing.event_of(&shipment("SF1").build()), Some(told.id));
        let elsewhere = Document { book: "hk".into(), ..told.clone() };
        let deleted = Document { role: crate::ledger::Role::Stub, ..told };
        assert_eq!(Signing::of([&elsewhere, &deleted], &zone).signed_on(&shipment("SF1").build()), None);
    }

    #[test]
    fn only_what_can_decide_about_a_signature_is_found_by_its_waybill() {
        assert_eq!(waybills_of(&event("E1", "SF1", "transit", MORNING)), []);
        assert_eq!(waybills_of(&event("E1", "sf-1", "refused", MORNING)), waybills_of(&shipment("SF1").build()));
        assert_eq!(waybills_of(&Doc::invoice("I1", on(0)).text("waybill", "SF1").build()), []);
        assert!(waits_for_events(&shipment("SF1").build()));
        assert!(!waits_for_events(&shipment("自提").build()));
        assert!(!waits_for_events(&shipment("SF1").date("signed_on", on(1)).build()));
    }
}
