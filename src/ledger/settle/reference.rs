//! Document numbers in remittance texts, as people type them.
//!
//! Why a table of the party's own numbers and no pattern: a pattern finds every number of eight digits, a table only
//! those that mean something here. Slips that are forgiven: full-width letters and digits, lower case, spaces, hyphens
//! and colons inside a number, the letter O for a zero; where only one number can be meant, also dropped zeros, or the
//! digits without their prefix.
//!
//! The table is made for the texts that will be asked about: a party has tens of thousands of numbers and its texts mean a
//! few hundred of them, so the others are looked at and not kept.

use std::collections::{HashMap, HashSet};

use crate::domain::text::half_width;
use crate::domain::{Id, IdSet};

/// Longer texts are cut: bank formats allow some 140 characters, chat copies rarely more.
const TEXT_CHARACTERS_MAX: usize = 500;
/// A number may be typed in so many pieces (`SO 2601 0001`).
const PIECES_MAX: usize = 4;
/// Shorter numbers, in a document or in a text, are not recognized: too much looks like them.
const NUMBER_MIN: usize = 4;
/// A number must have so many characters that are not zeros to be recognized with zeros dropped.
const SIGNIFICANT_MIN: usize = 3;
/// Digits without their prefix count from this length on; shorter ones are amounts, dates and phone extensions.
const BARE_DIGITS_MIN: usize = 6;

/// What a number means: one id, or several documents that share it.
pub(super) struct Numbers {
    /// Everything that the texts may say, also without zeros.
    readings: HashSet<String>,
    /// The same id is the same number.
    seen: IdSet,
    exact: HashMap<String, Vec<Id>>,
    /// `None`: two numbers look alike without zeros.
    without_zeros: HashMap<String, Option<String>>,
    bare_digits: HashMap<String, Option<String>>,
}

impl Numbers {
    /// Without numbers yet; for these texts and no others.
    pub fn for_texts(texts: &[&str]) -> Self {
        let mut readings = HashSet::new();
        for text in texts {
            let text = upper(text);
            for chain in chains(&text) {
                for start in 0..chain.len() {
                    for typed in joined(&chain[start..]) {
                        readings.insert(without_zeros(&typed));
                        readings.insert(typed);
                    }
                }
            }
        }
        let (exact, without_zeros, bare_digits) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { readings, seen: IdSet::default(), exact, without_zeros, bare_digits }
    }

    pub fn add(&mut self, number: &str, id: Id) {
        if !self.seen.insert(id) {
            return;
        }
        let exact = if number.is_ascii() { canonical(number) } else { canonical(&half_width(number).to_uppercase()) };
        if exact.len() < NUMBER_MIN {
            return;
        }
        let prefix = exact.len() - digits_at_end(number);
        let (digits, without_zeros) = (&exact[prefix..], without_zeros(&exact));
        // Who types it as it is also types it without its zeros.
        let is_typed =
            self.readings.contains(&without_zeros) || digits.len() >= BARE_DIGITS_MIN && self.readings.contains(digits);
        if !is_typed {
            return;
        }
        let ids = self.exact.entry(exact.clone()).or_default();
        ids.push(id);
        ids.sort_unstable();
        remember(&mut self.without_zeros, without_zeros, SIGNIFICANT_MIN, &exact);
        remember(&mut self.bare_digits, digits.to_owned(), BARE_DIGITS_MIN, &exact);
    }

    /// The documents that `text` names, in the order in which it names them, and whether a slip had to be forgiven that
    /// leaves something out.
    pub fn find(&self, text: &str) -> Vec<(Id, bool)> {
        let text = upper(text);
        let mut found: Vec<(Id, bool)> = Vec::new();
        for chain in chains(&text) {
            let mut start = 0;
            while start < chain.len() {
                let hit = self.hit(&chain[start..]);
                let Some(Hit { pieces, ids, has_slip }) = hit else {
                    start += 1;
                    continue;
                };
                start += pieces;
                for id in ids {
                    if !found.iter().any(|(known, _)| known == id) {
                        found.push((*id, has_slip));
                    }
                }
            }
        }
        found
    }

    /// What the most of the first `pieces` mean, and how many of them that takes; the strictest reading first.
    fn hit(&self, pieces: &[&str]) -> Option<Hit<'_>> {
        let joined = joined(pieces);
        let longest = joined.iter().enumerate().rev().map(|(index, number)| (index + 1, number));
        let exact = longest.clone().find_map(|(pieces, number)| {
            let ids = self.exact.get(number)?;
            Some(Hit { pieces, ids, has_slip: false })
        });
        let with_slip = |pieces: usize, ids| Hit { pieces, ids, has_slip: true };
        exact
            .or_else(|| {
                let alike = |number: &str| self.alike(&self.without_zeros, &without_zeros(number), number);
                longest.clone().find_map(|(pieces, number)| Some(with_slip(pieces, alike(number)?)))
            })
            .or_else(|| {
                let alike = |number: &str| self.alike(&self.bare_digits, number, number);
                longest.clone().find_map(|(pieces, number)| Some(with_slip(pieces, alike(number)?)))
            })
    }

    /// `table` says which one number looks like `key`. Without zeros, a number must still have a prefix: a bare amount
    /// such as `1230.00` would look like too much.
    fn alike(&self, table: &HashMap<String, Option<String>>, key: &str, typed: &str) -> Option<&[Id]> {
        let is_bare = typed.bytes().all(|byte| byte.is_ascii_digit());
        let is_long_enough = typed.len() >= if is_bare { BARE_DIGITS_MIN } else { NUMBER_MIN };
        if !is_long_enough || is_bare && key != typed {
            return None;
        }
        self.exact.get(table.get(key)?.as_ref()?).map(Vec::as_slice)
    }
}

