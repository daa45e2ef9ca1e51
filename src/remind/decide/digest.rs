//! Several reminders for one person at one instant are one message.

use std::collections::BTreeMap;

use super::{Audience, Recipient, Wanted};
use crate::domain::Id;

/// One message to be: who gets it and which reminders it carries, each with how often it was opened before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    pub id: Id,
    pub recipient: Recipient,
    pub audience: Audience,
    /// The rule, when all lines have the same; otherwise `digest`. Part of the routing key.
    pub kind: &'static str,
    /// Reminder id and opening, in the order of the text.
    pub lines: Vec<(Id, i64)>,
}

/// A reminder that was withdrawn and is wanted again is opened once more, and must not look like the same message.
/// More lines than this would make one transaction and one message body unreasonably big; the rest is the next message.
pub const MAX_LINES_PER_DELIVERY: usize = 200;

/// Groups reminders that are to be opened now, with the number of the opening of each.
pub fn digests(open_now: &[(&Wanted, i64)]) -> Vec<Digest> {
    let mut by_recipient: BTreeMap<(&Recipient, Audience), Vec<(&Wanted, i64)>> = BTreeMap::new();
    for (wanted, opening) in open_now {
        if let Some(recipient) = wanted.recipient.as_ref().filter(|_| wanted.hold.is_none()) {
            by_recipient.entry((recipient, wanted.audience)).or_default().push((wanted, *opening));
        }
    }
    let mut digests = Vec::new();
    for ((recipient, audience), mut lines) in by_recipient {
        lines.sort_by_key(|(wanted, _)| (wanted.rule, wanted.content.due_on, wanted.content.on, wanted.id));
        lines.dedup_by_key(|(wanted, _)| wanted.id);
        for chunk in lines.chunks(MAX_LINES_PER_DELIVERY) {
            let rule = chunk[0].0.rule;
            let same = chunk.iter().all(|(wanted, _)| wanted.rule == rule);
            let lines: Vec<(Id, i64)> = chunk.iter().map(|(wanted, opening)| (wanted.id, *opening)).collect();
            digests.push(Digest {
                id: delivery_id(&recipient.chat, &lines),
                recipient: recipient.clone(),
                audience,
                kind: if same { rule.name() } else { "digest" },
                lines,
            });
        }
    }
    digests
}

fn delivery_id(chat: &str, lines: &[(Id, i64)]) -> Id {
    let openings: Vec<[u8; 8]> = lines.iter().map(|(_, opening)| opening.to_be_bytes()).collect();
    let mut parts: Vec<&[u8]> = vec![b"delivery-1", chat.as_bytes()];
    for ((id, _), opening) in lines.iter().zip(&openings) {
        parts.push(&id.0);
        parts.push(opening);
    }
    Id::from_parts(&parts)
}
