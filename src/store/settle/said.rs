//! What people said about the bank lines and receipts that are being paired.
//!
//! Why loaded as a whole with the groups: a person may join what lies in two groups (other amounts), and money that they
//! gave to a customer is nobody's no more.

use std::collections::{BTreeSet, HashMap};

use super::people::decisions_about;
use crate::domain::{Amount, FactKind, Id};
use crate::ledger::attribution::{is_identification, moves, payer_of};
use crate::ledger::{AccountKind, Document, Pair, PairReason, Posting, Role, Said};
use crate::store::documents;
use crate::store::engine::Tx;
use crate::store::error::Result;
use crate::store::types::Subject;

pub struct People {
    decisions: Vec<Document>,
    pub said: Said,
    /// Pairs that people made of which both are live, whether or not they are in the groups.
    together: HashMap<Id, Id>,
    receipts: BTreeSet<Id>,
}

impl People {
    pub async fn load(tx: &mut Tx, all: impl Iterator<Item = &Document>) -> Result<Self> {
        let payments: Vec<&Document> = all.filter(|document| document.kind == FactKind::Payment).collect();
        let names = payments.iter().flat_map(|document| payer_of(document).into_iter().chain([document.id]));
        let mut names: Vec<Id> = names.collect();
        let mut decisions = decisions_about(tx, &names).await?;
        let mut said = Said::of(&decisions.iter().collect::<Vec<_>>());
        let here: HashMap<Id, &Document> = payments.iter().map(|document| (document.id, *document)).collect();
        let ends = said.together.iter().flat_map(|(line, receipt)| [*line, *receipt]);
        let elsewhere: Vec<Id> = ends.filter(|id| !here.contains_key(id)).collect();
        let partners = documents::load(tx, &elsewhere).await?;
        if !elsewhere.is_empty() {
            names.extend(elsewhere);
            decisions = decisions_about(tx, &names).await?;
            said = Said::of(&decisions.iter().collect::<Vec<_>>());
        }
        let is = |id: &Id, role: Role| {
            let document = here.get(id).copied().or_else(|| partners.get(id));
            document.is_some_and(|found| found.role == role && found.is_live() && found.kind == FactKind::Payment)
        };
        let both_live = |(line, receipt): &&(Id, Id)| is(line, Role::Evidence) && is(receipt, Role::Booked);
        let together: HashMap<Id, Id> = said.together.iter().filter(both_live).copied().collect();
        let receipts = together.values().copied().collect();
        Ok(Self { decisions, said, together, receipts })
    }

    pub fn decisions(&self) -> Vec<&Document> {
        self.decisions.iter().collect()
    }

    /// Whether a person paired it already.
    pub fn paired(&self, document: Id) -> bool {
        self.together.contains_key(&document) || self.receipts.contains(&document)
    }

    /// The pairs that people made of the bank lines among `all`.
    pub fn pairs_of(&self, all: &[&Document]) -> Vec<Pair> {
        let pair = |document: &&Document| {
            let booked = *self.together.get(&document.id)?;
            Some(Pair { evidence: document.id, booked, reason: PairReason::Person })
        };
        all.iter().filter_map(pair).collect()
    }

    /// Bank line to receipt.
    pub fn twins(&self, pairs: &[Pair]) -> HashMap<Id, Id> {
        let found = pairs.iter().map(|pair| (pair.evidence, pair.booked));
        found.chain(self.together.iter().map(|(line, receipt)| (*line, *receipt))).collect()
    }

    /// What of a payment belongs to nobody after people gave parts of it away.
    pub fn nobodys(&self, payment: &Document, posted: &[Posting], twins: &HashMap<Id, Id>) -> Result<Amount> {
        let nobodys = posted.iter().filter(|posting| posting.credit.kind == AccountKind::Unidentified);
        let amount = Amount::sum(nobodys.map(|posting| posting.amount))?;
        let about = |decision: &Document| {
            let named = decision.fields.reference("payment_no")?;
            Some(twins.get(&named).copied().unwrap_or(named))
        };
        let moves = moves(payment, &self.decisions(), &about);
        let given = moves.iter().filter(|part| part.from.kind == AccountKind::Unidentified).map(|part| part.amount.0);
        Ok(Amount(amount.0.saturating_sub(given.sum()).max(0)))
    }

    /// Whom people gave something of these payments: their settlement depends on which are paired.
    pub fn customers(&self, all: &[&Document]) -> BTreeSet<Subject> {
        let mut customers = BTreeSet::new();
        for decision in self.decisions.iter().filter(|decision| is_identification(decision)) {
            let Some(party) = decision.fields.reference("customer") else { continue };
            let named = documents::references(decision);
            let names = |document: &&&Document| {
                named.contains(&document.id) || payer_of(document).is_some_and(|payer| named.contains(&payer))
            };
            let currencies = all.iter().filter(names).filter_map(|document| document.currency());
            customers.extend(currencies.map(|currency| Subject { book: decision.book.clone(), party, currency }));
        }
        customers
    }
}
