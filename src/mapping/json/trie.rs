//! Which paths of a document are wanted.

use super::super::ast::Step;
use super::Raw;

/// A trie of the wanted paths. Slot `i` belongs to the i-th path.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Trie {
    pub(super) nodes: Vec<TrieNode>,
    pub(super) slots: usize,
}

#[derive(Debug, Clone, Default)]
pub(super) struct TrieNode {
    pub(super) keys: Vec<(Box<str>, usize)>,
    pub(super) items: Vec<(usize, usize)>,
    pub(super) slots: Vec<usize>,
    /// Number of the list whose elements are lines.
    pub(super) each: Option<usize>,
    /// Everything below, to be forgotten when a key comes twice: the last one counts, as in serde_json.
    pub(super) slots_below: Vec<usize>,
    pub(super) eaches_below: Vec<usize>,
}

impl Trie {
    pub(in super::super) fn new<'p>(paths: impl IntoIterator<Item = &'p [Step]>) -> Self {
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

    pub(in super::super) fn add_each(&mut self, path: &[Step], each: usize) {
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

impl TrieNode {
    /// The node under `key`, which is a text of the document with its quotes.
    pub(super) fn child(&self, key: Raw<'_>) -> Option<usize> {
        let find = |key: &str| self.keys.iter().find(|(name, _)| **name == *key).map(|(_, child)| *child);
        match key {
            Raw::Quoted { text, escaped: false } => find(&text[1..text.len() - 1]),
            other => find(&other.text().ok()??),
        }
    }
}
