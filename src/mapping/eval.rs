//! Runs one checked expression over the selected values of one record. Total: it always ends, and never panics.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use super::ast::BinaryOp;
use super::functions::Builtin;
use super::json::{self, Raw};
use super::number;
use super::program::{Call, Op, Scope};
use super::time_format::{TimeFormat, Told};
use crate::domain::text::half_width;
use crate::domain::{Amount, Currency};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Val<'a> {
    Null,
    Text(Cow<'a, str>),
    Decimal(Decimal),
    Bool(bool),
    Date(Date),
    Instant(Timestamp),
    Amount(Amount),
    Currency(Currency),
    /// A JSON list, which only `join` reads.
    List(&'a str),
}

/// Why a record cannot be mapped: the value that was wrong, and where the mapping met it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub value: String,
    pub reason: String,
    pub at: usize,
}

pub(super) type Eval<T> = Result<T, Box<Fault>>;

pub(super) fn fault<T>(value: impl std::fmt::Display, reason: impl Into<String>, at: usize) -> Eval<T> {
    Err(Box::new(Fault { value: value.to_string(), reason: reason.into(), at }))
}

/// What an expression can see.
#[derive(Clone, Copy)]
pub(super) struct Env<'a, 'e> {
    pub record: &'e [Raw<'a>],
    pub line: &'e [Raw<'a>],
    /// Header fields that are already known, for `$name`.
    pub fields: &'e [Val<'a>],
    pub zone: &'e TimeZone,
}

/// Prices are kept to ten places: enough for a price a thousandth of a cent.
const PRICE_PLACES: u32 = 10;

impl std::fmt::Display for Val<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Val::Null => Ok(()),
            Val::Text(text) => f.write_str(text),
            Val::Decimal(decimal) => decimal.fmt(f),
            Val::Bool(value) => value.fmt(f),
            Val::Date(date) => date.fmt(f),
            Val::Instant(instant) => instant.fmt(f),
            Val::Amount(amount) => amount.to_decimal().normalize().fmt(f),
            Val::Currency(currency) => currency.fmt(f),
            Val::List(list) => f.write_str(list),
        }
    }
}

pub(super) fn eval<'a>(op: &'a Op, env: Env<'a, '_>) -> Eval<Val<'a>> {
    Ok(match op {
        Op::Null => Val::Null,
        Op::Text(text) => Val::Text(Cow::Borrowed(text)),
        Op::Decimal(decimal) => Val::Decimal(*decimal),
        Op::Bool(value) => Val::Bool(*value),
        Op::Slot(scope, slot) => {
            let slots = if *scope == Scope::Record { env.record } else { env.line };
            return slot_value(slots.get(*slot).copied().unwrap_or(Raw::Absent));
        }
        Op::Field(index) => env.fields.get(*index).cloned().unwrap_or(Val::Null),
        Op::Quarantine { reason, at } => {
            return fault("", reason.as_deref().unwrap_or("映射规则拒绝 the mapping refuses this record"), *at);
        }
        Op::Call(call) => return call_builtin(call, env),
        Op::Lookup { input, table, otherwise } => match eval(input, env)? {
            Val::Null => Val::Null,
            value => {
                let text = text_of(value);
                match (table.get(&*text), &**otherwise) {
                    (Some(found), _) => Val::Text(Cow::Borrowed(found)),
                    (None, Op::Quarantine { reason, at }) => {
                        let reason = reason.as_deref().unwrap_or("不在对照表里 not in the look-up table");
                        return fault(text, reason, *at);
                    }
                    (None, otherwise) => return eval(otherwise, env),
                }
            }
        },
        Op::If(parts) => {
            let [condition, then, otherwise] = &**parts;
            let chosen = if is_true(&eval(condition, env)?) { then } else { otherwise };
            return eval(chosen, env);
        }
        Op::Not(inner) => Val::Bool(!is_true(&eval(inner, env)?)),
        Op::Minus(inner) => match eval(inner, env)? {
            Val::Decimal(decimal) => Val::Decimal(-decimal),
            other => other,
        },
        Op::Binary { op, sides, at } => return binary(*op, &sides[0], &sides[1], *at, env),
    })
}

pub(super) fn is_true(value: &Val<'_>) -> bool {
    matches!(value, Val::Bool(true))
}

