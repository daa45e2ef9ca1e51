//! From positions to the reminders that are wanted at one instant, and the next instant at which that may change.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use super::calendar::{days_between, shift};
use super::money::Money;
use super::rules::{Level, Mode, MoneyRule, Rule};
use super::wanted::{Content, FeedFreshness, Hold, Wanted, subject_of_unidentified};
use super::{Audience, Calendar, Policy};
use crate::domain::{Amount, Id};
use crate::ledger::{Due, OpenItem};
use crate::store::{Position, Subject, UnidentifiedPayment};

/// A held chase is looked at again after this long: the arrival of a payment feed does not touch every customer.
const HELD_RECHECK_MINUTES: i64 = 30;

/// What is wanted of one subject. Whatever is open of it and not listed here has lost its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectDecision {
    pub subject: Subject,
    /// Sorted by (rule, due date, id); each id once.
    pub wanted: Vec<Wanted>,
    /// Outside the send window nothing new is opened; what is open stays open.
    pub may_open: bool,
    /// The next instant at which something would change although no fact does.
    pub wake_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decided {
    pub subjects: Vec<SubjectDecision>,
}

/// Decides about whole subjects: `unidentified` must hold every payment without an owner of each book and currency in it.
pub fn decide(
    positions: &[Position],
    unidentified: &[UnidentifiedPayment],
    policy: &Policy,
    now: Timestamp,
    feeds: &FeedFreshness,
) -> Decided {
    let mut subjects: Vec<SubjectDecision> = positions
        .iter()
        .map(|position| {
            let mut scene = Scene::new(&position.subject, policy, now);
            scene.chases(position, feeds);
            scene.leftovers(position);
            scene.finish()
        })
        .collect();
    let mut ownerless: BTreeMap<Subject, Vec<&UnidentifiedPayment>> = BTreeMap::new();
    for payment in unidentified {
        ownerless.entry(subject_of_unidentified(payment)).or_default().push(payment);
    }
    for (subject, payments) in ownerless {
        let mut scene = Scene::new(&subject, policy, now);
        payments.into_iter().for_each(|payment| scene.unidentified(payment));
        subjects.push(scene.finish());
    }
    Decided { subjects }
}

/// One subject at one instant, while its reminders are collected.
struct Scene<'a> {
    subject: &'a Subject,
    policy: &'a Policy,
    calendar: &'a Calendar,
    mode: Mode,
    now: Timestamp,
    today: Date,
    wanted: Vec<Wanted>,
    wake_at: Option<Timestamp>,
}

impl<'a> Scene<'a> {
    fn new(subject: &'a Subject, policy: &'a Policy, now: Timestamp) -> Self {
        let calendar = policy.calendar(&subject.book);
        let mode = policy.rules.mode_of(&subject.book);
        Self { subject, policy, calendar, mode, now, today: calendar.today(now), wanted: Vec::new(), wake_at: None }
    }

    /// Something changes at the beginning of `date`, and can be told at the next send window.
    fn wake_on(&mut self, date: Date) {
        self.wake(self.calendar.next_send(self.calendar.start_of(date)));
    }

    fn wake(&mut self, at: Timestamp) {
        if at > self.now {
            self.wake_at = Some(self.wake_at.map_or(at, |known| known.min(at)));
        }
    }

    fn finish(mut self) -> SubjectDecision {
        if self.mode == Mode::Off {
            return SubjectDecision {
                subject: self.subject.clone(),
                wanted: Vec::new(),
                may_open: false,
                wake_at: None,
            };
        }
        let next_send = self.calendar.next_send(self.now);
        if !self.wanted.is_empty() {
            self.wake(next_send);
        }
        self.wanted.sort_by(|a, b| {
            let key = |wanted: &Wanted| (wanted.rule, wanted.content.due_on, wanted.content.on, wanted.id);
            key(a).cmp(&key(b))
        });
        self.wanted.dedup_by_key(|wanted| wanted.id);
        SubjectDecision {
            subject: self.subject.clone(),
            wanted: self.wanted,
            may_open: next_send == self.now,
            wake_at: self.wake_at,
        }
    }

