//! Types of the expression language. Every expression has one, and says whether its value may be absent.

use std::fmt;

use crate::domain::FactKind;
use crate::domain::fact::FieldType;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    Text,
    Decimal,
    Bool,
    Date,
    Instant,
    Amount,
    Currency,
    /// A text that names a party key; only a field that refers to a party takes it.
    Party,
    /// A division that nobody has rounded yet: only `round` takes it.
    Quotient,
    /// `null` or `quarantine`: fits every type.
    Nothing,
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Decimal => "decimal",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::Instant => "instant",
            Self::Amount => "amount",
            Self::Currency => "currency",
            Self::Party => "party",
            Self::Quotient => "division without `round`",
            Self::Nothing => "null",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Type {
    pub base: Base,
    /// The value may be absent (the source left it blank).
    pub optional: bool,
}

impl Type {
    pub(super) const fn of(base: Base) -> Self {
        Self { base, optional: false }
    }

    pub(super) const fn optional(base: Base) -> Self {
        Self { base, optional: true }
    }

    /// The type of a value that is one or the other; `None` when they do not go together.
    pub(super) fn join(self, other: Self) -> Option<Self> {
        let optional = self.optional || other.optional;
        match (self.base, other.base) {
            (left, right) if left == right => Some(Self { base: left, optional }),
            (Base::Nothing, base) | (base, Base::Nothing) => Some(Self { base, optional }),
            _ => None,
        }
    }
}

/// Whether a field of FACTS takes values of `base`.
pub(super) fn accepts(field: FieldType, base: Base) -> bool {
    match base {
        Base::Text => matches!(field, FieldType::Text | FieldType::Enum(_) | FieldType::Ref(_)),
        Base::Party => field == FieldType::Ref(FactKind::Party),
        Base::Decimal => field == FieldType::Decimal,
        Base::Bool => field == FieldType::Bool,
        Base::Date => field == FieldType::Date,
        Base::Instant => field == FieldType::Instant,
        Base::Amount => field == FieldType::Amount,
        Base::Currency => field == FieldType::Currency,
        Base::Quotient => false,
        Base::Nothing => true,
    }
}

/// What a field of FACTS takes, in words.
pub(super) fn describe(field: FieldType) -> String {
    match field {
        FieldType::Text => "text".to_owned(),
        FieldType::Decimal => "decimal".to_owned(),
        FieldType::Amount => "amount".to_owned(),
        FieldType::Currency => "currency".to_owned(),
        FieldType::Date => "date".to_owned(),
        FieldType::Instant => "instant".to_owned(),
        FieldType::Bool => "bool".to_owned(),
        FieldType::Enum(words) => format!("one of {}", words.join(", ")),
        FieldType::Ref(kind) => format!("the number of a {kind}"),
    }
}

/// How a text, which every path gives, becomes what the field takes.
pub(super) fn conversion_help(field: FieldType) -> Option<String> {
    let conversion = match field {
        FieldType::Decimal => "decimal",
        FieldType::Amount => "amount($currency)",
        FieldType::Currency => "currency",
        FieldType::Date => r#"date("%Y-%m-%d")"#,
        FieldType::Instant => r#"instant("%Y-%m-%d %H:%M:%S")"#,
        FieldType::Bool => "bool",
        FieldType::Text | FieldType::Enum(_) | FieldType::Ref(_) => return None,
    };
    Some(format!("convert it: `… |> {conversion}`"))
}
