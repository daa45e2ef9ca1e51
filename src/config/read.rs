//! A spanned table into a typed struct, with *all* mistakes: serde stops at the first one, so the value that it blames
//! is reported, cut out, and the rest is read again.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use crate::diagnostic::did_you_mean;

/// After so many mistakes in one table the file is something else altogether.
const MAX_MISTAKES: usize = 40;

/// What is wrong, where, and the way out.
pub(super) type Report<'r> = &'r mut dyn FnMut(Option<Range<usize>>, &str, Option<String>);

/// One mistake as an attempt to read reports it.
#[derive(Debug)]
pub(super) struct Wrong {
    pub message: String,
    pub span: Option<Range<usize>>,
    pub help: Option<String>,
    /// The shape is right, the meaning is not. Such a mistake may follow from one that was cut out before, so it is
    /// reported only when it comes first, and nothing is read after it.
    pub of_sense: bool,
}

impl From<toml::de::Error> for Wrong {
    fn from(error: toml::de::Error) -> Self {
        Self { message: error.message().to_owned(), span: error.span(), help: None, of_sense: false }
    }
}

/// `None` when anything was reported. `also_known` are keys that the caller has taken out before, for the help.
pub(super) fn read<T: DeserializeOwned>(
    table: Spanned<DeTable<'_>>,
    also_known: &[&str],
    report: Report<'_>,
) -> Option<T> {
    collect(table, also_known, report, |table| Ok(T::deserialize(Deserializer::from(table))?))
}

/// Repeats `attempt` on the table without what it blames, until it succeeds or has nothing new to say.
pub(super) fn collect<T>(
    table: Spanned<DeTable<'_>>,
    also_known: &[&str],
    report: Report<'_>,
    attempt: impl Fn(Spanned<DeTable<'_>>) -> Result<T, Wrong>,
) -> Option<T> {
    let span = table.span();
    let mut table = table.into_inner();
    let mut cut: Vec<Cut> = Vec::new();
    for _ in 0..MAX_MISTAKES {
        let wrong = match attempt(Spanned::new(span.clone(), table.clone())) {
            Ok(value) => return cut.is_empty().then_some(value),
            Err(wrong) => wrong,
        };
        if wrong.of_sense && !cut.is_empty() {
            return None;
        }
        let place = wrong.span.clone();
        let missing = missing_field(&wrong.message);
        let is_our_gap = cut.iter().any(|cut| {
            missing.is_some_and(|name| name == cut.key) && place.as_ref().is_none_or(|place| *place == cut.table)
        });
        if !is_our_gap {
            let (message, help) = explain(&wrong.message, also_known);
            report(place.clone(), &message, wrong.help.or(help));
        }
        if wrong.of_sense {
            return None;
        }
        // A gap in the outermost table has nothing left to cut; the struct cannot be read any further.
        cut.push(place.and_then(|place| cut_out(&mut table, &span, &place))?);
    }
    None
}

/// What was cut out: its key, and the span of the table that held it.
#[derive(Debug)]
struct Cut {
    key: String,
    table: Range<usize>,
}

/// Removes the deepest entry whose key or value, or whose array's item, lies at `place`.
fn cut_out(table: &mut DeTable<'_>, table_span: &Range<usize>, place: &Range<usize>) -> Option<Cut> {
    for (_, value) in table.iter_mut() {
        let span = value.span();
        if let DeValue::Table(inner) = value.get_mut()
            && let Some(cut) = cut_out(inner, &span, place)
        {
            return Some(cut);
        }
    }
    let blamed = table.iter().find(|(key, value)| key.span() == *place || holds(value, place));
    let key = blamed.map(|(key, _)| key.clone())?;
    table.remove(&key);
    Some(Cut { key: key.into_inner().into_owned(), table: table_span.clone() })
}

fn holds(value: &Spanned<DeValue<'_>>, place: &Range<usize>) -> bool {
    value.span() == *place
        || matches!(value.get_ref(), DeValue::Array(items) if items.iter().any(|item| holds(item, place)))
}

fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.split('`').next()
}

/// Serde's words made into ours: an unknown key gets the nearest legal one and the list of all.
pub(super) fn explain(message: &str, also_known: &[&str]) -> (String, Option<String>) {
    if let Some(name) = missing_field(message) {
        return (format!("`{name}` is missing"), None);
    }
    let is_key = message.starts_with("unknown field `");
    if !is_key && !message.starts_with("unknown variant `") {
        return (message.to_owned(), None);
    }
    // The odd pieces between backticks are names: first the wrong one, then the legal ones.
    let mut names = message.split('`').skip(1).step_by(2);
    let wrong = names.next().unwrap_or_default();
    let mut known: Vec<&str> = names.chain(also_known.iter().copied().filter(|_| is_key)).collect();
    known.sort_unstable();
    known.dedup();
    let what = if is_key { "setting" } else { "value" };
    let list = if known.is_empty() { None } else { Some(format!("legal here: {}", known.join(", "))) };
    let near = did_you_mean(wrong, known.iter().copied());
    let help = [near, list].into_iter().flatten().collect::<Vec<_>>().join("; ");
    (format!("`{wrong}` is no {what}"), (!help.is_empty()).then_some(help))
}
