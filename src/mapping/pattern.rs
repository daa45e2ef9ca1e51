//! The pattern language of `find`: literals, classes, counts. No groups, no alternatives, no back-references.
//!
//! Why not a regular expression library: what a mapping looks for is a number of a known form, and a pattern that is
//! one row of positions is matched in one pass, `O(text × positions)`, whatever the text is.

/// Positions after counts are written out (`[0-9]{8}` is eight); they are the bits of a `u128`.
const MAX_POSITIONS: usize = 127;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    positions: Vec<Position>,
    /// Bit i: position i may be skipped.
    optional: u128,
    /// Bit i: position i may match again.
    repeated: u128,
    /// Positions that a match can begin with.
    first: u128,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Position {
    ascii: u128,
    /// Ranges beyond ASCII.
    wide: Vec<(char, char)>,
    negated: bool,
}

impl Position {
    fn any() -> Self {
        Self { negated: true, ..Self::default() }
    }

    fn add(&mut self, from: char, to: char) {
        for code in (from as u32)..=(to as u32).min(127) {
            self.ascii |= 1 << code;
        }
        if to as u32 > 127 {
            self.wide.push((from, to));
        }
    }

    fn matches(&self, character: char) -> bool {
        let code = character as u32;
        let listed = if code < 128 {
            self.ascii >> code & 1 == 1
        } else {
            self.wide.iter().any(|(from, to)| (*from..=*to).contains(&character))
        };
        listed != self.negated
    }
}

impl Pattern {
    pub(super) fn parse(source: &str) -> Result<Self, String> {
        let mut pattern = Self { positions: Vec::new(), optional: 0, repeated: 0, first: 0 };
        let mut characters = source.chars().peekable();
        while let Some(character) = characters.next() {
            let position = match character {
                '[' => class(&mut characters)?,
                '.' => Position::any(),
                '\\' => escape(characters.next())?,
                '(' | ')' | '|' | '^' | '$' | '*' => {
                    return Err(format!("`{character}` means nothing here; write `\\{character}` for the character"));
                }
                '+' | '?' | '{' | '}' | ']' => return Err(format!("`{character}` follows nothing")),
                literal => single(literal),
            };
            let (min, max) = count(&mut characters)?;
            pattern.push(position, min, max)?;
        }
        if pattern.positions.is_empty() || pattern.closure(1) >> pattern.positions.len() & 1 == 1 {
            return Err("the pattern matches the empty text".to_owned());
        }
        pattern.first = pattern.closure(1);
        Ok(pattern)
    }

    fn push(&mut self, position: Position, min: usize, max: Option<usize>) -> Result<(), String> {
        let copies = max.unwrap_or(min.max(1));
        if self.positions.len() + copies > MAX_POSITIONS {
            return Err(format!(
                "the pattern is longer than {MAX_POSITIONS} characters when its counts are written out"
            ));
        }
        for copy in 0..copies {
            let bit = 1 << self.positions.len();
            self.optional |= if copy >= min { bit } else { 0 };
            self.repeated |= if max.is_none() && copy + 1 == copies { bit } else { 0 };
            self.positions.push(position.clone());
        }
        Ok(())
    }

    /// `states` and what is reached from them by skipping optional positions.
    fn closure(&self, mut states: u128) -> u128 {
        loop {
            let wider = states | (states & self.optional) << 1;
            if wider == states {
                return states;
            }
            states = wider;
        }
    }

    /// The leftmost match, as long as possible. One pass: every live state remembers where its match began.
    pub(super) fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        let done = self.positions.len();
        let mut began = [0_usize; MAX_POSITIONS + 1];
        let mut live = 0_u128;
        let mut best: Option<(usize, usize)> = None;
        for (at, character) in text.char_indices() {
            if best.is_none() {
                // An earlier beginning wins a contested state, so a new one only takes the free ones.
                let fresh = self.first & !live;
                if live == 0 && !bits(fresh).any(|state| self.positions[state].matches(character)) {
                    continue;
                }
                bits(fresh).for_each(|state| began[state] = at);
                live |= fresh;
            }
            let mut next = 0_u128;
            let mut next_began = [usize::MAX; MAX_POSITIONS + 1];
            for state in bits(live).filter(|state| self.positions[*state].matches(character)) {
                let again = if self.repeated >> state & 1 == 1 { 1 << state } else { 0 };
                let reached = self.closure(1 << (state + 1) | again);
                bits(reached).for_each(|to| next_began[to] = next_began[to].min(began[state]));
                next |= reached;
            }
            if next >> done & 1 == 1 && best.is_none_or(|(start, _)| next_began[done] <= start) {
                best = Some((next_began[done], at + character.len_utf8()));
            }
            live = next & !(1 << done);
            began = next_began;
            if let Some((start, _)) = best {
                live = bits(live).filter(|state| began[*state] <= start).fold(0, |set, state| set | 1 << state);
                if live == 0 {
                    break;
                }
            }
        }
        best.and_then(|(start, end)| text.get(start..end))
    }
}

fn bits(mut set: u128) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lowest = (set != 0).then(|| set.trailing_zeros() as usize)?;
        set &= set - 1;
        Some(lowest)
    })
}