/// Text is trimmed, and blank text is absent: Kingdee writes one space for "nothing".
fn slot_value(raw: Raw<'_>) -> Eval<Val<'_>> {
    let text = match raw {
        Raw::List(list) => return Ok(Val::List(list)),
        Raw::Object => return fault("{…}", "是一个对象，不是一个值 an object, not a value", usize::MAX),
        other => match other.text() {
            Ok(text) => text,
            Err(reason) => return fault("", reason, usize::MAX),
        },
    };
    let trimmed = match text {
        None => return Ok(Val::Null),
        Some(Cow::Borrowed(text)) if is_bare(text) => Cow::Borrowed(text),
        Some(Cow::Borrowed(text)) => Cow::Borrowed(text.trim()),
        Some(Cow::Owned(text)) => Cow::Owned(text.trim().to_owned()),
    };
    if trimmed.contains('\0') {
        return fault(trimmed, "含有空字符 contains a NUL character", usize::MAX);
    }
    Ok(text_or_null(trimmed))
}

/// Whether there is plainly nothing to trim; most values are so.
fn is_bare(text: &str) -> bool {
    let graphic = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    graphic(text.as_bytes().first()) && graphic(text.as_bytes().last())
}

fn text_or_null(text: Cow<'_, str>) -> Val<'_> {
    if text.is_empty() { Val::Null } else { Val::Text(text) }
}

fn text_of(value: Val<'_>) -> Cow<'_, str> {
    match value {
        Val::Text(text) => text,
        other => Cow::Owned(other.to_string()),
    }
}

fn binary<'a>(op: BinaryOp, left: &'a Op, right: &'a Op, at: usize, env: Env<'a, '_>) -> Eval<Val<'a>> {
    let left = eval(left, env)?;
    match op {
        BinaryOp::And if !is_true(&left) => return Ok(Val::Bool(false)),
        BinaryOp::Or if is_true(&left) => return Ok(Val::Bool(true)),
        _ => {}
    }
    let right = eval(right, env)?;
    // An absent value equals nothing, and is neither less nor greater than anything.
    let order = |wanted: fn(Ordering) -> bool| Val::Bool(compare(&left, &right).is_some_and(wanted));
    Ok(match op {
        BinaryOp::And | BinaryOp::Or => Val::Bool(is_true(&right)),
        BinaryOp::Equal => order(Ordering::is_eq),
        BinaryOp::NotEqual => Val::Bool(compare(&left, &right).is_none_or(Ordering::is_ne)),
        BinaryOp::Less => order(Ordering::is_lt),
        BinaryOp::LessOrEqual => order(Ordering::is_le),
        BinaryOp::Greater => order(Ordering::is_gt),
        BinaryOp::GreaterOrEqual => order(Ordering::is_ge),
        BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide => {
            return arithmetic(op, &left, &right, at);
        }
    })
}

fn arithmetic<'a>(op: BinaryOp, left: &Val<'_>, right: &Val<'_>, at: usize) -> Eval<Val<'a>> {
    let (Val::Decimal(a), Val::Decimal(b)) = (left, right) else { return Ok(Val::Null) };
    let result = match op {
        BinaryOp::Add => a.checked_add(*b),
        BinaryOp::Subtract => a.checked_sub(*b),
        BinaryOp::Multiply => a.checked_mul(*b),
        _ if b.is_zero() => return fault(a, "除以零 division by zero", at),
        _ => a.checked_div(*b),
    };
    match result {
        Some(decimal) => Ok(Val::Decimal(decimal)),
        None => fault(format_args!("{a} {} {b}", op.symbol()), "数字太大 the number is too large", at),
    }
}

fn compare(left: &Val<'_>, right: &Val<'_>) -> Option<Ordering> {
    match (left, right) {
        (Val::Text(a), Val::Text(b)) => Some(a.cmp(b)),
        (Val::Decimal(a), Val::Decimal(b)) => Some(a.cmp(b)),
        (Val::Bool(a), Val::Bool(b)) => Some(a.cmp(b)),
        (Val::Date(a), Val::Date(b)) => Some(a.cmp(b)),
        (Val::Instant(a), Val::Instant(b)) => Some(a.cmp(b)),
        (Val::Amount(a), Val::Amount(b)) => Some(a.cmp(b)),
        (Val::Currency(a), Val::Currency(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn call_builtin<'a>(call: &'a Call, env: Env<'a, '_>) -> Eval<Val<'a>> {
    let at = call.at;
    match &call.builtin {
        Builtin::First => {
            for arg in &call.args {
                let value = eval(arg, env)?;
                if value != Val::Null {
                    return Ok(value);
                }
            }
            return Ok(Val::Null);
        }
        Builtin::Concat => return concat(&call.args, env),
        _ => {}
    }
    let input = match call.args.first() {
        Some(op) => eval(op, env)?,
        None => Val::Null,
    };
    if let Val::List(list) = input {
        return match &call.builtin {
            Builtin::Join(separator) => join(list, separator, at),
            Builtin::IsEmpty => Ok(Val::Bool(false)),
            _ => fault(list, "是一个列表，不是一个值 a list, not a value", at),
        };
    }
    if input == Val::Null {
        return match &call.builtin {
            Builtin::Required => fault("", "必填，但记录里没有 required, but the record has none", at),
            Builtin::IsEmpty => Ok(Val::Bool(true)),
            Builtin::Contains(_) | Builtin::StartsWith(_) => Ok(Val::Bool(false)),
            _ => Ok(Val::Null),
        };
    }
    match (&call.builtin, call.args.get(1)) {
        (Builtin::Amount | Builtin::RoundAmount, Some(currency)) => {
            money(input, eval(currency, env)?, matches!(call.builtin, Builtin::RoundAmount), at)
        }
        (Builtin::Price, per) => {
            let per = per.map_or(Ok(Val::Null), |op| eval(op, env))?;
            price(&input, &per, at)
        }
        (builtin, _) => one_argument(builtin, input, env.zone, at),
    }
}

fn one_argument<'a>(builtin: &Builtin, input: Val<'a>, zone: &TimeZone, at: usize) -> Eval<Val<'a>> {
    Ok(match builtin {
        Builtin::Required | Builtin::Party => input,
        Builtin::IsEmpty => Val::Bool(false),
        Builtin::Decimal => Val::Decimal(decimal(&input, at)?),
        Builtin::Abs => Val::Decimal(decimal(&input, at)?.abs()),
        Builtin::Neg => Val::Decimal(-decimal(&input, at)?),
        Builtin::Round(places) => {
            Val::Decimal(decimal(&input, at)?.round_dp_with_strategy(*places, RoundingStrategy::MidpointAwayFromZero))
        }
        Builtin::InstantMs => Val::Instant(unix(&input, Timestamp::from_millisecond, at)?),
        Builtin::InstantS => Val::Instant(unix(&input, Timestamp::from_second, at)?),
        Builtin::Currency => Val::Currency(currency(&input, at)?),
        text_function => return on_text(text_function, text_of(input), zone, at),
    })
}

fn on_text<'a>(builtin: &Builtin, text: Cow<'a, str>, zone: &TimeZone, at: usize) -> Eval<Val<'a>> {
    Ok(match builtin {
        Builtin::Contains(part) => Val::Bool(text.contains(&**part)),
        Builtin::StartsWith(prefix) => Val::Bool(text.starts_with(&**prefix)),
        Builtin::Bool => match &*text {
            "true" | "True" | "TRUE" | "1" | "Y" | "y" | "是" => Val::Bool(true),
            "false" | "False" | "FALSE" | "0" | "N" | "n" | "否" => Val::Bool(false),
            _ => return fault(text, "不是是/否 neither yes nor no", at),
        },
        Builtin::Date(format) => told(format.date(&text), &text, format, at)?.map_or(Val::Null, Val::Date),
        Builtin::Instant(format) => {
            told(format.instant(&text, zone), &text, format, at)?.map_or(Val::Null, Val::Instant)
        }
        Builtin::Digits => text_or_null(Cow::Owned(half_width(&text).chars().filter(char::is_ascii_digit).collect())),
        Builtin::Find(pattern) => part(&text, pattern.find(&text)),
        Builtin::Split(separator, index) => part(&text, text.split(&**separator).nth(*index)),
        Builtin::HalfWidth => Val::Text(Cow::Owned(half_width(&text))),
        Builtin::Join(_) => Val::Text(text),
        Builtin::Lower => Val::Text(Cow::Owned(text.to_lowercase())),
        Builtin::Upper => Val::Text(Cow::Owned(text.to_uppercase())),
        Builtin::Trim => part(&text, Some(&text)),
        // The others never come here; an absent value is refused where a value is needed.
        _ => Val::Null,
    })
}

/// A part of a text, trimmed; absent when there is none or it is blank.
fn part<'a>(whole: &Cow<'a, str>, part: Option<&str>) -> Val<'a> {
    let Some(part) = part.map(str::trim).filter(|part| !part.is_empty()) else { return Val::Null };
    // Keep the record's own bytes where the text still borrows them.
    if let Cow::Borrowed(whole) = whole {
        let start = part.as_ptr() as usize - whole.as_ptr() as usize;
        if let Some(borrowed) = whole.get(start..start + part.len()) {
            return Val::Text(Cow::Borrowed(borrowed));
        }
    }
    Val::Text(Cow::Owned(part.to_owned()))
}

