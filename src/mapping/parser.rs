//! Text of one expression → tree. A Pratt parser: one loop, binding powers in [`super::ast`].
//!
//! It stops at the first syntax mistake of an expression (what follows would be guesses); the other expressions of the
//! file are still read.

use super::ast::{Argument, BinaryOp, Expr, MINUS_POWER, NOT_POWER, Name, Node, PIPE_POWER, Span, TableRef};
use super::lexer::{KEYWORDS, SyntaxError, Token, lex};

/// Bounds recursion of parser, checker and evaluator on any input; real expressions have under thirty nodes.
const MAX_NODES: usize = 400;
/// Bounds the parser's own recursion: brackets and `if`s inside one another.
const MAX_NESTING: usize = 40;

/// Parses all of `source`, which starts at byte `base` of the mapping file.
pub(super) fn parse(source: &str, base: usize) -> Result<Expr, SyntaxError> {
    let tokens = lex(source, base)?;
    let end = base + source.len();
    let mut parser = Parser { tokens, at: 0, end, nodes: 0, nesting: 0 };
    let expr = parser.expression(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(expr),
        Some((token, span)) => {
            let help = matches!(token, Token::Symbol("=")).then(|| "equality is `==`".to_owned());
            Err(SyntaxError { span: span.clone(), message: format!("unexpected {}", describe(token)), help })
        }
    }
}

struct Parser {
    tokens: Vec<(Token, Span)>,
    at: usize,
    end: usize,
    nodes: usize,
    nesting: usize,
}

