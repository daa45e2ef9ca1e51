//! How a kind of connector or channel is known by name and built from its settings.
//!
//! The caller parses the whole configuration once, takes `type` out and hands over the rest as a *spanned* table, so
//! that a wrong value is shown under a caret in the user's own file. A derive with `tag = "type"` would lose the place.

use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Channel, Connector, Context, SourceError};

/// The settings of one source without its `type`; all spans count from the start of the configuration text.
pub type SettingsTable<'a> = Spanned<DeTable<'a>>;

/// Builds one instance from its settings.
pub type Build<T> = fn(SettingsTable<'_>, &Context) -> Result<Arc<T>, SettingsError>;

/// A mistake in the settings. The caller knows the file and draws the caret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct SettingsError {
    pub message: String,
    /// Byte range of the wrong value in the configuration text; `None` when no single value is wrong.
    pub span: Option<Range<usize>>,
    pub help: Option<String>,
}

impl SettingsError {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), span: None, help: None }
    }

    /// Points at a value that was read as [`Spanned`].
    pub fn at<T>(value: &Spanned<T>, message: impl Into<String>) -> Self {
        Self { message: message.into(), span: Some(value.span()), help: None }
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<toml::de::Error> for SettingsError {
    fn from(error: toml::de::Error) -> Self {
        Self { message: error.message().to_owned(), span: error.span(), help: None }
    }
}

/// A kit part refused its options; no single value is to blame.
impl From<SourceError> for SettingsError {
    fn from(error: SourceError) -> Self {
        Self { message: error.message, span: None, help: error.help }
    }
}

/// One kind of connector: a row of the registry.
pub struct Entry {
    /// What `type = "…"` names.
    pub kind: &'static str,
    /// One line for `bihuan connectors`.
    pub doc: &'static str,
    /// A commented sample of all settings, valid as it stands (a test builds it).
    pub example: &'static str,
    pub build: Build<dyn Connector>,
}

/// One kind of channel: a row of the registry.
pub struct ChannelEntry {
    pub kind: &'static str,
    pub doc: &'static str,
    pub example: &'static str,
    pub build: Build<dyn Channel>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl fmt::Debug for ChannelEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelEntry").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Deserializes a spanned table; the error keeps the place of the wrong value.
pub fn read_settings<'a, T: Deserialize<'a>>(table: SettingsTable<'a>) -> Result<T, SettingsError> {
    Ok(T::deserialize(toml::de::Deserializer::from(table))?)
}

/// Splits a text that holds one source's settings (a sample, a test) into its `type` and the rest.
pub fn parse_settings(text: &str) -> Result<(String, SettingsTable<'_>), SettingsError> {
    let mut table = DeTable::parse(text)?;
    let Some(kind) = table.get_mut().remove("type") else {
        return Err(SettingsError::new("`type` is missing").help("name the kind of connector: type = \"kingdee\""));
    };
    match kind.get_ref() {
        DeValue::String(name) => Ok((name.to_string(), table)),
        _ => Err(SettingsError::at(&kind, "`type` must be a text")),
    }
}

/// The zone in which the source writes bare times.
pub fn time_zone(context: &Context) -> Result<TimeZone, SettingsError> {
    TimeZone::get(&context.time_zone).map_err(|_| {
        SettingsError::new(format!("`{}` is not a known time zone", context.time_zone))
            .help("use an IANA name such as Asia/Shanghai")
    })
}

/// Checks a number against the bounds of its setting.
pub fn bounded<T: PartialOrd + fmt::Display + Copy>(
    name: &str,
    value: &Spanned<T>,
    bounds: RangeInclusive<T>,
) -> Result<T, SettingsError> {
    let number = *value.get_ref();
    if bounds.contains(&number) {
        return Ok(number);
    }
    Err(SettingsError::at(value, format!("`{name}` must lie between {} and {}", bounds.start(), bounds.end())))
}

/// Checks that a text setting is not empty and holds no control characters.
pub fn one_line(name: &str, value: &Spanned<String>) -> Result<String, SettingsError> {
    let text = value.get_ref().trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(SettingsError::at(value, format!("`{name}` must be one line of text and not empty")));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        page_size: Spanned<u32>,
    }

    fn read(text: &str) -> Result<u32, SettingsError> {
        let (_, table) = parse_settings(text)?;
        bounded("page_size", &read_settings::<Sample>(table)?.page_size, 1..=10)
    }

    #[test]
    fn a_wrong_value_keeps_its_place() {
        for (value, message) in [
            ("\"many\"", "invalid type: string \"many\", expected u32"),
            ("11", "`page_size` must lie between 1 and 10"),
        ] {
            let text = format!("# comment\ntype = \"x\"\npage_size = {value}\n");
            let error = read(&text).unwrap_err();
            assert_eq!(error.message, message);
            assert_eq!(error.span.map(|span| &text[span]), Some(value));
        }
    }

    #[test]
    fn an_unknown_setting_is_named_at_its_place() {
        let text = "type = \"x\"\npage_size = 1\npage_sise = 2\n";
        let error = read(text).unwrap_err();
        assert!(error.message.contains("page_sise") && error.message.contains("page_size"), "{error}");
        assert_eq!(error.span.map(|span| &text[span]), Some("page_sise"));
    }
}
