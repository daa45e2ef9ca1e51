//! The function table: what the language can do, as data. Checker, did-you-mean and `mappings/README.md` read it.
//!
//! A new function is a row here, an arm in [`build`] and one in [`super::eval`], and a case in a mapping: the language
//! stays small on purpose; anything bigger belongs in a connector.

use super::pattern::Pattern;
use super::time_format::TimeFormat;
use super::types::Base;

pub(super) struct Function {
    pub name: &'static str,
    pub params: &'static [Param],
    pub returns: Returns,
    pub absent: Absent,
    pub doc: &'static str,
    pub example: &'static str,
}

pub(super) struct Param {
    pub name: &'static str,
    pub accepts: Accepts,
    pub need: Need,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accepts {
    Text,
    /// Text is read as a decimal.
    Number,
    /// A decimal, or a division.
    Rounded,
    /// Text is read as an ISO code.
    Currency,
    Any,
    /// A text written in the mapping: formats and patterns are checked when it is loaded.
    TextLiteral,
    CountLiteral,
}

impl Accepts {
    pub(super) fn takes(self, base: Base) -> bool {
        base == Base::Nothing
            || match self {
                Self::Text => base == Base::Text,
                Self::Number => matches!(base, Base::Text | Base::Decimal),
                Self::Rounded => matches!(base, Base::Decimal | Base::Quotient),
                Self::Currency => matches!(base, Base::Text | Base::Currency),
                Self::Any => base != Base::Quotient,
                Self::TextLiteral | Self::CountLiteral => false,
            }
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "text or decimal",
            Self::Rounded => "decimal",
            Self::Currency => "currency or text",
            Self::Any => "anything",
            Self::TextLiteral => "a text literal",
            Self::CountLiteral => "a whole number",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Must,
    May,
    /// Any number of further arguments.
    Many,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Returns {
    Type(Base),
    /// The common type of all arguments.
    Same,
}

/// What a function makes of an absent argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// Absent in, absent out.
    Passes,
    /// The result may be absent even when the argument is there.
    Found,
    /// The first argument alone decides.
    FirstDecides,
    /// The result is always there.
    Never,
    /// Absent only when all are.
    OnlyWhenAll,
}

const fn must(name: &'static str, accepts: Accepts) -> Param {
    Param { name, accepts, need: Need::Must }
}

const fn may(name: &'static str, accepts: Accepts) -> Param {
    Param { name, accepts, need: Need::May }
}

const fn many(name: &'static str, accepts: Accepts) -> Param {
    Param { name, accepts, need: Need::Many }
}

const X_TEXT: &[Param] = &[must("x", Accepts::Text)];
const X_NUMBER: &[Param] = &[must("x", Accepts::Number)];

macro_rules! functions {
    ($($name:ident($params:expr) -> $returns:expr, $absent:ident, $doc:literal, $example:literal;)+) => {
        pub(super) const FUNCTIONS: &[Function] = &[$(Function {
            name: stringify!($name), params: $params, returns: $returns, absent: Absent::$absent,
            doc: $doc, example: $example,
        }),+];
    };
}

use Accepts::{Any, CountLiteral, Currency, Number, Rounded, Text, TextLiteral};
use Returns::{Same, Type};

functions! {
    abs(X_NUMBER) -> Type(Base::Decimal), Passes, "without its sign", ".FALLAMOUNTFOR |> abs";
    amount(&[must("x", Number), must("currency", Currency)]) -> Type(Base::Amount), Passes,
        "money; quarantined when it has more decimals than the currency", ".FAllAmount |> amount($currency)";
    bool(X_TEXT) -> Type(Base::Bool), Passes, "true/false, 1/0, Y/N, 是/否", ".FISINIT |> bool";
    concat(&[many("parts", Text)]) -> Type(Base::Text), Passes,
        "one after the other; absent when a part is", r#"concat(.account, "-", .serial)"#;
    contains(&[must("x", Text), must("part", TextLiteral)]) -> Type(Base::Bool), Never,
        "whether the text has this part; false when it is absent", r#".摘要 |> contains("结息")"#;
    currency(X_TEXT) -> Type(Base::Currency), Passes, "an ISO 4217 code; anything else is quarantined",
        r#"currency("CNY")"#;
    date(&[must("x", Text), must("format", TextLiteral)]) -> Type(Base::Date), Passes,
        "a civil date (strftime format); .NET's empty date 0001-01-01 is absent", r#".FDate |> date("%Y-%m-%dT%H:%M:%S")"#;
    decimal(X_NUMBER) -> Type(Base::Decimal), Passes,
        "an exact number; thousands commas, full-width digits, spaces and a leading + are understood", ".FRealQty |> decimal";
    digits(X_TEXT) -> Type(Base::Text), Passes, "only the digits 0-9, full-width ones included", ".mobile |> digits";
    find(&[must("x", Text), must("pattern", TextLiteral)]) -> Type(Base::Text), Found,
        "the leftmost, longest part that matches; absent when none does. Patterns: literals, `[A-Z0-9]`, `[^,]`, `.`, `\\d`, and the counts `?` `+` `{n}` `{n,}` `{n,m}`",
        r#".text |> find("H?SO[0-9]{8}")"#;
    first(&[many("values", Any)]) -> Same, OnlyWhenAll, "the first that is there", "first(.mobile, .phone)";
    half_width(X_TEXT) -> Type(Base::Text), Passes, "full-width letters, digits and brackets made half-width",
        ".FName |> half_width";
    instant(&[must("x", Text), must("format", TextLiteral)]) -> Type(Base::Instant), Passes,
        "a moment; without an offset in the format it is in the source's time zone", r#".time |> instant("%Y-%m-%d %H:%M:%S")"#;
    instant_ms(X_NUMBER) -> Type(Base::Instant), Passes, "Unix milliseconds", ".msgtime |> instant_ms";
    instant_s(X_NUMBER) -> Type(Base::Instant), Passes, "Unix seconds", ".createtime |> instant_s";
    is_empty(&[must("x", Any)]) -> Type(Base::Bool), Never, "whether it is absent; a blank text is", "is_empty(.FCARRIAGENO)";
    join(&[must("x", Text), must("separator", TextLiteral)]) -> Type(Base::Text), Passes,
        "a JSON list of texts or numbers as one text", r#".tolist |> join(",")"#;
    lower(X_TEXT) -> Type(Base::Text), Passes, "lower case", ".code |> lower";
    neg(X_NUMBER) -> Type(Base::Decimal), Passes, "the other sign", ".amount |> neg";
    party(X_TEXT) -> Type(Base::Party), Passes, "the code of a customer", "party(.FCustomerID.FNumber)";
    price(&[must("x", Number), may("per", Number)]) -> Type(Base::Decimal), FirstDecides,
        "a price for one piece: divided by `per` (1 when absent), rounded to 10 places", ".FTaxPrice |> price(per = .FPriceCoefficient)";
    required(&[must("x", Any)]) -> Same, Never, "quarantined when absent", ".FBillNo |> required";
    round(&[must("x", Rounded), must("places", CountLiteral)]) -> Type(Base::Decimal), Passes,
        "half away from zero (四舍五入); the only place where a division may stand", "round((.a |> decimal) / (.b |> decimal), 6)";
    round_amount(&[must("x", Number), must("currency", Currency)]) -> Type(Base::Amount), Passes,
        "money, rounded to the currency's minor unit", ".total |> round_amount($currency)";
    split(&[must("x", Text), must("separator", TextLiteral), must("part", CountLiteral)]) -> Type(Base::Text), Found,
        "one part of a text, counted from 0; absent when there are not so many", r##"split("#CUST0007", "#", 1)"##;
    starts_with(&[must("x", Text), must("prefix", TextLiteral)]) -> Type(Base::Bool), Never,
        "whether the text begins so; false when it is absent", r#".from |> starts_with("wm")"#;
    trim(X_TEXT) -> Type(Base::Text), Passes, "white space at both ends removed (paths do so by themselves)", r#"concat(.a, " ") |> trim"#;
    upper(X_TEXT) -> Type(Base::Text), Passes, "upper case", ".currency |> upper";
}

pub(super) fn function(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

impl Function {
    /// `amount(x: text or decimal, currency: currency or text) → amount`
    pub(super) fn signature(&self) -> String {
        let params: Vec<String> = self
            .params
            .iter()
            .map(|param| match param.need {
                Need::Must => format!("{}: {}", param.name, param.accepts.words()),
                Need::May => format!("{}?: {}", param.name, param.accepts.words()),
                Need::Many => format!("{}…: {}", param.name, param.accepts.words()),
            })
            .collect();
        let returns = match self.returns {
            Returns::Type(base) => base.to_string(),
            Returns::Same => "the same".to_owned(),
        };
        format!("{}({}) → {returns}", self.name, params.join(", "))
    }
}

/// A function with its literals worked out, ready to run.
#[derive(Debug, Clone)]
pub(super) enum Builtin {
    Abs,
    Amount,
    Bool,
    Concat,
    Contains(Box<str>),
    Currency,
    Date(TimeFormat),
    Decimal,
    Digits,
    Find(Box<Pattern>),
    First,
    HalfWidth,
    Instant(TimeFormat),
    InstantMs,
    InstantS,
    IsEmpty,
    Join(Box<str>),
    Lower,
    Neg,
    Party,
    Price,
    Required,
    Round(u32),
    RoundAmount,
    Split(Box<str>, usize),
    StartsWith(Box<str>),
    Trim,
    Upper,
}

/// More decimals than a rate or a price can have, fewer than a `Decimal` holds.
const MAX_PLACES: usize = 18;

/// `texts` and `counts` are the literals in the order of the parameters. The error is for the first of them.
pub(super) fn build(name: &str, texts: &[&str], counts: &[usize]) -> Result<Builtin, String> {
    let text = || texts.first().copied().unwrap_or_default();
    let some_text = || if text().is_empty() { Err("an empty text says nothing here".to_owned()) } else { Ok(text()) };
    let count = counts.first().copied().unwrap_or_default();
    Ok(match name {
        "abs" => Builtin::Abs,
        "amount" => Builtin::Amount,
        "bool" => Builtin::Bool,
        "concat" => Builtin::Concat,
        "contains" => Builtin::Contains(some_text()?.into()),
        "currency" => Builtin::Currency,
        "date" => Builtin::Date(TimeFormat::parse(text())?),
        "decimal" => Builtin::Decimal,
        "digits" => Builtin::Digits,
        "find" => Builtin::Find(Box::new(Pattern::parse(text())?)),
        "first" => Builtin::First,
        "half_width" => Builtin::HalfWidth,
        "instant" => Builtin::Instant(TimeFormat::parse(text())?),
        "instant_ms" => Builtin::InstantMs,
        "instant_s" => Builtin::InstantS,
        "is_empty" => Builtin::IsEmpty,
        "join" => Builtin::Join(text().into()),
        "lower" => Builtin::Lower,
        "neg" => Builtin::Neg,
        "party" => Builtin::Party,
        "price" => Builtin::Price,
        "required" => Builtin::Required,
        "round" if count > MAX_PLACES => return Err(format!("at most {MAX_PLACES} places")),
        "round" => Builtin::Round(u32::try_from(count).unwrap_or_default()),
        "round_amount" => Builtin::RoundAmount,
        "split" => Builtin::Split(some_text()?.into(), count),
        "starts_with" => Builtin::StartsWith(some_text()?.into()),
        "trim" => Builtin::Trim,
        "upper" => Builtin::Upper,
        other => return Err(format!("`{other}` is not built")),
    })
}
