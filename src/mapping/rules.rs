//! Which line of a mapping made each field of a fact, and what it read there in the record.
//!
//! Why by mapping again: a mapping may have several facts of one kind and several sorts of lines, and only the record
//! decides which of them apply. So the same program runs over the same bytes, and nothing is told that did not happen.
//! It must not know who asks, nor whether the reader may see the payload: `reads` of personal records are the caller's
//! to hide.

use std::collections::BTreeMap;

use bihuan_connectors::sdk::RawRecord;

use super::Plan;
use super::ast::{Path, Step};
use super::eval::Env;
use super::json::{Raw, Selected};
use super::plan::shorten;
use super::program::{FactProgram, FieldProgram, LineProgram, Op, PathSpec, Program, Scope};
use crate::domain::FactKind;

/// One expression of a mapping, and what it met in a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Counted from 1.
    pub line: usize,
    /// `name = 'expression'` on one line.
    pub text: Box<str>,
    /// The paths that the expression names, `$fields` followed.
    pub reads: Vec<Read>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// From the root of the record: `.FEntity[0].FRealQty`.
    pub path: Box<str>,
    /// As the source wrote it, cut to a few hundred characters; `None` when the record has no such thing.
    pub raw: Option<Box<str>>,
}

pub type FieldRules = BTreeMap<Box<str>, Rule>;

/// The rules that made one fact.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FactRules {
    pub fields: FieldRules,
    /// By the key of the line.
    pub lines: BTreeMap<Box<str>, FieldRules>,
}

impl Plan {
    /// The rules by which `record` makes the fact of this kind and number; `None` when it makes no such fact.
    pub fn rules(&self, record: RawRecord<'_>, kind: FactKind, number: &str) -> Option<FactRules> {
        let selected = self.select(record).ok()?;
        let assembly = self.assembly();
        let program = self.mapping().program();
        let made = program.facts.iter().filter(|fact| fact.kind == kind).find(|fact| {
            let made = assembly.fact(fact, &selected);
            made.is_ok_and(|made| made.is_some_and(|made| *made.number == *number))
        })?;
        let values = assembly.header(made, &selected).ok()?;
        let teller = Teller { plan: self, program, fact: made, selected: &selected };
        let mut rules = FactRules { fields: teller.rules(&made.fields, None), lines: BTreeMap::new() };
        for line in &made.lines {
            for (index, slots) in elements(line, &selected) {
                let env = Env { record: &selected.slots, line: slots, fields: &values, zone: assembly.zone };
                let Ok(Some(found)) = assembly.line(kind, line, env) else { continue };
                let element = line.each.map(|each| Element { each, index, slots });
                let fields = line.fields.iter().chain([&line.key]);
                rules.lines.insert(found.key, teller.rules(fields, element));
            }
        }
        Some(rules)
    }
}

/// The elements that may be lines; without a list the record itself is the one line.
fn elements<'s, 'a>(line: &LineProgram, selected: &'s Selected<'a>) -> Vec<(usize, &'s [Raw<'a>])> {
    match line.each {
        None => vec![(0, &[])],
        Some(each) => selected
            .eaches
            .get(each)
            .map_or_else(Vec::new, |list| (0..list.count).map(|index| (index, list.get(index))).collect()),
    }
}

/// An element of a list of lines.
#[derive(Clone, Copy)]
struct Element<'e, 'a> {
    each: usize,
    index: usize,
    slots: &'e [Raw<'a>],
}

struct Teller<'t, 'a> {
    plan: &'t Plan,
    program: &'t Program,
    fact: &'t FactProgram,
    selected: &'t Selected<'a>,
}

