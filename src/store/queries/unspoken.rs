//! The codes of customers of whom no record speaks, or no record speaks any more: the documents and decisions that name
//! one know its code.
//!
//! Why not the number that the customer's own row still has: whether such a row exists at all depends on what was once
//! seen meanwhile, and what a reminder calls a customer must not.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::{FieldMap, Id, Value};
use crate::ledger::Document;
use crate::ledger::attribution::payer_of;
use crate::store::documents;
use crate::store::engine::Tx;
use crate::store::error::Result;
use crate::store::settle::people::decisions_about;

/// By customer, from the documents that its items and leftovers came of, else from who gave it their money.
pub async fn codes(tx: &mut Tx, by_party: &BTreeMap<Id, BTreeSet<Id>>) -> Result<HashMap<Id, Box<str>>> {
    let wanted: BTreeSet<Id> = by_party.values().flatten().copied().collect();
    let found = documents::load(tx, &wanted.into_iter().collect::<Vec<_>>()).await?;
    let mut codes = HashMap::new();
    let mut given = BTreeSet::new();
    for (party, its) in by_party {
        let its: Vec<&Document> = its.iter().filter_map(|id| found.get(id)).collect();
        match its.iter().find_map(|document| number_of(*party, document)) {
            Some(code) => drop(codes.insert(*party, code)),
            None => given.extend(its.iter().flat_map(|money| payer_of(money).into_iter().chain([money.id]))),
        }
    }
    for decision in decisions_about(tx, &given.into_iter().collect::<Vec<_>>()).await? {
        for party in by_party.keys() {
            let code = number_of(*party, &decision);
            code.map(|code| codes.entry(*party).or_insert(code));
        }
    }
    Ok(codes)
}

/// What a document calls whom it names.
fn number_of(party: Id, document: &Document) -> Option<Box<str>> {
    let fields = document.lines.iter().map(|line| &line.fields).chain([&document.fields]);
    fields.flat_map(FieldMap::iter).find_map(|(_, value)| match value {
        Value::Ref { number, id } if *id == party => Some((**number).into()),
        _ => None,
    })
}
