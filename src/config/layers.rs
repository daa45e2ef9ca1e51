//! The layers of the configuration in one address space, so that a value keeps its place whatever was laid over it.
//!
//! Each text gets a range of offsets of its own (as a compiler's source map does). A merged tree then needs no second
//! tree of origins: the span of any value leads back to its file, line and column.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeString, DeTable, DeValue};

use super::mistakes::Mistakes;
use crate::diagnostic::Diagnostic;

/// A bigger file is a mistaken path.
pub(super) const MAX_FILE_BYTES: usize = 1024 * 1024;

/// Where a layer's keys belong in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Root,
    /// `sources.d/NAME.toml` is the table `sources.NAME`.
    Source(Box<str>),
    /// One variable or option: its path in the tree and its value. `text` shows the name only, never the value: it may
    /// be a secret.
    Single(Vec<Box<str>>, Box<str>),
}

#[derive(Debug, Clone)]
struct Layer {
    name: Box<str>,
    text: Box<str>,
    base: usize,
    place: Place,
}

/// All texts, in the order in which they override each other.
#[derive(Debug, Clone, Default)]
pub(super) struct Layers {
    layers: Vec<Layer>,
}

impl Layers {
    pub(super) fn add_file(&mut self, name: &str, text: &str) {
        self.push(name, text, Place::Root);
    }

    pub(super) fn add_source_file(&mut self, name: &str, source: &str, text: &str) {
        self.push(name, text, Place::Source(source.into()));
    }

    /// `shown` is what a diagnostic points at: `BIHUAN__STORE__URL`, `--database`.
    pub(super) fn add_single(&mut self, layer: &str, shown: &str, path: &[&str], value: &str) {
        let path = path.iter().map(|segment| (*segment).into()).collect();
        self.push(layer, shown, Place::Single(path, value.into()));
    }

    fn push(&mut self, name: &str, text: &str, place: Place) {
        // One offset of room, so that a span at the end of one text never equals one at the start of the next.
        let base = self.layers.last().map_or(0, |last| last.base + last.text.len() + 1);
        self.layers.push(Layer { name: name.into(), text: text.into(), base, place });
    }

    /// The tree of all layers. Texts that are no TOML are reported and left out.
    pub(super) fn merged(&self, mistakes: &mut Mistakes) -> DeTable<'_> {
        let mut root = DeTable::new();
        for layer in &self.layers {
            match &layer.place {
                Place::Root => overlay(&mut root, layer.parse(mistakes)),
                Place::Source(name) => {
                    let table = layer.parse(mistakes);
                    let span = layer.base..layer.base;
                    let source = wrap(span.clone(), name, DeValue::Table(table));
                    overlay(&mut root, wrap(span, "sources", DeValue::Table(source)));
                }
                Place::Single(path, value) => set(&mut root, path, layer.single(value), &layer.all()),
            }
        }
        root
    }

    /// The mistake at a span of the merged tree; without one, at the start of the last file.
    fn diagnose(&self, span: Option<Range<usize>>, message: &str, help: Option<String>) -> Diagnostic {
        let span = span.unwrap_or_default();
        let index = self.layers.partition_point(|layer| layer.base <= span.start).saturating_sub(1);
        let Some(layer) = self.layers.get(index) else {
            return Diagnostic::new("", "", 0..0, message, help);
        };
        let local = span.start - layer.base..span.end.saturating_sub(layer.base);
        Diagnostic::new(&layer.name, &layer.text, local, message, help)
    }

    /// Adds the mistake at a span of the merged tree.
    pub(super) fn report(
        &self,
        span: Option<Range<usize>>,
        message: &str,
        help: Option<String>,
        mistakes: &mut Mistakes,
    ) {
        let diagnostic = self.diagnose(span, message, help);
        let text = self.text_of(&diagnostic.file).unwrap_or_default();
        mistakes.add(diagnostic, text);
    }

    fn text_of(&self, file: &str) -> Option<&str> {
        self.layers.iter().rev().find(|layer| &*layer.name == file).map(|layer| &*layer.text)
    }
}

impl Layer {
    fn all(&self) -> Range<usize> {
        self.base..self.base + self.text.len()
    }

