//! Mappings: declarative files that turn a source's records into facts.
//!
//! Why a language of our own: a mapping is read and changed by the people who know the ERP, every mistake must show
//! before the first record, money must stay exact, and a record may cost no more than a few microseconds. So it is
//! total (no loops, no state), typed against FACTS, and small; `mappings/README.md` is its whole reference.
//!
//! The way of a file: [`file`] (TOML) → [`lexer`], [`parser`] (expressions) → [`check`], [`compile`] (types) →
//! [`program`] → [`plan`] (bound to a source's shape) → [`json`], [`eval`], [`assemble`] for each record.
//!
//! PURE: no clock, no I/O; the text of a file comes in, facts go out. It knows records as bytes and facts as types; it
//! must not know which connector a record came from, nor what the ledger makes of a fact.

mod assemble;
mod ast;
pub mod builtin;
mod cases;
mod check;
mod compile;

mod eval;
mod file;
mod functions;
mod json;
mod lexer;
mod number;
mod parser;
mod pattern;
mod plan;
mod program;
mod reference;
mod rules;
mod time_format;
mod types;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use bihuan_connectors::sdk::PayloadShape;

use crate::domain::fact::SCHEMA_VERSION;
use crate::domain::{FactKind, Hash};

pub use crate::diagnostic::Diagnostic;
pub use cases::{CaseFailure, CaseReport, run_cases};
pub use plan::{MAX_VALUE_CHARS, MapContext, MapError, Mapped, Numbering, Plan};

pub use crate::domain::Problem;
pub use number::decimal;
pub use reference::function_reference;
pub use rules::{FactRules, FieldRules, Read, Rule};

/// A checked mapping file. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Mapping(Arc<Checked>);

#[derive(Debug)]
struct Checked {
    file_name: Box<str>,
    text: Arc<str>,
    id: Hash,
    source_kind: Box<str>,
    stream: Box<str>,
    lines_complete: bool,
    program: program::Program,
    lines: crate::diagnostic::LineIndex,
}

impl Mapping {
    /// Reads and checks a file; the error holds every mistake in it, in the order of the file.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut diagnostics = crate::diagnostic::Diagnostics::new(file_name, text);
        let mut file = file::read(text, &mut diagnostics);
        let (source_kind, stream) = (std::mem::take(&mut file.source_kind), std::mem::take(&mut file.stream));
        let lines_complete = file.lines_complete;
        let program = check::check(file, &mut diagnostics);
        if !diagnostics.is_empty() {
            return Err(diagnostics.into_vec());
        }
        Ok(Self(Arc::new(Checked {
            file_name: file_name.into(),
            text: text.into(),
            id: Hash::of_parts(&[b"mapping", &SCHEMA_VERSION.to_be_bytes(), text.as_bytes()]),
            source_kind: source_kind.into(),
            stream: stream.into(),
            lines_complete,
            program,
            lines: crate::diagnostic::LineIndex::new(text),
        })))
    }

    /// The version: text, tables in it, and the fact schema it was checked against.
    pub fn id(&self) -> Hash {
        self.0.id
    }

    pub fn file_name(&self) -> &str {
        &self.0.file_name
    }

    /// Kept beside the facts, so that `why` can quote it.
    pub fn text(&self) -> &Arc<str> {
        &self.0.text
    }

    pub fn source_kind(&self) -> &str {
        &self.0.source_kind
    }

    pub fn stream(&self) -> &str {
        &self.0.stream
    }

    /// Whether one record is the whole document, so that lines absent from it are void.
    pub fn lines_complete(&self) -> bool {
        self.0.lines_complete
    }

    /// The kinds of facts it makes, in the order of the file.
    pub fn kinds(&self) -> impl Iterator<Item = FactKind> {
        self.0.program.facts.iter().map(|fact| fact.kind)
    }

    /// Whether some fact of this kind gets this header field.
    pub fn makes(&self, kind: FactKind, field: &str) -> bool {
        let facts = self.0.program.facts.iter().filter(|fact| fact.kind == kind);
        facts.flat_map(|fact| &fact.fields).any(|known| known.name == field)
    }

    /// Binds it to a source: column names become positions, kinds get their number ranges.
    pub fn plan(&self, shape: &PayloadShape, context: &MapContext) -> Result<Plan, MapError> {
        Plan::bind(self.clone(), shape, context)
    }

    fn program(&self) -> &program::Program {
        &self.0.program
    }

    /// `file:line` of a byte of the file.
    fn place(&self, offset: usize) -> String {
        format!("{}:{}", self.0.file_name, self.0.lines.line(offset))
    }
}
