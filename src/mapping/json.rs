//! Selective JSON reading: one pass over the bytes, and only the paths that a mapping names are remembered.
//!
//! Nothing is decoded or allocated for what nobody asked for; a selected value is a range of the payload until an
//! expression needs it. What is skipped is checked for balanced brackets and closed texts, not more.

use std::borrow::Cow;

use super::ast::Step;

/// As serde_json: deeper documents are an attack or a mistake.
const MAX_DEPTH: usize = 128;

/// A selected value, still in the bytes of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Raw<'a> {
    Absent,
    Null,
    /// With its quotes; `escaped` when a backslash is inside.
    Quoted {
        text: &'a str,
        escaped: bool,
    },
    /// The cell of a row, as it is.
    Cell(&'a str),
    /// As the source wrote it, so that 500.0 stays exact.
    Number(&'a str),
    Bool(bool),
    /// The whole list, for `join`.
    List(&'a str),
    Object,
}

/// Why a payload is no JSON, and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken {
    pub at: usize,
    pub what: &'static str,
}

/// A trie of the wanted paths. Slot `i` belongs to the i-th path.
#[derive(Debug, Clone, Default)]
pub(super) struct Trie {
    nodes: Vec<TrieNode>,
    slots: usize,
}

#[derive(Debug, Clone, Default)]
struct TrieNode {
    keys: Vec<(Box<str>, usize)>,
    items: Vec<(usize, usize)>,
    slots: Vec<usize>,
    /// Number of the list whose elements are lines.
    each: Option<usize>,
    /// Everything below, to be forgotten when a key comes twice: the last one counts, as in serde_json.
    slots_below: Vec<usize>,
    eaches_below: Vec<usize>,
}

impl Trie {
    pub(super) fn new<'p>(paths: impl IntoIterator<Item = &'p [Step]>) -> Self {
        let mut trie = Self { nodes: vec![TrieNode::default()], slots: 0 };
        for path in paths {
            let (slot, visited) = (trie.slots, trie.walk(path));
            trie.slots += 1;
            let (last, above) = visited.split_last().unwrap_or((&0, &[]));
            trie.nodes[*last].slots.push(slot);
            above.iter().for_each(|node| trie.nodes[*node].slots_below.push(slot));
        }
        trie
    }

    pub(super) fn add_each(&mut self, path: &[Step], each: usize) {
        let visited = self.walk(path);
        let (last, above) = visited.split_last().unwrap_or((&0, &[]));
        self.nodes[*last].each = Some(each);
        above.iter().for_each(|node| self.nodes[*node].eaches_below.push(each));
    }

    /// The nodes on the way, made where missing; begins with the root.
    fn walk(&mut self, path: &[Step]) -> Vec<usize> {
        let mut visited = vec![0];
        let mut node = 0;
        for step in path {
            let next = self.nodes.len();
            let known = match step {
                Step::Key(key) => self.nodes[node].keys.iter().find(|(name, _)| **name == **key).map(|(_, to)| *to),
                Step::Index(index) => self.nodes[node].items.iter().find(|(at, _)| at == index).map(|(_, to)| *to),
            };
            if known.is_none() {
                match step {
                    Step::Key(key) => self.nodes[node].keys.push((key.as_str().into(), next)),
                    Step::Index(index) => self.nodes[node].items.push((*index, next)),
                }
                self.nodes.push(TrieNode::default());
            }
            node = known.unwrap_or(next);
            visited.push(node);
        }
        visited
    }
}

/// Which paths of a record, and which of each of its lists of lines, are wanted.
#[derive(Debug, Clone, Default)]
pub(super) struct Selector {
    pub record: Trie,
    pub eaches: Vec<Trie>,
}

/// The selected values of one record.
#[derive(Debug, Clone, Default)]
pub(super) struct Selected<'a> {
    pub slots: Vec<Raw<'a>>,
    pub eaches: Vec<Lines<'a>>,
}

