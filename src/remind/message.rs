//! What travels through the broker: a versioned JSON body that other programs may consume, and its routing keys.
//!
//! The notifier itself trusts only the id in it and reads everything else from the store. A field may be added within a
//! version, never changed or removed; the dated snapshot is `docs/schema/reminder-v1.json`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::decide::{Digest, Wanted};
use crate::domain::Id;

pub const SCHEMA: &str = "bihuan.reminder/1";

/// Routing keys: `reminder.<kind>.<audience>`, where kind is a rule or `digest`.
pub fn routing_key(kind: &str, audience: &str) -> String {
    format!("reminder.{kind}.{audience}")
}

pub const WITHDRAWAL_KEY: &str = "reminder.withdrawal.any";
/// Everything above.
pub const ALL_REMINDERS: &str = "reminder.#";

/// Events for other systems on the same exchange; the warehouse may bind to them. Produced by the order loop, later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BusinessEvent {
    OrderMayShip,
    OrderHold,
}

impl BusinessEvent {
    pub const fn routing_key(self) -> &'static str {
        match self {
            Self::OrderMayShip => "order.may_ship",
            Self::OrderHold => "order.hold",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Body {
    Reminder(ReminderBody),
    Withdrawal(WithdrawalBody),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReminderBody {
    pub schema: String,
    /// Of the delivery; equals the AMQP `message_id`.
    pub id: String,
    pub decided_at: Timestamp,
    pub recipient: String,
    pub audience: String,
    pub kind: String,
    pub reminders: Vec<ReminderLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReminderLine {
    pub id: String,
    pub rule: String,
    pub level: String,
    pub occurrence: String,
    pub book: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    pub number: String,
    pub currency: String,
    /// Decimal text.
    pub amount: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_on: Option<String>,
    pub days: i64,
}

/// The message named in `withdraws` will not be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithdrawalBody {
    pub schema: String,
    pub id: String,
    pub withdraws: String,
    pub at: Timestamp,
}

/// The body of a delivery. `wanted` finds a reminder of the digest.
pub fn reminder_body<'a>(digest: &Digest, wanted: impl Fn(Id) -> Option<&'a Wanted>, at: Timestamp) -> Body {
    let reminders = digest.lines.iter().filter_map(|(id, _)| wanted(*id)).map(line).collect();
    Body::Reminder(ReminderBody {
        schema: SCHEMA.to_owned(),
        id: digest.id.to_string(),
        decided_at: at,
        recipient: digest.recipient.chat.to_string(),
        audience: digest.audience.name().to_owned(),
        kind: digest.kind.to_owned(),
        reminders,
    })
}

fn line(wanted: &Wanted) -> ReminderLine {
    let content = &wanted.content;
    ReminderLine {
        id: wanted.id.to_string(),
        rule: wanted.rule.name().to_owned(),
        level: wanted.level.to_string(),
        occurrence: wanted.occurrence.to_string(),
        book: content.book.to_string(),
        customer: content.party_code.as_ref().map(ToString::to_string),
        number: content.number.to_string(),
        currency: content.currency.to_string(),
        amount: content.amount.plain(content.currency),
        due_on: content.due_on.map(|date| date.to_string()),
        days: content.days,
    }
}

/// The id of the message that withdraws a delivery: its own, and the same on every machine.
pub fn withdrawal_id(delivery: Id) -> Id {
    Id::from_parts(&[b"withdrawal-1", &delivery.0])
}

pub fn withdrawal_body(delivery: Id, at: Timestamp) -> Body {
    Body::Withdrawal(WithdrawalBody {
        schema: SCHEMA.to_owned(),
        id: withdrawal_id(delivery).to_string(),
        withdraws: delivery.to_string(),
        at,
    })
}

/// What a consumer of our own queue needs: the delivery to work on, or nothing for a withdrawal (the store knows already).
pub fn delivery_of(body: &[u8]) -> Result<Option<Id>, String> {
    match serde_json::from_slice(body) {
        Ok(Body::Reminder(reminder)) if reminder.schema == SCHEMA => {
            Id::parse_hex(&reminder.id).map(Some).ok_or_else(|| "its id is not 32 hexadecimal digits".to_owned())
        }
        Ok(Body::Withdrawal(_)) => Ok(None),
        Ok(Body::Reminder(reminder)) => Err(format!("its schema is `{}`, not `{SCHEMA}`", reminder.schema)),
        Err(error) => Err(format!("it is not a {SCHEMA} body: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::remind::decide::{FeedFreshness, decide, digests};
    use crate::remind::testing::{at, invoice, policy, position};

    fn body() -> Body {
        let position = position(vec![invoice("AR1", 12_345, "2026-03-02")]);
        let now = at("2026-03-10T10:10:00");
        let decided = decide(&[position], &[], &policy(), now, &FeedFreshness::default());
        let wanted = &decided.subjects[0].wanted[0];
        reminder_body(&digests(&[(wanted, 0)])[0], |_| Some(wanted), now)
    }

    #[test]
    fn a_body_comes_back_and_names_its_delivery() {
        let bytes = serde_json::to_vec(&body()).unwrap();
        assert_eq!(serde_json::from_slice::<Body>(&bytes).unwrap(), body());
        assert!(delivery_of(&bytes).unwrap().is_some());
        let withdrawal = serde_json::to_vec(&withdrawal_body(Id([1; 16]), at("2026-03-10T10:10:00"))).unwrap();
        assert_eq!(delivery_of(&withdrawal), Ok(None));
        for foreign in ["{}", "<html>", r#"{"type":"reminder","schema":"other/1"}"#] {
            assert!(delivery_of(foreign.as_bytes()).is_err(), "{foreign}");
        }
    }

    /// Fails when a field is added, removed or renamed without a new dated snapshot.
    #[test]
    fn the_published_schema_names_exactly_our_fields() {
        let schema: Value = serde_json::from_str(include_str!("../../docs/schema/reminder-v1.json")).unwrap();
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<String>>();
        let body = serde_json::to_value(body()).unwrap();
        assert_eq!(keys(&schema["$defs"]["reminder"]["properties"]), keys(&body));
        assert_eq!(keys(&schema["$defs"]["line"]["properties"]), keys(&body["reminders"][0]));
        let withdrawal = serde_json::to_value(withdrawal_body(Id([1; 16]), at("2026-03-10T10:10:00"))).unwrap();
        assert_eq!(keys(&schema["$defs"]["withdrawal"]["properties"]), keys(&withdrawal));
    }
}
