//! Due dates of open items: whose terms, counted from which day, and whether that day has happened.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::view::View;
use crate::domain::{Id, IdMap};
use crate::ledger::{Basis, BookPolicy, Document, Due, Instalment, Plan, Terms};

pub(super) struct DueDates<'a> {
    view: &'a View<'a>,
    policy: &'a BookPolicy,
    /// The customer's.
    terms: &'a Terms,
    /// Orders whose own terms override the customer's.
    of_order: IdMap<Terms>,
    /// Shipments on a confirmed statement, and when the customer agreed.
    reconciled: IdMap<Date>,
    disputed: BTreeSet<Id>,
}

/// When so many percent of a document are due. The parts of a document add up to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DuePart {
    pub percent: u8,
    pub due: Due,
}

/// What a due date is counted from.
pub(super) struct Source<'d> {
    pub document: &'d Document,
    /// The day of the claim; `None` for goods without one.
    pub invoiced_on: Option<Date>,
    /// When the customer got the claim.
    pub received_on: Option<Date>,
    /// The day that stands in for a basis of which nothing is known.
    pub fallback: Date,
    pub shipments: &'d [Id],
    pub orders: &'d [Id],
    /// Its goods left before cutover.
    pub is_opening: bool,
}

impl<'a> DueDates<'a> {
    pub fn new(view: &'a View<'a>, policy: &'a BookPolicy, terms: &'a Terms) -> Self {
        let of_order = view
            .orders
            .values()
            .filter_map(|order| Some((order.id, Terms::parse(order.fields.text("terms")?).ok()?)))
            .collect();
        let mut this = Self { view, policy, terms, of_order, reconciled: IdMap::default(), disputed: BTreeSet::new() };
        for statement in &view.statements {
            this.read(statement);
        }
        this
    }

    fn read(&mut self, statement: &Document) {
        let whole = statement.status() == "disputed";
        let confirmed_on = statement.fields.date("confirmed_on").filter(|_| statement.status() == "confirmed");
        for line in &statement.lines {
            let Some(shipment) = line.fields.reference("shipment_no") else { continue };
            if whole || line.fields.bool("disputed") == Some(true) {
                self.disputed.insert(shipment);
            } else if let Some(confirmed_on) = line.fields.date("confirmed_on").or(confirmed_on) {
                let known = self.reconciled.entry(shipment).or_insert(confirmed_on);
                *known = (*known).min(confirmed_on);
            }
        }
    }

    pub fn is_disputed(&self, shipments: &[Id]) -> bool {
        shipments.iter().any(|shipment| self.disputed.contains(shipment))
    }

    /// Of goods that are not billed, where claims are the items: the day on which they would be due, and only expected,
    /// because the customer has nothing to pay on yet.
    pub fn of_unbilled(&self, source: &Source<'_>) -> Vec<DuePart> {
        let mut parts = self.of(source);
        for part in &mut parts {
            if let Due::On(on) = part.due {
                part.due = Due::Expected { on, missing: Basis::Invoiced.name() };
            }
        }
        parts
    }

    /// The source's own due date where the policy trusts it, else by the terms of its orders: those that ask for money
    /// first, where they differ.
    pub fn of(&self, source: &Source<'_>) -> Vec<DuePart> {
        let own = source.document.fields.date("due_on").filter(|_| self.policy.trust_source_due);
        if let Some(due_on) = own {
            return vec![DuePart { percent: 100, due: Due::On(due_on) }];
        }
        let ordered = source.orders.iter().map(|order| self.of_order.get(order).unwrap_or(self.terms));
        let parts = ordered.map(|terms| self.by_terms(terms, source));
        let first = |parts: &Vec<DuePart>| parts.iter().map(|part| (part.due.date(), part.due.is_expected())).min();
        parts.min_by_key(first).unwrap_or_else(|| self.by_terms(self.terms, source))
    }

    fn by_terms(&self, terms: &Terms, source: &Source<'_>) -> Vec<DuePart> {
        let part = |instalment: &Instalment| DuePart {
            percent: instalment.percent,
            due: self.by_plan(&instalment.plan, source),
        };
        terms.instalments().iter().map(part).collect()
    }

    fn by_plan(&self, plan: &Plan, source: &Source<'_>) -> Due {
        let shipped = self.latest(source.shipments, |shipment| shipment.effective_on());
        let start = shipped.or(source.invoiced_on).unwrap_or(source.fallback);
        let happened = match plan.basis {
            // A claim that names an order of which nothing was shipped is in front of its goods; one that names goods
            // unknown to us was written because they left.
            Basis::Shipped if source.shipments.is_empty() && !source.orders.is_empty() && !source.is_opening => None,
            Basis::Shipped => Some(start),
            Basis::Signed => self.latest(source.shipments, |shipment| self.view.signing.signed_on(shipment)),
            Basis::Reconciled => self.latest(source.shipments, |shipment| self.reconciled.get(&shipment.id).copied()),
            Basis::Invoiced => source.invoiced_on,
            Basis::InvoiceReceived => source.received_on,
        };
        match happened {
            Some(date) => Due::On(plan.due_on(date, &self.policy.working_days)),
            None => {
                let on = plan.due_on(start, &self.policy.working_days);
                Due::Expected { on, missing: plan.basis.name() }
            }
        }
    }

    /// The latest of a date over all known shipments, because an invoice is due as a whole; `None` as soon as one of them has none, or none is known.
    fn latest(&self, shipments: &[Id], date: impl Fn(&Document) -> Option<Date>) -> Option<Date> {
        let mut latest = None;
        for shipment in shipments.iter().filter_map(|shipment| self.view.all_shipments.get(shipment)) {
            latest = latest.max(Some(date(shipment)?));
        }
        latest
    }
}
