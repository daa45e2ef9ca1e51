//! A mapping bound to one source and to the shape of its payloads: from here a record costs no look-up by name.

use std::sync::Arc;

use bihuan_connectors::sdk::{CELL_SEPARATOR, PayloadShape, RawRecord};
use jiff::tz::TimeZone;
use thiserror::Error;

use super::Mapping;
use super::assemble::{Assembly, FieldFault, in_field};
use super::ast::Step;
use super::eval::{Env, eval, is_true};
use super::json::{Raw, Selected, Selector, Trie};
use super::program::Program;
use crate::diagnostic::did_you_mean;
use crate::domain::{Fact, FactKind, IdRange, Problem};

/// Which number range each kind of a source is counted in; sources that share numbers name the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbering {
    pub default: Box<str>,
    pub by_kind: Vec<(FactKind, Box<str>)>,
}

impl Numbering {
    pub fn new(default: &str) -> Self {
        Self { default: default.into(), by_kind: Vec::new() }
    }

    #[must_use]
    pub fn with(mut self, kind: FactKind, name: &str) -> Self {
        self.by_kind.retain(|(known, _)| *known != kind);
        self.by_kind.push((kind, name.into()));
        self
    }

    pub fn of(&self, kind: FactKind) -> &str {
        self.by_kind.iter().find(|(known, _)| *known == kind).map_or(&*self.default, |(_, name)| &**name)
    }
}

/// What a mapping must know about the source that it is used for.
#[derive(Debug, Clone)]
pub struct MapContext {
    pub book: Box<str>,
    pub numbering: Numbering,
    /// The zone of the source's bare times.
    pub time_zone: TimeZone,
}

/// What became of a record. A record is atomic: one bad field and none of its facts comes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mapped {
    Facts(Vec<Fact>),
    /// Why the mapping leaves the record out, in its own words.
    Ignored(Box<str>),
    Quarantined(Problem),
}

/// Enough to recognise a value; quarantine is not a second copy of the record.
pub const MAX_VALUE_CHARS: usize = 200;

/// Why a mapping cannot read payloads of this shape.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MapError {
    #[error("{at}: the file has no column `{column}`{hint}; it has: {found}")]
    MissingColumn { at: Box<str>, column: Box<str>, hint: Box<str>, found: Box<str> },
    #[error("{at}: rows have no {what}; only JSON records do")]
    NotInRows { at: Box<str>, what: &'static str },
}

/// Cheap to share; safe to use from many threads.
#[derive(Debug, Clone)]
pub struct Plan {
    mapping: Mapping,
    context: Arc<MapContext>,
    /// By the position of the kind in [`FactKind::ALL`].
    ranges: Arc<[(IdRange, Box<str>)]>,
    binding: Binding,
}

#[derive(Debug, Clone)]
enum Binding {
    Json(Arc<Selector>),
    /// Column of each slot; the number of columns that are needed at all.
    Row {
        columns: Arc<[Option<usize>]>,
        needed: usize,
    },
    Opaque,
}

impl Plan {
    pub(super) fn bind(mapping: Mapping, shape: &PayloadShape, context: &MapContext) -> Result<Self, MapError> {
        let binding = match shape {
            PayloadShape::Json => Binding::Json(Arc::new(selector(mapping.program()))),
            PayloadShape::Row(columns) => bind_columns(&mapping, columns)?,
            PayloadShape::Opaque => Binding::Opaque,
        };
        let range = |kind: &FactKind| {
            let numbering = context.numbering.of(*kind);
            (IdRange::new(&context.book, *kind, numbering), numbering.into())
        };
        let ranges = FactKind::ALL.iter().map(range).collect();
        Ok(Self { mapping, context: Arc::new(context.clone()), ranges, binding })
    }

    /// Never fails and never panics, whatever the bytes are.
    pub fn map(&self, record: RawRecord<'_>) -> Mapped {
        match self.select(record) {
            Ok(selected) => self.facts(&selected).unwrap_or_else(|fault| Mapped::Quarantined(self.problem(*fault))),
            Err(unreadable) => Mapped::Quarantined(unreadable),
        }
    }