fn single(character: char) -> Position {
    let mut position = Position::default();
    position.add(character, character);
    position
}

fn escape(character: Option<char>) -> Result<Position, String> {
    match character {
        Some('d') => {
            let mut digits = Position::default();
            digits.add('0', '9');
            Ok(digits)
        }
        Some(other) if !other.is_alphanumeric() => Ok(single(other)),
        Some(other) => Err(format!("`\\{other}` is unknown; classes are written `[A-Z0-9]`")),
        None => Err("the pattern ends in a backslash".to_owned()),
    }
}

type Characters<'s> = std::iter::Peekable<std::str::Chars<'s>>;

fn class(characters: &mut Characters<'_>) -> Result<Position, String> {
    let mut position = Position { negated: characters.next_if_eq(&'^').is_some(), ..Position::default() };
    let mut empty = true;
    loop {
        let from = match characters.next() {
            None => return Err("`[` is not closed".to_owned()),
            Some(']') if empty => return Err("`[]` matches nothing".to_owned()),
            Some(']') => return Ok(position),
            Some('\\') => characters.next().ok_or("the pattern ends in a backslash")?,
            Some(other) => other,
        };
        empty = false;
        let mut ahead = characters.clone();
        let to = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(to)) if to != ']' => {
                *characters = ahead;
                to
            }
            _ => from,
        };
        if to < from {
            return Err(format!("`{from}-{to}` runs backwards"));
        }
        position.add(from, to);
    }
}

/// `?`, `+`, `{n}`, `{n,m}` or nothing; no maximum for `+`.
fn count(characters: &mut Characters<'_>) -> Result<(usize, Option<usize>), String> {
    if characters.next_if_eq(&'?').is_some() {
        return Ok((0, Some(1)));
    }
    if characters.next_if_eq(&'+').is_some() {
        return Ok((1, None));
    }
    if characters.next_if_eq(&'{').is_none() {
        return Ok((1, Some(1)));
    }
    let inside: String = characters.by_ref().take_while(|character| *character != '}').collect();
    let number = |text: &str| text.parse::<usize>().map_err(|_| format!("`{{{inside}}}` is not a count"));
    let (min, max) = match inside.split_once(',') {
        None => (number(&inside)?, Some(number(&inside)?)),
        Some((min, "")) => (number(min)?, None),
        Some((min, max)) => (number(min)?, Some(number(max)?)),
    };
    if max.is_some_and(|max| max < min || max == 0) {
        return Err(format!("`{{{inside}}}` is not a count"));
    }
    Ok((min, max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn find(pattern: &str, text: &'static str) -> Option<&'static str> {
        Pattern::parse(pattern).unwrap().find(text)
    }

    #[test]
    fn the_leftmost_longest_match_is_found() {
        assert_eq!(find("H?SO[0-9]{8}", "请问 HSO26010001 和 SO26010002"), Some("HSO26010001"));
        assert_eq!(find("H?SO[0-9]{8}", "SO2601000"), None);
        assert_eq!(find("[0-9]+", "a12b345"), Some("12"));
        assert_eq!(find("a{2,3}", "aaaa"), Some("aaa"));
        assert_eq!(find("[^,]+", ",,甲乙,"), Some("甲乙"));
        assert_eq!(find(r"\d{2,}\.5", "1.5 22.5"), Some("22.5"));
        assert_eq!(find("[一-龥]+x", "ab甲乙x"), Some("甲乙x"));
    }

    #[test]
    fn mistakes_in_a_pattern_are_told() {
        for wrong in ["", "a?", "(a)", "[a", "a{2,1}", "[z-a]", "+", "a{x}", "x{200}", "\\w", "a\\"] {
            assert!(Pattern::parse(wrong).is_err(), "{wrong}");
        }
    }

    /// The meaning, written as plainly as possible: try every start, then every end from the far side.
    fn slow_find<'t>(wanted: &[(char, usize, usize)], text: &'t str) -> Option<&'t str> {
        fn matches(wanted: &[(char, usize, usize)], text: &[u8]) -> bool {
            let Some(((character, min, max), rest)) = wanted.split_first() else { return text.is_empty() };
            let run = text.iter().take_while(|byte| **byte == *character as u8).count();
            (*min..=run.min(*max)).any(|used| matches(rest, &text[used..]))
        }
        (0..text.len()).find_map(|start| {
            let end = (start..=text.len()).rev().find(|end| matches(wanted, &text.as_bytes()[start..*end]))?;
            Some(&text[start..end])
        })
    }

    proptest! {
        #[test]
        fn it_finds_what_trying_everything_finds(
            first in prop::sample::select(vec!['a', 'b']),
            rest in prop::collection::vec((prop::sample::select(vec!['a', 'b']), 0_usize..3, 1_usize..3), 0..4),
            text in "[abc]{0,14}",
        ) {
            let mut wanted = vec![(first, 1, 1)];
            wanted.extend(rest.into_iter().map(|(character, min, more)| (character, min, min + more)));
            let source: String = wanted.iter().map(|(c, min, max)| format!("{c}{{{min},{max}}}")).collect();
            let pattern = Pattern::parse(&source).unwrap();
            prop_assert_eq!(pattern.find(&text), slow_find(&wanted, &text), "{}", source);
        }
    }
}
