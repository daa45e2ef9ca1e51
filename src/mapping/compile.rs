//! One expression: checks its types and turns it into an [`Op`]. `None` means that a mistake was reported.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use rust_decimal::prelude::ToPrimitive;

use super::ast::{Argument, BinaryOp, Expr, Name, Node, Path, Span, Step, TableRef};
use super::check::Tables;
use super::eval::{Env, eval};
use super::functions::{Absent, Accepts, FUNCTIONS, Function, Need, Param, Returns, build, function};
use super::program::{Call, Op, PathSpec, Scope};
use super::types::{Base, Type};
use crate::diagnostic::{Diagnostics, did_you_mean};

/// The numbered paths of one scope.
#[derive(Debug, Default)]
pub(super) struct Paths {
    pub specs: Vec<PathSpec>,
}

impl Paths {
    fn slot(&mut self, path: &Path, span: &Span) -> usize {
        if let Some(known) = self.specs.iter().position(|spec| spec.steps == path.steps) {
            self.specs[known].optional |= path.optional;
            return known;
        }
        self.specs.push(PathSpec { steps: path.steps.clone(), optional: path.optional, span: span.clone() });
        self.specs.len() - 1
    }
}

#[derive(Debug)]
pub(super) struct Compiled {
    pub op: Op,
    pub of: Type,
}

impl Compiled {
    fn is_constant(&self) -> bool {
        matches!(self.op, Op::Text(_) | Op::Decimal(_) | Op::Bool(_))
    }
}

pub(super) struct Compiler<'c, 't> {
    pub diagnostics: &'c mut Diagnostics<'t>,
    pub tables: &'c Tables,
    pub record: &'c mut Paths,
    /// Inside lines with `each`.
    pub line: Option<&'c mut Paths>,
    /// Header fields that `$name` may mean; a type of `Quotient` marks one that refers to others itself.
    pub fields: Option<&'c [(String, Type)]>,
}

impl Compiler<'_, '_> {
    fn fail<T>(&mut self, span: &Span, message: String, help: Option<String>) -> Option<T> {
        self.diagnostics.report(span.clone(), message, help);
        None
    }

    pub(super) fn expr(&mut self, expr: &Expr) -> Option<Compiled> {
        let done = |op, of| Some(Compiled { op, of });
        match &expr.node {
            Node::Path(path) => self.path(path, &expr.span),
            Node::Field(name) => self.field(name, &expr.span),
            Node::Text(text) => done(Op::Text(text.as_str().into()), Type::of(Base::Text)),
            Node::Number(number) => done(Op::Decimal(*number), Type::of(Base::Decimal)),
            Node::Bool(value) => done(Op::Bool(*value), Type::of(Base::Bool)),
            Node::Null => done(Op::Null, Type::optional(Base::Nothing)),
            Node::Quarantine(reason) => {
                let reason = reason.as_deref().map(Into::into);
                done(Op::Quarantine { reason, at: expr.span.start }, Type::of(Base::Nothing))
            }
            Node::Call { name, args } => self.call(name, args),
            Node::Lookup { input, table, otherwise } => self.lookup(input, table, otherwise),
            Node::If { condition, then, otherwise } => self.choose(condition, then, otherwise),
            Node::Not(inner) => {
                let inner = self.wanted(inner, Base::Bool, "`not`")?;
                done(Op::Not(Box::new(inner.op)), Type::of(Base::Bool))
            }
            Node::Minus(inner) => {
                let inner = self.wanted(inner, Base::Decimal, "`-`")?;
                done(Op::Minus(Box::new(inner.op)), inner.of)
            }
            Node::Binary { op, left, right } => self.binary(*op, left, right, &expr.span),
        }
    }