type Parsed<T> = Result<T, SyntaxError>;

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    /// Span of the next token, or the end of the expression.
    fn here(&self) -> Span {
        self.tokens.get(self.at).map_or(self.end..self.end, |(_, span)| span.clone())
    }

    fn next(&mut self) -> Option<(Token, Span)> {
        let token = self.tokens.get(self.at).cloned();
        self.at += usize::from(token.is_some());
        token
    }

    fn eat_symbol(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Symbol(next)) if *next == symbol);
        self.at += usize::from(found);
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(next)) if next == word);
        self.at += usize::from(found);
        found
    }

    fn unexpected<T>(&self, wanted: &str) -> Parsed<T> {
        let found = self.peek().map_or_else(|| "the end of the expression".to_owned(), describe);
        Err(SyntaxError { span: self.here(), message: format!("expected {wanted}, found {found}"), help: None })
    }

    fn expect_symbol(&mut self, symbol: &str) -> Parsed<()> {
        if self.eat_symbol(symbol) { Ok(()) } else { self.unexpected(&format!("`{symbol}`")) }
    }

    fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.eat_word(word) { Ok(()) } else { self.unexpected(&format!("`{word}`")) }
    }

    fn expect_text(&mut self) -> Parsed<String> {
        match self.peek() {
            Some(Token::Text(text)) => {
                let text = text.clone();
                self.at += 1;
                Ok(text)
            }
            _ => self.unexpected("a text in double quotes"),
        }
    }

    fn node(&mut self, node: Node, span: Span) -> Parsed<Expr> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let message = format!("an expression has at most {MAX_NODES} parts");
            return Err(SyntaxError { span, message, help: Some("a connector is the place for so much logic".into()) });
        }
        Ok(Expr { node, span })
    }

    fn expression(&mut self, min_power: u8) -> Parsed<Expr> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            let message = format!("expressions nest at most {MAX_NESTING} deep");
            return Err(SyntaxError { span: self.here(), message, help: None });
        }
        let mut left = self.prefix()?;
        loop {
            if PIPE_POWER > min_power && self.eat_symbol("|>") {
                left = self.pipe(left)?;
                continue;
            }
            let Some(op) = self.peek().and_then(binary_op).filter(|op| op.power() > min_power) else { break };
            self.at += 1;
            let right = self.expression(op.power())?;
            let span = left.span.start..right.span.end;
            left = self.node(Node::Binary { op, left: Box::new(left), right: Box::new(right) }, span)?;
        }
        self.nesting -= 1;
        Ok(left)
    }

    fn prefix(&mut self) -> Parsed<Expr> {
        let Some((token, span)) = self.next() else { return self.unexpected("a value") };
        match token {
            Token::Path(path) => self.node(Node::Path(path), span),
            Token::Field(name) => self.node(Node::Field(name), span),
            Token::Text(text) => self.node(Node::Text(text), span),
            Token::Number(number) => self.node(Node::Number(number), span),
            Token::Symbol("(") => {
                let inner = self.expression(0)?;
                self.expect_symbol(")")?;
                Ok(inner)
            }
            Token::Symbol("-") => {
                let inner = self.expression(MINUS_POWER)?;
                let span = span.start..inner.span.end;
                self.node(Node::Minus(Box::new(inner)), span)
            }
            Token::Word(word) => self.word(word, span),
            Token::Symbol(_) => {
                self.at -= 1;
                self.unexpected("a value")
            }
        }
    }

    fn word(&mut self, word: String, span: Span) -> Parsed<Expr> {
        match word.as_str() {
            "null" => self.node(Node::Null, span),
            "true" | "false" => self.node(Node::Bool(word == "true"), span),
            "quarantine" => self.quarantine(span),
            "if" => self.condition(span),
            "not" => {
                let inner = self.expression(NOT_POWER)?;
                let span = span.start..inner.span.end;
                self.node(Node::Not(Box::new(inner)), span)
            }
            _ if KEYWORDS.contains(&word.as_str()) => {
                self.at -= 1;
                self.unexpected("a value")
            }
            _ if matches!(self.peek(), Some(Token::Symbol("("))) => {
                let name = Name { text: word, span: span.clone() };
                let args = self.arguments()?;
                self.node(Node::Call { name, args }, span.start..self.previous_end())
            }
            _ => Err(SyntaxError {
                span,
                message: format!("`{word}` is not a value"),
                help: Some(format!("a field of the record is `.{word}`, a text is `\"{word}\"`, a call `{word}(…)`")),
            }),
        }
    }

    fn quarantine(&mut self, span: Span) -> Parsed<Expr> {
        let reason = match self.peek() {
            Some(Token::Text(_)) => Some(self.expect_text()?),
            _ => None,
        };
        self.node(Node::Quarantine(reason), span.start..self.previous_end())
    }

    fn condition(&mut self, span: Span) -> Parsed<Expr> {
        let condition = Box::new(self.expression(0)?);
        self.expect_word("then")?;
        let then = Box::new(self.expression(0)?);
        self.expect_word("else")?;
        let otherwise = Box::new(self.expression(0)?);
        let span = span.start..otherwise.span.end;
        self.node(Node::If { condition, then, otherwise }, span)
    }

    /// What follows `|>`: a function with or without further arguments, or a look-up.
    fn pipe(&mut self, input: Expr) -> Parsed<Expr> {
        if self.eat_word("lookup") {
            return self.lookup(input);
        }
        let Some(Token::Word(word)) = self.peek().filter(|token| !is_keyword(token)) else {
            return self.unexpected("a function after `|>`");
        };
        let (word, span) = (word.clone(), self.here());
        self.at += 1;
        let start = input.span.start;
        let mut args = vec![Argument { name: None, value: input }];
        if matches!(self.peek(), Some(Token::Symbol("("))) {
            args.extend(self.arguments()?);
        }
        self.node(Node::Call { name: Name { text: word, span }, args }, start..self.previous_end())
    }

    fn arguments(&mut self) -> Parsed<Vec<Argument>> {
        self.expect_symbol("(")?;
        let mut args = Vec::new();
        while !self.eat_symbol(")") {
            let named = matches!(self.tokens.get(self.at + 1), Some((Token::Symbol("="), _)));
            let name = match self.peek() {
                Some(Token::Word(word)) if named => Some(Name { text: word.clone(), span: self.here() }),
                _ => None,
            };
            self.at += if name.is_some() { 2 } else { 0 };
            args.push(Argument { name, value: self.expression(0)? });
            if !self.eat_symbol(",") && !matches!(self.peek(), Some(Token::Symbol(")"))) {
                return self.unexpected("`,` or `)`");
            }
        }
        Ok(args)
    }

    fn lookup(&mut self, input: Expr) -> Parsed<Expr> {
        let table = if self.eat_symbol("{") {
            TableRef::Inline(self.entries()?)
        } else if let Some(Token::Word(text)) = self.peek().filter(|token| !is_keyword(token)) {
            let name = Name { text: text.clone(), span: self.here() };
            self.at += 1;
            TableRef::Named(name)
        } else {
            return self.unexpected("a table `{ \"A\" = \"x\" }` or the name of one");
        };
        if !self.eat_word("else") {
            let mut error = self.unexpected::<Expr>("`else`");
            if let Err(error) = &mut error {
                error.help =
                    Some("`else quarantine`, `else \"x\"` or `else null`: say what is not in the table".into());
            }
            return error;
        }
        let here = self.here();
        let otherwise = if let Some(Token::Text(text)) = self.peek() {
            let text = text.clone();
            self.at += 1;
            self.node(Node::Text(text), here)?
        } else if self.eat_word("null") {
            self.node(Node::Null, here)?
        } else if self.eat_word("quarantine") {
            self.quarantine(here)?
        } else {
            return self.unexpected("`quarantine`, `null` or a text");
        };
        let span = input.span.start..otherwise.span.end;
        self.node(Node::Lookup { input: Box::new(input), table, otherwise: Box::new(otherwise) }, span)
    }

    fn entries(&mut self) -> Parsed<Vec<(String, String)>> {
        let mut entries = Vec::new();
        while !self.eat_symbol("}") {
            let key = self.expect_text()?;
            self.expect_symbol("=")?;
            entries.push((key, self.expect_text()?));
            if !self.eat_symbol(",") && !matches!(self.peek(), Some(Token::Symbol("}"))) {
                return self.unexpected("`,` or `}`");
            }
        }
        Ok(entries)
    }

    fn previous_end(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(self.end, |(_, span)| span.end)
    }
}

fn binary_op(token: &Token) -> Option<BinaryOp> {
    Some(match token {
        Token::Word(word) if word == "or" => BinaryOp::Or,
        Token::Word(word) if word == "and" => BinaryOp::And,
        Token::Symbol("==") => BinaryOp::Equal,
        Token::Symbol("!=") => BinaryOp::NotEqual,
        Token::Symbol("<") => BinaryOp::Less,
        Token::Symbol("<=") => BinaryOp::LessOrEqual,
        Token::Symbol(">") => BinaryOp::Greater,
        Token::Symbol(">=") => BinaryOp::GreaterOrEqual,
        Token::Symbol("+") => BinaryOp::Add,
        Token::Symbol("-") => BinaryOp::Subtract,
        Token::Symbol("*") => BinaryOp::Multiply,
        Token::Symbol("/") => BinaryOp::Divide,
        _ => return None,
    })
}

fn is_keyword(token: &Token) -> bool {
    matches!(token, Token::Word(word) if KEYWORDS.contains(&word.as_str()))
}

fn describe(token: &Token) -> String {
    match token {
        Token::Path(path) => format!("`{path}`"),
        Token::Field(name) => format!("`${name}`"),
        Token::Word(word) => format!("`{word}`"),
        Token::Text(text) => format!("the text {}", super::ast::quoted(text)),
        Token::Number(number) => format!("`{number}`"),
        Token::Symbol(symbol) => format!("`{symbol}`"),
    }
}
