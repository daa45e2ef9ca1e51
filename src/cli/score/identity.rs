//! `bihuan score-identity`: how right identity is on made-up companies whose truth is known, and how long a new key takes.
//!
//! Figures are printed and recorded in `docs/identity.md`; that no link is false, and that what should be proposed is, a
//! test asserts below.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use crate::domain::Id;
use crate::ledger::identity::{Directory, PartyKey, link};
use crate::ledger::{Document, Role};
use crate::sim::namesakes::{Alias, Namesake, namesakes};

/// The set that words and points are looked at with.
pub const TUNING_SEED: u64 = 20_260_302;
/// The set whose figures are printed; nothing is tuned on it.
pub const PRINTED_SEED: u64 = 20_261_130;
/// Keys of the directory that a new key is looked up in, and how many are.
const LARGE: usize = 100_000;
const NEW_KEYS: usize = 1_000;

/// What came of one set.
#[derive(Debug, Default)]
struct Score {
    keys: usize,
    companies: usize,
    /// Keys that are in one component with a key of another company.
    false_links: usize,
    /// Joins that would make every company one component, and how many of them a rule made.
    joins: usize,
    linked: usize,
    /// Of the joins that no rule made, those that a person can make by accepting proposals.
    proposed: usize,
    proposals: usize,
    right_proposals: usize,
    /// Keys that neither a rule nor a proposal leads to their company, by how they are written.
    lost: BTreeMap<Alias, usize>,
}

pub fn run(tuning: bool, keys: usize) -> String {
    let seed = if tuning { TUNING_SEED } else { PRINTED_SEED };
    let score = score(&namesakes(seed, keys));
    format!("{}\n{}", text(seed, &score), latency(seed))
}

fn key_of(namesake: &Namesake) -> Option<PartyKey> {
    let fact = &namesake.fact;
    PartyKey::of(&Document {
        id: Id::of(&fact.book, fact.kind, &fact.numbering, &fact.number),
        kind: fact.kind,
        book: fact.book.clone(),
        numbering: fact.numbering.clone(),
        number: fact.number.clone(),
        role: Role::Booked,
        fields: fact.fields.clone(),
        lines: Vec::new(),
    })
}

fn score(set: &[Namesake]) -> Score {
    let keys: Vec<PartyKey> = set.iter().filter_map(key_of).collect();
    let truth: HashMap<Id, &Namesake> = keys.iter().map(|key| key.id).zip(set).collect();
    let linked = link(&keys, &[]);
    let component = linked.component_of();
    let proposals = Directory::of(keys).proposals(&component, &[]);
    let company = |id: Id| truth.get(&id).map(|namesake| namesake.company);
    let mut score = Score { keys: set.len(), proposals: proposals.len(), ..Score::default() };
    let companies: BTreeSet<usize> = set.iter().map(|namesake| namesake.company).collect();
    score.companies = companies.len();
    score.joins = set.len() - companies.len();
    for members in &linked.components {
        let first = company(members[0]);
        score.false_links += members.iter().filter(|member| company(**member) != first).count();
        score.linked += members.len() - 1;
    }
    // What a person would make of the proposals: accepts those that are right.
    let mut groups = Groups(component);
    for proposal in proposals.iter().filter(|proposal| company(proposal.a) == company(proposal.b)) {
        score.right_proposals += 1;
        score.proposed += usize::from(groups.join(proposal.a, proposal.b));
    }
    score.lost = lost(&truth, &mut groups);
    score
}

/// Keys outside the largest part of their company.
fn lost(truth: &HashMap<Id, &Namesake>, groups: &mut Groups) -> BTreeMap<Alias, usize> {
    let mut parts: BTreeMap<usize, BTreeMap<Id, Vec<Alias>>> = BTreeMap::new();
    for (id, namesake) in truth {
        let part = groups.root(*id);
        parts.entry(namesake.company).or_default().entry(part).or_default().push(namesake.alias);
    }
    let mut lost = BTreeMap::new();
    for parts in parts.into_values() {
        let mut parts: Vec<Vec<Alias>> = parts.into_values().collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
        for alias in parts.into_iter().skip(1).flatten() {
            *lost.entry(alias).or_default() += 1;
        }
    }
    lost
}