    fn path(&mut self, path: &Path, span: &Span) -> Option<Compiled> {
        if path.steps.is_empty() || matches!(path.steps[0], Step::Index(_)) {
            return self.fail(span, "a path needs a name".to_owned(), None);
        }
        if path.outer && self.line.is_none() {
            let help = "`..name` is for lines with `each`; here the record is `.name`".to_owned();
            return self.fail(span, "there is no enclosing record here".to_owned(), Some(help));
        }
        let op = match &mut self.line {
            Some(line) if !path.outer => Op::Slot(Scope::Line, line.slot(path, span)),
            _ => Op::Slot(Scope::Record, self.record.slot(path, span)),
        };
        Some(Compiled { op, of: Type::optional(Base::Text) })
    }

    fn field(&mut self, name: &str, span: &Span) -> Option<Compiled> {
        let Some(fields) = self.fields else {
            return self.fail(span, format!("`${name}` is not known here"), Some("it names a header field".to_owned()));
        };
        let Some(index) = fields.iter().position(|(field, _)| field == name) else {
            let help = did_you_mean(name, fields.iter().map(|(field, _)| field.as_str()));
            return self.fail(span, format!("this fact has no field `{name}` to refer to"), help);
        };
        let of = fields[index].1;
        if of.base == Base::Quotient {
            let message = format!("`${name}` refers to other fields itself");
            return self.fail(span, message, Some("one step only: name the paths instead".to_owned()));
        }
        Some(Compiled { op: Op::Field(index), of })
    }

    fn wanted(&mut self, expr: &Expr, base: Base, by: &str) -> Option<Compiled> {
        let compiled = self.expr(expr)?;
        if compiled.of.base == base || compiled.of.base == Base::Nothing {
            return Some(compiled);
        }
        let help = match (compiled.of.base, base) {
            (Base::Text, Base::Decimal) => Some("read it as a number: `.x |> decimal`".to_owned()),
            (Base::Quotient, _) => Some("round it: `round(a / b, 6)`".to_owned()),
            (_, Base::Bool) => Some("compare it: `.x == \"C\"`".to_owned()),
            _ => None,
        };
        self.fail(&expr.span, format!("{by} takes {base}, this is {}", compiled.of.base), help)
    }

