//! Due dates of open items: whose terms, counted from which day, and whether that day has happened.

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;

use super::view::View;
use crate::domain::Id;
use crate::ledger::{Basis, BookPolicy, Document, Due, Terms};

pub(super) struct DueDates<'a> {
    view: &'a View<'a>,
    policy: &'a BookPolicy,
    /// The customer's.
    terms: &'a Terms,
    /// Orders whose own terms override the customer's.
    of_order: HashMap<Id, Terms>,
    /// Shipments on a confirmed statement, and when the customer agreed.
    reconciled: HashMap<Id, Date>,
    disputed: BTreeSet<Id>,
}

/// What a due date is counted from.
pub(super) struct Source<'d> {
    pub document: &'d Document,
    /// The day of the claim; `None` for goods without one.
    pub invoiced_on: Option<Date>,
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
        let mut this = Self { view, policy, terms, of_order, reconciled: HashMap::new(), disputed: BTreeSet::new() };
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
            } else if let Some(confirmed_on) = confirmed_on {
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
    pub fn of_unbilled(&self, source: &Source<'_>) -> Due {
        match self.of(source) {
            Due::On(on) => Due::Expected { on, missing: Basis::Invoiced.name() },
            expected @ Due::Expected { .. } => expected,
        }
    }

    /// The source's own due date where the policy trusts it, else the earliest that the terms of its orders give.
    pub fn of(&self, source: &Source<'_>) -> Due {
        let own = source.document.fields.date("due_on").filter(|_| self.policy.trust_source_due);
        if let Some(due_on) = own {
            return Due::On(due_on);
        }
        let mut earliest: Option<Due> = None;
        let mut consider = |terms: &Terms| {
            let due = self.by_terms(terms, source);
            let is_earlier =
                earliest.is_none_or(|known| (due.date(), due.is_expected()) < (known.date(), known.is_expected()));
            if is_earlier {
                earliest = Some(due);
            }
        };
        for order in source.orders {
            consider(self.of_order.get(order).unwrap_or(self.terms));
        }
        earliest.unwrap_or_else(|| self.by_terms(self.terms, source))
    }

    fn by_terms(&self, terms: &Terms, source: &Source<'_>) -> Due {
        let shipped = self.latest(source.shipments, |shipment| shipment.effective_on());
        let start = shipped.or(source.invoiced_on).unwrap_or(source.fallback);
        let happened = match terms.basis {
            // A claim that names an order of which nothing was shipped is in front of its goods; one that names goods
            // unknown to us was written because they left.
            Basis::Shipped if source.shipments.is_empty() && !source.orders.is_empty() && !source.is_opening => None,
            Basis::Shipped => Some(start),
            Basis::Signed => self.latest(source.shipments, |shipment| shipment.fields.date("signed_on")),
            Basis::Reconciled => self.latest(source.shipments, |shipment| self.reconciled.get(&shipment.id).copied()),
            Basis::Invoiced => source.invoiced_on,
            Basis::InvoiceReceived => None,
        };
        match happened {
            Some(date) => Due::On(terms.due_on(date)),
            None => Due::Expected { on: terms.due_on(start), missing: terms.basis.name() },
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
