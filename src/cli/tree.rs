//! Answers with reasons below them, drawn as a tree.

/// One line and what is below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    text: String,
    below: Vec<Tree>,
}

impl Tree {
    pub fn leaf(text: impl Into<String>) -> Self {
        Self { text: text.into(), below: Vec::new() }
    }

    pub fn new(text: impl Into<String>, below: impl IntoIterator<Item = Self>) -> Self {
        Self { text: text.into(), below: below.into_iter().collect() }
    }

    /// A branch that is left out when nothing is on it.
    pub fn branch(text: impl Into<String>, below: impl IntoIterator<Item = Self>) -> Option<Self> {
        let branch = Self::new(text, below);
        (!branch.below.is_empty()).then_some(branch)
    }

    pub fn render(&self) -> String {
        let mut text = format!("{}\n", self.text);
        self.draw("", &mut text);
        text
    }

    fn draw(&self, stem: &str, text: &mut String) {
        for (index, twig) in self.below.iter().enumerate() {
            let (fork, bough) = if index + 1 == self.below.len() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            text.push_str(&format!("{stem}{fork}{}\n", twig.text));
            twig.draw(&format!("{stem}{bough}"), text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_twig_closes_its_bough() {
        let tree = Tree::new("a", [Tree::new("b", [Tree::leaf("c")]), Tree::new("d", [Tree::leaf("e")])]);
        assert_eq!(tree.render(), "a\n├─ b\n│  └─ c\n└─ d\n   └─ e\n");
        assert_eq!(Tree::branch("none", []), None);
    }
}
