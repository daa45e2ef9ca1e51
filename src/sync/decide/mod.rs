//! What a person decides about money, checked against what is known and stated as a fact of our own.
//!
//! Why one place: a command, a page and a button must refuse the same things for the same reasons. What is stated is never
//! undone by a robot, so nothing is stated that cannot hold now. It must not know how the ledger acts on it.

pub mod identity;
mod money;
mod named;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::{SyncError, native};
use crate::domain::{Amount, Fact, FactKind, FieldMap, Id, Value, fact};
use crate::ledger::{Document, decision, period};
use crate::store::{Store, StoreError};

/// Who decides, about which book, and why.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    pub name: &'a str,
    /// Where a number stands for documents of several books.
    pub book: Option<&'a str>,
    pub note: Option<&'a str>,
    pub now: Timestamp,
}

/// Numbers and amounts as people write them.
#[derive(Debug, Clone)]
pub enum Wish {
    /// This money pays this claim, delivery or order.
    Allocate {
        money: String,
        target: String,
        amount: Option<String>,
    },
    /// So much of this money pays so much of a claim in another currency: the agreed rate.
    Rate {
        money: String,
        target: String,
        amount: String,
        settles: String,
    },
    /// It does not: what it pays now, or one thing that it might.
    Unallocate {
        money: String,
        target: Option<String>,
    },
    /// What the machine placed is right, and stays.
    Confirm {
        money: String,
        target: Option<String>,
    },
    Reject {
        money: String,
        target: String,
    },
    /// 到款认领, 委托付款: this money is this customer's; `remember`: as is all that this payer sends.
    Identify {
        money: String,
        customer: String,
        amount: Option<String>,
        remember: bool,
    },
    /// What a bank line is: customer, own_transfer, interest, refund, other.
    Classify {
        line: String,
        class: String,
    },
    Pair {
        line: String,
        receipt: String,
    },
    Unpair {
        line: String,
        receipt: String,
    },
    /// These two party keys are one customer.
    Link {
        a: String,
        b: String,
    },
    /// They are two, whatever the rules say.
    Split {
        a: String,
        b: String,
    },
    Revoke {
        decisions: Vec<String>,
    },
    /// 关账: nothing is posted on this day or earlier any more.
    Close {
        until: Date,
    },
}

#[derive(Debug, Error)]
pub enum DecideError {
    /// The person can mend it; says what is wrong and what to do.
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Sync(#[from] SyncError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    pub book: Box<str>,
    /// Numbers of the decisions.
    pub decisions: Vec<Box<str>>,
    /// Ids of the money that they are about: what it pays now can be looked up.
    pub money: Vec<Id>,
}

/// Checks and states a wish in one step; the caller settles afterwards.
pub async fn decide(store: &Store, person: &Person<'_>, wish: &Wish) -> Result<Stated, DecideError> {
    let drafts = match wish {
        Wish::Allocate { money, target, amount } => {
            vec![money::allocate(store, person, money, target, amount.as_deref()).await?]
        }
        Wish::Rate { money, target, amount, settles } => {
            vec![money::rate(store, person, money, target, amount, settles).await?]
        }
        Wish::Unallocate { money, target } => {
            money::answer(store, person, "unallocate", money, target.as_deref()).await?
        }
        Wish::Reject { money, target } => money::answer(store, person, "reject", money, Some(target)).await?,
        Wish::Confirm { money, target } => money::answer(store, person, "confirm", money, target.as_deref()).await?,
        Wish::Identify { money, customer, amount, remember } => {
            vec![money::identify(store, person, money, customer, amount.as_deref(), *remember).await?]
        }
        Wish::Classify { line, class } => vec![money::classify(store, person, line, class).await?],
        Wish::Pair { line, receipt } => vec![money::pair(store, person, "pair", line, receipt).await?],
        Wish::Unpair { line, receipt } => vec![money::pair(store, person, "unpair", line, receipt).await?],
        Wish::Link { a, b } => vec![identity::join(store, person, a, b).await?],
        Wish::Split { a, b } => vec![identity::keep_apart(store, person, a, b).await?],
        Wish::Close { until } => vec![close(store, person, *until).await?],
        Wish::Revoke { decisions } => {
            let mut drafts = Vec::new();
            for decision in decisions {
                drafts.push(revoke(store, person, decision).await?);
            }
            drafts
        }
    };
    state(store, person, drafts).await
}

fn refused<T>(text: String) -> Result<T, DecideError> {
    Err(DecideError::Refused(text))
}

/// A decision without number, time and person.
struct Draft {
    book: Box<str>,
    fields: FieldMap,
    money: Option<Id>,
}

impl Draft {
    fn new(book: &str, action: &str) -> Self {
        let mut fields = FieldMap::default();
        fields.set("action", Value::text(action));
        Self { book: book.into(), fields, money: None }
    }

    /// Names the money and its currency.
    fn about(mut self, money: &Document) -> Self {
        self.money = Some(money.id);
        let field = if money.kind == FactKind::Bill { "bill_no" } else { "payment_no" };
        self = self.naming(field, money);
        if let Some(currency) = money.currency() {
            self.fields.set("currency", Value::Currency(currency));
        }
        self
    }

