//! Words of the expression language. A whole path is one token, so that `.a .b` can never be read as `.a.b`.

use std::ops::Range;

use rust_decimal::Decimal;

use super::ast::{Path, Span, Step};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Path(Path),
    /// `$name`
    Field(String),
    Word(String),
    Text(String),
    Number(Decimal),
    /// One of [`SYMBOLS`].
    Symbol(&'static str),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub span: Span,
    pub message: String,
    pub help: Option<String>,
}

/// Longer ones first.
const SYMBOLS: &[&str] =
    &["|>", "==", "!=", "<=", ">=", "<", ">", "=", "+", "-", "*", "/", "(", ")", "{", "}", ",", ":"];

/// Words that mean something and so cannot be function names.
pub(super) const KEYWORDS: &[&str] =
    &["if", "then", "else", "and", "or", "not", "null", "true", "false", "lookup", "quarantine"];

pub(super) fn is_plain_key(key: &str) -> bool {
    !key.is_empty() && key.chars().all(is_key_char)
}

fn is_key_char(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Tokens with spans in the mapping file; `base` is where `source` starts in it.
pub(super) fn lex(source: &str, base: usize) -> Result<Vec<(Token, Span)>, SyntaxError> {
    let mut lexer = Lexer { source, at: 0, base };
    let mut tokens = Vec::new();
    while let Some((token, span)) = lexer.next()? {
        tokens.push((token, span.start + base..span.end + base));
    }
    Ok(tokens)
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
    base: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn error<T>(&self, span: Range<usize>, message: String, help: Option<&str>) -> Result<T, SyntaxError> {
        let span = span.start + self.base..span.end + self.base;
        Err(SyntaxError { span, message, help: help.map(str::to_owned) })
    }

    fn next(&mut self) -> Result<Option<(Token, Range<usize>)>, SyntaxError> {
        self.at += self.rest().len() - self.rest().trim_start().len();
        let start = self.at;
        let Some(first) = self.peek() else { return Ok(None) };
        let token = match first {
            '.' => self.path()?,
            '"' => Token::Text(self.text()?),
            '0'..='9' => self.number()?,
            '$' => {
                self.at += 1;
                Token::Field(self.while_key().to_owned())
            }
            _ if is_key_char(first) => Token::Word(self.while_key().to_owned()),
            _ => self.symbol(first)?,
        };
        Ok(Some((token, start..self.at)))
    }

    fn symbol(&mut self, first: char) -> Result<Token, SyntaxError> {
        let Some(symbol) = SYMBOLS.iter().find(|symbol| self.rest().starts_with(**symbol)) else {
            let help = match first {
                '\'' => Some("texts stand between double quotes"),
                '|' => Some("a pipeline is written `|>`"),
                '!' => Some("`not` negates, `!=` compares"),
                '&' => Some("write `and`"),
                _ => None,
            };
            return self.error(self.at..self.at + first.len_utf8(), format!("unexpected character `{first}`"), help);
        };
        self.at += symbol.len();
        Ok(Token::Symbol(symbol))
    }

    fn while_key(&mut self) -> &str {
        let start = self.at;
        let length: usize = self.rest().chars().take_while(|c| is_key_char(*c)).map(char::len_utf8).sum();
        self.at += length;
        &self.source[start..self.at]
    }

    fn path(&mut self) -> Result<Token, SyntaxError> {
        let start = self.at;
        let outer = self.rest().starts_with("..");
        self.at += usize::from(outer);
        let mut steps = Vec::new();
        loop {
            if self.rest().starts_with('.') {
                self.at += 1;
                let key = if self.peek() == Some('"') { self.text()? } else { self.while_key().to_owned() };
                if key.is_empty() {
                    return self.error(start..self.at, "a path needs a name after `.`".to_owned(), Some(PATH_HELP));
                }
                steps.push(Step::Key(key));
            } else if !steps.is_empty() && self.rest().starts_with('[') {
                steps.push(self.index()?);
            } else {
                break;
            }
        }
        let optional = self.rest().starts_with('?');
        self.at += usize::from(optional);
        Ok(Token::Path(Path { outer, steps, optional }))
    }

    fn index(&mut self) -> Result<Step, SyntaxError> {
        let start = self.at;
        self.at += 1;
        let digits = self.while_key().to_owned();
        match (digits.parse(), self.rest().starts_with(']')) {
            (Ok(index), true) => {
                self.at += 1;
                Ok(Step::Index(index))
            }
            _ => self.error(start..self.at, "an index is a whole number in brackets".to_owned(), Some("`.list[0]`")),
        }
    }

    /// Only `\"` and `\\` are escapes; any other backslash stands for itself, which patterns like `\d` need.
    fn text(&mut self) -> Result<String, SyntaxError> {
        let start = self.at;
        let mut text = String::new();
        let mut characters = self.source[start + 1..].char_indices().peekable();
        while let Some((offset, character)) = characters.next() {
            match character {
                '"' => {
                    self.at = start + 1 + offset + 1;
                    return Ok(text);
                }
                '\\' => match characters.next_if(|(_, next)| matches!(next, '"' | '\\')) {
                    Some((_, escaped)) => text.push(escaped),
                    None => text.push('\\'),
                },
                other => text.push(other),
            }
        }
        self.error(start..self.source.len(), "this text has no closing quote".to_owned(), None)
    }

    fn number(&mut self) -> Result<Token, SyntaxError> {
        let start = self.at;
        let is_part = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
        self.at += self.rest().chars().take_while(is_part).count();
        let text = &self.source[start..self.at];
        match Decimal::from_str_exact(text) {
            Ok(number) if !text.contains('_') => Ok(Token::Number(number)),
            _ => self.error(start..self.at, format!("`{text}` is not a number"), None),
        }
    }
}

const PATH_HELP: &str = "`.name`, `.\"any name\"`, `..name` for the record around a line";

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(source: &str) -> Vec<Token> {
        lex(source, 0).unwrap().into_iter().map(|(token, _)| token).collect()
    }

    #[test]
    fn a_path_is_one_token_with_quoted_names_and_indexes() {
        let key = |key: &str| Step::Key(key.to_owned());
        assert_eq!(
            tokens(r#"..a."借方(出账)"[2]? |>"#),
            [
                Token::Path(Path {
                    outer: true,
                    steps: vec![key("a"), key("借方(出账)"), Step::Index(2)],
                    optional: true
                }),
                Token::Symbol("|>")
            ]
        );
    }

    #[test]
    fn mistakes_point_at_the_wrong_bytes() {
        for (source, span, message) in [
            ("x @", 2..3, "unexpected character `@`"),
            (r#"x "abc"#, 2..6, "this text has no closing quote"),
            ("1x", 0..2, "`1x` is not a number"),
            (". a", 0..1, "a path needs a name after `.`"),
            (".a[x]", 2..4, "an index is a whole number in brackets"),
        ] {
            let error = lex(source, 100).unwrap_err();
            assert_eq!((error.span.start - 100..error.span.end - 100, error.message.as_str()), (span, message));
        }
    }
}