    fn lookup(&mut self, input: &Expr, table: &TableRef, otherwise: &Expr) -> Option<Compiled> {
        let input = self.wanted(input, Base::Text, "`lookup`");
        let table = match table {
            TableRef::Inline(entries) => {
                let texts: BTreeMap<_, _> =
                    entries.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into())).collect();
                if texts.len() < entries.len() {
                    return self.fail(&otherwise.span, "a key stands twice in this table".to_owned(), None);
                }
                Arc::new(texts)
            }
            TableRef::Named(name) => match self.tables.get(&name.text) {
                Some(table) => Arc::clone(table),
                None => {
                    let help = did_you_mean(&name.text, self.tables.keys().map(String::as_str));
                    let help = help.unwrap_or_else(|| format!("add `[tables.{}]` to this file", name.text));
                    return self.fail(&name.span, format!("there is no table `{}`", name.text), Some(help));
                }
            },
        };
        let (input, otherwise_value) = (input?, self.expr(otherwise)?);
        let of = Type { base: Base::Text, optional: input.of.optional || otherwise_value.of.optional };
        let op = Op::Lookup { input: Box::new(input.op), table, otherwise: Box::new(otherwise_value.op) };
        Some(Compiled { op, of })
    }

    fn choose(&mut self, condition: &Expr, then: &Expr, otherwise: &Expr) -> Option<Compiled> {
        let condition = self.wanted(condition, Base::Bool, "`if`");
        let (left, right) = (self.expr(then), self.expr(otherwise));
        let (condition, left, right) = (condition?, left?, right?);
        match left.of.join(right.of) {
            Some(of) => Some(Compiled { op: Op::If(Box::new([condition.op, left.op, right.op])), of }),
            None => {
                let message = format!("`then` gives {}, `else` gives {}", left.of.base, right.of.base);
                self.fail(&otherwise.span, message, Some("both must be of one type".to_owned()))
            }
        }
    }

    fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: &Span) -> Option<Compiled> {
        let symbol = format!("`{}`", op.symbol());
        let (left, right, of) = match op {
            BinaryOp::And | BinaryOp::Or => {
                let sides = (self.wanted(left, Base::Bool, &symbol), self.wanted(right, Base::Bool, &symbol));
                (sides.0?, sides.1?, Type::of(Base::Bool))
            }
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide => {
                let sides = (self.wanted(left, Base::Decimal, &symbol), self.wanted(right, Base::Decimal, &symbol));
                let (left, right) = (sides.0?, sides.1?);
                let base = if op == BinaryOp::Divide { Base::Quotient } else { Base::Decimal };
                let optional = left.of.optional || right.of.optional;
                (left, right, Type { base, optional })
            }
            _ => {
                let sides = (self.side(left), self.side(right));
                let (left, right) = (sides.0?, sides.1?);
                if left.of.join(right.of).is_none() || left.of.base == Base::Quotient {
                    let message = format!("{symbol} compares {} with {}", left.of.base, right.of.base);
                    let help = "a path is text: convert it, as in `(.x |> decimal) > 0`".to_owned();
                    return self.fail(span, message, Some(help));
                }
                (left, right, Type::of(Base::Bool))
            }
        };
        Some(Compiled { op: Op::Binary { op, sides: Box::new([left.op, right.op]), at: span.start }, of })
    }

    /// A side of a comparison; blank is never equal to anything, so comparing with it is a mistake.
    fn side(&mut self, expr: &Expr) -> Option<Compiled> {
        let blank = match &expr.node {
            Node::Null => true,
            Node::Text(text) => text.trim().is_empty(),
            _ => false,
        };
        if blank {
            let help = "a blank text is absent: ask `is_empty(.x)`".to_owned();
            return self.fail(&expr.span, "nothing is ever equal to this".to_owned(), Some(help));
        }
        self.expr(expr)
    }

    fn call(&mut self, name: &Name, args: &[Argument]) -> Option<Compiled> {
        let Some(function) = function(&name.text) else {
            let help = did_you_mean(&name.text, FUNCTIONS.iter().map(|function| function.name));
            return self.fail(&name.span, format!("there is no function `{}`", name.text), help);
        };
        let matched = self.match_arguments(function, name, args)?;
        let (mut texts, mut counts, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let (mut literal_span, mut complete) = (name.span.clone(), true);
        for (param, expr) in matched {
            match param.accepts {
                Accepts::TextLiteral | Accepts::CountLiteral => {
                    literal_span = expr.span.clone();
                    complete &= self.literal(function, param, expr, &mut texts, &mut counts).is_some();
                }
                _ => match self.argument(function, param, expr) {
                    Some(value) => values.push((value, expr.span.clone())),
                    None => complete = false,
                },
            }
        }
        let builtin = match build(function.name, &texts, &counts) {
            _ if !complete => return None,
            Ok(builtin) => builtin,
            Err(reason) => return self.fail(&literal_span, reason, Some(format!("`{}`", function.example))),
        };
        let of = self.result(function, &values)?;
        let constant = !values.is_empty() && values.iter().all(|(value, _)| value.is_constant());
        let args = values.into_iter().map(|(value, _)| value.op).collect();
        let op = Op::Call(Box::new(Call { builtin, args, at: name.span.start }));
        if constant {
            self.try_constant(&op, &name.span)?;
        }
        Some(Compiled { op, of })
    }

    /// A call over literals only fails now or never: `currency("RMB")` is a mistake of the file.
    fn try_constant(&mut self, op: &Op, span: &Span) -> Option<()> {
        let nothing = Env { record: &[], line: &[], fields: &[], zone: &TimeZone::UTC };
        match eval(op, nothing) {
            Ok(_) => Some(()),
            Err(fault) => self.fail(span, format!("`{}`: {}", fault.value, fault.reason), None),
        }
    }

    /// Each argument with its parameter: by name, else by place.
    fn match_arguments<'a>(
        &mut self,
        function: &'static Function,
        name: &Name,
        args: &'a [Argument],
    ) -> Option<Vec<(&'static Param, &'a Expr)>> {
        let help = || Some(function.signature());
        let mut matched: Vec<(&'static Param, &Expr)> = Vec::new();
        let mut place = 0;
        for arg in args {
            let param = match &arg.name {
                Some(wanted) => match function.params.iter().find(|param| param.name == wanted.text) {
                    Some(param) => param,
                    None => {
                        let message = format!("`{}` has no parameter `{}`", function.name, wanted.text);
                        return self.fail(&wanted.span, message, help());
                    }
                },
                None => match function.params.get(place.min(function.params.len() - 1)) {
                    Some(param) if place < function.params.len() || param.need == Need::Many => {
                        place += 1;
                        param
                    }
                    _ => {
                        return self.fail(
                            &arg.value.span,
                            format!("`{}` takes fewer arguments", function.name),
                            help(),
                        );
                    }
                },
            };
            if param.need != Need::Many && matched.iter().any(|(known, _)| known.name == param.name) {
                let message = format!("`{}` of `{}` is given twice", param.name, function.name);
                return self.fail(&arg.value.span, message, help());
            }
            matched.push((param, &arg.value));
        }
        for param in function.params.iter().filter(|param| param.need != Need::May) {
            if !matched.iter().any(|(known, _)| known.name == param.name) {
                return self.fail(&name.span, format!("`{}` needs `{}`", function.name, param.name), help());
            }
        }
        matched.sort_by_key(|(param, _)| function.params.iter().position(|known| known.name == param.name));
        Some(matched)
    }

    fn literal<'a>(
        &mut self,
        function: &Function,
        param: &Param,
        expr: &'a Expr,
        texts: &mut Vec<&'a str>,
        counts: &mut Vec<usize>,
    ) -> Option<()> {
        match (&expr.node, param.accepts) {
            (Node::Text(text), Accepts::TextLiteral) => texts.push(text),
            (Node::Number(number), Accepts::CountLiteral) if number.is_integer() => counts.push(number.to_usize()?),
            _ => {
                let message = format!("`{}` of `{}` is {}", param.name, function.name, param.accepts.words());
                return self.fail(&expr.span, message, Some(format!("`{}`", function.example)));
            }
        }
        Some(())
    }

    fn argument(&mut self, function: &Function, param: &Param, expr: &Expr) -> Option<Compiled> {
        let compiled = self.expr(expr)?;
        if param.accepts.takes(compiled.of.base) {
            return Some(compiled);
        }
        let message = format!(
            "`{}` takes {} as `{}`, this is {}",
            function.name,
            param.accepts.words(),
            param.name,
            compiled.of.base
        );
        self.fail(&expr.span, message, Some(function.signature()))
    }

    fn result(&mut self, function: &Function, values: &[(Compiled, Span)]) -> Option<Type> {
        let mut base = Base::Nothing;
        for (value, span) in values {
            let Some(joined) = Type::of(base).join(value.of) else {
                if function.returns == Returns::Same {
                    let message = format!("`{}` mixes {base} with {}", function.name, value.of.base);
                    return self.fail(span, message, Some("all must be of one type".to_owned()));
                }
                break;
            };
            base = joined.base;
        }
        if let Returns::Type(returned) = function.returns {
            base = returned;
        }
        let any = values.iter().any(|(value, _)| value.of.optional);
        let optional = match function.absent {
            Absent::Passes => any,
            Absent::Found => true,
            Absent::FirstDecides => values.first().is_some_and(|(value, _)| value.of.optional),
            Absent::Never => false,
            Absent::OnlyWhenAll => values.iter().all(|(value, _)| value.of.optional),
        };
        Some(Type { base, optional })
    }
}
