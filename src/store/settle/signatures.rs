//! The carriers' events that a batch of settlements needs, loaded by one statement, and by none where no terms of these
//! customers count from signing: most companies' do not, and events are many.

use std::collections::{BTreeSet, HashMap};

use super::subjects::terms;
use crate::domain::{FactKind, Id};
use crate::ledger::signing::{waits_for_events, waybills_of};
use crate::ledger::{Basis, BookPolicy, Document, Terms};
use crate::store::engine::Tx;
use crate::store::error::Result;
use crate::store::waybills;

#[derive(Default)]
pub struct Events {
    by_waybill: HashMap<Id, Vec<Document>>,
}

impl Events {
    /// For these parties, with the documents that name each of them.
    pub async fn load(
        tx: &mut Tx,
        parties: &HashMap<Id, Document>,
        by_party: &HashMap<Id, Vec<Document>>,
        policy: &BookPolicy,
    ) -> Result<Self> {
        let of_signing =
            by_party.iter().filter(|(party, own)| counts_from_signing(&terms(parties.get(party), policy), own));
        let shipments = of_signing.flat_map(|(_, own)| own);
        let mut by_waybill: HashMap<Id, Vec<Document>> = HashMap::new();
        for event in waybills::events_of(tx, shipments).await? {
            for waybill in waybills_of(&event) {
                by_waybill.entry(waybill).or_default().push(event.clone());
            }
        }
        Ok(Self { by_waybill })
    }

    /// What was told of the shipments among these.
    pub fn of(&self, documents: &[Document]) -> Vec<Document> {
        if self.by_waybill.is_empty() {
            return Vec::new();
        }
        let waybills = documents.iter().filter(|document| waits_for_events(document)).flat_map(waybills_of);
        let waybills: BTreeSet<Id> = waybills.collect();
        waybills.iter().filter_map(|waybill| self.by_waybill.get(waybill)).flatten().cloned().collect()
    }
}

/// The customer's terms, or those of one of its orders. Orders repeat a few texts, so each text is read once.
fn counts_from_signing(terms: &Terms, own: &[Document]) -> bool {
    let orders = own.iter().filter(|document| document.kind == FactKind::Order);
    let texts: BTreeSet<&str> = orders.filter_map(|order| order.fields.text("terms")).collect();
    let of_orders = texts.into_iter().filter_map(|text| Terms::parse(text).ok());
    terms.counts_from(Basis::Signed) || of_orders.into_iter().any(|terms| terms.counts_from(Basis::Signed))
}
