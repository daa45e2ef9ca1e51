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
use super::tables;
use super::types::Subject;
use crate::domain::{FactKind, Id};
use crate::ledger::{Document, Role};

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
    /// Documents that may have been a pair's evidence and are in no group any more: nobody speaks of them, or nobody
    /// says what amount they are.
    gone: BTreeSet<Id>,
}

impl Marks {
    pub fn of(folded: &[Folded]) -> Self {
        let mut marks = Self::default();
        for change in folded.iter().filter(|change| change.is_changed()) {
            for document in change.states().filter(|document| document.is_live()) {
                marks.add(document);
            }
            let pairs = matches!(change.after.kind, FactKind::Payment | FactKind::Shipment | FactKind::Invoice);
            if pairs && documents::pair_group(&change.after).is_none() {
                marks.gone.insert(change.after.id);
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
            FactKind::Settlement | FactKind::Decision => {
                self.named.extend(documents::references(document));
                let parties = ["customer", "other_customer"].map(|field| document.fields.reference(field));
                for party in parties.into_iter().flatten() {
                    self.parties.insert(party);
                    // Identified money may be the first that this customer has in its currency.
                    if let Some(currency) = document.currency() {
                        self.subjects.insert(Subject { book: document.book.clone(), party, currency });
                    }
                }
            }
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

    pub async fn write(mut self, tx: &mut Tx) -> Result<()> {
        let named: Vec<Id> = self.named.iter().copied().collect();
        for document in documents::load(tx, &named).await?.values() {
            self.add_subjects(document);
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
        let gone: Vec<Id> = self.gone.iter().copied().collect();
        tx.execute_in("DELETE FROM pairing WHERE evidence {keys}", &keys(&gone), Vec::new()).await?;
        tx.execute_in("DELETE FROM unplaced WHERE payment {keys}", &keys(&gone), Vec::new()).await?;
        Ok(())
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