impl Teller<'_, '_> {
    fn rules<'f>(
        &self,
        fields: impl IntoIterator<Item = &'f FieldProgram>,
        element: Option<Element<'_, '_>>,
    ) -> FieldRules {
        fields.into_iter().map(|field| (field.name.as_ref().into(), self.rule(field, element))).collect()
    }

    fn rule(&self, field: &FieldProgram, element: Option<Element<'_, '_>>) -> Rule {
        let mapping = &self.plan.mapping().0;
        let text = mapping.text.get(field.written.clone()).unwrap_or_default();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ").into();
        let mut slots = Vec::new();
        collect(&field.op, self.fact, &mut slots);
        let mut reads: Vec<Read> = Vec::new();
        for read in slots.into_iter().filter_map(|(scope, slot)| self.read(scope, slot, element)) {
            if !reads.contains(&read) {
                reads.push(read);
            }
        }
        Rule { line: mapping.lines.line(field.written.start), text, reads }
    }

    fn read(&self, scope: Scope, slot: usize, element: Option<Element<'_, '_>>) -> Option<Read> {
        let (path, raw) = match (scope, element) {
            (Scope::Record, _) => {
                (path_text(self.program.paths.get(slot)?.steps.clone()), self.selected.slots.get(slot)?)
            }
            (Scope::Line, Some(element)) => {
                let each = self.program.eaches.get(element.each)?;
                let spec: &PathSpec = each.paths.get(slot)?;
                let mut steps = each.steps.clone();
                steps.push(Step::Index(element.index));
                steps.extend_from_slice(&spec.steps);
                (path_text(steps), element.slots.get(slot)?)
            }
            (Scope::Line, None) => return None,
        };
        Some(Read { path: path.into(), raw: written(*raw) })
    }
}

fn path_text(steps: Vec<Step>) -> String {
    Path { outer: false, steps, optional: false }.to_string()
}

/// A value in the source's own writing.
fn written(raw: Raw<'_>) -> Option<Box<str>> {
    match raw {
        Raw::Absent => None,
        Raw::Null => Some("null".into()),
        Raw::Quoted { text, .. } | Raw::Cell(text) | Raw::Number(text) | Raw::List(text) => Some(shorten(text)),
        Raw::Bool(value) => Some(if value { "true" } else { "false" }.into()),
        Raw::Object => Some("{…}".into()),
    }
}

