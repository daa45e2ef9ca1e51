//! What people answer to a reminder. The types stand now; buttons and pages that produce them come with the chat callbacks.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::{Fact, FactKind, Id, Value};

/// The part of the decision vocabulary (FACTS, `decision.action`) that answers a reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HumanAction {
    /// "I know": do not raise this level again.
    Confirm,
    /// Not before `until`.
    Snooze,
    /// The customer disputes the claim: no dunning, shown apart in aging.
    Dispute,
    /// The customer promised to pay by `until`.
    Promise,
    HandOver,
}

impl HumanAction {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Snooze => "snooze",
            Self::Dispute => "dispute",
            Self::Promise => "promise",
            Self::HandOver => "hand_over",
        }
    }
}

/// Who, when, from which message; `key` makes a button that is pressed twice one decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HumanDecision {
    pub book: Box<str>,
    pub key: Box<str>,
    pub action: HumanAction,
    pub by: Box<str>,
    pub at: Timestamp,
    /// Number and id of the party key.
    pub party: Option<(Box<str>, Id)>,
    /// Number and id of the claim.
    pub invoice: Option<(Box<str>, Id)>,
    pub until: Option<Date>,
    pub note: Option<Box<str>>,
}

impl HumanDecision {
    /// The fact that goes in the same way as any other record.
    pub fn into_fact(self, numbering: &str) -> Fact {
        let reference = |(number, id): (Box<str>, Id)| Value::Ref { number, id };
        let values: [(&'static str, Option<Value>); 8] = [
            ("decision_id", Some(Value::text(self.key.clone()))),
            ("decided_at", Some(Value::Instant(self.at))),
            ("decided_by", Some(Value::text(self.by))),
            ("action", Some(Value::text(self.action.name()))),
            ("customer", self.party.map(reference)),
            ("invoice_no", self.invoice.map(reference)),
            ("until", self.until.map(Value::Date)),
            ("note", self.note.map(Value::text)),
        ];
        let fields = values.into_iter().filter_map(|(name, value)| Some((name.into(), value?))).collect();
        Fact {
            kind: FactKind::Decision,
            book: self.book,
            numbering: numbering.into(),
            number: self.key,
            fields,
            lines: Vec::new(),
        }
    }
}
