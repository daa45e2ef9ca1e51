//! Values of expressions → a fact: references get their ids, and what FACTS demands of every value is checked here,
//! whichever mapping it came from.

use std::collections::HashSet;

use super::eval::{Env, Eval, Fault, Val, eval, fault, is_true};
use super::json::Selected;
use super::program::{FactProgram, FieldProgram, LineProgram};
use crate::domain::fact::{FieldType, Value};
use crate::domain::{Fact, FactKind, FieldMap, IdRange, Line};
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

/// Numbers of documents, parties and lines are indexed and shown; nothing longer is one.
const MAX_NUMBER_CHARS: usize = 200;
/// One document; the largest real ones have some hundred lines.
const MAX_LINES: usize = 20_000;

/// What a fact needs besides the record.
pub(super) struct Assembly<'p> {
    pub book: &'p str,
    pub zone: &'p TimeZone,
    /// By the position of the kind in [`FactKind::ALL`].
    pub ranges: &'p [(IdRange, Box<str>)],
}

/// A fault of one field.
#[derive(Debug)]
pub(super) struct FieldFault {
    pub field: Box<str>,
    pub fault: Fault,
}

type Assembled<T> = Result<T, Box<FieldFault>>;

/// Names the field of a fault, and its place in the file where the expression does not know it.
#[inline]
pub(super) fn in_field<T>(result: Eval<T>, field: &str, at: usize) -> Assembled<T> {
    result.map_err(|mut fault| {
        if fault.at == usize::MAX {
            fault.at = at;
        }
        Box::new(FieldFault { field: field.into(), fault: *fault })
    })
}

impl<'p> Assembly<'p> {
    /// `None` when the fact's `when` does not hold.
    pub(super) fn fact<'a>(&self, program: &'a FactProgram, selected: &Selected<'a>) -> Assembled<Option<Fact>>
    where
        'p: 'a,
    {
        let env = Env { record: &selected.slots, line: &[], fields: &[], zone: self.zone };
        if !holds(program.when.as_ref(), env)? {
            return Ok(None);
        }
        let values = self.header(program, selected)?;
        let mut lines = Vec::new();
        for line in &program.lines {
            self.lines(program.kind, line, selected, &values, &mut lines)?;
        }
        distinct_keys(&lines, program)?;
        let mut fields = FieldMap::with_capacity(program.fields.len());
        let mut number = Box::from("");
        for (index, (field, value)) in program.fields.iter().zip(values).enumerate() {
            let value = in_field(self.value(program.kind, field, value), &field.name, field.at)?;
            if let (true, Value::Text(text)) = (index == program.key, &value) {
                number = text.clone();
                in_field(short_enough(text, field.at), &field.name, field.at)?;
            }
            fields.set(field.name.clone(), value);
        }
        let numbering = self.range(program.kind).1.clone();
        Ok(Some(Fact { kind: program.kind, book: self.book.into(), numbering, number, fields, lines }))
    }

    /// The values of the header fields, in the order of `program.fields`.
    pub(super) fn header<'a>(&self, program: &'a FactProgram, selected: &Selected<'a>) -> Assembled<Vec<Val<'a>>>
    where
        'p: 'a,
    {
        let mut values: Vec<Val<'a>> = vec![Val::Null; program.fields.len()];
        for index in &program.order {
            let field = &program.fields[*index];
            let env = Env { record: &selected.slots, line: &[], fields: &values, zone: self.zone };
            values[*index] = in_field(eval(&field.op, env), &field.name, field.at)?;
        }
        Ok(values)
    }

    fn lines<'a>(
        &self,
        kind: FactKind,
        program: &'a LineProgram,
        selected: &Selected<'a>,
        fields: &[Val<'a>],
        lines: &mut Vec<Line>,
    ) -> Assembled<()> {
        let env = Env { record: &selected.slots, line: &[], fields, zone: self.zone };
        let Some(each) = program.each else {
            lines.extend(self.line(kind, program, env)?);
            return Ok(());
        };
        let Some(elements) = selected.eaches.get(each) else { return Ok(()) };
        if elements.count > MAX_LINES {
            let reason = format!("超过 {MAX_LINES} 行 more than {MAX_LINES} lines");
            return in_field(fault(elements.count, reason, program.key.at), "lines", program.key.at);
        }
        for index in 0..elements.count {
            lines.extend(self.line(kind, program, Env { line: elements.get(index), ..env })?);
        }
        Ok(())
    }