    fn naming(mut self, field: &'static str, document: &Document) -> Self {
        self.fields.set(field, Value::Ref { number: document.number.clone(), id: document.id });
        self
    }

    fn with(mut self, field: &'static str, value: Value) -> Self {
        self.fields.set(field, value);
        self
    }

    fn gross(self, amount: Option<Amount>) -> Self {
        match amount {
            Some(amount) => self.with("gross", Value::Amount(amount)),
            None => self,
        }
    }

    fn named(&self) -> Vec<Id> {
        let ids = self.fields.iter().filter_map(|(_, value)| match value {
            Value::Ref { id, .. } => Some(*id),
            _ => None,
        });
        let period = self.fields.date("until").map(|_| period::period_of(&self.book));
        ids.chain(period).collect()
    }
}

async fn close(store: &Store, person: &Person<'_>, until: Date) -> Result<Draft, DecideError> {
    let Some(book) = person.book else {
        return refused("关账要说明账簿 · say which book is closed: --book".to_owned());
    };
    let known = store.decisions_about(&[period::period_of(book)]).await?;
    match period::closed_until(&known) {
        Some(closed) if closed >= until => refused(format!(
            "账簿 `{book}` 已关账到 {closed}；重新打开请撤销关账决定 · is closed until {closed}; `ledger decisions` names what to revoke"
        )),
        _ => Ok(Draft::new(book, "close").with("until", Value::Date(until))),
    }
}

/// Takes a decision back: it must name the same documents, so that whoever looks at them learns of it.
async fn revoke(store: &Store, person: &Person<'_>, number: &str) -> Result<Draft, DecideError> {
    let decision = named::one(store, person.book, number, &[FactKind::Decision]).await?;
    if decision.fields.text("action") == Some("revoke") {
        return refused(format!("`{number}` 本身是撤销 · is itself a revocation; state the decision again instead"));
    }
    let known = store.decisions(Some(&decision.book), usize::MAX).await?;
    let revoked = known.into_iter().filter(|view| view.decision.id == decision.id).find_map(|view| view.revoked_by);
    if let Some(by) = revoked {
        return refused(format!("`{number}` 已被 {by} 撤销 · has been taken back by {by}"));
    }
    let mut draft = Draft::new(&decision.book, "revoke");
    for (name, value) in decision.fields.iter() {
        if matches!(value, Value::Ref { .. } | Value::Currency(_)) || name == "payer" {
            draft.fields.set(name.to_owned(), value.clone());
        }
    }
    if let Some(until) = decision.fields.date("until").filter(|_| decision.fields.text("action") == Some("close")) {
        draft.fields.set("until", Value::Date(until));
    }
    draft.money = decision::money(&decision);
    Ok(draft.naming("revokes", &decision))
}

/// Numbers, dates and commits the drafts. A decision is later than every other about the same documents, also on a clock
/// that stands still: the last word counts. Those that were taken back count here too: said again at their instant, a
/// decision would have their content, so their number, and would be nothing new.
async fn state(store: &Store, person: &Person<'_>, drafts: Vec<Draft>) -> Result<Stated, DecideError> {
    let named: Vec<Id> = drafts.iter().flat_map(Draft::named).collect();
    let latest = store.last_word_about(&named).await?;
    let after = latest.and_then(|at| at.checked_add(SignedDuration::from_micros(1)).ok());
    let decided_at = after.map_or(person.now, |after| after.max(person.now));
    let mut stated = Stated { book: "".into(), decisions: Vec::new(), money: Vec::new() };
    let mut facts = Vec::new();
    for draft in drafts {
        stated.money.extend(draft.money);
        let fact = draft.into_fact(person, decided_at);
        stated.book = fact.book.clone();
        stated.decisions.push(fact.number.clone());
        facts.push(fact);
    }
    let counts = native::state(store, person.now, facts).await?;
    if counts.quarantined > 0 {
        return refused(format!("决定未被接受，见 quarantine list · not accepted: {}", stated.decisions.join(", ")));
    }
    Ok(stated)
}

impl Draft {
    fn into_fact(self, person: &Person<'_>, decided_at: Timestamp) -> Fact {
        let Self { book, mut fields, .. } = self;
        fields.set("decided_at", Value::Instant(decided_at));
        fields.set("decided_by", Value::text(person.name));
        if let Some(note) = person.note {
            fields.set("note", Value::text(note));
        }
        let content = fact::encode(&fields, &[]);
        let id = Id::from_parts(&[b"decision", book.as_bytes(), content.as_bytes()]);
        let number = format!("D-{}", &id.to_string()[..DECISION_DIGITS]);
        fields.set("decision_id", Value::text(&*number));
        let numbering = native::NUMBERING.into();
        Fact { kind: FactKind::Decision, book, numbering, number: number.into(), fields, lines: Vec::new() }
    }
}

/// Of the hash in a decision's number: short enough to be read out, too many to meet twice in a company's life.
const DECISION_DIGITS: usize = 12;

#[cfg(test)]
mod any_order;
#[cfg(test)]
mod tests;