/// Components under the proposals that were accepted.
struct Groups(HashMap<Id, Id>);

impl Groups {
    fn root(&self, mut id: Id) -> Id {
        while let Some(&parent) = self.0.get(&id).filter(|parent| **parent != id) {
            id = parent;
        }
        id
    }

    /// Whether the two were apart.
    fn join(&mut self, a: Id, b: Id) -> bool {
        let (a, b) = (self.root(a), self.root(b));
        self.0.insert(a.max(b), a.min(b));
        a != b
    }
}

fn text(seed: u64, score: &Score) -> String {
    let open = score.joins - score.linked.min(score.joins);
    let lost: Vec<String> = score.lost.iter().map(|(alias, count)| format!("{alias:?} {count}")).collect();
    format!(
        "种子 seed {seed} · 编码 keys {} · 公司 companies {}\n\
         自动关联 linked by rule: {} 错误 false {} · 占应合并 of all joins {}\n\
         其余由建议找回 of the rest proposed (recall): {} ({} / {open})\n\
         建议 proposals: {} · 其中正确 right {}\n\
         未找回 lost: {}\n",
        score.keys,
        score.companies,
        score.linked,
        score.false_links,
        share(score.linked, score.joins),
        share(score.proposed, open),
        score.proposed,
        score.proposals,
        share(score.right_proposals, score.proposals),
        lost.join(" · "),
    )
}

/// `99.95 %`, cut and not rounded.
fn share(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let hundredths = part * 10_000 / whole;
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

/// A new key against a large directory: read, find its neighbours, weigh them, add it.
fn latency(seed: u64) -> String {
    let set = namesakes(seed, LARGE + NEW_KEYS);
    let (known, new) = set.split_at(LARGE);
    let start = Instant::now();
    let mut directory = Directory::of(known.iter().filter_map(key_of));
    let built = start.elapsed();
    let mut times: Vec<Duration> = Vec::new();
    let mut near = 0;
    for namesake in new {
        let start = Instant::now();
        let Some(key) = key_of(namesake) else { continue };
        near += directory.near(&key).len();
        directory.add(key);
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let at =
        |per_mille: usize| times.get(times.len().saturating_sub(1) * per_mille / 1000).map_or(0, Duration::as_micros);
    format!(
        "{LARGE} 个编码的索引 index built in {} ms · 新编码 a new key: p50 {} µs · p99 {} µs · 最长 max {} µs · \
         邻居 neighbours {}\n",
        built.as_millis(),
        at(500),
        at(990),
        at(1000),
        near / times.len().max(1),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Hash;
    use crate::ledger::identity::CLUE_RULES;

    /// Enough for some hundred of every way to write a name.
    const KEYS: usize = 6_000;

    #[test]
    fn no_link_is_false_and_what_no_rule_links_is_proposed() {
        for seed in [TUNING_SEED, PRINTED_SEED] {
            let score = score(&namesakes(seed, KEYS));
            println!("{}", text(seed, &score));
            assert_eq!(score.false_links, 0, "seed {seed}");
            let open = score.joins - score.linked;
            assert!(open > 500, "seed {seed}: the set is too easy, {open} joins are left to proposals");
            assert!(score.proposed * 100 >= open * 95, "seed {seed}: {} of {open}", score.proposed);
        }
    }

    #[test]
    fn clues_that_read_otherwise_have_rules_of_another_number() {
        let clues: Vec<String> = namesakes(TUNING_SEED, 500)
            .iter()
            .filter_map(key_of)
            .flat_map(|key| key.clues)
            .map(|clue| clue.text().to_owned())
            .collect();
        let hash = Hash::of(clues.join("\n").as_bytes()).to_string();
        // Both change together: stored clues are made again only where the number of the rules is another.
        insta::assert_snapshot!(format!("rules {CLUE_RULES}: {hash}"));
    }
}