fn told<T>(told: Option<Told<T>>, text: &str, format: &TimeFormat, at: usize) -> Eval<Option<T>> {
    match told {
        Some(Told::Is(value)) => Ok(Some(value)),
        Some(Told::Nothing) => Ok(None),
        None => fault(text, format!("不是有效日期 not a valid date in the form {}", format.as_str()), at),
    }
}

fn decimal(value: &Val<'_>, at: usize) -> Eval<Decimal> {
    match value {
        Val::Decimal(decimal) => Ok(*decimal),
        Val::Text(text) => match number::decimal(text) {
            Some(decimal) => Ok(decimal),
            None => fault(text, "不是数字 not a number", at),
        },
        other => fault(other, "不是数字 not a number", at),
    }
}

fn currency(value: &Val<'_>, at: usize) -> Eval<Currency> {
    match value {
        Val::Currency(currency) => Ok(*currency),
        Val::Text(text) => Currency::parse(text).or_else(|error| fault(text, format!("未知币种 {error}"), at)),
        other => fault(other, "未知币种 not a currency", at),
    }
}

fn money<'a>(value: Val<'a>, in_currency: Val<'a>, round: bool, at: usize) -> Eval<Val<'a>> {
    if in_currency == Val::Null {
        return fault(value, "金额没有币种 an amount without a currency", at);
    }
    let (number, currency) = (decimal(&value, at)?, currency(&in_currency, at)?);
    let amount = if round { Amount::rounded(number, currency) } else { Amount::exact(number, currency) };
    amount.map(Val::Amount).or_else(|error| fault(&value, format!("金额无效 {error}"), at))
}

