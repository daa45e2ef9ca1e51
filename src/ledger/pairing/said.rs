//! Which bank line people said is, or is not, which receipt.
//!
//! Why it may cross amounts: a person sees that 9,980.00 in the bank is the 10,000.00 that finance booked; no rule may.

use std::collections::HashSet;

use crate::domain::Id;
use crate::ledger::Document;
use crate::ledger::decision::action;

/// The last word about each bank line and receipt.
#[derive(Debug, Default)]
pub struct Said {
    /// (bank line, receipt), each in at most one.
    pub together: Vec<(Id, Id)>,
    pub apart: HashSet<(Id, Id)>,
}

impl Said {
    /// From decisions that stand, in the order in which they were made.
    pub fn of(in_force: &[&Document]) -> Self {
        let mut said = Self::default();
        for decision in in_force {
            let named = ["evidence_no", "payment_no"].map(|field| decision.fields.reference(field));
            let [Some(line), Some(receipt)] = named else { continue };
            match action(decision) {
                "pair" => {
                    said.together.retain(|pair| pair.0 != line && pair.1 != receipt);
                    said.together.push((line, receipt));
                    said.apart.remove(&(line, receipt));
                }
                "unpair" => {
                    said.together.retain(|pair| *pair != (line, receipt));
                    said.apart.insert((line, receipt));
                }
                _ => {}
            }
        }
        said
    }
}