/// The selected values of the elements of one list, one element after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines<'a> {
    slots: Vec<Raw<'a>>,
    width: usize,
    pub count: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn get(&self, index: usize) -> &[Raw<'a>] {
        self.slots.get(index * self.width..(index + 1) * self.width).unwrap_or_default()
    }
}

impl Selector {
    pub(super) fn select<'a>(&self, text: &'a str) -> Result<Selected<'a>, Broken> {
        let mut selected = Selected {
            slots: vec![Raw::Absent; self.record.slots],
            eaches: self.eaches.iter().map(|trie| Lines { width: trie.slots, ..Lines::default() }).collect(),
        };
        let mut scanner = Scanner { text, bytes: text.as_bytes(), at: 0, depth: 0 };
        let mut out = Out { slots: &mut selected.slots, eaches: &mut selected.eaches, lines: &self.eaches };
        scanner.value(&self.record, 0, &mut out)?;
        scanner.white_space();
        if scanner.at < scanner.bytes.len() { scanner.broken("more after the end") } else { Ok(selected) }
    }
}

/// The elements of a list, for `join`.
pub(super) fn elements(list: &str) -> Result<Vec<Raw<'_>>, Broken> {
    let mut scanner = Scanner { text: list, bytes: list.as_bytes(), at: 0, depth: 0 };
    let mut found = Vec::new();
    scanner.list(|scanner| {
        found.push(scanner.skip()?);
        Ok(())
    })?;
    Ok(found)
}

impl<'a> Raw<'a> {
    /// The text of a scalar; `None` for what is no scalar. Fails on a broken escape.
    pub(super) fn text(self) -> Result<Option<Cow<'a, str>>, &'static str> {
        Ok(match self {
            Raw::Quoted { text, escaped: false } => Some(Cow::Borrowed(&text[1..text.len() - 1])),
            Raw::Quoted { text, escaped: true } => Some(Cow::Owned(
                serde_json::from_str::<String>(text).map_err(|_| "文本转义错误 broken escape in a text")?,
            )),
            Raw::Cell(text) | Raw::Number(text) => Some(Cow::Borrowed(text)),
            Raw::Bool(value) => Some(Cow::Borrowed(if value { "true" } else { "false" })),
            Raw::Absent | Raw::Null | Raw::List(_) | Raw::Object => None,
        })
    }
}

