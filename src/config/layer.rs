//! One layer of settings: a text, its file name, and the mistakes found in it.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Diagnostics};

/// Collects mistakes of one file; the caller shows them all.
pub(super) struct Mistakes<'t> {
    diagnostics: Diagnostics<'t>,
}

impl<'t> Mistakes<'t> {
    pub(super) fn new(file: &'t str, text: &'t str) -> Self {
        Self { diagnostics: Diagnostics::new(file, text) }
    }

    pub(super) fn at(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.diagnostics.report(span, message, Some(help.into()));
    }

    /// The value, or the parser's own words at the parser's own place.
    pub(super) fn take<T>(&mut self, result: Result<T, toml::de::Error>) -> Option<T> {
        result.map_err(|error| self.diagnostics.report(error.span().unwrap_or(0..0), error.message(), None)).ok()
    }

    pub(super) fn into_vec(self) -> Vec<Diagnostic> {
        self.diagnostics.into_vec()
    }
}
