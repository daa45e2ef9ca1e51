//! Checks a mapping file against FACTS and turns it into a [`Program`]. All mistakes of the file are found at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::{Expr, Node, Span, Step};
use super::compile::{Compiled, Compiler, Paths};
use super::file::{FactEntry, FieldEntry, LineEntry, MappingFile};
use super::program::{Each, FactProgram, FieldProgram, Ignore, LineProgram, Op, Program};
use super::types::{Base, Type, accepts, conversion_help, describe};
use crate::diagnostic::{Diagnostics, did_you_mean};
use crate::domain::FactKind;
use crate::domain::fact::{FactSpec, FieldSpec, FieldType, spec};

/// Custom fields carry this prefix and are texts.
const EXTRA: &str = "extra.";

pub(super) type Tables = BTreeMap<String, Arc<BTreeMap<Box<str>, Box<str>>>>;

/// The program is only meant to run when nothing was reported.
pub(super) fn check(file: MappingFile, diagnostics: &mut Diagnostics<'_>) -> Program {
    let tables = file.tables.into_iter().map(|(name, table)| (name, Arc::new(table))).collect();
    let mut checker = Checker { diagnostics, tables, paths: Paths::default(), eaches: Vec::new() };
    let mut ignores = Vec::new();
    for entry in file.ignores {
        let at = entry.when.span.start;
        if let Some(when) = checker.condition(&entry.when) {
            ignores.push(Ignore { when, because: entry.because.into(), at });
        }
    }
    let facts = file.facts.into_iter().filter_map(|entry| checker.fact(entry)).collect();
    Program { paths: checker.paths.specs, eaches: checker.eaches, ignores, facts }
}

struct Checker<'c, 't> {
    diagnostics: &'c mut Diagnostics<'t>,
    tables: Tables,
    paths: Paths,
    eaches: Vec<Each>,
}

/// A header field, and whether it refers to others (`$name`) and so comes after them.
type HeaderField = (FieldProgram, bool);
/// The header fields by name, with what `$name` gives.
type Types = Vec<(String, Type)>;

/// Where an expression stands: what its paths and `$names` mean.
struct Place<'p> {
    each: Option<usize>,
    fields: Option<&'p [(String, Type)]>,
}

impl Checker<'_, '_> {
    fn compile(&mut self, expr: &Expr, place: &Place<'_>) -> Option<Compiled> {
        let mut line_paths = place.each.map(|each| Paths { specs: std::mem::take(&mut self.eaches[each].paths) });
        let compiled = Compiler {
            diagnostics: self.diagnostics,
            tables: &self.tables,
            record: &mut self.paths,
            line: line_paths.as_mut(),
            fields: place.fields,
        }
        .expr(expr);
        if let (Some(each), Some(paths)) = (place.each, line_paths) {
            self.eaches[each].paths = paths.specs;
        }
        compiled
    }

    /// A `when` over the record.
    fn condition(&mut self, expr: &Expr) -> Option<Op> {
        self.condition_at(expr, &Place { each: None, fields: None })
    }

    fn condition_at(&mut self, expr: &Expr, place: &Place<'_>) -> Option<Op> {
        let compiled = self.compile(expr, place)?;
        if compiled.of.base != Base::Bool {
            let help = "compare: `.status == \"C\"`, or test: `is_empty(.x)`".to_owned();
            let message = format!("a condition is true or false, this is {}", compiled.of.base);
            self.diagnostics.report(expr.span.clone(), message, Some(help));
            return None;
        }
        Some(compiled.op)
    }

    fn fact(&mut self, entry: FactEntry) -> Option<FactProgram> {
        let (name, span) = &entry.kind;
        let Some(kind) = FactKind::parse(name) else {
            if !name.is_empty() {
                let kinds = FactKind::ALL.iter().map(|kind| kind.name());
                let help = did_you_mean(name, kinds.clone())
                    .unwrap_or_else(|| format!("kinds: {}", kinds.collect::<Vec<_>>().join(", ")));
                self.diagnostics.report(span.clone(), format!("`{name}` is not a kind of fact"), Some(help));
            }
            return None;
        };
        let spec = spec(kind);
        let when = entry.when.as_ref().and_then(|when| Some((self.condition(when)?, when.span.start)));
        self.missing(kind, "", spec.fields, &entry.fields, span);
        let (fields, types) = self.header(spec, &entry.fields);
        let lines = entry.lines.iter().filter_map(|line| self.line(spec, line, &types)).collect();
        let key = fields.iter().position(|(field, _)| field.name == spec.key)?;
        let (early, late): (Vec<usize>, Vec<usize>) = (0..fields.len()).partition(|index| !fields[*index].1);
        let fields = fields.into_iter().map(|(field, _)| field).collect();
        Some(FactProgram { kind, when, fields, key, order: early.into_iter().chain(late).collect(), lines })
    }

