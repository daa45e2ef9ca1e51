//! Keys that some rule or decision ties together, whether or not they may be one company.
//!
//! Why: a component never reaches beyond its cluster, and no edge of a cluster depends on another cluster. So when a key
//! changes, linking its old and new clusters again gives the same as linking everything again.

use std::collections::HashMap;

use super::{Decided, PartyKey};
use crate::domain::Id;

/// A union–find over positions; the root of a set is its smallest member.
#[derive(Debug, Clone)]
pub(super) struct Sets(Vec<usize>);

impl Sets {
    pub fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    /// With path halving.
    pub fn root(&mut self, mut index: usize) -> usize {
        while self.0[index] != index {
            self.0[index] = self.0[self.0[index]];
            index = self.0[index];
        }
        index
    }

    /// Joins two sets; returns the root that stays and the one that goes.
    pub fn join(&mut self, a: usize, b: usize) -> (usize, usize) {
        let (a, b) = (self.root(a), self.root(b));
        let (keep, gone) = (a.min(b), a.max(b));
        self.0[gone] = keep;
        (keep, gone)
    }
}

/// The first member of each key's cluster.
pub fn clusters(keys: &[PartyKey], decided: &[Decided]) -> HashMap<Id, Id> {
    let mut ids: Vec<Id> = keys.iter().map(|key| key.id).collect();
    ids.sort_unstable();
    let at: HashMap<Id, usize> = ids.iter().enumerate().map(|(index, id)| (*id, index)).collect();
    let mut sets = Sets::new(ids.len());
    let mut first: HashMap<(u8, &str), usize> = HashMap::new();
    for key in keys {
        let ties = [(0, key.linking_number()), (1, key.legal_name.as_deref())];
        for (rule, value) in ties.into_iter().filter_map(|(rule, value)| Some((rule, value?))) {
            let other = *first.entry((rule, value)).or_insert(at[&key.id]);
            sets.join(other, at[&key.id]);
        }
    }
    for said in decided {
        if let (Some(a), Some(b)) = (at.get(&said.a), at.get(&said.b)) {
            sets.join(*a, *b);
        }
    }
    ids.iter().enumerate().map(|(index, id)| (*id, ids[sets.root(index)])).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fixtures::{TAX_A, TAX_B, party};
    use super::super::{Decided, link};
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn keys_that_a_rule_ties_share_a_cluster_also_where_they_may_not_be_one() {
        let keys =
            [party(1, "甲贸易有限公司", TAX_A, &[]), party(2, "甲贸易有限公司", TAX_B, &[]), party(3, "乙", "", &[])];
        let clusters = clusters(&keys, &[]);
        assert_eq!([clusters[&keys[0].id], clusters[&keys[1].id], clusters[&keys[2].id]].map(|id| id.0[0]), [1, 1, 3]);
    }

    proptest! {
        #[test]
        fn linking_cluster_by_cluster_is_linking_everything(
            names in prop::collection::vec((0..5_usize, 0..4_usize), 1..12),
            said in prop::collection::vec((1..12_u8, 1..12_u8, any::<bool>()), 0..5),
        ) {
            let keys: Vec<PartyKey> = names.iter().enumerate().map(|(at, (name, tax))| {
                let name = ["甲贸易有限公司", "乙贸易有限公司", "丙贸易有限公司", "丁贸易有限公司", "戊"][*name];
                party(at as u8 + 1, name, ["", TAX_A, TAX_B, ""][*tax], &[])
            }).collect();
            let decided: Vec<Decided> = said.iter().enumerate().map(|(at, (a, b, apart))| Decided {
                decision: Id([100 + at as u8; 16]),
                decided_at: Timestamp::UNIX_EPOCH,
                a: Id([*a; 16]),
                b: Id([*b; 16]),
                apart: *apart,
            }).collect();
            let clusters = clusters(&keys, &decided);
            let mut roots: Vec<Id> = clusters.values().copied().collect();
            roots.sort_unstable();
            roots.dedup();
            let mut components = Vec::new();
            for root in roots {
                let own: Vec<PartyKey> = keys.iter().filter(|key| clusters[&key.id] == root).cloned().collect();
                components.extend(link(&own, &decided).components);
            }
            components.sort_unstable();
            prop_assert_eq!(components, link(&keys, &decided).components);
        }
    }
}
