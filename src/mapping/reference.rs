//! `mappings/README.md`, written from the function table and from FACTS so that it cannot be wrong.

use std::fmt::Write;

use super::functions::FUNCTIONS;
use super::types::describe;
use crate::domain::fact::{FACTS, FieldSpec};

/// The guide to the language; the tables after it are generated.
const GUIDE: &str = include_str!("guide.md");

/// The whole text of `mappings/README.md`.
pub fn function_reference() -> String {
    let mut text = GUIDE.trim_end().to_owned();
    text.push_str("\n\n## Functions\n\n| function | what it does | example |\n|---|---|---|\n");
    for function in FUNCTIONS {
        // A table cell ends at `|`, also inside code.
        let cell = |text: &str| text.replace('|', "\\|");
        let (signature, doc, example) = (function.signature(), cell(function.doc), cell(function.example));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| `{signature}` | {doc} | `{example}` |");
    }
    text.push_str("\n## Facts and their fields\n\n**Bold** fields are required.\n");
    for fact in FACTS {
        let _ = writeln!(text, "\n### `{}` — {}\n\n{}", fact.kind, fact.doc, fields(fact.fields));
        if !fact.lines.is_empty() {
            let _ = writeln!(text, "\nLines: {}", fields(fact.lines));
        }
    }
    text
}

fn fields(specs: &[FieldSpec]) -> String {
    let field = |field: &FieldSpec| {
        let name = if field.required { format!("**`{}`**", field.name) } else { format!("`{}`", field.name) };
        format!("{name} ({}: {})", describe(field.field_type), field.doc)
    };
    specs.iter().map(field).collect::<Vec<_>>().join(" · ")
}