    /// Header fields sorted by name, each with whether it refers to others; and the types that `$name` may have.
    fn header(&mut self, spec: &FactSpec, entries: &[FieldEntry]) -> (Vec<HeaderField>, Types) {
        let mut entries: Vec<&FieldEntry> = entries.iter().collect();
        entries.sort_by(|left, right| left.name.cmp(&right.name));
        let is_late = |entry: &FieldEntry| entry.expr.as_ref().is_some_and(refers_to_field);
        let mut compiled: Vec<Option<(FieldProgram, Type)>> = entries.iter().map(|_| None).collect();
        for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| !is_late(entry)) {
            compiled[index] = self.field(spec.kind, spec.fields, entry, &Place { each: None, fields: None });
        }
        // A name that failed is known with the type that FACTS gives it, so that one mistake is told once.
        let types: Vec<(String, Type)> = entries
            .iter()
            .zip(&compiled)
            .map(|(entry, compiled)| match compiled {
                Some((_, of)) => (entry.name.clone(), *of),
                None if is_late(entry) => (entry.name.clone(), Type::of(Base::Quotient)),
                None => (entry.name.clone(), Type::of(Base::Nothing)),
            })
            .collect();
        let mut known = types.clone();
        for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| is_late(entry)) {
            compiled[index] = self.field(spec.kind, spec.fields, entry, &Place { each: None, fields: Some(&types) });
            known[index].1 = compiled[index].as_ref().map_or(Type::of(Base::Nothing), |(_, of)| *of);
        }
        // Only a whole header keeps `$name` indexes right; after a mistake the program does not run anyway.
        let fields = entries.iter().zip(compiled).filter_map(|(entry, done)| Some((done?.0, is_late(entry)))).collect();
        (fields, known)
    }

    fn line(&mut self, spec: &FactSpec, entry: &LineEntry, types: &[(String, Type)]) -> Option<LineProgram> {
        let Some(key_spec) = spec.lines.first() else {
            let message = format!("a {} has no lines", spec.kind);
            self.diagnostics.report(entry.span.clone(), message, None);
            return None;
        };
        let each = match &entry.each {
            Some(expr) => Some(self.each(expr)?),
            None => None,
        };
        let place = Place { each, fields: Some(types) };
        self.missing(spec.kind, "lines of ", spec.lines, &entry.fields, &entry.span);
        let when = entry.when.as_ref().and_then(|when| Some((self.condition_at(when, &place)?, when.span.start)));
        let mut fields: Vec<FieldProgram> = entry
            .fields
            .iter()
            .filter_map(|field| self.field(spec.kind, spec.lines, field, &place))
            .map(|(field, _)| field)
            .collect();
        fields.sort_by(|left, right| left.name.cmp(&right.name));
        let key = fields.remove(fields.iter().position(|field| field.name == key_spec.name)?);
        Some(LineProgram { each, when, key, fields })
    }

    /// The list of lines, shared by all `[[fact.lines]]` that name the same path.
    fn each(&mut self, expr: &Expr) -> Option<usize> {
        let Node::Path(path) = &expr.node else {
            self.diagnostics.report(
                expr.span.clone(),
                "`each` is a path to a list",
                Some("`each = '.FEntity'`".into()),
            );
            return None;
        };
        if path.outer || path.steps.iter().any(|step| matches!(step, Step::Index(_))) || path.steps.is_empty() {
            self.diagnostics.report(expr.span.clone(), "`each` is a plain path of the record", None);
            return None;
        }
        let known = self.eaches.iter().position(|each| each.steps == path.steps);
        Some(known.unwrap_or_else(|| {
            self.eaches.push(Each { steps: path.steps.clone(), span: expr.span.clone(), paths: Vec::new() });
            self.eaches.len() - 1
        }))
    }

    fn missing(&mut self, kind: FactKind, of: &str, specs: &[FieldSpec], entries: &[FieldEntry], span: &Span) {
        for field in specs.iter().filter(|field| field.required) {
            if !entries.iter().any(|entry| entry.name == field.name) {
                let message = format!("{of}{kind} needs the field `{}`", field.name);
                self.diagnostics.report(
                    span.clone(),
                    message,
                    Some(format!("{}: {}", describe(field.field_type), field.doc)),
                );
            }
        }
    }

    fn field(
        &mut self,
        kind: FactKind,
        specs: &'static [FieldSpec],
        entry: &FieldEntry,
        place: &Place<'_>,
    ) -> Option<(FieldProgram, Type)> {
        let field = specs.iter().find(|field| field.name == entry.name);
        if field.is_none() && !entry.name.starts_with(EXTRA) {
            let help = did_you_mean(&entry.name, specs.iter().map(|field| field.name)).unwrap_or_else(|| {
                let names: Vec<&str> = specs.iter().map(|field| field.name).collect();
                format!("fields: {}; anything else as \"extra.{}\"", names.join(", "), entry.name)
            });
            self.diagnostics.report(entry.span.clone(), format!("{kind} has no field `{}`", entry.name), Some(help));
        }
        let expr = entry.expr.as_ref()?;
        let compiled = self.compile(expr, place)?;
        let (field_type, required) = field.map_or((FieldType::Text, false), |field| (field.field_type, field.required));
        if field.is_none() && !entry.name.starts_with(EXTRA) {
            return None;
        }
        self.fits(&entry.name, field_type, required, expr, compiled.of)?;
        if let FieldType::Enum(words) = field_type {
            self.words(&entry.name, words, expr);
        }
        let name = field.map_or_else(|| entry.name.clone().into(), |field| field.name.into());
        let (at, written) = (expr.span.start, entry.written.clone());
        let program = FieldProgram { name, field_type, required, op: compiled.op, at, written };
        Some((program, compiled.of))
    }

    fn fits(&mut self, name: &str, field_type: FieldType, required: bool, expr: &Expr, of: Type) -> Option<()> {
        if expr.node == Node::Null && required {
            self.diagnostics.report(expr.span.clone(), format!("`{name}` is required, it cannot be null"), None);
            return None;
        }
        if accepts(field_type, of.base) {
            return Some(());
        }
        let message = format!("`{name}` takes {}, this is {}", describe(field_type), of.base);
        let help = if of.base == Base::Text { conversion_help(field_type) } else { None };
        let help = help.or_else(|| (of.base == Base::Quotient).then(|| "round it: `round(a / b, 6)`".to_owned()));
        self.diagnostics.report(expr.span.clone(), message, help);
        None
    }

    /// Every text that the expression can spell out itself must be a word of the field; the rest is checked at run time.
    fn words(&mut self, name: &str, words: &[&str], expr: &Expr) {
        let mut spelt = Vec::new();
        results(expr, &self.tables, &mut spelt);
        for (word, span) in spelt {
            if !words.contains(&word.as_str()) {
                let help = did_you_mean(&word, words.iter().copied())
                    .unwrap_or_else(|| format!("one of {}", words.join(", ")));
                self.diagnostics.report(span, format!("`{name}` cannot be `{word}`"), Some(help));
            }
        }
    }
}

