//! Cases beside a mapping: an input record and the facts, the quarantine or the ignoring that it must lead to.
//!
//! A case states every field of every fact, so it is also the plainest documentation of what the mapping does.

use std::collections::BTreeMap;
use std::fmt::Write;

use bihuan_connectors::sdk::{CELL_SEPARATOR, PayloadShape, RecordBatchBuilder};
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::{MapContext, Mapped, Mapping, Numbering, Plan};
use crate::domain::fact::{Value, spec};
use crate::domain::{Fact, FactKind, FieldMap};

/// What became of the cases of one mapping.
#[derive(Debug, Default)]
pub struct CaseReport {
    pub passed: usize,
    pub failures: Vec<CaseFailure>,
}

#[derive(Debug)]
pub struct CaseFailure {
    /// Name of the case; the case file itself when it cannot be read.
    pub case: String,
    pub message: String,
}

impl CaseReport {
    pub fn is_ok(&self) -> bool {
        self.failures.is_empty()
    }

    fn broken(case: &str, message: String) -> Self {
        Self { passed: 0, failures: vec![CaseFailure { case: case.to_owned(), message }] }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    #[serde(default)]
    context: ContextEntry,
    /// Column names; without them the records are JSON.
    columns: Option<Vec<String>>,
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ContextEntry {
    book: String,
    numbering: String,
    numbering_of: BTreeMap<String, String>,
    time_zone: String,
}

impl Default for ContextEntry {
    fn default() -> Self {
        Self {
            book: "sz".to_owned(),
            numbering: "erp".to_owned(),
            numbering_of: BTreeMap::new(),
            time_zone: "Asia/Shanghai".to_owned(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    json: Option<String>,
    row: Option<BTreeMap<String, String>>,
    #[serde(default)]
    fact: Vec<ExpectedFact>,
    /// A part of the reason.
    ignored: Option<String>,
    quarantined: Option<ExpectedProblem>,
}

/// Values as texts: amounts and decimals without trailing zeros, a reference by its number, `null` for known empty.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct ExpectedFact {
    kind: String,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    /// With the line's key under its name in FACTS (`line_no`).
    #[serde(default)]
    lines: Vec<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedProblem {
    field: String,
    value: String,
    /// A part of the reason.
    reason: String,
}

/// Runs the cases of `<stream>.case.toml` through `mapping`.
pub fn run_cases(mapping: &Mapping, case_file_text: &str) -> CaseReport {
    let file: CaseFile = match toml::from_str(case_file_text) {
        Ok(file) => file,
        Err(error) => return CaseReport::broken("the case file", error.to_string()),
    };
    let shape = match &file.columns {
        Some(columns) => PayloadShape::Row(columns.as_slice().into()),
        None => PayloadShape::Json,
    };
    let plan = match context(&file.context)
        .and_then(|context| mapping.plan(&shape, &context).map_err(|error| error.to_string()))
    {
        Ok(plan) => plan,
        Err(message) => return CaseReport::broken("the context", message),
    };
    let mut report = CaseReport::default();
    for case in &file.case {
        match run_case(&plan, &shape, file.columns.as_deref(), case) {
            Ok(()) => report.passed += 1,
            Err(message) => report.failures.push(CaseFailure { case: case.name.clone(), message }),
        }
    }
    report
}

fn context(entry: &ContextEntry) -> Result<MapContext, String> {
    let mut numbering = Numbering::new(&entry.numbering);
    for (kind, name) in &entry.numbering_of {
        let kind = FactKind::parse(kind).ok_or_else(|| format!("`{kind}` is not a kind of fact"))?;
        numbering = numbering.with(kind, name);
    }
    let time_zone = TimeZone::get(&entry.time_zone).map_err(|error| error.to_string())?;
    Ok(MapContext { book: entry.book.as_str().into(), numbering, time_zone })
}

fn run_case(plan: &Plan, shape: &PayloadShape, columns: Option<&[String]>, case: &Case) -> Result<(), String> {
    let payload = payload(columns, case)?;
    let mut builder = RecordBatchBuilder::new(shape.clone(), 0);
    builder.push(&case.name, None, payload.as_bytes());
    let batch = builder.finish();
    let record = batch.get(0).ok_or("the record got lost")?;
    match (plan.map(record), &case.ignored, &case.quarantined) {
        (Mapped::Ignored(reason), Some(part), None) if case.fact.is_empty() => contains(&reason, part),
        (Mapped::Quarantined(problem), None, Some(expected)) if case.fact.is_empty() => {
            if *problem.field != *expected.field || *problem.value != *expected.value {
                return Err(format!("quarantined for `{}` = `{}`", problem.field, problem.value));
            }
            contains(&problem.reason, &expected.reason)
        }
        (Mapped::Facts(facts), None, None) => {
            let actual: Vec<ExpectedFact> = facts.iter().map(describe).collect();
            if actual == case.fact { Ok(()) } else { Err(format!("the facts are\n{}", as_toml(&actual))) }
        }
        (Mapped::Facts(facts), ..) => {
            let actual: Vec<ExpectedFact> = facts.iter().map(describe).collect();
            Err(format!("made facts:\n{}", as_toml(&actual)))
        }
        (Mapped::Ignored(reason), ..) => Err(format!("was ignored: {reason}")),
        (Mapped::Quarantined(problem), ..) => Err(format!(
            "was quarantined: `{}` = `{}`: {} ({})",
            problem.field,
            problem.value,
            problem.reason,
            problem.at.as_deref().unwrap_or("-")
        )),
    }
}

fn contains(reason: &str, part: &str) -> Result<(), String> {
    if reason.contains(part) { Ok(()) } else { Err(format!("the reason is `{reason}`, without `{part}`")) }
}

fn payload(columns: Option<&[String]>, case: &Case) -> Result<String, String> {
    match (columns, &case.json, &case.row) {
        (None, Some(json), None) => Ok(json.clone()),
        (Some(columns), None, Some(row)) => {
            if let Some(unknown) = row.keys().find(|name| !columns.contains(name)) {
                return Err(format!("`columns` has no `{unknown}`"));
            }
            let cells: Vec<&str> = columns.iter().map(|name| row.get(name).map_or("", String::as_str)).collect();
            Ok(cells.join(&char::from(CELL_SEPARATOR).to_string()))
        }
        _ => Err("give `json`, or `columns` at the top and `row`".to_owned()),
    }
}

fn describe(fact: &Fact) -> ExpectedFact {
    let key = spec(fact.kind).lines.first().map_or("line_no", |field| field.name);
    let line = |line: &crate::domain::Line| {
        let mut texts = texts(&line.fields);
        texts.insert(key.to_owned(), line.key.to_string());
        texts
    };
    ExpectedFact {
        kind: fact.kind.to_string(),
        fields: texts(&fact.fields),
        lines: fact.lines.iter().map(line).collect(),
    }
}

fn texts(fields: &FieldMap) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::Null => "null".to_owned(),
        Value::Text(text) => text.to_string(),
        Value::Decimal(decimal) => decimal.normalize().to_string(),
        Value::Amount(amount) => amount.to_decimal().normalize().to_string(),
        Value::Currency(currency) => currency.to_string(),
        Value::Date(date) => date.to_string(),
        Value::Instant(instant) => instant.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Ref { number, .. } => number.to_string(),
    };
    fields.iter().map(|(name, value)| (name.to_owned(), text(value))).collect()
}

/// In the form of the case file, so that what is right can be copied into it.
fn as_toml(facts: &[ExpectedFact]) -> String {
    let mut text = String::new();
    let write_fields = |text: &mut String, fields: &BTreeMap<String, String>| {
        for (name, value) in fields {
            // Writing to a String cannot fail.
            let _ =
                writeln!(text, "{} = {value:?}", if name.contains('.') { format!("{name:?}") } else { name.clone() });
        }
    };
    for fact in facts {
        let _ = writeln!(text, "[[case.fact]]\nkind = {:?}\n[case.fact.fields]", fact.kind);
        write_fields(&mut text, &fact.fields);
        for line in &fact.lines {
            text.push_str("[[case.fact.lines]]\n");
            write_fields(&mut text, line);
        }
    }
    text
}
