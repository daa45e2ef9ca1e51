//! Who must be settled, paired or decided about again.
//!
//! A mark is a generation that grows; whoever did the work records the generation it saw, so that a mark made meanwhile
//! is never lost.

use std::collections::BTreeSet;

use super::apply::Folded;
use super::documents;
use super::engine::{Cell, Tx};
use super::error::Result;
use super::journal::keys;
use super::likely;
use super::settle::people;
use super::tables;
use super::types::Subject;
use super::waybills;
use crate::domain::{FactKind, Id};
use crate::ledger::attribution::payer_of;
use crate::ledger::signing::waybills_of;
use crate::ledger::{Document, Role, decision};

#[derive(Debug, Default)]
pub struct Marks {
    subjects: BTreeSet<Subject>,
    /// Party keys all of whose subjects are touched: terms, names, orders.
    parties: BTreeSet<Id>,
    /// Documents whose parties and pair groups are touched: what a settlement or a decision names.
    named: BTreeSet<Id>,
    groups: BTreeSet<(Id, Box<str>)>,
    /// Groups to pair again if there are such.
    woken: BTreeSet<Id>,
    /// Payments that changed, by id and payer: whoever was given them is settled again.
    paid: BTreeSet<Id>,
    /// Payers of whom somebody said whose money theirs is.
    payers: BTreeSet<Id>,
    /// Of which carriers told something about a signature: whoever got the goods is settled again.
    waybills: BTreeSet<Id>,
    /// What was one side of an event, or money that belongs to nobody, and is in no group any more: void, un-approved, or
    /// without an amount.
    gone: Vec<Document>,
}

impl Marks {
    pub fn of(folded: &[Folded]) -> Self {
        let mut marks = Self::default();
        for change in folded.iter().filter(|change| change.is_changed()) {
            // A customer's terms count whatever became of the customer.
            let counts = |document: &&Document| document.is_live() || document.kind == FactKind::Party;
            for document in change.states().filter(counts) {
                marks.add(document);
            }
            let pairs = matches!(change.after.kind, FactKind::Payment | FactKind::Shipment | FactKind::Invoice);
            if pairs && documents::pair_group(&change.after).is_none() {
                marks.gone.extend(change.before.clone());
            }
        }
        marks
    }

    fn add(&mut self, document: &Document) {
        match document.kind {
            FactKind::Shipment
            | FactKind::Return
            | FactKind::Invoice
            | FactKind::Adjustment
            | FactKind::Bill
            | FactKind::Statement
            | FactKind::Payment => self.add_subjects(document),
            FactKind::Party => {
                self.parties.insert(document.id);
            }
            FactKind::Order => self.parties.extend(document.party()),
            FactKind::Decision if decision::is_about_identity(document) => {}
            FactKind::Settlement | FactKind::Decision => {
                self.named.extend(documents::references(document));
                let parties = ["customer", "other_customer"].map(|field| document.fields.reference(field));
                for party in parties.into_iter().flatten() {
                    self.parties.insert(party);
                    // Identified money may be the first that this customer has in its currency.
                    self.add_decided(document, party);
                }
            }
            _ => {}
        }
        match document.kind {
            FactKind::Payment => self.paid.extend(payer_of(document).into_iter().chain([document.id])),
            FactKind::Decision => self.payers.extend(payer_of(document)),
            FactKind::Logistics => self.waybills.extend(waybills_of(document)),
            _ => {}
        }
        self.add_group(document);
    }

    /// A group begins with money or with evidence. Booked goods and claims only wake one that is there: most companies
    /// have no second source for them, and then nothing is looked for.
    fn add_group(&mut self, document: &Document) {
        let Some(group) = documents::pair_group(document) else { return };
        if document.kind == FactKind::Payment || document.role == Role::Evidence {
            self.groups.insert((group, document.book.clone()));
        } else {
            self.woken.insert(group);
        }
    }

    fn add_subjects(&mut self, document: &Document) {
        if document.role != Role::Booked {
            return;
        }
        let Some(currency) = document.currency() else { return };
        for party in document.parties() {
            self.subjects.insert(Subject { book: document.book.clone(), party, currency });
        }
    }

    fn add_customers_of(&mut self, decisions: &[Document]) {
        for decision in decisions {
            if let Some(party) = decision.fields.reference("customer") {
                self.add_decided(decision, party);
            }
        }
    }

