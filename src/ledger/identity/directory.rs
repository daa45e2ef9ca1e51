//! Which keys are worth weighing against each other: those that share a clue which not too many share.
//!
//! Why an index: a hundred thousand keys have five thousand million pairs, and a new key has a handful of neighbours.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::propose::{Clue, Evidence, MAX_SHARED, evidence};
use super::{Decided, PartyKey};
use crate::domain::Id;

/// Keys by clue.
#[derive(Debug, Default)]
pub struct Directory {
    keys: Vec<PartyKey>,
    by_clue: HashMap<Clue, Vec<usize>>,
    /// Clues that say nothing, though few of the keys that are here share them.
    mute: HashSet<Clue>,
}

/// Two keys of two components that may be one company; a person decides. `a < b`, the pair that says most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    pub a: Id,
    pub b: Id,
    pub evidence: Evidence,
}

impl Directory {
    pub fn of(keys: impl IntoIterator<Item = PartyKey>) -> Self {
        let mut directory = Self::default();
        keys.into_iter().for_each(|key| directory.add(key));
        directory
    }

    /// For a directory of some keys only: clues of which it is known that too many share them.
    pub fn muting(mut self, clues: impl IntoIterator<Item = Clue>) -> Self {
        self.mute.extend(clues);
        self
    }

    pub fn add(&mut self, key: PartyKey) {
        for clue in &key.clues {
            self.by_clue.entry(clue.clone()).or_default().push(self.keys.len());
        }
        self.keys.push(key);
    }

    fn is_telling(&self, clue: &Clue) -> bool {
        !self.mute.contains(clue) && self.by_clue.get(clue).is_some_and(|members| members.len() <= MAX_SHARED)
    }

    /// The keys that share a telling clue with `key`, and what the two have in common; the weightiest first.
    pub fn near(&self, key: &PartyKey) -> Vec<(&PartyKey, Evidence)> {
        let telling = key.clues.iter().filter(|clue| self.is_telling(clue));
        let near: BTreeSet<usize> = telling.filter_map(|clue| self.by_clue.get(clue)).flatten().copied().collect();
        let others = near.into_iter().map(|index| &self.keys[index]).filter(|other| other.id != key.id);
        let mut weighed: Vec<(&PartyKey, Evidence)> =
            others.map(|other| (other, evidence(key, other, |clue| self.is_telling(clue)))).collect();
        weighed.sort_by_key(|(other, evidence)| (std::cmp::Reverse(evidence.points), other.id));
        weighed
    }

    /// What is proposed about all keys, whose components are given: one pair for every two components that no decision
    /// keeps apart; the weightiest first.
    pub fn proposals(&self, component: &HashMap<Id, Id>, decided: &[Decided]) -> Vec<Proposal> {
        self.proposals_about(|_| true, component, decided)
    }

    /// As [`Directory::proposals`], of pairs one side of which is asked about.
    pub fn proposals_about(
        &self,
        is_asked: impl Fn(Id) -> bool,
        component: &HashMap<Id, Id>,
        decided: &[Decided],
    ) -> Vec<Proposal> {
        let pair = |a: Id, b: Id| component.get(&a).zip(component.get(&b)).map(|(a, b)| (*a.min(b), *a.max(b)));
        let apart: BTreeSet<(Id, Id)> =
            decided.iter().filter(|split| split.apart).filter_map(|split| pair(split.a, split.b)).collect();
        let mut best: BTreeMap<(Id, Id), Proposal> = BTreeMap::new();
        for key in self.keys.iter().filter(|key| is_asked(key.id)) {
            for (other, evidence) in self.near(key) {
                let Some(ends) = pair(key.id, other.id).filter(|(a, b)| a != b) else { continue };
                let comes_again = key.id > other.id && is_asked(other.id);
                if comes_again || apart.contains(&ends) || !evidence.is_proposed() {
                    continue;
                }
                let proposal = Proposal { a: key.id.min(other.id), b: key.id.max(other.id), evidence };
                let known = best.entry(ends).or_insert_with(|| proposal.clone());
                if order(&proposal) < order(known) {
                    *known = proposal;
                }
            }
        }
        let mut proposals: Vec<Proposal> = best.into_values().collect();
        proposals.sort_by_key(order);
        proposals
    }
}

