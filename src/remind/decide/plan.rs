//! What to change so that the stored reminders become the wanted ones.

use std::collections::{BTreeMap, BTreeSet};

use super::{Decided, Wanted};
use crate::domain::Id;
use crate::store::{KnownReminder, ReminderState};

/// The difference between what is wanted and what is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan<'a> {
    /// Reminders to open, or to hold where they say why; with the number of this opening.
    pub open: Vec<(&'a Wanted, i64)>,
    pub supersede: Vec<Id>,
}

/// Each level is told once: what was delivered, refused or is of unknown outcome stays as it ended.
pub fn plan<'a>(decided: &'a Decided, known: &[KnownReminder]) -> Plan<'a> {
    let by_id: BTreeMap<Id, &KnownReminder> = known.iter().map(|known| (known.id, known)).collect();
    let mut wanted: BTreeSet<Id> = BTreeSet::new();
    let mut plan = Plan::default();
    for subject in &decided.subjects {
        for reminder in &subject.wanted {
            if !wanted.insert(reminder.id) {
                continue; // several customers of one unmapped salesperson
            }
            let opening = match by_id.get(&reminder.id) {
                None => Some(0),
                Some(known) => match known.state {
                    ReminderState::Superseded => Some(known.opening + 1),
                    ReminderState::Held => reopened(reminder, known),
                    ReminderState::Open | ReminderState::Delivered | ReminderState::Failed | ReminderState::Unknown => {
                        None
                    }
                },
            };
            if let Some(opening) = opening.filter(|_| subject.may_open) {
                plan.open.push((reminder, opening));
            }
        }
    }
    let subjects: BTreeSet<Id> = decided.subjects.iter().map(|subject| subject.subject.id()).collect();
    let active = |state| matches!(state, ReminderState::Open | ReminderState::Held);
    plan.supersede = known
        .iter()
        .filter(|known| active(known.state) && subjects.contains(&known.subject) && !wanted.contains(&known.id))
        .map(|known| known.id)
        .collect();
    plan
}

/// A held reminder whose hold is over is opened; one that is held for another reason says so.
fn reopened(wanted: &Wanted, known: &KnownReminder) -> Option<i64> {
    match &wanted.hold {
        None => Some(known.opening + 1),
        Some(hold) if Some(hold.reason().as_str()) != known.reason.as_deref() => Some(known.opening),
        Some(_) => None,
    }
}