    pub(super) fn line<'a>(
        &self,
        kind: FactKind,
        program: &'a LineProgram,
        env: Env<'a, '_>,
    ) -> Assembled<Option<Line>> {
        if !holds(program.when.as_ref(), env)? {
            return Ok(None);
        }
        let key_field = &program.key;
        let key = in_field(eval(&key_field.op, env), &key_field.name, key_field.at)?;
        let Value::Text(key) = in_field(self.value(kind, key_field, key), &key_field.name, key_field.at)? else {
            return in_field(fault("", "行号为空 the line has no key", key_field.at), &key_field.name, key_field.at);
        };
        in_field(short_enough(&key, key_field.at), &key_field.name, key_field.at)?;
        let mut fields = FieldMap::with_capacity(program.fields.len());
        for field in &program.fields {
            let value = eval(&field.op, env).and_then(|value| self.value(kind, field, value));
            let value = in_field(value, &field.name, field.at).map_err(|mut fault| {
                fault.fault.reason = format!("{} (行 line {key})", fault.fault.reason);
                fault
            })?;
            fields.set(field.name.clone(), value);
        }
        Ok(Some(Line { key, fields }))
    }

    fn value(&self, kind: FactKind, field: &FieldProgram, value: Val<'_>) -> Eval<Value> {
        let at = field.at;
        Ok(match (value, field.field_type) {
            (Val::Null, _) if field.required => {
                return fault("", "必填，但记录里没有 required, but the record has none", at);
            }
            (Val::Null, _) => Value::Null,
            (Val::Text(text), FieldType::Text) => Value::Text(text.into()),
            (Val::Text(text), FieldType::Enum(words)) if words.contains(&&*text) => Value::Text(text.into()),
            (Val::Text(text), FieldType::Enum(words)) => {
                return fault(text, format!("不是允许的值 not one of {}", words.join(", ")), at);
            }
            (Val::Text(text), FieldType::Ref(to)) => {
                short_enough(&text, at)?;
                Value::Ref { id: self.range(to).0.id(&text), number: text.into() }
            }
            (Val::Decimal(decimal), FieldType::Decimal) => {
                positive_quantity(kind, field, decimal)?;
                Value::Decimal(decimal)
            }
            (Val::Amount(amount), FieldType::Amount) if amount.is_negative() => {
                return fault(amount.to_decimal().normalize(), negative_amount(kind), at);
            }
            (Val::Amount(amount), FieldType::Amount) => Value::Amount(amount),
            (Val::Currency(currency), FieldType::Currency) => Value::Currency(currency),
            (Val::Date(date), FieldType::Date) => Value::Date(date),
            (Val::Instant(instant), FieldType::Instant) => Value::Instant(instant),
            (Val::Bool(value), FieldType::Bool) => Value::Bool(value),
            (Val::List(list), _) => return fault(list, "是一个列表，不是一个值 a list, not a value", at),
            // The checker excludes this; if it ever erred, the record waits in quarantine and nothing is guessed.
            (other, _) => return fault(other, "类型不符 a value of another type", at),
        })
    }

    fn range(&self, kind: FactKind) -> &'p (IdRange, Box<str>) {
        &self.ranges[kind as usize]
    }
}

fn holds<'a>(when: Option<&'a (super::program::Op, usize)>, env: Env<'a, '_>) -> Assembled<bool> {
    match when {
        None => Ok(true),
        Some((op, at)) => in_field(eval(op, env), "when", *at).map(|value| is_true(&value)),
    }
}

fn short_enough(number: &str, at: usize) -> Eval<()> {
    if number.len() > MAX_NUMBER_CHARS && number.chars().count() > MAX_NUMBER_CHARS {
        return fault(number, format!("编号超过 {MAX_NUMBER_CHARS} 字 a number longer than {MAX_NUMBER_CHARS}"), at);
    }
    Ok(())
}

/// Goods are counted, so none is nothing and less than none is another kind of document.
fn positive_quantity(kind: FactKind, field: &FieldProgram, quantity: Decimal) -> Eval<()> {
    let reason = match kind {
        FactKind::Shipment => {
            "数量必须大于零，退货要用 return 映射 must be greater than zero: goods coming back need a `return` mapping"
        }
        FactKind::Return => "数量必须大于零 must be greater than zero",
        _ => return Ok(()),
    };
    if field.name == "quantity" && quantity <= Decimal::ZERO {
        return fault(quantity, reason, field.at);
    }
    Ok(())
}

fn negative_amount(kind: FactKind) -> &'static str {
    match kind {
        FactKind::Shipment => "金额为负，退货要用 return 映射 negative: goods coming back need a `return` mapping",
        FactKind::Invoice => {
            "金额为负，红字用 nature = red negative: a red invoice has `nature = red` and a positive amount"
        }
        FactKind::Payment => "金额为负，退款用 direction = out negative: money going out has `direction = out`",
        _ => "金额为负 negative: the kind of the fact tells the sign",
    }
}

/// Up to so many lines, comparing all with all is quicker than a set.
const FEW_LINES: usize = 8;

fn distinct_keys(lines: &[Line], program: &FactProgram) -> Assembled<()> {
    let twice = if lines.len() <= FEW_LINES {
        lines.iter().enumerate().find(|(index, line)| lines[..*index].iter().any(|other| other.key == line.key))
    } else {
        let mut seen = HashSet::with_capacity(lines.len());
        lines.iter().enumerate().find(|(_, line)| !seen.insert(&line.key))
    };
    let (Some((_, line)), Some(first)) = (twice, program.lines.first()) else { return Ok(()) };
    let reason = "行号重复 two lines have this key";
    in_field(fault(&line.key, reason, first.key.at), &first.key.name, first.key.at)
}