    fn parse(&self, mistakes: &mut Mistakes) -> DeTable<'_> {
        let (table, errors) = DeTable::parse_recoverable(&self.text);
        for error in errors {
            let local = error.span().unwrap_or_default();
            mistakes.add(Diagnostic::new(&self.name, &self.text, local, error.message(), None), &self.text);
        }
        relocate_table(table.into_inner(), &|span| span.start + self.base..span.end + self.base)
    }

    /// A value that is written as TOML (`5`, `true`, `["a"]`) is one; anything else is text.
    fn single<'a>(&self, value: &'a str) -> DeValue<'a> {
        let parsed = DeValue::parse(value).map_or_else(|_| DeValue::String(value.into()), Spanned::into_inner);
        relocate(parsed, &|_| self.all())
    }
}

fn wrap<'a>(span: Range<usize>, key: &'a str, value: DeValue<'a>) -> DeTable<'a> {
    let mut table = DeTable::new();
    table.insert(Spanned::new(span.clone(), key.into()), Spanned::new(span, value));
    table
}

fn relocate_table<'a>(table: DeTable<'a>, place: &dyn Fn(Range<usize>) -> Range<usize>) -> DeTable<'a> {
    let entries = table.into_iter();
    entries.map(|(key, value)| (relocate_spanned(key, place, |key, _| key), relocate_value(value, place))).collect()
}

fn relocate_value<'a>(
    value: Spanned<DeValue<'a>>,
    place: &dyn Fn(Range<usize>) -> Range<usize>,
) -> Spanned<DeValue<'a>> {
    relocate_spanned(value, place, relocate)
}

type Relocate<'p> = &'p dyn Fn(Range<usize>) -> Range<usize>;

fn relocate_spanned<T>(value: Spanned<T>, place: Relocate<'_>, inner: impl Fn(T, Relocate<'_>) -> T) -> Spanned<T> {
    let span = place(value.span());
    Spanned::new(span, inner(value.into_inner(), place))
}

fn relocate<'a>(value: DeValue<'a>, place: &dyn Fn(Range<usize>) -> Range<usize>) -> DeValue<'a> {
    match value {
        DeValue::Table(table) => DeValue::Table(relocate_table(table, place)),
        DeValue::Array(array) => {
            let mut moved = DeArray::new();
            for item in array {
                moved.push(relocate_value(item, place));
            }
            DeValue::Array(moved)
        }
        other => other,
    }
}

/// Lays `over` on `base`: tables key by key, everything else replaces. The later key's span stays, for the caret.
pub(super) fn overlay<'a>(base: &mut DeTable<'a>, over: DeTable<'a>) {
    for (key, value) in over {
        let Some((old_key, mut old)) = base.remove_entry(&key) else {
            base.insert(key, value);
            continue;
        };
        let span = value.span();
        match (old.get_mut(), value.into_inner()) {
            (DeValue::Table(below), DeValue::Table(above)) => {
                overlay(below, above);
                base.insert(old_key, old);
            }
            (_, value) => {
                base.insert(key, Spanned::new(span, value));
            }
        }
    }
}

/// Sets one value by its path, making tables on the way. `ERP_SZ` finds the key `erp-sz` that is already there, because
/// a variable's name cannot hold a dash.
fn set<'a>(table: &mut DeTable<'a>, path: &'a [Box<str>], value: DeValue<'a>, span: &Range<usize>) {
    let Some((segment, rest)) = path.split_first() else { return };
    let known = table.keys().find(|key| same_name(key.get_ref(), segment)).map(|key| key.get_ref().clone());
    let name: DeString<'a> = known.unwrap_or_else(|| segment.as_ref().into());
    let key = Spanned::new(span.clone(), name);
    if rest.is_empty() {
        table.remove(&key);
        table.insert(key, Spanned::new(span.clone(), value));
        return;
    }
    if !matches!(table.get(&key).map(Spanned::get_ref), Some(DeValue::Table(_))) {
        table.remove(&key);
        table.insert(key.clone(), Spanned::new(span.clone(), DeValue::Table(DeTable::new())));
    }
    if let Some(DeValue::Table(inner)) = table.get_mut(&key).map(Spanned::get_mut) {
        set(inner, rest, value, span);
    }
}

fn same_name(key: &str, segment: &str) -> bool {
    key.len() == segment.len()
        && key.chars().zip(segment.chars()).all(|(a, b)| a.eq_ignore_ascii_case(&b) || (a == '-' && b == '_'))
}
