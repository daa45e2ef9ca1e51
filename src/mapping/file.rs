//! The TOML shape of a mapping file. Knows keys and spans; does not know what an expression means.

use std::borrow::Cow;
use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ast::{Expr, Span};
use super::parser;
use crate::diagnostic::{Diagnostics, did_you_mean};

#[derive(Debug, Default)]
pub(super) struct MappingFile {
    pub source_kind: String,
    pub stream: String,
    pub lines_complete: bool,
    pub tables: BTreeMap<String, BTreeMap<Box<str>, Box<str>>>,
    pub ignores: Vec<IgnoreEntry>,
    pub facts: Vec<FactEntry>,
}

#[derive(Debug)]
pub(super) struct IgnoreEntry {
    pub when: Expr,
    pub because: String,
}

#[derive(Debug)]
pub(super) struct FactEntry {
    pub kind: (String, Span),
    pub when: Option<Expr>,
    pub fields: Vec<FieldEntry>,
    pub lines: Vec<LineEntry>,
}

#[derive(Debug)]
pub(super) struct FieldEntry {
    pub name: String,
    pub span: Span,
    /// Name and expression as they stand in the file.
    pub written: Span,
    pub expr: Option<Expr>,
}

#[derive(Debug)]
pub(super) struct LineEntry {
    pub span: Span,
    pub each: Option<Expr>,
    pub when: Option<Expr>,
    pub fields: Vec<FieldEntry>,
}

/// A whole mapping is read by people; longer files are a mistake.
const MAX_FILE_BYTES: usize = 256 * 1024;

/// Reads what can be read and reports the rest.
pub(super) fn read<'t>(text: &'t str, diagnostics: &mut Diagnostics<'t>) -> MappingFile {
    let mut file = MappingFile::default();
    if text.len() > MAX_FILE_BYTES {
        diagnostics.report(0..0, format!("a mapping file has at most {MAX_FILE_BYTES} bytes"), None);
        return file;
    }
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        diagnostics.report(error.span().unwrap_or(0..0), format!("not TOML: {}", error.message()), None);
    }
    if !errors.is_empty() {
        // What a broken file seems to lack is mostly there, only unreadable.
        return file;
    }
    let mut reader = Reader { text, diagnostics };
    reader.root(root.get_ref(), &mut file);
    file
}

struct Reader<'r, 't> {
    text: &'t str,
    diagnostics: &'r mut Diagnostics<'t>,
}

type Entry<'v> = Spanned<DeValue<'v>>;

