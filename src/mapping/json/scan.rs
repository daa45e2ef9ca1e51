//! The pass over the bytes.

use super::trie::{Trie, TrieNode};
use super::{Broken, Lines, Raw, Selected, Selector};

/// As serde_json: deeper documents are an attack or a mistake.
const MAX_DEPTH: usize = 128;

struct Out<'a, 'o> {
    slots: &'o mut [Raw<'a>],
    /// Empty inside a line: lists of lines do not nest.
    eaches: &'o mut [Lines<'a>],
    lines: &'o [Trie],
}

pub(super) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0, depth: 0 }
    }

    /// A whole document into `selected`.
    pub(super) fn document(mut self, selector: &Selector, selected: &mut Selected<'a>) -> Result<(), Broken> {
        let mut out = Out { slots: &mut selected.slots, eaches: &mut selected.eaches, lines: &selector.eaches };
        self.value(&selector.record, 0, &mut out)?;
        self.white_space();
        if self.at < self.bytes.len() { self.broken("more after the end") } else { Ok(()) }
    }

    fn broken<T>(&self, what: &'static str) -> Result<T, Broken> {
        Err(Broken { at: self.at, what })
    }

    fn white_space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn peek(&mut self) -> u8 {
        self.white_space();
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Reads a value into the slots of `node` and of all below it.
    fn value(&mut self, trie: &Trie, node: usize, out: &mut Out<'a, '_>) -> Result<(), Broken> {
        let node = &trie.nodes[node];
        node.slots_below.iter().for_each(|slot| out.slots[*slot] = Raw::Absent);
        for each in node.eaches_below.iter().chain(&node.each) {
            let lines = &mut out.eaches[*each];
            lines.slots.clear();
            lines.count = 0;
        }
        let start = self.at;
        let raw = match self.peek() {
            b'{' if !node.keys.is_empty() => {
                self.object(trie, node, out)?;
                Raw::Object
            }
            b'[' if node.each.is_some() || !node.items.is_empty() => {
                let mut index = 0;
                self.list(|scanner| {
                    scanner.item(trie, node, index, out)?;
                    index += 1;
                    Ok(())
                })?;
                Raw::List(self.since(start).trim_ascii_start())
            }
            _ => self.skip()?,
        };
        node.slots.iter().for_each(|slot| out.slots[*slot] = raw);
        Ok(())
    }

    fn object(&mut self, trie: &Trie, node: &TrieNode, out: &mut Out<'a, '_>) -> Result<(), Broken> {
        self.enter()?;
        if self.peek() == b'}' {
            return self.leave();
        }
        loop {
            if self.peek() != b'"' {
                return self.broken("a key was expected");
            }
            let key = self.string()?;
            if self.peek() != b':' {
                return self.broken("`:` was expected");
            }
            self.at += 1;
            match node.child(key) {
                Some(child) => self.value(trie, child, out)?,
                None => self.skip().map(drop)?,
            }
            match self.peek() {
                b',' => self.at += 1,
                b'}' => return self.leave(),
                _ => return self.broken("`,` or `}` was expected"),
            }
        }
    }

    pub(super) fn list(&mut self, mut element: impl FnMut(&mut Self) -> Result<(), Broken>) -> Result<(), Broken> {
        if self.peek() != b'[' {
            return self.broken("a list was expected");
        }
        self.enter()?;
        if self.peek() == b']' {
            return self.leave();
        }
        loop {
            element(self)?;
            match self.peek() {
                b',' => self.at += 1,
                b']' => return self.leave(),
                _ => return self.broken("`,` or `]` was expected"),
            }
        }
    }

    fn item(&mut self, trie: &Trie, node: &TrieNode, index: usize, out: &mut Out<'a, '_>) -> Result<(), Broken> {
        let start = self.at;
        if let Some(each) = node.each {
            let (line_trie, lines) = (&out.lines[each], &mut out.eaches[each]);
            let base = lines.slots.len();
            lines.slots.resize(base + line_trie.slots, Raw::Absent);
            lines.count += 1;
            let mut inner = Out { slots: &mut lines.slots[base..], eaches: &mut [], lines: &[] };
            self.value(line_trie, 0, &mut inner)?;
        }
        match node.items.iter().find(|(at, _)| *at == index) {
            Some((_, child)) => {
                self.at = start;
                self.value(trie, *child, out)
            }
            None if node.each.is_none() => self.skip().map(drop),
            None => Ok(()),
        }
    }

    fn enter(&mut self) -> Result<(), Broken> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.broken("nested too deeply");
        }
        self.at += 1;
        Ok(())
    }

    fn leave(&mut self) -> Result<(), Broken> {
        self.depth -= 1;
        self.at += 1;
        Ok(())
    }

    /// Any value, remembered as a range only.
    pub(super) fn skip(&mut self) -> Result<Raw<'a>, Broken> {
        let first = self.peek();
        let start = self.at;
        match first {
            b'"' => self.string(),
            b'{' => self.skip_container().map(|()| Raw::Object),
            b'[' => self.skip_container().map(|()| Raw::List(self.since(start))),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true", Raw::Bool(true)),
            b'f' => self.word("false", Raw::Bool(false)),
            b'n' => self.word("null", Raw::Null),
            _ => self.broken("a value was expected"),
        }
    }

    fn word(&mut self, word: &'static str, raw: Raw<'a>) -> Result<Raw<'a>, Broken> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return self.broken("a value was expected");
        }
        self.at += word.len();
        Ok(raw)
    }

    fn number(&mut self) -> Result<Raw<'a>, Broken> {
        let start = self.at;
        while matches!(self.bytes.get(self.at), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        let digits = self.bytes[start..self.at].strip_prefix(b"-").unwrap_or(&self.bytes[start..self.at]);
        match digits {
            [b'0'] | [b'0', b'.' | b'e' | b'E', ..] | [b'1'..=b'9', ..] => Ok(Raw::Number(self.since(start))),
            _ => self.broken("a number was expected"),
        }
    }

    /// Brackets are counted and matched by kind; texts are skipped whole.
    fn skip_container(&mut self) -> Result<(), Broken> {
        let (outer, mut braces) = (self.depth, 0_u128);
        loop {
            match self.bytes.get(self.at) {
                None => return self.broken("the end came too early"),
                Some(b'"') => {
                    self.string()?;
                }
                Some(open @ (b'{' | b'[')) => {
                    self.enter()?;
                    braces = braces << 1 | u128::from(*open == b'{');
                }
                Some(close @ (b'}' | b']')) => {
                    if (braces & 1 == 1) != (*close == b'}') {
                        return self.broken("the wrong bracket");
                    }
                    braces >>= 1;
                    self.leave()?;
                    if self.depth == outer {
                        return Ok(());
                    }
                }
                Some(_) => self.at += 1,
            }
        }
    }

    /// A text with its quotes, eight bytes at a time.
    fn string(&mut self) -> Result<Raw<'a>, Broken> {
        let start = self.at;
        self.at += 1;
        let mut escaped = false;
        loop {
            while let Some(chunk) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<8>()) {
                let special = specials(u64::from_le_bytes(*chunk));
                self.at += special.trailing_zeros() as usize / 8;
                if special != 0 {
                    break;
                }
            }
            match self.bytes.get(self.at) {
                None => return self.broken("a text is not closed"),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Raw::Quoted { text: self.since(start), escaped });
                }
                Some(b'\\') => {
                    escaped = true;
                    self.at += 2;
                }
                Some(0..=0x1f) => return self.broken("a control character in a text"),
                Some(_) => self.at += 1,
            }
        }
    }
}

/// The lowest set bit is in the first of eight bytes that is a quote, a backslash or a control character; higher bits
/// may be wrong (a borrow runs upwards), zero is always right.
fn specials(chunk: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let zeros = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes & HIGH;
    let quotes = zeros(chunk ^ (ONES * b'"' as u64));
    let backslashes = zeros(chunk ^ (ONES * b'\\' as u64));
    let controls = chunk.wrapping_sub(ONES * 0x20) & !chunk & HIGH;
    quotes | backslashes | controls
}
