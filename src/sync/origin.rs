//! Where each value of a document came from: the record that had the say, the line of the mapping, what it read there.
//!
//! Why here: records lie in the store, rules in mappings, and this is where the two meet. Nothing is guessed: where the
//! stored bytes no longer lead to the fact, that is what is told. It must not know how it is shown.

use std::collections::HashMap;
use std::sync::Arc;

use bihuan_connectors::sdk::RawRecord;
use jiff::tz::TimeZone;

use super::native;
use crate::domain::{FactKind, FieldMap, Hash, Value};
use crate::ledger::SignaturesKnown;
use crate::mapping::{FactRules, FieldRules, MapContext, Mapping, Numbering, Rule};
use crate::store::{DocumentView, Origin, RawPayload, Source};

/// Lines of a document whose values are led back to their origin; the others are only counted.
pub const LINES_IN_FULL: usize = 20;

/// A document with the origin of its values.
#[derive(Debug)]
pub struct Traced {
    pub fields: Vec<TracedField>,
    /// By key, at most [`LINES_IN_FULL`].
    pub lines: Vec<(Box<str>, Vec<TracedField>)>,
    pub lines_left_out: usize,
    /// How each of the view's sources was mapped.
    pub sources: Vec<Mapped>,
}

#[derive(Debug)]
pub struct TracedField {
    pub name: Box<str>,
    pub value: Value,
    /// Which of the view's sources had the say.
    pub source: usize,
    pub rule: Option<Rule>,
}

/// How the facts of one record came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mapped {
    /// By this mapping (`kingdee/outstock`); the rules are known.
    By { mapping: Box<str>, rules: FactRules },
    /// Bihuan's own fact: the payload is the fact.
    Own,
    /// There were too many records to look into each.
    NotLookedInto,
    /// The person whom it is about was erased; nothing is left to map.
    Erased,
    /// The stored mapping means nothing to this version, or no longer makes this fact from these bytes.
    NotRepeatable { mapping: Box<str> },
}

impl Mapped {
    fn rules(&self) -> Option<&FactRules> {
        if let Self::By { rules, .. } = self { Some(rules) } else { None }
    }
}

/// Leads every value of a document back to where it came from.
pub fn trace(view: &DocumentView) -> Traced {
    let mut mappings = HashMap::new();
    let sources: Vec<Mapped> = view.sources.iter().map(|source| mapped(view, source, &mut mappings)).collect();
    let header = |source: &Source| Some(source.fields.clone());
    let fields = fields(view, &sources, &view.document.fields, header, |rules| Some(&rules.fields));
    let lines = view.document.lines.iter().take(LINES_IN_FULL).map(|line| {
        let of = |source: &Source| {
            let said = source.lines.iter().find(|said| said.key == line.key);
            said.map(|said| said.fields.clone())
        };
        (line.key.clone(), self::fields(view, &sources, &line.fields, of, |rules| rules.lines.get(&line.key)))
    });
    let lines = lines.collect();
    let lines_left_out = view.document.lines.len().saturating_sub(LINES_IN_FULL);
    Traced { fields, lines, lines_left_out, sources }
}

/// Sources come in the order of precedence: the first with an opinion had the say.
fn fields<'m>(
    view: &DocumentView,
    mapped: &'m [Mapped],
    values: &FieldMap,
    said: impl Fn(&Source) -> Option<FieldMap>,
    rules: impl Fn(&'m FactRules) -> Option<&'m FieldRules>,
) -> Vec<TracedField> {
    let said: Vec<Option<FieldMap>> = view.sources.iter().map(said).collect();
    let traced = values.iter().filter_map(|(name, value)| {
        let source = said.iter().position(|said| said.as_ref().is_some_and(|said| said.get(name).is_some()))?;
        let rule = mapped[source].rules().and_then(&rules).and_then(|rules| rules.get(name)).cloned();
        Some(TracedField { name: name.into(), value: value.clone(), source, rule })
    });
    traced.collect()
}

type Mappings = HashMap<Hash, Option<Mapping>>;

fn mapped(view: &DocumentView, source: &Source, mappings: &mut Mappings) -> Mapped {
    let Some(origin) = &source.origin else { return Mapped::NotLookedInto };
    if &*origin.mapping_text == native::MAPPING {
        return Mapped::Own;
    }
    let RawPayload::Bytes(payload) = &origin.payload else { return Mapped::Erased };
    let mapping =
        mappings.entry(source.mapping).or_insert_with(|| Mapping::parse("mapping", &origin.mapping_text).ok());
    let Some(mapping) = mapping else { return Mapped::NotRepeatable { mapping: short(source.mapping) } };
    let name: Box<str> = format!("{}/{}", mapping.source_kind(), mapping.stream()).into();
    match rules(view, source, mapping, origin, payload) {
        Some(rules) => Mapped::By { mapping: name, rules },
        None => Mapped::NotRepeatable { mapping: name },
    }
}

/// Enough of a hash to tell versions apart.
fn short(hash: Hash) -> Box<str> {
    hash.to_string().chars().take(8).collect()
}

fn rules(
    view: &DocumentView,
    source: &Source,
    mapping: &Mapping,
    origin: &Origin,
    payload: &[u8],
) -> Option<FactRules> {
    // Only rules are asked for, so neither the number range nor the zone of bare times matters.
    let context = MapContext {
        book: source.book.clone(),
        numbering: Numbering::new(native::NUMBERING),
        time_zone: TimeZone::UTC,
    };
    let plan = mapping.plan(&origin.shape, &context).ok()?;
    let record = RawRecord { key: &source.record_key, version: None, payload, problem: origin.problem.as_deref() };
    let mut rules = plan.rules(record, view.document.kind, &view.document.number)?;
    if origin.personal {
        let all = rules.lines.values_mut().chain([&mut rules.fields]);
        all.flat_map(|rules| rules.values_mut()).for_each(|rule| rule.reads.clear());
    }
    Some(rules)
}

/// Who, of the records that come in by these mappings, tells when a customer signed for goods.
pub fn tell_of_signatures(mappings: &[Arc<str>]) -> SignaturesKnown {
    let mut known = SignaturesKnown::default();
    for mapping in mappings.iter().filter_map(|text| Mapping::parse("mapping", text).ok()) {
        known.by_source |= mapping.makes(FactKind::Shipment, "signed_on");
        known.by_carrier |= mapping.makes(FactKind::Logistics, "event");
    }
    known
}

/// What may be shown of a record's bytes.
pub fn shown_payload(origin: &Origin) -> Option<&[u8]> {
    match &origin.payload {
        RawPayload::Bytes(bytes) if !origin.personal => Some(bytes),
        _ => None,
    }
}
