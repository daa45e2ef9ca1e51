//! What deciding yields: reminders that are wanted now, with everything their text needs.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Audience, Calendar, Recipient, Rule};
use crate::domain::{Amount, Currency, Id};
use crate::store::{NO_PARTY, Subject, UnidentifiedPayment};

/// One payment feed of a book and when it was last known to be complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    pub book: Box<str>,
    /// `source/stream`, for people.
    pub name: Box<str>,
    pub complete_until: Option<Timestamp>,
}

/// Every configured payment feed. A book without one is never stale: its people chose to chase without.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeedFreshness(pub Vec<Feed>);

impl FeedFreshness {
    /// The first feed of `book` that has brought nothing for more than `days` business days.
    pub fn stale(&self, book: &str, calendar: &Calendar, now: Timestamp, days: u16) -> Option<&Feed> {
        self.0.iter().filter(|feed| &*feed.book == book).find(|feed| {
            feed.complete_until.is_none_or(|complete| {
                calendar.today(now) > calendar.business_days_after(calendar.today(complete), days)
            })
        })
    }
}

/// Why a wanted reminder is not sent now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// The book is in shadow mode.
    Shadow,
    /// Money that covers the item may be here already.
    MoneyHere,
    StaleFeed {
        feed: Box<str>,
    },
    /// Neither a person nor a duty is configured for it.
    NoRecipient,
}

impl Hold {
    /// Stored and shown.
    pub fn reason(&self) -> String {
        match self {
            Self::Shadow => "shadow: this book does not send yet".to_owned(),
            Self::MoneyHere => "money_here: an unmatched payment covers it".to_owned(),
            Self::StaleFeed { feed } => format!("stale_feed: {feed} has brought nothing for too long"),
            Self::NoRecipient => "no_recipient: nobody is configured for this audience".to_owned(),
        }
    }
}

/// Money that is here and may pay what the text asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyHere {
    pub number: Box<str>,
    pub amount: Amount,
    pub paid_on: Date,
}

/// What a template may say. One struct for all rules: an absent value is `None`, never a made-up one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub book: Box<str>,
    pub party_code: Option<Box<str>>,
    pub party_name: Option<Box<str>>,
    pub currency: Currency,
    /// Number of the claim, shipment or payment; of the salesperson code that leads to nobody.
    pub number: Box<str>,
    pub orders: Vec<Id>,
    /// What is open, or what arrived.
    pub amount: Amount,
    /// When it was issued or paid.
    pub on: Option<Date>,
    pub due_on: Option<Date>,
    /// Days overdue, until due, since issued, or since the money arrived; by rule.
    pub days: i64,
    /// What a due date waits for.
    pub missing: Option<&'static str>,
    pub payer: Option<Box<str>>,
    pub text: Option<Box<str>>,
    pub money_here: Vec<MoneyHere>,
}

/// A reminder that is wanted at the instant it was decided for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub id: Id,
    pub rule: Rule,
    pub subject: Subject,
    pub document: Id,
    pub level: Box<str>,
    pub occurrence: Box<str>,
    pub audience: Audience,
    pub recipient: Option<Recipient>,
    pub hold: Option<Hold>,
    pub content: Content,
}

impl Wanted {
    /// The same reminder on every machine and in every run.
    pub fn id_of(rule: Rule, document: Id, level: &str, occurrence: &str) -> Id {
        Id::from_parts(&[b"reminder-1", rule.name().as_bytes(), &document.0, level.as_bytes(), occurrence.as_bytes()])
    }
}

/// Money without an owner is a subject without a party.
pub fn subject_of_unidentified(payment: &UnidentifiedPayment) -> Subject {
    Subject { book: payment.book.clone(), party: NO_PARTY, currency: payment.currency }
}
