//! Selective JSON reading: one pass over the bytes, and only the paths that a mapping names are remembered.
//!
//! Nothing is decoded or allocated for what nobody asked for; a selected value is a range of the payload until an
//! expression needs it. What is skipped is checked for balanced brackets and closed texts, not more.

mod scan;
mod trie;

use std::borrow::Cow;

use scan::Scanner;
pub(super) use trie::Trie;

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
        Scanner::new(text).document(self, &mut selected)?;
        Ok(selected)
    }
}

/// The elements of a list, for `join`.
pub(super) fn elements(list: &str) -> Result<Vec<Raw<'_>>, Broken> {
    let mut scanner = Scanner::new(list);
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

#[cfg(test)]
mod tests {
    use super::super::ast::Step;
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
