//! Components: link edges minus what people keep apart, edges added in the order (strength, key), each checked against
//! the component that it would make.
//!
//! Why in one fixed order: an edge may be refused because of what is joined already, so only a fixed order makes the
//! result a function of the set of keys and decisions, not of how they arrived. Not every pair is an edge: within one
//! number or name each key meets one key of every part that the group has so far, which comes to the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::PartyKey;
use super::cluster::Sets;
use super::number::{Number, taxpayer};
use crate::domain::Id;
use crate::ledger::{Document, decision};

/// Why two keys are one, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// A person said so.
    Decision,
    CreditCode,
    TaxNumber,
    LegalName,
}

/// What a person decided about two keys, and nobody took back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    pub decision: Id,
    pub decided_at: Timestamp,
    pub a: Id,
    pub b: Id,
    /// `split` instead of `link`.
    pub apart: bool,
}

impl Decided {
    /// What a decision says about two keys; `None` for decisions about other things.
    pub fn of(decision: &Document) -> Option<Self> {
        let apart = match decision::action(decision) {
            "link" => false,
            "split" => true,
            _ => return None,
        };
        Some(Self {
            decision: decision.id,
            decided_at: decision.fields.instant("decided_at")?,
            a: decision.fields.reference("customer")?,
            b: decision.fields.reference("other_customer")?,
            apart,
        })
    }
}

/// Two keys that are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    pub strength: Strength,
    pub a: Id,
    pub b: Id,
    pub decision: Option<Id>,
}

/// Why a rule that would link did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Because {
    /// A decision keeps two keys of the would-be component apart.
    Split(Id),
    /// The two sides carry different valid numbers.
    NumbersDiffer,
    /// Keys of this name carry different valid numbers, so the name does not say which company it is.
    NameOfSeveral,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    pub edge: Edge,
    pub because: Because,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Linked {
    /// Every key is in exactly one; members sorted, components sorted by their first member.
    pub components: Vec<Vec<Id>>,
    pub edges: Vec<Edge>,
    pub refused: Vec<Refused>,
}

impl Linked {
    /// The first member of each key's component, which names it as long as it stands.
    pub fn component_of(&self) -> HashMap<Id, Id> {
        let members = self.components.iter().filter_map(|members| Some((members, *members.first()?)));
        members.flat_map(|(members, first)| members.iter().map(move |id| (*id, first))).collect()
    }
}

/// Links party keys. `keys` must be closed: whoever shares a linking number, a legal name or a decision is in it too.
pub fn link(keys: &[PartyKey], decided: &[Decided]) -> Linked {
    let mut sorted: Vec<&PartyKey> = keys.iter().collect();
    sorted.sort_by_key(|key| key.id);
    sorted.dedup_by_key(|key| key.id);
    let mut linker = Linker::new(&sorted, decided);
    linker.join_decided(decided);
    linker.join_equal(&sorted, Strength::CreditCode, |key| credit_code(key));
    linker.join_equal(&sorted, Strength::TaxNumber, |key| tax_number(key));
    let several = linker.names_of_several(&sorted);
    linker.join_equal(&sorted, Strength::LegalName, |key| {
        key.legal_name.as_deref().filter(|name| !several.contains(name))
    });
    linker.refuse_several(&sorted, &several);
    linker.finish(&sorted)
}

fn credit_code(key: &PartyKey) -> Option<&str> {
    key.number.as_ref().filter(|number| matches!(number, Number::CreditCode(_))).map(Number::text)
}

fn tax_number(key: &PartyKey) -> Option<&str> {
    key.number.as_ref().filter(|number| matches!(number, Number::TaxNumber(_))).map(Number::text)
}

/// Sets of keys whose roots know what their component must not swallow.
struct Linker<'a> {
    sets: Sets,
    /// By root: the valid numbers of the component, the taxpayer part.
    numbers: Vec<BTreeSet<&'a str>>,
    /// By root: splits that have an end in the component.
    splits: Vec<Vec<usize>>,
    apart: Vec<(usize, usize, Id)>,
    index: HashMap<Id, usize>,
    edges: Vec<Edge>,
    refused: Vec<Refused>,
}

