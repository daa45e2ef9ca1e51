//! The tree of one expression, with the place of every node in the mapping file.

use std::ops::Range;

use rust_decimal::Decimal;

/// Byte offsets in the mapping file.
pub(super) type Span = Range<usize>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expr {
    pub node: Node,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Path(Path),
    /// `$currency`: the value of another header field of the same fact.
    Field(String),
    Text(String),
    Number(Decimal),
    Bool(bool),
    Null,
    /// `quarantine "why"`: the record cannot be mapped.
    Quarantine(Option<String>),
    /// `f(x, y)`; `x |> f(y)` is the same call.
    Call {
        name: Name,
        args: Vec<Argument>,
    },
    Lookup {
        input: Box<Expr>,
        table: TableRef,
        otherwise: Box<Expr>,
    },
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    Not(Box<Expr>),
    Minus(Box<Expr>),
    Binary {
        op: BinaryOp,
        left: Box<Expr>,
        right: Box<Expr>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub text: String,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Argument {
    pub name: Option<Name>,
    pub value: Expr,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TableRef {
    Inline(Vec<(String, String)>),
    /// `[tables.NAME]` of the same file.
    Named(Name),
}

/// `.a.b[0]`, or `..a.b` for the record around a line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Path {
    pub outer: bool,
    pub steps: Vec<Step>,
    /// `.a?`: the column may be missing from the file.
    pub optional: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BinaryOp {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl BinaryOp {
    pub(super) const fn symbol(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
        }
    }

    /// How tightly it binds; a pipeline (`|>`, [`PIPE_POWER`]) binds tighter than a comparison and looser than `+`.
    pub(super) const fn power(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal | Self::NotEqual | Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => 4,
            Self::Add | Self::Subtract => 6,
            Self::Multiply | Self::Divide => 7,
        }
    }
}

/// Between `and` and the comparisons: `not .a == "x"` is `not (.a == "x")`.
pub(super) const NOT_POWER: u8 = 3;
pub(super) const PIPE_POWER: u8 = 5;
pub(super) const MINUS_POWER: u8 = 8;

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.outer {
            f.write_str(".")?;
        }
        for step in &self.steps {
            match step {
                Step::Key(key) if super::lexer::is_plain_key(key) => write!(f, ".{key}")?,
                Step::Key(key) => write!(f, ".{}", quoted(key))?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        if self.optional { f.write_str("?") } else { Ok(()) }
    }
}

/// A text literal as the lexer reads it back.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
