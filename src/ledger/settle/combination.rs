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

#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub item: usize,
    pub open: i64,
    pub due_on: Date,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub items: Vec<usize>,
    /// How much the payment is short of them.
    pub short: i64,
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
    exact_run(amount, candidates)
        .or_else(|| exact_subset(amount, &candidates[..subset.min(candidates.len())], steps))
        .or_else(|| short_run(amount, tolerance, candidates))
}

fn found(candidates: &[Candidate], short: i64) -> Option<Found> {
    Some(Found { items: candidates.iter().map(|candidate| candidate.item).collect(), short })
}

/// A run of neighbours in due order, the oldest such run.
fn exact_run(amount: i64, candidates: &[Candidate]) -> Option<Found> {
    let amount = i128::from(amount);
    let (mut start, mut sum) = (0, 0_i128);
    for end in 0..candidates.len() {
        sum += i128::from(candidates[end].open);
        while sum > amount && start <= end {
            sum -= i128::from(candidates[start].open);
            start += 1;
        }
        if sum == amount && end > start {
            return found(&candidates[start..=end], 0);
        }
    }
    None
}

fn short_run(amount: i64, tolerance: i64, candidates: &[Candidate]) -> Option<Found> {
    let short_of = |members: &[Candidate]| {
        let sum: i128 = members.iter().map(|candidate| i128::from(candidate.open)).sum();
        i64::try_from(sum - i128::from(amount)).ok().filter(|short| (1..=tolerance).contains(short))
    };
    let mut sum = 0_i128;
    for (index, candidate) in candidates.iter().enumerate() {
        sum += i128::from(candidate.open);
        let short = i64::try_from(sum - i128::from(amount)).unwrap_or(i64::MAX);
        if index > 0 && (1..=tolerance).contains(&short) {
            return found(&candidates[..=index], short);
        }
        if short > tolerance {
            break;
        }
    }
    candidates
        .chunk_by(|a, b| a.due_on == b.due_on)
        .filter(|group| group.len() > 1)
        .find_map(|group| found(group, short_of(group)?))
}

/// Depth first, oldest items first; sums above the amount and rests below what is missing are not entered.
fn exact_subset(amount: i64, candidates: &[Candidate], steps: &mut u32) -> Option<Found> {
    let mut rest = vec![0_i128; candidates.len() + 1];
    for index in (0..candidates.len()).rev() {
        rest[index] = rest[index + 1] + i128::from(candidates[index].open);
    }
    let mut chosen = Vec::new();
    let mut search = Search { candidates, rest: &rest, steps };
    (search.descend(0, i128::from(amount), &mut chosen) && chosen.len() > 1)
        .then(|| Found { items: chosen.iter().map(|index| candidates[*index].item).collect(), short: 0 })
}

struct Search<'a> {
    candidates: &'a [Candidate],
    rest: &'a [i128],
    steps: &'a mut u32,
}

impl Search<'_> {
    /// Recursion is as deep as there are candidates: `combination_items`, at most 255.
    fn descend(&mut self, from: usize, missing: i128, chosen: &mut Vec<usize>) -> bool {
        if missing == 0 {
            return true;
        }
        if missing < 0 || from == self.candidates.len() || self.rest[from] < missing || *self.steps == 0 {
            return false;
        }
        *self.steps -= 1;
        chosen.push(from);
        if self.descend(from + 1, missing - i128::from(self.candidates[from].open), chosen) {
            return true;
        }
        chosen.pop();
        self.descend(from + 1, missing, chosen)
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
    fn a_search_without_steps_left_gives_up() {
        let candidates: Vec<Candidate> =
            (0..60).map(|item| Candidate { item, open: 1_000 + item as i64, due_on: day(1) }).collect();
        assert_eq!(exact_subset(1, &candidates, &mut 5), None);
        assert_eq!(exact_subset(30_001, &candidates, &mut 5), None);
    }
}