/// The slots that an expression may read, in the order in which they stand in it.
fn collect(op: &Op, fact: &FactProgram, found: &mut Vec<(Scope, usize)>) {
    let all = |ops: &[Op], found: &mut Vec<(Scope, usize)>| ops.iter().for_each(|op| collect(op, fact, found));
    match op {
        Op::Slot(scope, slot) => found.push((*scope, *slot)),
        // A field that is referred to refers to no other: the checker saw to it.
        Op::Field(index) => fact.fields.get(*index).iter().for_each(|field| collect(&field.op, fact, found)),
        Op::Call(call) => all(&call.args, found),
        Op::Lookup { input, otherwise, .. } => {
            collect(input, fact, found);
            collect(otherwise, fact, found);
        }
        Op::If(parts) => all(parts.as_slice(), found),
        Op::Not(inner) | Op::Minus(inner) => collect(inner, fact, found),
        Op::Binary { sides, .. } => all(sides.as_slice(), found),
        Op::Null | Op::Text(_) | Op::Decimal(_) | Op::Bool(_) | Op::Quarantine { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use bihuan_connectors::sdk::{CELL_SEPARATOR, PayloadShape};
    use jiff::tz::TimeZone;

    use super::*;
    use crate::mapping::{MapContext, Mapping, Numbering};

    /// Two facts of one kind, of which the record decides; a field that refers to another; lines of a list.
    const TEXT: &str = r#"source_kind = "t"
stream = "s"
lines = "complete"
[[fact]]
kind = "order"
when = '.type == "A"'
[fact.fields]
order_no = '.a'
customer = '.c'
currency = 'currency("CNY")'
ordered_on = '.d |> date("%Y-%m-%d")'
status = '"active"'
[[fact]]
kind = "order"
when = '.type == "B"'
[fact.fields]
order_no = '.no'
customer = '''
  first(.missing,
        .c)'''
currency = '.cur |> currency'
ordered_on = '.d |> date("%Y-%m-%d")'
gross = '.sum |> amount($currency)'
status = '"active"'
[[fact.lines]]
each = '.L'
line_no = '.id'
gross = 'if ..type == "B" then (.g |> amount($currency)) else null'
"#;
    const RECORD: &str = r#"{"type":"B","no":"O1","c":"C\u4e2d","cur":"CNY","d":"2026-01-05","sum":7.50,"L":[{"id":1},{"id":2,"g":7.5}]}"#;

    fn rules(text: &str, shape: &PayloadShape, payload: &str, kind: FactKind, number: &str) -> Option<FactRules> {
        let mapping = Mapping::parse("t.toml", text).unwrap();
        let context = MapContext { book: "sz".into(), numbering: Numbering::new("erp"), time_zone: TimeZone::UTC };
        let plan = mapping.plan(shape, &context).unwrap();
        plan.rules(RawRecord { key: "k", version: None, payload: payload.as_bytes(), problem: None }, kind, number)
    }

    fn told(rule: &Rule) -> String {
        let reads = rule.reads.iter().map(|read| format!("{}={}", read.path, read.raw.as_deref().unwrap_or("-")));
        format!("{}: {} <- {}", rule.line, rule.text, reads.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn each_field_is_led_back_to_its_line_and_to_what_it_read() {
        let rules = rules(TEXT, &PayloadShape::Json, RECORD, FactKind::Order, "O1").unwrap();
        let of = |name: &str| told(&rules.fields[name]);
        assert_eq!(of("order_no"), "17: order_no = '.no' <- .no=\"O1\"");
        let customer = r#"18: customer = ''' first(.missing, .c)''' <- .missing=- .c="C\u4e2d""#;
        assert_eq!(of("customer"), customer);
        assert_eq!(of("gross"), "23: gross = '.sum |> amount($currency)' <- .sum=7.50 .cur=\"CNY\"");
        assert_eq!(of("status"), "24: status = '\"active\"' <- ");
        assert_eq!(rules.lines.len(), 2);
        let line = |key: &str, name: &str| told(&rules.lines[key][name]);
        assert_eq!(line("2", "line_no"), "27: line_no = '.id' <- .L[1].id=2");
        let gross = "28: gross = 'if ..type == \"B\" then (.g |> amount($currency)) else null' <- .type=\"B\"";
        assert_eq!(line("2", "gross"), format!("{gross} .L[1].g=7.5 .cur=\"CNY\""));
        assert_eq!(line("1", "gross"), format!("{gross} .L[0].g=- .cur=\"CNY\""));
    }

    #[test]
    fn a_fact_that_the_record_does_not_make_has_no_rules() {
        assert_eq!(rules(TEXT, &PayloadShape::Json, RECORD, FactKind::Order, "O2"), None);
        assert_eq!(rules(TEXT, &PayloadShape::Json, RECORD, FactKind::Invoice, "O1"), None);
        assert_eq!(rules(TEXT, &PayloadShape::Json, "{", FactKind::Order, "O1"), None);
    }

    #[test]
    fn cells_of_a_row_are_named_by_their_column() {
        let text = "source_kind = \"t\"\nstream = \"s\"\nlines = \"partial\"\n[[fact]]\nkind = \"party\"\n[fact.fields]\ncode = '.\"客户编码\"'\nname = '.name'\n";
        let shape = PayloadShape::Row(["客户编码".to_owned(), "name".to_owned()].as_slice().into());
        let payload = ["C1", "远航"].join(&char::from(CELL_SEPARATOR).to_string());
        let rules = rules(text, &shape, &payload, FactKind::Party, "C1").unwrap();
        assert_eq!(told(&rules.fields["code"]), "7: code = '.\"客户编码\"' <- .客户编码=C1");
        assert!(rules.lines.is_empty());
    }
}