fn price<'a>(value: &Val<'_>, per: &Val<'_>, at: usize) -> Eval<Val<'a>> {
    let price = decimal(value, at)?;
    let per = if *per == Val::Null { Decimal::ONE } else { decimal(per, at)? };
    if per <= Decimal::ZERO {
        return fault(per, "计价单位必须大于零 `per` must be greater than zero", at);
    }
    match price.checked_div(per) {
        Some(price) => Ok(Val::Decimal(
            price.round_dp_with_strategy(PRICE_PLACES, RoundingStrategy::MidpointAwayFromZero).normalize(),
        )),
        None => fault(value, "数字太大 the number is too large", at),
    }
}

fn unix(value: &Val<'_>, read: fn(i64) -> Result<Timestamp, jiff::Error>, at: usize) -> Eval<Timestamp> {
    let number = decimal(value, at)?;
    let instant = number.is_integer().then(|| number.to_i64()).flatten().and_then(|number| read(number).ok());
    match instant {
        Some(instant) => Ok(instant),
        None => fault(value, "不是有效时间戳 not a Unix time", at),
    }
}

fn concat<'a>(args: &'a [Op], env: Env<'a, '_>) -> Eval<Val<'a>> {
    let mut text = String::new();
    for arg in args {
        match eval(arg, env)? {
            Val::Null => return Ok(Val::Null),
            value => text.push_str(&text_of(value)),
        }
    }
    Ok(text_or_null(Cow::Owned(text)))
}

fn join<'a>(list: &'a str, separator: &str, at: usize) -> Eval<Val<'a>> {
    let Ok(elements) = json::elements(list) else { return fault(list, "列表损坏 a broken list", at) };
    let mut parts = Vec::with_capacity(elements.len());
    for element in elements {
        match slot_value(element)? {
            Val::Null => {}
            Val::List(inner) => return fault(inner, "列表里还有列表 a list in a list", at),
            value => parts.push(text_of(value)),
        }
    }
    Ok(text_or_null(Cow::Owned(parts.join(separator))))
}
