//! Numbers that a person may have meant who typed one that does not exist.
//!
//! Why made from the number and not searched for: the made ones are looked up by key, which takes no longer in a
//! database of a million documents; comparing with all of them would.

use std::collections::BTreeSet;

use super::text::half_width;

/// Longer ones are no numbers that somebody types.
const MAX_CHARS: usize = 24;

/// Every number that is one slip away: wrong width or case, spaces and hyphens, the letter O for a zero, a digit too
/// many, missing, wrong, or two characters exchanged. Some hundred, without the number itself.
pub fn slips(number: &str) -> Vec<String> {
    let tidy: String = half_width(number).chars().filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase).collect();
    let characters: Vec<char> = tidy.chars().collect();
    let mut made: BTreeSet<String> = BTreeSet::new();
    if characters.is_empty() || characters.len() > MAX_CHARS {
        return Vec::new();
    }
    made.extend([tidy.clone(), tidy.to_lowercase(), tidy.replace(['-', '_', '/'], "")]);
    for at in 0..=characters.len() {
        let with = |middle: &[char], rest: usize| -> String {
            characters[..at].iter().chain(middle).chain(&characters[rest.min(characters.len())..]).collect()
        };
        for digit in '0'..='9' {
            made.insert(with(&[digit], at));
            if characters.get(at).is_some_and(char::is_ascii_digit) {
                made.insert(with(&[digit], at + 1));
            }
        }
        if let Some(character) = characters.get(at) {
            made.insert(with(&[], at + 1));
            made.extend((*character == '0').then(|| with(&['O'], at + 1)));
            made.extend((*character == 'O').then(|| with(&['0'], at + 1)));
            made.extend(characters.get(at + 1).map(|next| with(&[*next, *character], at + 2)));
        }
    }
    made.remove(number);
    made.remove("");
    made.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_from_each_slip_of_it() {
        let right = "SO26010001";
        for wrong in [
            "so26010001",
            "ＳＯ26010001",
            "SO 26010001",
            "SO-26010001",
            "S026010001",
            "SO2601001",
            "SO260100001",
            "SO26010007",
            "SO20610001",
            "SO26O10001",
        ] {
            assert!(slips(wrong).contains(&right.to_owned()), "{wrong}");
        }
        assert!(!slips(right).contains(&right.to_owned()));
        assert!(slips(&"9".repeat(MAX_CHARS + 1)).is_empty() && slips("").is_empty());
        assert!(slips(&"9".repeat(MAX_CHARS)).len() < 1000);
    }
}