/// What the next pieces of a text mean.
struct Hit<'a> {
    pieces: usize,
    ids: &'a [Id],
    has_slip: bool,
}

fn remember(table: &mut HashMap<String, Option<String>>, key: String, least: usize, exact: &str) {
    if key.len() < least {
        return;
    }
    let known = table.entry(key).or_insert_with(|| Some(exact.to_owned()));
    if known.as_deref() != Some(exact) {
        *known = None;
    }
}

/// As much of a text as is looked at, half-width and upper case.
fn upper(text: &str) -> String {
    half_width(text).chars().take(TEXT_CHARACTERS_MAX).flat_map(char::to_uppercase).collect()
}

/// The numbers that start with the first of `pieces`, typed in one piece, in two …
fn joined(pieces: &[&str]) -> Vec<String> {
    (1..=pieces.len().min(PIECES_MAX)).map(|count| canonical(&pieces[..count].concat())).collect()
}

/// Letters and digits only, upper case, O as zero. `text` is half-width.
fn canonical(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase());
    let mut canonical = String::with_capacity(text.len());
    canonical.extend(letters.map(|letter| if letter == 'O' { '0' } else { letter }));
    canonical
}

fn without_zeros(canonical: &str) -> String {
    let mut short = String::with_capacity(canonical.len());
    short.extend(canonical.chars().filter(|letter| *letter != '0'));
    short
}

fn digits_at_end(number: &str) -> usize {
    number.chars().rev().take_while(char::is_ascii_digit).count()
}

/// Pieces of letters and digits that stand together, apart only by what people put inside a number.
fn chains(text: &str) -> Vec<Vec<&str>> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, ' ' | '-' | '_' | '.' | '#' | ':'))
        .map(|run| {
            run.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|piece| !piece.is_empty()).collect()
        })
        .filter(|chain: &Vec<&str>| !chain.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::FactKind;
    use crate::ledger::fixtures::id;

    #[test]
    fn numbers_are_found_with_the_slips_people_make() {
        let numbers = |text: &str| {
            let mut numbers = Numbers::for_texts(&[text]);
            for number in ["SO26010001", "SO26010002", "AR00000123", "AR00001230", "XSCKD000077", "AR00000007"] {
                numbers.add(number, id(FactKind::Order, number));
            }
            numbers
        };
        for (text, expected) in [
            ("货款SO26010001", &["SO26010001"][..]),
            ("付ＳＯ２６０１０００１货款", &["SO26010001"]),
            ("so 2601 0001", &["SO26010001"]),
            ("SO-26010001、SO26010002", &["SO26010001", "SO26010002"]),
            ("INV AR00000123 thanks", &["AR00000123"]),
            ("S026O1OOO1", &["SO26010001"]),
            ("XSCKD77", &["XSCKD000077"]),
            ("AR7", &[]),
            ("AR007 尾款", &["AR00000007"]),
            ("XSCKD00077 尾款", &["XSCKD000077"]),
            ("26010002", &["SO26010002"]),
            ("AR123", &[]),
            ("AR00000999", &[]),
            ("2601.00", &[]),
            ("123000", &[]),
            ("货款", &[]),
        ] {
            let ids: Vec<Id> = expected.iter().map(|number| id(FactKind::Order, number)).collect();
            let found: Vec<Id> = numbers(text).find(text).into_iter().map(|(id, _)| id).collect();
            assert_eq!(found, ids, "{text}");
        }
        let has_slip = |text: &str| numbers(text).find(text)[0].1;
        assert!(!has_slip("ｓｏ 2601-OOO1"), "nothing is left out");
        assert!(has_slip("XSCKD77") && has_slip("26010002"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn numbers_that_are_not_kept_would_not_have_been_found(
            numbers in prop::collection::vec("[AO]{0,2}-?[012O]{3,8}", 1..6), text in "[aAO012 ，-]{0,14}",
        ) {
            let table = |texts: &[&str]| {
                let mut table = Numbers::for_texts(texts);
                for number in &numbers {
                    table.add(number, id(FactKind::Order, number));
                }
                table
            };
            // Where every number is typed somewhere, every number is kept.
            let typed: Vec<&str> = numbers.iter().map(String::as_str).chain([text.as_str()]).collect();
            prop_assert_eq!(table(&[&text]).find(&text), table(&typed).find(&text));
        }
    }
}