    /// Both currencies, where the decision is about a rate between two.
    fn add_decided(&mut self, decision: &Document, party: Id) {
        for currency in ["currency", "to_currency"].into_iter().filter_map(|name| decision.fields.currency(name)) {
            self.subjects.insert(Subject { book: decision.book.clone(), party, currency });
        }
    }

    pub async fn write(mut self, tx: &mut Tx) -> Result<()> {
        let named: Vec<Id> = self.named.iter().copied().collect();
        for document in documents::load(tx, &named).await?.values() {
            self.add_subjects(document);
            self.add_group(document);
            if document.kind == FactKind::Payment {
                self.paid.insert(document.id);
            }
        }
        for payment in people::payments_of(tx, &self.payers.iter().copied().collect::<Vec<_>>()).await? {
            self.add_group(&payment);
        }
        for shipment in waybills::waiting(tx, &self.waybills.iter().copied().collect::<Vec<_>>()).await? {
            self.add_subjects(&shipment);
        }
        let decisions = people::decisions_about(tx, &self.paid.iter().copied().collect::<Vec<_>>()).await?;
        self.add_customers_of(&decisions);
        // What people paired may lie in another group: amounts may differ.
        let paired = decisions.iter().filter(|decision| decision.fields.reference("evidence_no").is_some());
        let ends: Vec<Id> = paired.flat_map(documents::references).collect();
        for document in documents::load(tx, &ends).await?.values() {
            self.add_group(document);
        }
        to_settle(tx, self.subjects.iter()).await?;
        let parties: Vec<Id> = self.parties.iter().copied().collect();
        let sql = "UPDATE subject SET settle_generation = settle_generation + 1 WHERE party {keys}";
        tx.execute_in(sql, &keys(&parties), Vec::new()).await?;
        let groups = self.groups.iter().map(|(id, book)| vec![(*id).into(), book.into(), 1_i64.into(), 0_i64.into()]);
        tx.upsert_many(&tables::PAIR_GROUP, groups.collect()).await?;
        let woken: Vec<Id> = self.woken.iter().copied().collect();
        let sql = "UPDATE pair_group SET generation = generation + 1 WHERE id {keys}";
        tx.execute_in(sql, &keys(&woken), Vec::new()).await?;
        self.forget_gone(tx).await
    }

    async fn forget_gone(&self, tx: &mut Tx) -> Result<()> {
        let ids = keys(&self.gone.iter().map(|document| document.id).collect::<Vec<_>>());
        tx.execute_in("DELETE FROM pairing WHERE evidence {keys}", &ids, Vec::new()).await?;
        let unplaced = tx.fetch_in("SELECT payment FROM unplaced WHERE payment {keys}", &ids, Vec::new()).await?;
        let unplaced = unplaced.iter().map(|row| row.id(0)).collect::<Result<BTreeSet<Id>>>()?;
        tx.execute_in("DELETE FROM unplaced WHERE payment {keys}", &ids, Vec::new()).await?;
        let nobodys: Vec<&Document> = self.gone.iter().filter(|document| unplaced.contains(&document.id)).collect();
        likely::to_decide(tx, &nobodys).await
    }
}

/// Marks subjects for settlement; a subject that nobody knows yet begins to exist.
pub async fn to_settle(tx: &mut Tx, subjects: impl Iterator<Item = &Subject>) -> Result<()> {
    let rows = subjects.map(|subject| subject_row(subject, 1, 0)).collect();
    tx.upsert_many(&tables::SUBJECT_TO_SETTLE, rows).await
}

/// Marks subjects for a decision.
pub async fn to_decide(tx: &mut Tx, subjects: impl Iterator<Item = &Subject>) -> Result<()> {
    let rows = subjects.map(|subject| subject_row(subject, 0, 1)).collect();
    tx.upsert_many(&tables::SUBJECT_TO_DECIDE, rows).await
}

fn subject_row(subject: &Subject, settle_generation: i64, remind_generation: i64) -> Vec<Cell> {
    vec![
        subject.id().into(),
        (&subject.book).into(),
        subject.party.into(),
        subject.currency.into(),
        settle_generation.into(),
        0_i64.into(),
        remind_generation.into(),
        0_i64.into(),
    ]
}
