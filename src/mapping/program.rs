//! A checked mapping, ready to run: literals worked out, paths numbered, nothing left that could be misspelt.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::ast::{BinaryOp, Span, Step};
use super::functions::Builtin;
use crate::domain::FactKind;
use crate::domain::fact::FieldType;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Record,
    Line,
}

#[derive(Debug, Clone)]
pub(super) enum Op {
    Null,
    Text(Box<str>),
    Decimal(Decimal),
    Bool(bool),
    Slot(Scope, usize),
    /// Index into [`FactProgram::fields`].
    Field(usize),
    Quarantine {
        reason: Option<Box<str>>,
        at: usize,
    },
    Call(Box<Call>),
    Lookup {
        input: Box<Op>,
        table: Arc<BTreeMap<Box<str>, Box<str>>>,
        otherwise: Box<Op>,
    },
    If(Box<[Op; 3]>),
    Not(Box<Op>),
    Minus(Box<Op>),
    Binary {
        op: BinaryOp,
        sides: Box<[Op; 2]>,
        at: usize,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Call {
    pub builtin: Builtin,
    pub args: Vec<Op>,
    /// Byte of the mapping file.
    pub at: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathSpec {
    pub steps: Vec<Step>,
    pub optional: bool,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub(super) struct Each {
    pub steps: Vec<Step>,
    pub span: Span,
    pub paths: Vec<PathSpec>,
}

#[derive(Debug, Clone)]
pub(super) struct Ignore {
    pub when: Op,
    pub because: Box<str>,
    pub at: usize,
}

#[derive(Debug, Clone)]
pub(super) struct FieldProgram {
    pub name: Cow<'static, str>,
    pub field_type: FieldType,
    pub required: bool,
    pub op: Op,
    pub at: usize,
    /// Name and expression as they stand in the file.
    pub written: Span,
}

#[derive(Debug, Clone)]
pub(super) struct LineProgram {
    /// Index into [`Program::eaches`]; without it the record is the line.
    pub each: Option<usize>,
    pub when: Option<(Op, usize)>,
    pub key: FieldProgram,
    /// Sorted by name, as a `FieldMap` is.
    pub fields: Vec<FieldProgram>,
}

#[derive(Debug, Clone)]
pub(super) struct FactProgram {
    pub kind: FactKind,
    pub when: Option<(Op, usize)>,
    /// Sorted by name, as a `FieldMap` is.
    pub fields: Vec<FieldProgram>,
    /// Which of `fields` is the natural key.
    pub key: usize,
    /// Order of evaluation: fields that refer to others (`$currency`) come last.
    pub order: Vec<usize>,
    pub lines: Vec<LineProgram>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Program {
    pub paths: Vec<PathSpec>,
    pub eaches: Vec<Each>,
    pub ignores: Vec<Ignore>,
    pub facts: Vec<FactProgram>,
}