impl<'t> Reader<'_, 't> {
    fn root(&mut self, root: &DeTable<'t>, file: &mut MappingFile) {
        self.only(root, &["source_kind", "stream", "lines", "tables", "ignore", "fact"]);
        file.source_kind = self.required_text(root, "source_kind", "`source_kind = \"kingdee\"`");
        file.stream = self.required_text(root, "stream", "`stream = \"outstock\"`");
        let lines = self.required_text(root, "lines", "`lines = \"complete\"` or `lines = \"partial\"`");
        file.lines_complete = lines == "complete";
        if !matches!(lines.as_str(), "complete" | "partial" | "") {
            let help = "complete: one record is the whole document; partial: it is some lines of it";
            self.diagnostics.report(
                span_of(root, "lines"),
                "`lines` is `complete` or `partial`",
                Some(help.to_owned()),
            );
        }
        for (name, table) in self.table(root, "tables") {
            file.tables.insert(name.get_ref().to_string(), self.text_table(name, table));
        }
        for entry in self.list(root, "ignore") {
            self.ignore(entry, file);
        }
        for entry in self.list(root, "fact") {
            self.fact(entry, file);
        }
        if file.facts.is_empty() && self.diagnostics.is_empty() {
            self.diagnostics.report(0..0, "a mapping makes at least one fact", Some("`[[fact]]` with a `kind`".into()));
        }
    }

    fn text_table(&mut self, name: &Spanned<Cow<'t, str>>, table: &Entry<'t>) -> BTreeMap<Box<str>, Box<str>> {
        let DeValue::Table(entries) = table.get_ref() else {
            self.diagnostics.report(name.span(), "a look-up table maps texts to texts", None);
            return BTreeMap::new();
        };
        let mut texts = BTreeMap::new();
        for (key, value) in entries {
            match value.get_ref() {
                DeValue::String(text) => {
                    texts.insert(key.get_ref().as_ref().into(), text.as_ref().into());
                }
                _ => self.diagnostics.report(value.span(), "a look-up table maps texts to texts", None),
            }
        }
        texts
    }

    fn ignore(&mut self, entry: &Entry<'t>, file: &mut MappingFile) {
        let DeValue::Table(table) = entry.get_ref() else { return };
        self.only(table, &["when", "because"]);
        let when = self.expression(table, "when");
        let because = self.required_text(table, "because", "say why, for the person who misses the record");
        match when {
            Some(when) => file.ignores.push(IgnoreEntry { when, because }),
            None if table.get("when").is_none() => {
                self.diagnostics.report(entry.span(), "`[[ignore]]` needs `when`", None);
            }
            None => {}
        }
    }

    fn fact(&mut self, entry: &Entry<'t>, file: &mut MappingFile) {
        let DeValue::Table(table) = entry.get_ref() else { return };
        self.only(table, &["kind", "when", "fields", "lines"]);
        let kind = self.required_text(table, "kind", "`kind = \"shipment\"`");
        let fields = self.table(table, "fields");
        let fields = fields.iter().map(|(name, value)| self.field(name, value)).collect();
        let lines = self.list(table, "lines").iter().filter_map(|line| self.line(line)).collect();
        let when = self.expression(table, "when");
        file.facts.push(FactEntry { kind: (kind, span_of(table, "kind")), when, fields, lines });
    }

    fn line(&mut self, entry: &Entry<'t>) -> Option<LineEntry> {
        let DeValue::Table(table) = entry.get_ref() else { return None };
        let fields = table
            .iter()
            .filter(|(name, _)| !matches!(name.get_ref().as_ref(), "each" | "when"))
            .map(|(name, value)| self.field(name, value))
            .collect();
        let (each, when) = (self.expression(table, "each"), self.expression(table, "when"));
        Some(LineEntry { span: entry.span(), each, when, fields })
    }

    fn field(&mut self, name: &Spanned<Cow<'t, str>>, value: &Entry<'t>) -> FieldEntry {
        let written = name.span().start..value.span().end;
        FieldEntry { name: name.get_ref().to_string(), span: name.span(), written, expr: self.parse(value) }
    }

    fn expression(&mut self, table: &DeTable<'t>, key: &str) -> Option<Expr> {
        table.get(key).and_then(|value| self.parse(value))
    }

    /// The expression in a TOML text; `None` after a report.
    fn parse(&mut self, value: &Entry<'t>) -> Option<Expr> {
        let DeValue::String(source) = value.get_ref() else {
            let help = r#"write it between single quotes: `'"text"'`, `'null'`, `'1.5'`"#;
            self.diagnostics.report(value.span(), "an expression is a TOML text", Some(help.to_owned()));
            return None;
        };
        let span = value.span();
        let (base, shift_known) = self.content_start(&span, source);
        match parser::parse(source, base) {
            Ok(expr) => Some(expr),
            Err(error) => {
                let span = if shift_known { error.span } else { span };
                self.diagnostics.report(span, error.message, error.help);
                None
            }
        }
    }

    /// Where the content of a TOML text starts in the file, and whether each of its bytes has its own place there.
    fn content_start(&self, span: &Span, content: &str) -> (usize, bool) {
        for quotes in ["'''\n", "'''\r\n", "'''", "'", "\"\"\"\n", "\"\"\"", "\""] {
            let start = span.start + quotes.len();
            if self.text[span.start..].starts_with(quotes) && self.text[start..].starts_with(content) {
                return (start, true);
            }
        }
        (span.start, false)
    }

    fn only(&mut self, table: &DeTable<'t>, known: &[&str]) {
        for (key, _) in table {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let help = did_you_mean(name, known.iter().copied())
                    .unwrap_or_else(|| format!("known here: {}", known.join(", ")));
                self.diagnostics.report(key.span(), format!("unknown key `{name}`"), Some(help));
            }
        }
    }

    /// Empty after a report.
    fn required_text(&mut self, table: &DeTable<'t>, key: &str, help: &str) -> String {
        match table.get(key).map(|value| (value.get_ref(), value.span())) {
            Some((DeValue::String(text), _)) if !text.is_empty() => text.to_string(),
            Some((_, span)) => {
                self.diagnostics.report(span, format!("`{key}` is a text"), Some(help.to_owned()));
                String::new()
            }
            None => {
                let place = table.iter().next().map_or(0..0, |(key, _)| key.span());
                self.diagnostics.report(place, format!("`{key}` is missing"), Some(help.to_owned()));
                String::new()
            }
        }
    }

    fn table<'v>(&mut self, table: &'v DeTable<'t>, key: &str) -> Vec<(&'v Spanned<Cow<'t, str>>, &'v Entry<'t>)> {
        match table.get(key).map(|value| (value.get_ref(), value.span())) {
            Some((DeValue::Table(entries), _)) => entries.iter().collect(),
            Some((_, span)) => {
                self.diagnostics.report(span, format!("`{key}` is a table"), None);
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    fn list<'v>(&mut self, table: &'v DeTable<'t>, key: &str) -> Vec<&'v Entry<'t>> {
        match table.get(key).map(|value| (value.get_ref(), value.span())) {
            Some((DeValue::Array(entries), _)) if entries.iter().all(|entry| entry.get_ref().is_table()) => {
                entries.iter().collect()
            }
            Some((_, span)) => {
                self.diagnostics.report(span, format!("write `[[{key}]]`, once for each"), None);
                Vec::new()
            }
            None => Vec::new(),
        }
    }
}

fn span_of(table: &DeTable<'_>, key: &str) -> Span {
    table.get(key).map_or(0..0, Spanned::span)
}
