//! Several open items that together are exactly one payment.
//!
//! Bounded three times: by the items looked at, by the steps of one search, and by the steps of a whole settlement, so
//! that a customer with thousands of open items costs milliseconds. Few ways to be right by chance: whole runs in due
//! order may be short by a bank fee, arbitrary subsets must match to the cent.

use jiff::civil::Date;

/// How many open items, oldest first, a run may start and end in: more than a customer has in one accounting month.
pub(super) const RUN_ITEMS_MAX: usize = 200;
/// Steps of all subset searches of one settlement together.
pub(super) const STEPS_MAX: u32 = 400_000;
/// More combinations of one amount are not told apart anyway.
const FOUND_MAX: usize = 8;

#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub item: usize,
    pub open: i64,
    pub due_on: Date,
}

/// How often so many tries meet an amount that nobody meant, going by how coarse the amounts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Odds {
    Small,
    Some,
    Fair,
    Large,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub items: Vec<usize>,
    /// How much the payment is short of them.
    pub short: i64,
    /// All items of one due date, or the oldest ones up to some day.
    pub is_whole_group: bool,
    /// An item of another combination that is just as good.
    pub rival: Option<usize>,
    pub odds: Odds,
}

/// At least two of `candidates` (oldest first) that add up to `amount`, or to at most `tolerance` more where they are
/// the oldest, or all of one due date.
pub(super) fn find(
    amount: i64,
    tolerance: i64,
    candidates: &[Candidate],
    subset: usize,
    steps: &mut u32,
) -> Option<Found> {
    let groups = candidates.len() + candidates.chunk_by(|a, b| a.due_on == b.due_on).count();
    // Only asked when something was found, which is rare.
    let step = || candidates.iter().fold(amount, |step, candidate| gcd(step, candidate.open));
    let odds = |ways: usize, width: i64| odds(amount, width.max(step()), ways);
    if let Some(items) = whole_group(candidates, |sum| sum == i128::from(amount)) {
        return Some(Found { items, short: 0, is_whole_group: true, rival: None, odds: odds(groups, 0) });
    }
    let near = &candidates[..subset.min(candidates.len())];
    if let Some((items, rival)) = exact_subset(amount, near, steps) {
        let odds = odds(ways(near.len(), items.len()), 0);
        return Some(Found { items, short: 0, is_whole_group: false, rival, odds });
    }
    if let Some(items) = exact_run(amount, candidates) {
        let odds = odds(candidates.len() * candidates.len() / 2, 0);
        return Some(Found { items, short: 0, is_whole_group: false, rival: None, odds });
    }
    let near = |sum: i128| (1..=i128::from(tolerance)).contains(&(sum - i128::from(amount)));
    let items = whole_group(candidates, near)?;
    let sum: i64 = candidates.iter().filter(|candidate| items.contains(&candidate.item)).map(|found| found.open).sum();
    Some(Found { items, short: sum - amount, is_whole_group: true, rival: None, odds: odds(groups, tolerance) })
}