fn refers_to_field(expr: &Expr) -> bool {
    match &expr.node {
        Node::Field(_) => true,
        Node::Call { args, .. } => args.iter().any(|arg| refers_to_field(&arg.value)),
        Node::Lookup { input, .. } => refers_to_field(input),
        Node::If { condition, then, otherwise } => [condition, then, otherwise].into_iter().any(|e| refers_to_field(e)),
        Node::Not(inner) | Node::Minus(inner) => refers_to_field(inner),
        Node::Binary { left, right, .. } => refers_to_field(left) || refers_to_field(right),
        _ => false,
    }
}

/// The texts that are results of `expr` and stand in the file.
fn results(expr: &Expr, tables: &Tables, spelt: &mut Vec<(String, Span)>) {
    match &expr.node {
        Node::Text(text) => spelt.push((text.clone(), expr.span.clone())),
        Node::If { then, otherwise, .. } => {
            results(then, tables, spelt);
            results(otherwise, tables, spelt);
        }
        Node::Lookup { table, otherwise, .. } => {
            match table {
                super::ast::TableRef::Inline(entries) => {
                    spelt.extend(entries.iter().map(|(_, word)| (word.clone(), expr.span.clone())));
                }
                super::ast::TableRef::Named(name) => {
                    let words = tables.get(&name.text).into_iter().flat_map(|table| table.values());
                    spelt.extend(words.map(|word| (word.to_string(), name.span.clone())));
                }
            }
            results(otherwise, tables, spelt);
        }
        Node::Call { name, args } if matches!(name.text.as_str(), "first" | "required") => {
            args.iter().for_each(|arg| results(&arg.value, tables, spelt));
        }
        _ => {}
    }
}
