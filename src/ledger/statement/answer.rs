//! What becomes of a statement: it is sent, and the customer agrees or disputes, as a whole or line by line.
//!
//! Each step is a newer version of one fact. A statement of another system is not rewritten: only the answer is stated,
//! and wins over what that system says. It must not know how a fact is stored.

use jiff::civil::Date;
use thiserror::Error;

use super::{Event, Statement, StatementLine};
use crate::domain::amount::AmountError;
use crate::domain::{Amount, Fact, FactKind, FieldMap, Line, Value};
use crate::ledger::Document;

/// How our own numbers begin: 对账.
const PREFIX: &str = "DZ";

/// Fields of a statement that an answer changes.
const ANSWER_FIELDS: [&str; 5] = ["status", "confirmed_on", "said_by", "said_on", "note"];
const ANSWER_LINE_FIELDS: [&str; 2] = ["disputed", "confirmed_on"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Confirmed,
    Disputed,
}

/// What a person says about a statement.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    pub answer: Answer,
    pub by: &'a str,
    pub on: Date,
    /// Only this shipment or return.
    pub about: Option<&'a str>,
    pub note: Option<&'a str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("对账单上没有 `{0}` · the statement has no such shipment or return: {1}")]
    NotOnIt(String, String),
    #[error("对账单状态为 {0}，不能答复 · the statement is {0}, there is nothing to answer")]
    NotSent(String),
    #[error("{0} 早于发出日 {1} · is before it was sent on {1}")]
    BeforeSent(Date, Date),
    #[error("`{0}` 没有争议，整单确认即可 · this line is not disputed; confirm the statement as a whole")]
    NotDisputed(String),
}

/// The same customer, currency and period have the same number, so drawing up again corrects instead of adding.
pub fn number(code: &str, statement: &Statement) -> String {
    let day = |date: Date| date.to_string().replace('-', "");
    format!("{PREFIX}-{code}-{}-{}-{}", statement.currency, day(statement.from), day(statement.to))
}

/// The statement as a fact, one line for each document that it lists as goods or deduction.
pub fn sent(party: &Document, numbering: &str, statement: &Statement, by: &str, on: Date) -> Result<Fact, AmountError> {
    let number = number(&party.number, statement);
    let customer = Value::Ref { number: party.number.clone(), id: party.id };
    let fields = [
        ("statement_no", Value::text(number.as_str())),
        ("customer", customer),
        ("currency", Value::Currency(statement.currency)),
        ("from", Value::Date(statement.from)),
        ("to", Value::Date(statement.to)),
        ("opening", Value::Amount(statement.opening)),
        ("closing", Value::Amount(statement.closing)),
        ("status", Value::text("sent")),
        ("sent_on", Value::Date(on)),
        ("said_by", Value::text(by)),
        ("said_on", Value::Date(on)),
    ];
    Ok(Fact {
        kind: FactKind::Statement,
        book: party.book.clone(),
        numbering: numbering.into(),
        number: number.into(),
        fields: fields.into_iter().map(|(name, value)| (name.into(), value)).collect(),
        lines: lines(statement)?,
    })
}

fn lines(statement: &Statement) -> Result<Vec<Line>, AmountError> {
    let mut sums: Vec<(&StatementLine, Amount)> = Vec::new();
    for line in statement.goods.iter().chain(&statement.deductions) {
        let same = |(known, _): &&mut (&StatementLine, Amount)| {
            known.document.is_some() && (known.document, known.event) == (line.document, line.event)
        };
        match sums.iter_mut().rev().find(same) {
            Some((_, sum)) => *sum = sum.checked_add(line.gross)?,
            None => sums.push((line, line.gross)),
        }
    }
    let line = |(index, (line, gross)): (usize, (&StatementLine, Amount))| {
        let key: Box<str> = (index + 1).to_string().into();
        let mut fields = FieldMap::default();
        fields.set("line_no", Value::Text(key.clone()));
        fields.set("gross", Value::Amount(gross));
        if let (Some(id), Some(field)) = (line.document, names(line.event)) {
            fields.set(field, Value::Ref { number: line.number.clone(), id });
        }
        Line { key, fields }
    };
    Ok(sums.into_iter().enumerate().map(line).collect())
}

const fn names(event: Option<Event>) -> Option<&'static str> {
    match event {
        Some(Event::Shipped) => Some("shipment_no"),
        Some(Event::Returned) => Some("return_no"),
        Some(Event::Deducted(_)) => Some("adjustment_no"),
        _ => None,
    }
}

/// The statement with the answer in it. `own` says that we drew it up ourselves.
pub fn answered(statement: &Document, said: &Said<'_>, own: bool) -> Result<Fact, Refusal> {
    let status = statement.status();
    if matches!(status, "draft" | "void") {
        return Err(Refusal::NotSent(status.to_owned()));
    }
    if let Some(sent_on) = statement.fields.date("sent_on").filter(|sent_on| said.on < *sent_on) {
        return Err(Refusal::BeforeSent(said.on, sent_on));
    }
    let mut fields = statement.fields.clone();
    let mut lines = statement.lines.clone();
    match said.about {
        Some(about) => answer_line(&mut lines, said, about)?,
        None if said.answer == Answer::Confirmed => {
            fields.set("status", Value::text("confirmed"));
            fields.set("confirmed_on", Value::Date(said.on));
        }
        None => {
            fields.set("status", Value::text("disputed"));
            fields.set("confirmed_on", Value::Null);
        }
    }
    fields.set("said_by", Value::text(said.by));
    fields.set("said_on", Value::Date(said.on));
    fields.set("note", said.note.map_or(Value::Null, Value::text));
    if !own {
        fields = only(&fields, &ANSWER_FIELDS);
        lines.iter_mut().for_each(|line| line.fields = only(&line.fields, &ANSWER_LINE_FIELDS));
        lines.retain(|line| !line.fields.is_empty());
    }
    Ok(Fact {
        kind: FactKind::Statement,
        book: statement.book.clone(),
        numbering: statement.numbering.clone(),
        number: statement.number.clone(),
        fields,
        lines,
    })
}

fn answer_line(lines: &mut [Line], said: &Said<'_>, about: &str) -> Result<(), Refusal> {
    let all: Vec<String> = lines.iter().filter_map(listed).map(str::to_owned).collect();
    let mut found = false;
    for line in lines.iter_mut().filter(|line| listed(line) == Some(about)) {
        found = true;
        match said.answer {
            Answer::Disputed => line.fields.set("disputed", Value::Bool(true)),
            Answer::Confirmed if line.fields.bool("disputed") != Some(true) => {
                return Err(Refusal::NotDisputed(about.to_owned()));
            }
            Answer::Confirmed => {
                line.fields.set("disputed", Value::Bool(false));
                line.fields.set("confirmed_on", Value::Date(said.on));
            }
        }
    }
    if found { Ok(()) } else { Err(Refusal::NotOnIt(about.to_owned(), all.join(", "))) }
}

/// The number of the shipment or return that a line lists.
fn listed(line: &Line) -> Option<&str> {
    line.fields.text("shipment_no").or_else(|| line.fields.text("return_no"))
}

fn only(fields: &FieldMap, names: &[&'static str]) -> FieldMap {
    names.iter().filter_map(|name| Some(((*name).into(), fields.get(name)?.clone()))).collect()
}
