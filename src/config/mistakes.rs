//! All mistakes of a configuration with the texts that they are in.

use std::collections::BTreeMap;
use std::fmt;

use crate::diagnostic::Diagnostic;

/// What `Config::load` found wrong; nothing was started. Shown by `Display` as a compiler shows its errors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mistakes {
    diagnostics: Vec<Diagnostic>,
    texts: BTreeMap<Box<str>, Box<str>>,
}

impl Mistakes {
    /// `text` is the whole text of the file that the diagnostic names. The same mistake found twice is shown once.
    pub fn add(&mut self, diagnostic: Diagnostic, text: &str) {
        if !self.diagnostics.contains(&diagnostic) {
            self.texts.entry(diagnostic.file.clone()).or_insert_with(|| text.into());
            self.diagnostics.push(diagnostic);
        }
    }

    pub fn extend(&mut self, other: Self) {
        for diagnostic in other.diagnostics {
            let text = other.texts.get(&diagnostic.file).cloned().unwrap_or_default();
            self.add(diagnostic, &text);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// `Ok` when nothing was found.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sorted: Vec<&Diagnostic> = self.diagnostics.iter().collect();
        sorted.sort_by_key(|found| (&found.file, found.span.start));
        for diagnostic in sorted {
            let text = self.texts.get(&diagnostic.file).map_or("", |text| text);
            writeln!(f, "{}\n", diagnostic.render(text))?;
        }
        let count = self.diagnostics.len();
        write!(f, "{count} 处错误，未启动任何任务 / {count} mistake(s), nothing was started")
    }
}

impl std::error::Error for Mistakes {}
