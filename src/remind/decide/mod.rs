//! Deciding who should be told what: a pure function of positions, rules, people, calendar and one instant.
//!
//! Why pure: the same function decides when a fact arrives, again just before the bytes of a message are stored, and in
//! `reminders preview`; only a function of its arguments gives the same answer three times. It must not know how a
//! message travels, what was already told (the store knows), or what time it is now. No tokio, SQL, HTTP, clock or randomness.

mod calendar;
mod digest;
mod evaluate;
mod human;
mod money;
mod people;
mod plan;
mod policy;
mod rules;
mod wanted;

pub use calendar::{Calendar, SendWindow};
pub use digest::{Digest, digests};
pub use evaluate::{Decided, SubjectDecision, decide};
pub use human::{HumanAction, HumanDecision};
pub use people::{Addressed, Audience, Language, People, Person, Queue, Recipient};
pub use plan::{Plan, plan};
pub use policy::{Policy, PolicyError, PolicyTexts};
pub use rules::{BookRules, Level, Mode, Rule, Rules};
pub use wanted::{Content, Feed, FeedFreshness, Hold, MoneyHere, Wanted, subject_of_unidentified};

#[cfg(test)]
mod tests;