    /// Reminders about claims: overdue, due soon, and what our own side owes.
    fn chases(&mut self, position: &Position, feeds: &FeedFreshness) {
        let minimum = self.policy.rules.minimum_open;
        let mut items: Vec<&OpenItem> = position
            .items
            .iter()
            .filter(|item| item.open.is_positive() && item.open.to_decimal() >= minimum && !item.disputed)
            .collect();
        items.sort_by_key(|item| (item.due.date(), item.id));
        let mut money = Money::of(position, self.calendar, self.policy.rules.holds.money_days, self.today);
        let stale = feeds.stale(&self.subject.book, self.calendar, self.now, self.policy.rules.holds.feed_days);
        for item in items {
            let first = self.wanted.len();
            match item.due {
                Due::On(due) => self.due_item(position, item, due),
                Due::Expected { on, missing } => self.missing_step(position, item, on, missing),
            }
            let chased = self.wanted[first..].iter().any(|wanted| wanted.rule.is_chase());
            if !chased {
                continue;
            }
            let hold = if let Some(feed) = stale {
                self.wake(self.calendar.next_send(self.now.saturating_add_minutes(HELD_RECHECK_MINUTES)));
                Some(Hold::StaleFeed { feed: feed.name.clone() })
            } else if money.covers(item.open) {
                if let Some(date) = money.first_expiry {
                    self.wake_on(date);
                }
                Some(Hold::MoneyHere)
            } else {
                None
            };
            for wanted in self.wanted[first..].iter_mut().filter(|wanted| wanted.rule.is_chase()) {
                wanted.content.money_here.clone_from(&money.shown);
                wanted.hold = wanted.hold.take().or_else(|| hold.clone());
            }
        }
    }

    fn due_item(&mut self, position: &Position, item: &OpenItem, due: Date) {
        let overdue_days = days_between(due, self.today);
        if overdue_days > 0 {
            let Some(rule) = &self.policy.rules.overdue else { return };
            self.ladder(Rule::Overdue, &rule.levels, rule.repeat_days, due, due, position, item);
            return;
        }
        if let Some(first) = self.policy.rules.overdue.as_ref().and_then(|rule| rule.levels.first()) {
            self.wake_on(shift(due, i64::from(first.days)));
        }
        let Some(rule) = &self.policy.rules.due_soon else { return };
        let from = self.calendar.business_day_on_or_before(shift(due, -i64::from(rule.days_before)));
        if self.today < from {
            self.wake_on(from);
            return;
        }
        let content = Content { due_on: Some(due), days: -overdue_days, ..self.item_content(position, item) };
        let code = item.salesperson.as_deref().or(position.salesperson.as_deref());
        let level = Level { days: rule.days_before, to: rule.to };
        self.want(Rule::DueSoon, item.id, &level, &due.to_string(), code, content);
    }

    fn missing_step(&mut self, position: &Position, item: &OpenItem, expected: Date, missing: &'static str) {
        let Some(rule) = &self.policy.rules.missing_step else { return };
        let before = self.wanted.len();
        self.ladder(Rule::MissingStep, &rule.levels, None, item.issued_on, expected, position, item);
        for wanted in &mut self.wanted[before..] {
            wanted.content.missing = Some(missing);
        }
    }

    /// Wants the highest level of a ladder that was reached, counted in days since `from`.
    #[allow(clippy::too_many_arguments, reason = "one private caller a rule; a struct would only rename them")]
    fn ladder(
        &mut self,
        rule: Rule,
        levels: &[Level],
        repeat_days: Option<u16>,
        from: Date,
        due: Date,
        position: &Position,
        item: &OpenItem,
    ) {
        let days = days_between(from, self.today);
        if let Some(next) = levels.iter().find(|level| i64::from(level.days) > days) {
            self.wake_on(shift(from, i64::from(next.days)));
        }
        let Some(reached) = levels.iter().rev().find(|level| i64::from(level.days) <= days) else { return };
        let is_last = levels.last().is_some_and(|last| last.days == reached.days);
        let mut occurrence = from.to_string();
        if let Some(every) = repeat_days.filter(|_| is_last).map(i64::from) {
            let round = (days - i64::from(reached.days)) / every;
            occurrence = format!("{from}#{round}");
            self.wake_on(shift(from, i64::from(reached.days) + (round + 1) * every));
        }
        let code = item.salesperson.as_deref().or(position.salesperson.as_deref());
        for level in levels.iter().filter(|level| level.days == reached.days) {
            let content = Content { due_on: Some(due), days, ..self.item_content(position, item) };
            self.want(rule, item.id, level, &occurrence, code, content);
        }
    }

