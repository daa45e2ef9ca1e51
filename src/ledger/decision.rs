//! What people decided, as every part of the ledger reads it: what still stands, in the order in which it was said.
//!
//! Why apart: pairing, attribution and allocation each act on other decisions, but must agree on which were taken back.

use std::collections::BTreeSet;

use super::Document;
use crate::domain::{FactKind, Id, Value};

/// The decisions among `documents` that nobody took back, in the order in which they were made.
pub fn in_force<'a>(documents: impl IntoIterator<Item = &'a Document>) -> Vec<&'a Document> {
    let is_decision = |document: &&Document| document.kind == FactKind::Decision && document.is_live();
    let mut decisions: Vec<&Document> = documents.into_iter().filter(is_decision).collect();
    let revoked: BTreeSet<Id> = decisions.iter().filter_map(|decision| decision.fields.reference("revokes")).collect();
    decisions.retain(|decision| action(decision) != "revoke" && !revoked.contains(&decision.id));
    decisions.sort_by_key(|decision| (decision.fields.instant("decided_at"), decision.id));
    decisions.dedup_by_key(|decision| decision.id);
    decisions
}

pub fn action(decision: &Document) -> &str {
    decision.fields.text("action").unwrap_or_default()
}

/// Which party keys are one customer, or are not: no money moves by it.
pub fn is_about_identity(decision: &Document) -> bool {
    decision.fields.reference("other_customer").is_some()
}

/// The payment or bill that a decision is about.
pub fn money(decision: &Document) -> Option<Id> {
    ["payment_no", "bill_no"].iter().find_map(|field| decision.fields.reference(field))
}

/// The claim, delivery or order that a decision is about.
pub fn target(decision: &Document) -> Option<Id> {
    ["invoice_no", "shipment_no", "order_no"].iter().find_map(|field| decision.fields.reference(field))
}

/// Gives a bank line the class that a person gave it; the last word counts.
pub fn classify(line: &mut Document, in_force: &[&Document]) {
    let about_line = |decision: &&&Document| {
        action(decision) == "classify" && decision.fields.reference("payment_no") == Some(line.id)
    };
    let class = in_force.iter().rev().find(about_line).and_then(|decision| decision.fields.text("class"));
    if let Some(class) = class {
        line.fields.set("class", Value::text(class));
    }
}
