//! Mistakes in a file that a person wrote, shown as a compiler shows them: file, line, caret, help.
//!
//! Every mistake is collected before anything is shown, because a person who fixes one at a time gives up. Shared by
//! config and mapping; knows neither.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// One mistake. `span` is in bytes of the file's text; `line` and `column` count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub file: Box<str>,
    pub line: usize,
    pub column: usize,
    pub span: Range<usize>,
    pub message: String,
    pub help: Option<String>,
}

impl Diagnostic {
    /// A mistake at a byte range of `text`.
    pub fn new(file: &str, text: &str, span: Range<usize>, message: impl Into<String>, help: Option<String>) -> Self {
        let (lines, span) = (LineIndex::new(text), clamp(&span, text));
        let (line, column) = (lines.line(span.start), lines.column(span.start, text));
        Self { file: file.into(), line, column, span, message: message.into(), help }
    }

    /// The mistake with the lines it is about; `source` must be the text that was parsed.
    pub fn render(&self, source: &str) -> String {
        let span = clamp(&self.span, source);
        let snippet = Snippet::source(source).path(&*self.file).annotation(AnnotationKind::Primary.span(span));
        let mut report = Level::ERROR.primary_title(self.message.as_str()).element(snippet);
        if let Some(help) = &self.help {
            report = report.element(Level::HELP.message(help.as_str()));
        }
        Renderer::plain().render(&[report])
    }
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        self.help.iter().try_for_each(|help| write!(f, " (help: {help})"))
    }
}

/// A span that lies inside `source` and on character boundaries, whatever it was.
fn clamp(span: &Range<usize>, source: &str) -> Range<usize> {
    let start = source.floor_char_boundary(span.start.min(source.len()));
    let end = source.ceil_char_boundary(span.end.clamp(start, source.len()));
    start..end
}

/// Where lines start, so that an offset becomes a line number without reading the text again.
#[derive(Debug, Clone)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    pub fn new(text: &str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { starts }
    }

    /// Counted from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    fn column(&self, offset: usize, text: &str) -> usize {
        let start = self.starts.get(self.line(offset).saturating_sub(1)).copied().unwrap_or(0);
        text.get(start..offset).map_or(1, |before| before.chars().count() + 1)
    }
}

/// Collects the mistakes of one file.
#[derive(Debug)]
pub struct Diagnostics<'t> {
    file: &'t str,
    text: &'t str,
    lines: LineIndex,
    found: Vec<Diagnostic>,
}

impl<'t> Diagnostics<'t> {
    pub fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, text, lines: LineIndex::new(text), found: Vec::new() }
    }

    pub fn report(&mut self, span: Range<usize>, message: impl Into<String>, help: Option<String>) {
        let (line, column) = (self.lines.line(span.start), self.lines.column(span.start, self.text));
        self.found.push(Diagnostic { file: self.file.into(), line, column, span, message: message.into(), help });
    }

    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// In the order of the file.
    pub fn into_vec(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
        self.found
    }
}

/// Names further apart than this share nothing but length.
const MAX_SUGGESTION_DISTANCE: usize = 3;

/// `did you mean …?` when one of `known` is close to `wrong`.
pub fn did_you_mean<'k>(wrong: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    known
        .into_iter()
        .map(|name| (edit_distance(wrong, name), name))
        .filter(|(distance, name)| *distance <= MAX_SUGGESTION_DISTANCE.min(name.chars().count() / 2))
        .min()
        .map(|(_, name)| format!("did you mean `{name}`?"))
}

fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let substitution = diagonal + usize::from(!a.eq_ignore_ascii_case(b));
            diagonal = row[j + 1];
            row[j + 1] = substitution.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(did_you_mean("custmer", ["currency", "customer"]).unwrap(), "did you mean `customer`?");
        assert_eq!(did_you_mean("xyzzy", ["currency", "customer"]), None);
    }

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let text = "a\n摘要 = x";
        let mut diagnostics = Diagnostics::new("f.toml", text);
        let at = text.find('x').unwrap();
        diagnostics.report(at..at + 1, "no", None);
        let found = diagnostics.into_vec();
        assert_eq!((found[0].line, found[0].column), (2, 6));
        assert!(found[0].render(text).contains("摘要 = x"), "{}", found[0].render(text));
    }
}