impl<'a> Linker<'a> {
    fn new(sorted: &[&'a PartyKey], decided: &[Decided]) -> Self {
        let index: HashMap<Id, usize> = sorted.iter().enumerate().map(|(index, key)| (key.id, index)).collect();
        let newest = newest(decided);
        let mut splits = vec![Vec::new(); sorted.len()];
        let mut apart = Vec::new();
        for split in newest.iter().filter(|decision| decision.apart) {
            if let (Some(&a), Some(&b)) = (index.get(&split.a), index.get(&split.b)) {
                splits[a].push(apart.len());
                splits[b].push(apart.len());
                apart.push((a, b, split.decision));
            }
        }
        Self {
            sets: Sets::new(sorted.len()),
            numbers: sorted.iter().map(|key| key.linking_number().map(taxpayer).into_iter().collect()).collect(),
            splits,
            apart,
            index,
            edges: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// The newest word first: where two decisions cannot both hold, the later one does.
    fn join_decided(&mut self, decided: &[Decided]) {
        for link in newest(decided).iter().filter(|decision| !decision.apart) {
            let (Some(&a), Some(&b)) = (self.index.get(&link.a), self.index.get(&link.b)) else { continue };
            let edge = Edge { strength: Strength::Decision, a: link.a, b: link.b, decision: Some(link.decision) };
            self.join(a.min(b), a.max(b), edge);
        }
    }

    /// Joins keys whose `value` is equal: each in turn to the parts of its group that take it.
    fn join_equal(
        &mut self,
        sorted: &[&'a PartyKey],
        strength: Strength,
        value: impl Fn(&'a PartyKey) -> Option<&'a str>,
    ) {
        let mut groups: HashMap<&str, Vec<usize>> = HashMap::new();
        for (b, key) in sorted.iter().enumerate() {
            let Some(value) = value(key) else { continue };
            let parts = groups.entry(value).or_default();
            let edge = |a: &usize| Edge { strength, a: sorted[*a].id, b: key.id, decision: None };
            // Every part is asked, also after one took it: what joined may bring two parts together.
            if parts.iter().filter(|a| self.join(**a, b, edge(a))).count() == 0 {
                parts.push(b);
            }
        }
    }

    /// Whether the two are one afterwards.
    fn join(&mut self, a: usize, b: usize, edge: Edge) -> bool {
        let (root_a, root_b) = (self.root(a), self.root(b));
        if root_a == root_b {
            self.edges.push(edge);
            return true;
        }
        if let Some(because) = self.objection(root_a, root_b, edge.strength) {
            self.refused.push(Refused { edge, because });
            return false;
        }
        let (keep, gone) = self.sets.join(root_a, root_b);
        let (numbers, splits) = (std::mem::take(&mut self.numbers[gone]), std::mem::take(&mut self.splits[gone]));
        self.numbers[keep].extend(numbers);
        self.splits[keep].extend(splits);
        self.edges.push(edge);
        true
    }

    fn objection(&mut self, root_a: usize, root_b: usize, strength: Strength) -> Option<Because> {
        let fewer = if self.splits[root_a].len() < self.splits[root_b].len() { root_a } else { root_b };
        for split in self.splits[fewer].clone() {
            let (a, b, decision) = self.apart[split];
            let ends = [self.root(a), self.root(b)];
            if ends == [root_a, root_b] || ends == [root_b, root_a] {
                return Some(Because::Split(decision));
            }
        }
        let (a, b) = (&self.numbers[root_a], &self.numbers[root_b]);
        // A person may join two numbers; what is joined then takes either, and no third.
        let agree = strength == Strength::Decision || a.is_subset(b) || b.is_subset(a);
        (!agree).then_some(Because::NumbersDiffer)
    }

    /// Names whose keys are known to be more than one company: parts of them that carry numbers may not join.
    fn names_of_several(&mut self, sorted: &[&'a PartyKey]) -> BTreeSet<&'a str> {
        let mut parts: HashMap<&str, BTreeSet<usize>> = HashMap::new();
        for (index, key) in sorted.iter().enumerate() {
            let root = self.root(index);
            if let Some(name) = key.legal_name.as_deref().filter(|_| !self.numbers[root].is_empty()) {
                parts.entry(name).or_default().insert(root);
            }
        }
        let mut several = BTreeSet::new();
        for (name, roots) in parts {
            let roots: Vec<usize> = roots.into_iter().collect();
            let mut pairs = roots.iter().enumerate().flat_map(|(at, b)| roots[..at].iter().map(move |a| (*a, *b)));
            if pairs.any(|(a, b)| self.objection(a, b, Strength::LegalName).is_some()) {
                several.insert(name);
            }
        }
        several
    }

    /// One chain of refusals a name, not every pair: a name on ten thousand keys stays readable.
    fn refuse_several(&mut self, sorted: &[&'a PartyKey], several: &BTreeSet<&'a str>) {
        let mut last: HashMap<&str, usize> = HashMap::new();
        for (b, key) in sorted.iter().enumerate() {
            let Some(name) = key.legal_name.as_deref().filter(|name| several.contains(name)) else { continue };
            let Some(a) = last.insert(name, b) else { continue };
            let edge = Edge { strength: Strength::LegalName, a: sorted[a].id, b: key.id, decision: None };
            if self.root(a) == self.root(b) {
                self.edges.push(edge);
            } else {
                self.refused.push(Refused { edge, because: Because::NameOfSeveral });
            }
        }
    }

    fn root(&mut self, index: usize) -> usize {
        self.sets.root(index)
    }

    fn finish(mut self, sorted: &[&'a PartyKey]) -> Linked {
        let mut components: BTreeMap<usize, Vec<Id>> = BTreeMap::new();
        for (index, key) in sorted.iter().enumerate() {
            components.entry(self.root(index)).or_default().push(key.id);
        }
        self.edges.sort_unstable();
        self.refused.sort_unstable();
        Linked { components: components.into_values().collect(), edges: self.edges, refused: self.refused }
    }
}

/// The last word about each pair, the newest first.
fn newest(decided: &[Decided]) -> Vec<&Decided> {
    let mut sorted: Vec<&Decided> = decided.iter().filter(|decision| decision.a != decision.b).collect();
    sorted.sort_by_key(|decision| std::cmp::Reverse((decision.decided_at, decision.decision)));
    let mut pairs = BTreeSet::new();
    sorted.retain(|decision| pairs.insert((decision.a.min(decision.b), decision.a.max(decision.b))));
    sorted
}

#[cfg(test)]
mod tests;