struct Out<'a, 'o> {
    slots: &'o mut [Raw<'a>],
    /// Empty inside a line: lists of lines do not nest.
    eaches: &'o mut [Lines<'a>],
    lines: &'o [Trie],
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
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
            match wanted(node, key) {
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

    fn list(&mut self, mut element: impl FnMut(&mut Self) -> Result<(), Broken>) -> Result<(), Broken> {
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
    fn skip(&mut self) -> Result<Raw<'a>, Broken> {
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
            while let Some(chunk) = self.bytes.get(self.at..self.at + 8).and_then(|bytes| bytes.try_into().ok())
                && !holds_special(u64::from_le_bytes(chunk))
            {
                self.at += 8;
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

/// Whether one of eight bytes is a quote, a backslash or a control character.
fn holds_special(chunk: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let holds_zero = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes & HIGH;
    let quote = holds_zero(chunk ^ (ONES * b'"' as u64));
    let backslash = holds_zero(chunk ^ (ONES * b'\\' as u64));
    let control = chunk.wrapping_sub(ONES * 0x20) & !chunk & HIGH;
    (quote | backslash | control) != 0
}

fn wanted(node: &TrieNode, key: Raw<'_>) -> Option<usize> {
    let find = |key: &str| node.keys.iter().find(|(name, _)| **name == *key).map(|(_, child)| *child);
    match key {
        Raw::Quoted { text, escaped: false } => find(&text[1..text.len() - 1]),
        other => find(&other.text().ok()??),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn steps(path: &str) -> Vec<Step> {
        let step = |part: &str| part.parse().map_or_else(|_| Step::Key(part.to_owned()), Step::Index);
        path.split('.').map(step).collect()
    }

    fn select<'a>(paths: &[&str], text: &'a str) -> Result<Vec<Raw<'a>>, Broken> {
        let paths: Vec<_> = paths.iter().map(|path| steps(path)).collect();
        let selector = Selector { record: Trie::new(paths.iter().map(Vec::as_slice)), eaches: Vec::new() };
        selector.select(text).map(|selected| selected.slots)
    }

    #[test]
    fn only_the_named_paths_come_out() {
        let text = r#" {"a":{"b":500.0,"x":[1,{"b":2}]},"l":["p","q"],"t":true,"n":null} "#;
        let slots = select(&["a.b", "l.1", "t", "n", "missing", "l"], text).unwrap();
        assert_eq!(
            slots,
            [
                Raw::Number("500.0"),
                Raw::Quoted { text: "\"q\"", escaped: false },
                Raw::Bool(true),
                Raw::Null,
                Raw::Absent,
                Raw::List(r#"["p","q"]"#),
            ]
        );
    }

    #[test]
    fn lines_of_a_list_come_out_one_by_one() {
        let mut record = Trie::new([]);
        record.add_each(&steps("L"), 0);
        let line = [steps("id"), steps("q.v")];
        let selector = Selector { record, eaches: vec![Trie::new(line.iter().map(Vec::as_slice))] };
        let selected = selector.select(r#"{"L":[{"id":1},{"q":{"v":2},"id":3}]}"#).unwrap();
        assert_eq!(selected.eaches[0].count, 2);
        assert_eq!(selected.eaches[0].get(0), [Raw::Number("1"), Raw::Absent]);
        assert_eq!(selected.eaches[0].get(1), [Raw::Number("3"), Raw::Number("2")]);
    }

    #[test]
    fn broken_json_is_told_with_its_place() {
        for broken in
            ["", "{", r#"{"a":1"#, r#"{"a" 1}"#, r#"{"a":[1}}"#, r#"{"a":tru}"#, "{} x", r#"{"a":"x}"#, "{\"\n\":1}"]
        {
            assert!(select(&["a"], broken).is_err(), "{broken}");
        }
        let deep = format!("{{\"a\":{}", "[".repeat(1000));
        assert_eq!(select(&["b"], &deep).unwrap_err().what, "nested too deeply");
    }

    fn arbitrary() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-c\"\\\\\u{e9}单\n]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[ab\"]{1,2}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_selects_what_serde_json_selects(
            document in arbitrary(),
            pretty in any::<bool>(),
            path in prop::collection::vec(prop::sample::select(vec!["a", "b", "ab", "a\"", "0", "1"]), 1..4),
        ) {
            let text = if pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) }.unwrap();
            let slots = select(&[&path.join(".")], &text).unwrap();
            let mut expected = Some(&document);
            for step in &path {
                expected = expected.and_then(|value| match step.parse::<usize>() {
                    Ok(index) => value.as_array().and_then(|list| list.get(index)),
                    Err(_) => value.as_object().and_then(|object| object.get(*step)),
                });
            }
            let found = match slots[0] {
                Raw::Absent => None,
                Raw::Null => Some(json!(null)),
                Raw::Bool(value) => Some(json!(value)),
                Raw::Number(text) => Some(serde_json::from_str(text).unwrap()),
                Raw::List(text) => Some(serde_json::from_str(text).unwrap()),
                Raw::Object => expected.filter(|value| value.is_object()).cloned(),
                text => Some(json!(text.text().unwrap().unwrap())),
            };
            prop_assert_eq!(found.as_ref(), expected, "{}", text);
        }

        #[test]
        fn no_bytes_make_it_panic(text in r#"[{}\[\]",:a1\\tn \-]{0,40}"#) {
            let _ = select(&["a.b", "a.0", "n"], &text);
        }
    }
}