fn order(proposal: &Proposal) -> (std::cmp::Reverse<i32>, Id, Id) {
    (std::cmp::Reverse(proposal.evidence.points), proposal.a, proposal.b)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{TAX_A, TAX_B, party};
    use super::super::{MAX_SHARED, PROPOSE_AT, Reason, link};
    use super::*;
    use jiff::Timestamp;

    /// `A-B points` of everything that is proposed.
    fn proposed(keys: &[PartyKey], decided: &[Decided]) -> Vec<String> {
        let proposals =
            |keys: &[PartyKey]| Directory::of(keys.to_vec()).proposals(&link(keys, decided).component_of(), decided);
        let mut reversed = keys.to_vec();
        reversed.reverse();
        assert_eq!(proposals(keys), proposals(&reversed), "any order proposes the same");
        let line = |proposal: Proposal| format!("{}-{} {}", proposal.a.0[0], proposal.b.0[0], proposal.evidence.points);
        proposals(keys).into_iter().map(line).collect()
    }

    #[test]
    fn a_short_name_is_proposed_to_every_sibling_and_siblings_are_not_proposed_to_each_other() {
        let keys = [
            party(1, "深圳市远航电子有限公司", TAX_A, &[]),
            party(2, "东莞市远航电子有限公司", "", &[]),
            party(3, "远航电子（香港）有限公司", "", &[]),
            party(4, "远航电子", "", &[]),
            party(5, "深圳远航", "", &[]),
        ];
        assert_eq!(proposed(&keys, &[]), ["1-4 45", "1-5 45", "2-4 45", "3-4 45", "4-5 40"]);
    }

    #[test]
    fn what_one_writes_differently_is_proposed() {
        for (name, other) in [
            ("深圳市远航电子有限公司", "深圳市远航电子有限责任公司"),
            ("深圳市远航电子有限公司", "深圳市远航电子有限公司（已停用）"),
            ("深圳市远航电子有限公司", "远航电子（深圳）有限公司"),
            ("深圳市远航电子有限公司", "深圳市远航电子有限公司东莞分公司"),
            ("Voyage Electronics (HK) Co., Ltd.", "VOYAGE ELECTRONICS (HONG KONG) LIMITED"),
            ("远航电子有限公司 VOYAGE ELECTRONICS LTD", "Voyage Electronics Limited"),
        ] {
            let keys = [party(1, name, "", &[]), party(2, other, "", &[])];
            assert_eq!(proposed(&keys, &[]).len(), 1, "{name} and {other}");
        }
    }

    #[test]
    fn contact_details_and_numbers_that_prove_nothing_propose() {
        for (field, value) in
            [("phone", "+86 755-2688 1234"), ("email", "ap@voyage.hk"), ("bank_account", "0755 9000 1231")]
        {
            let keys =
                [party(1, "远航电子有限公司", "", &[(field, value)]), party(2, "VOYAGE LTD", "", &[(field, value)])];
            assert_eq!(proposed(&keys, &[]).len(), 1, "{field}");
        }
        for number in ["58123456", "91350100M000100Y44"] {
            let keys = [party(1, "远航电子有限公司", number, &[]), party(2, "VOYAGE LTD", number, &[])];
            assert_eq!(proposed(&keys, &[]).len(), 1, "{number}");
        }
    }

    #[test]
    fn conflicting_strong_keys_propose() {
        let keys = [party(1, "远航电子有限公司", TAX_A, &[]), party(2, "远航电子有限公司", TAX_B, &[])];
        let directory = Directory::of(keys.to_vec());
        let proposals = directory.proposals(&link(&keys, &[]).component_of(), &[]);
        assert_eq!(proposals[0].evidence.reasons, [Reason::SameName, Reason::NumbersDiffer]);
        assert!(proposals[0].evidence.points >= PROPOSE_AT);
    }

    #[test]
    fn what_a_person_split_is_not_proposed_again() {
        let keys = [party(1, "深圳市远航电子有限公司", "", &[]), party(2, "远航电子", "", &[])];
        let (a, b) = (keys[0].id, keys[1].id);
        let split = Decided { decision: Id([9; 16]), decided_at: Timestamp::UNIX_EPOCH, a, b, apart: true };
        assert_eq!(proposed(&keys, &[]).len(), 1);
        assert_eq!(proposed(&keys, &[split]).len(), 0);
    }

    #[test]
    fn a_telephone_that_everybody_has_says_nothing() {
        let many = |count: usize| -> Vec<PartyKey> {
            let name = |number: usize| {
                format!("{}{}贸易有限公司", ["甲", "乙", "丙", "丁", "戊", "己", "庚"][number % 7], number)
            };
            (1..=count).map(|number| party(number as u8, &name(number), "", &[("phone", "075526881234")])).collect()
        };
        assert_eq!(proposed(&many(MAX_SHARED), &[]).len(), MAX_SHARED * (MAX_SHARED - 1) / 2);
        assert_eq!(proposed(&many(MAX_SHARED + 1), &[]).len(), 0);
    }
}