    /// What the mapping reads of a record.
    pub(super) fn select<'a>(&self, record: RawRecord<'a>) -> Result<Selected<'a>, Problem> {
        if let Some(problem) = record.problem {
            return Err(unreadable(record.payload, problem));
        }
        let text = std::str::from_utf8(record.payload).map_err(|error| {
            let reason = format!("不是 UTF-8 not UTF-8 at byte {}", error.valid_up_to());
            unreadable(record.payload, &reason)
        })?;
        match &self.binding {
            Binding::Json(selector) => selector.select(text).map_err(|broken| {
                let reason = format!("JSON 损坏 broken JSON at byte {}: {}", broken.at, broken.what);
                unreadable(record.payload, &reason)
            }),
            Binding::Row { columns, needed } => Ok(cells(text, columns, *needed)),
            Binding::Opaque => Err(unreadable(record.payload, "无法读取 unreadable")),
        }
    }

    pub(super) fn assembly(&self) -> Assembly<'_> {
        Assembly { book: &self.context.book, zone: &self.context.time_zone, ranges: &self.ranges }
    }

    pub(super) fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    fn facts<'a>(&'a self, selected: &Selected<'a>) -> Result<Mapped, Box<FieldFault>> {
        let program = self.mapping.program();
        let zone = &self.context.time_zone;
        let env = Env { record: &selected.slots, line: &[], fields: &[], zone };
        for ignore in &program.ignores {
            if is_true(&in_field(eval(&ignore.when, env), "ignore", ignore.at)?) {
                return Ok(Mapped::Ignored(ignore.because.clone()));
            }
        }
        let assembly = self.assembly();
        let mut facts = Vec::with_capacity(program.facts.len());
        for fact in &program.facts {
            facts.extend(assembly.fact(fact, selected)?);
        }
        if facts.is_empty() {
            return Ok(Mapped::Ignored("映射中没有适用的规则 no fact of the mapping applies".into()));
        }
        Ok(Mapped::Facts(facts))
    }

    fn problem(&self, fault: FieldFault) -> Problem {
        Problem {
            field: fault.field,
            value: shorten(&fault.fault.value),
            reason: fault.fault.reason.into(),
            at: Some(self.mapping.place(fault.fault.at).into()),
        }
    }
}

fn unreadable(payload: &[u8], reason: &str) -> Problem {
    // Only the beginning is shown, so only the beginning is decoded: four bytes hold any character.
    let shown = &payload[..payload.len().min(MAX_VALUE_CHARS * 4)];
    let value = shorten(&String::from_utf8_lossy(shown).replace(char::from(CELL_SEPARATOR), " | "));
    Problem { field: "record".into(), value, reason: reason.into(), at: None }
}

pub(super) fn shorten(value: &str) -> Box<str> {
    match value.char_indices().nth(MAX_VALUE_CHARS) {
        None => value.into(),
        Some(_) => value.chars().take(MAX_VALUE_CHARS - 1).chain(['…']).collect(),
    }
}

fn selector(program: &Program) -> Selector {
    let mut record = Trie::new(program.paths.iter().map(|path| path.steps.as_slice()));
    for (index, each) in program.eaches.iter().enumerate() {
        record.add_each(&each.steps, index);
    }
    let eaches =
        program.eaches.iter().map(|each| Trie::new(each.paths.iter().map(|path| path.steps.as_slice()))).collect();
    Selector { record, eaches }
}

fn bind_columns(mapping: &Mapping, columns: &[String]) -> Result<Binding, MapError> {
    if let Some(each) = mapping.program().eaches.first() {
        return Err(MapError::NotInRows { at: mapping.place(each.span.start).into(), what: "lists (`each`)" });
    }
    let mut bound = Vec::with_capacity(mapping.program().paths.len());
    for path in &mapping.program().paths {
        let at = || mapping.place(path.span.start).into();
        let [Step::Key(name)] = path.steps.as_slice() else {
            return Err(MapError::NotInRows { at: at(), what: "paths of several steps" });
        };
        let column = columns.iter().position(|column| column.trim() == name);
        if column.is_none() && !path.optional {
            let hint = did_you_mean(name, columns.iter().map(String::as_str));
            return Err(MapError::MissingColumn {
                at: at(),
                column: name.as_str().into(),
                hint: hint.map(|hint| format!(", {hint}")).unwrap_or_default().into(),
                found: columns.join(", ").into(),
            });
        }
        bound.push(column);
    }
    let needed = bound.iter().flatten().max().map_or(0, |last| last + 1);
    Ok(Binding::Row { columns: bound.into(), needed })
}

fn cells<'a>(text: &'a str, columns: &[Option<usize>], needed: usize) -> Selected<'a> {
    // The separator is ASCII, so cutting between bytes never cuts a character.
    let mut found = Vec::with_capacity(needed);
    let (mut start, bytes) = (0, text.as_bytes());
    while found.len() < needed && start <= bytes.len() {
        let length = bytes[start..].iter().position(|byte| *byte == CELL_SEPARATOR).unwrap_or(bytes.len() - start);
        found.push(text.get(start..start + length).unwrap_or_default());
        start += length + 1;
    }
    let cell = |column: &Option<usize>| {
        column.and_then(|column| found.get(column)).map_or(Raw::Absent, |cell: &&'a str| Raw::Cell(cell))
    };
    Selected { slots: columns.iter().map(cell).collect(), eaches: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_its_own_place_in_the_list_of_kinds() {
        for (place, kind) in FactKind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, place, "number ranges are found by it");
        }
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        assert_eq!(&*shorten("数量"), "数量");
        let cut = shorten(&"数".repeat(500));
        assert_eq!((cut.chars().count(), cut.ends_with('…')), (MAX_VALUE_CHARS, true));
    }
}