/// Amounts are multiples of `step`; `ways` of them were tried.
fn odds(amount: i64, step: i64, ways: usize) -> Odds {
    let tries = i128::from(step.max(1)) * ways.max(1) as i128;
    match i128::from(amount) / tries {
        5_000.. => Odds::Small,
        500.. => Odds::Some,
        50.. => Odds::Fair,
        _ => Odds::Large,
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// How many subsets of 2 to `size` there are among so many.
fn ways(items: usize, size: usize) -> usize {
    let mut of_size = items;
    let mut ways = 0;
    for taken in 2..=size {
        of_size = of_size * (items + 1 - taken) / taken;
        ways += of_size;
    }
    ways
}

/// All items of one due date, else the oldest ones up to one, whose sum `fits`.
fn whole_group(candidates: &[Candidate], fits: impl Fn(i128) -> bool) -> Option<Vec<usize>> {
    let sum = |members: &[Candidate]| members.iter().map(|member| i128::from(member.open)).sum::<i128>();
    let items = |members: &[Candidate]| members.iter().map(|member| member.item).collect();
    let mut groups = candidates.chunk_by(|a, b| a.due_on == b.due_on).filter(|group| group.len() > 1);
    if let Some(group) = groups.find(|group| fits(sum(group))) {
        return Some(items(group));
    }
    let mut total = 0;
    let end = candidates.iter().position(|candidate| {
        total += i128::from(candidate.open);
        fits(total)
    })?;
    (end > 0).then(|| items(&candidates[..=end]))
}

/// A run of neighbours in due order, the oldest such run.
fn exact_run(amount: i64, candidates: &[Candidate]) -> Option<Vec<usize>> {
    let amount = i128::from(amount);
    let (mut start, mut sum) = (0, 0_i128);
    for end in 0..candidates.len() {
        sum += i128::from(candidates[end].open);
        while sum > amount && start <= end {
            sum -= i128::from(candidates[start].open);
            start += 1;
        }
        if sum == amount && end > start {
            return Some(candidates[start..=end].iter().map(|candidate| candidate.item).collect());
        }
    }
    None
}

/// The fewest items, of these the oldest; and an item of the next best combination, if there is one.
fn exact_subset(amount: i64, candidates: &[Candidate], steps: &mut u32) -> Option<(Vec<usize>, Option<usize>)> {
    let mut rest = vec![0_i128; candidates.len() + 1];
    for index in (0..candidates.len()).rev() {
        rest[index] = rest[index + 1] + i128::from(candidates[index].open);
    }
    let mut search = Search { candidates, rest: &rest, steps, found: Vec::new() };
    search.descend(0, i128::from(amount), &mut Vec::new());
    search.found.sort_by_key(Vec::len);
    let items = |chosen: &Vec<usize>| chosen.iter().map(|index| candidates[*index].item).collect::<Vec<usize>>();
    let first = items(search.found.first()?);
    let second = search.found.get(1).map(items);
    let rival = second.and_then(|second| second.into_iter().find(|item| !first.contains(item)));
    Some((first, rival))
}

struct Search<'a> {
    candidates: &'a [Candidate],
    rest: &'a [i128],
    steps: &'a mut u32,
    found: Vec<Vec<usize>>,
}

impl Search<'_> {
    /// Depth first, oldest items first; sums above the amount and rests below what is missing are not entered.
    /// Recursion is as deep as there are candidates: `combination_items`, at most 255.
    fn descend(&mut self, from: usize, missing: i128, chosen: &mut Vec<usize>) {
        if missing == 0 {
            if chosen.len() > 1 {
                self.found.push(chosen.clone());
            }
            return;
        }
        let is_hopeless = missing < 0 || from == self.candidates.len() || self.rest[from] < missing;
        if is_hopeless || *self.steps == 0 || self.found.len() == FOUND_MAX {
            return;
        }
        *self.steps -= 1;
        chosen.push(from);
        self.descend(from + 1, missing - i128::from(self.candidates[from].open), chosen);
        chosen.pop();
        self.descend(from + 1, missing, chosen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fixtures::day;

    fn find_in(amount: i64, tolerance: i64, opens: &[(i64, i32)]) -> Option<(Vec<usize>, i64)> {
        let candidates: Vec<Candidate> = opens
            .iter()
            .enumerate()
            .map(|(item, (open, due))| Candidate { item, open: *open, due_on: day(*due) })
            .collect();
        find(amount, tolerance, &candidates, 12, &mut STEPS_MAX.clone()).map(|found| (found.items, found.short))
    }

    #[test]
    fn runs_and_subsets_are_found_to_the_cent() {
        let opens = [(500, 1), (300, 1), (250, 2), (700, 2)];
        assert_eq!(find_in(500 + 300, 0, &opens), Some((vec![0, 1], 0)));
        assert_eq!(find_in(300 + 250, 0, &opens), Some((vec![1, 2], 0)));
        assert_eq!(find_in(500 + 700, 0, &opens), Some((vec![0, 3], 0)));
        assert_eq!(find_in(301, 0, &opens), None);
        assert_eq!(find_in(700, 0, &[(700, 1)]), None, "one item is not a combination");
    }

    #[test]
    fn only_the_oldest_items_or_a_whole_due_date_may_be_short_by_a_fee() {
        let opens = [(500, 1), (300, 1), (250, 2), (700, 2)];
        assert_eq!(find_in(790, 15, &opens), Some((vec![0, 1], 10)));
        assert_eq!(find_in(940, 15, &opens), Some((vec![2, 3], 10)));
        assert_eq!(find_in(490, 15, &opens), None, "an arbitrary pair may not");
    }

    #[test]
    fn two_combinations_of_one_amount_are_rivals_and_coarse_amounts_meet_by_chance() {
        let of = |opens: &[i64], amount: i64| {
            let candidate = |(item, open): (usize, &i64)| Candidate { item, open: *open, due_on: day(item as i32) };
            let candidates: Vec<Candidate> = opens.iter().enumerate().map(candidate).collect();
            find(amount, 0, &candidates, 12, &mut STEPS_MAX.clone()).unwrap()
        };
        let found = of(&[500, 300, 400, 600], 1_000);
        assert_eq!((found.items, found.rival, found.odds), (vec![2, 3], None, Odds::Large));
        let found = of(&[500, 300, 400, 500, 700], 1_000);
        assert_eq!((found.items, found.rival), (vec![0, 3], Some(1)));
        assert_eq!(of(&[1_234_567, 2_000_001, 3_141_593], 4_376_160).odds, Odds::Small);
        assert_eq!(ways(12, 3), 66 + 220);
    }

    #[test]
    fn a_search_without_steps_left_gives_up() {
        let candidates: Vec<Candidate> =
            (0..60).map(|item| Candidate { item, open: 1_000 + item as i64, due_on: day(1) }).collect();
        assert_eq!(exact_subset(1, &candidates, &mut 5), None);
        assert_eq!(exact_subset(30_001, &candidates, &mut 5), None);
    }
}