    /// Money of a known customer that no claim has taken.
    fn leftovers(&mut self, position: &Position) {
        let Some(rule) = &self.policy.rules.unmatched else { return };
        for (leftover, number, paid_on) in &position.leftovers {
            if !leftover.amount.is_positive() || !self.waited(rule, *paid_on) {
                continue;
            }
            let content = Content {
                number: number.clone(),
                amount: leftover.amount,
                on: Some(*paid_on),
                days: days_between(*paid_on, self.today),
                ..self.party_content(position)
            };
            let level = Level { days: rule.after_days, to: rule.to };
            let code = position.salesperson.as_deref();
            self.want(Rule::Unmatched, leftover.payment, &level, &paid_on.to_string(), code, content);
        }
    }

    fn unidentified(&mut self, payment: &UnidentifiedPayment) {
        let Some(rule) = &self.policy.rules.unidentified else { return };
        if !payment.amount.is_positive() || !self.waited(rule, payment.paid_on) {
            return;
        }
        let content = Content {
            number: payment.number.clone(),
            amount: payment.amount,
            on: Some(payment.paid_on),
            days: days_between(payment.paid_on, self.today),
            payer: payment.payer.clone(),
            text: payment.text.clone(),
            ..self.empty_content()
        };
        let level = Level { days: rule.after_days, to: rule.to };
        let code = payment.salesperson.as_deref();
        self.want(Rule::Unidentified, payment.payment, &level, &payment.paid_on.to_string(), code, content);
    }

    /// Whether the business days that a rule grants since `paid_on` are over; if not, wakes when they are.
    fn waited(&mut self, rule: &MoneyRule, paid_on: Date) -> bool {
        let from = self.calendar.business_days_after(paid_on, rule.after_days);
        if self.today < from {
            self.wake_on(from);
        }
        self.today >= from
    }

    fn want(
        &mut self,
        rule: Rule,
        document: Id,
        level: &Level,
        occurrence: &str,
        code: Option<&str>,
        content: Content,
    ) {
        let book = &self.subject.book;
        let addressed = self.policy.people.address(level.to, code, book, self.today);
        if let Some(code) = &addressed.unmapped {
            self.unmapped(code);
        }
        let level = level.name();
        let hold = match (self.mode, &addressed.recipient) {
            (Mode::Shadow, _) => Some(Hold::Shadow),
            (_, None) => Some(Hold::NoRecipient),
            _ => None,
        };
        self.wanted.push(Wanted {
            id: Wanted::id_of(rule, document, &level, occurrence),
            rule,
            subject: self.subject.clone(),
            document,
            level: level.into(),
            occurrence: occurrence.into(),
            audience: addressed.audience,
            recipient: addressed.recipient,
            hold,
            content,
        });
    }

    /// Tells IT, once per code and book, that a salesperson code leads to nobody.
    fn unmapped(&mut self, code: &str) {
        let document = Id::from_parts(&[b"salesperson", self.subject.book.as_bytes(), code.as_bytes()]);
        let content = Content { number: code.into(), ..self.empty_content() };
        let level = Level { days: 0, to: Audience::It };
        self.want(Rule::UnmappedSalesperson, document, &level, "", None, content);
    }

    fn empty_content(&self) -> Content {
        Content {
            book: self.subject.book.clone(),
            party_code: None,
            party_name: None,
            currency: self.subject.currency,
            number: "".into(),
            orders: Vec::new(),
            amount: Amount::ZERO,
            on: None,
            due_on: None,
            days: 0,
            missing: None,
            payer: None,
            text: None,
            money_here: Vec::new(),
        }
    }

    fn party_content(&self, position: &Position) -> Content {
        let name = position.short_name.as_ref().unwrap_or(&position.name);
        Content {
            party_code: Some(position.code.clone()),
            party_name: (!name.is_empty()).then(|| name.clone()),
            ..self.empty_content()
        }
    }

    fn item_content(&self, position: &Position, item: &OpenItem) -> Content {
        Content {
            number: item.number.clone(),
            orders: item.orders.clone(),
            amount: item.open,
            on: Some(item.issued_on),
            ..self.party_content(position)
        }
    }
}

trait SaturatingMinutes {
    fn saturating_add_minutes(self, minutes: i64) -> Self;
}

impl SaturatingMinutes for Timestamp {
    fn saturating_add_minutes(self, minutes: i64) -> Self {
        self.checked_add(minutes.minutes()).unwrap_or(Self::MAX)
    }
}
