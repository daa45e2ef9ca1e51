//! Sources and the chat channel: what Bihuan itself needs to know about them, and the rest for their connector.

use std::sync::Arc;

use bihuan_connectors::sdk::SettingsTable;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::layer::Mistakes;

/// How often a stream is pulled by the daemon, in seconds of its clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    pub every_s: u32,
}

/// `[source.NAME]`.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    pub name: Box<str>,
    /// Kind of connector.
    pub kind: Box<str>,
    pub book: Box<str>,
    pub time_zone: TimeZone,
    /// Nothing before this day is asked for.
    pub start: Date,
    /// Name of the number range of its documents; per kind where one differs.
    pub numbering: Box<str>,
    pub numbering_by_kind: Vec<(Box<str>, Box<str>)>,
    pub streams: Vec<StreamSettings>,
    pub(super) place: Place,
}

/// `[source.NAME.stream.STREAM]`.
#[derive(Debug, Clone)]
pub struct StreamSettings {
    pub name: Box<str>,
    /// Mapping file below the mappings folder, `kingdee/outstock.toml`.
    pub mapping: Box<str>,
    /// Whether it is the booking authority of what it yields; otherwise evidence.
    pub books: bool,
    /// Field precedence: the smaller wins.
    pub rank: u32,
    pub schedule: Schedule,
}

/// `[channel]`: where messages reach people.
#[derive(Debug, Clone)]
pub struct ChannelSettings {
    pub kind: Box<str>,
    pub(super) place: Place,
}

/// Where a table stands, so that its connector can be handed the rest of it with the spans of the user's file.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub file: Arc<str>,
    pub text: Arc<str>,
    pub path: Vec<Box<str>>,
}

/// Keys that Bihuan takes out of a source's table; everything else belongs to the connector.
const OWN_KEYS: &[&str] = &["type", "book", "time_zone", "start", "numbering", "stream"];

impl Place {
    /// The table without Bihuan's own keys; `None` only if the text has changed since it was loaded.
    fn rest(&self) -> Option<SettingsTable<'_>> {
        let mut table = DeTable::parse(&self.text).ok()?;
        for key in &self.path {
            let value = table.get_mut().remove(&**key)?;
            let span = value.span();
            let DeValue::Table(inner) = value.into_inner() else { return None };
            table = Spanned::new(span, inner);
        }
        for key in OWN_KEYS {
            table.get_mut().remove(*key);
        }
        Some(table)
    }
}

macro_rules! with_place {
    ($($settings:ty),+) => { $(impl $settings {
        /// The connector's own settings, with spans into [`Self::text`].
        pub fn settings(&self) -> Option<SettingsTable<'_>> {
            self.place.rest()
        }

        pub fn file(&self) -> &str {
            &self.place.file
        }

        pub fn text(&self) -> &str {
            &self.place.text
        }
    })+ };
}
with_place!(SourceSettings, ChannelSettings);

#[derive(Debug, Deserialize)]
struct SourceLayer {
    r#type: Spanned<String>,
    book: Spanned<String>,
    time_zone: Option<Spanned<String>>,
    start: Option<Spanned<String>>,
    numbering: Option<NumberingLayer>,
    #[serde(default)]
    stream: std::collections::BTreeMap<String, StreamLayer>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum NumberingLayer {
    One(String),
    ByKind(std::collections::BTreeMap<String, String>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamLayer {
    mapping: Spanned<String>,
    #[serde(default = "yes")]
    books: bool,
    #[serde(default)]
    rank: u32,
    every: Option<Spanned<String>>,
}

const fn yes() -> bool {
    true
}

const DEFAULT_ZONE: &str = "Asia/Shanghai";
const DEFAULT_EVERY_S: u32 = 300;
/// Before the oldest paper that anybody would import.
const DEFAULT_START: Date = Date::constant(2020, 1, 1);

impl SourceSettings {
    /// Reads `[source.NAME]`; mistakes are reported and the best guess kept, so that the rest is checked too.
    pub(super) fn read(
        name: &str,
        table: Spanned<DeValue<'_>>,
        place: Place,
        books: &[Box<str>],
        mistakes: &mut Mistakes<'_>,
    ) -> Option<Self> {
        let layer = mistakes.take(
            only(OWN_KEYS, table).and_then(|table| SourceLayer::deserialize(toml::de::Deserializer::from(table))),
        )?;
        if !books.iter().any(|book| **book == **layer.book.get_ref()) {
            let help = format!("known books: {}", books.join(", "));
            mistakes.at(layer.book.span(), format!("there is no `[book.{}]`", layer.book.get_ref()), help);
        }
        let zone = layer.time_zone.as_ref().map_or(DEFAULT_ZONE, |zone| zone.get_ref());
        let time_zone = TimeZone::get(zone).unwrap_or_else(|_| {
            let span = layer.time_zone.as_ref().map_or(0..0, Spanned::span);
            mistakes.at(span, format!("`{zone}` is not a known time zone"), "use an IANA name such as Asia/Shanghai");
            TimeZone::UTC
        });
        let start = layer.start.as_ref().map_or(DEFAULT_START, |start| {
            start.get_ref().parse().unwrap_or_else(|_| {
                mistakes.at(start.span(), format!("`{}` is not a date", start.get_ref()), "write it as 2026-01-01");
                DEFAULT_START
            })
        });
        if layer.stream.is_empty() {
            mistakes.at(
                layer.r#type.span(),
                format!("source `{name}` has no stream"),
                format!("add [source.{name}.stream.NAME] with a mapping"),
            );
        }
        let (numbering, numbering_by_kind) =
            layer.numbering.map_or((name.into(), Vec::new()), |numbering| numbering.read(name));
        let streams = layer.stream.into_iter().map(|(name, stream)| stream.read(name, mistakes)).collect();
        let (kind, book) = (layer.r#type.into_inner().into(), layer.book.into_inner().into());
        Some(Self { name: name.into(), kind, book, time_zone, start, numbering, numbering_by_kind, streams, place })
    }
}

impl NumberingLayer {
    fn read(self, source: &str) -> (Box<str>, Vec<(Box<str>, Box<str>)>) {
        match self {
            Self::One(name) => (name.into(), Vec::new()),
            Self::ByKind(mut by_kind) => {
                let default = by_kind.remove("default").map_or_else(|| source.into(), Into::into);
                (default, by_kind.into_iter().map(|(kind, name)| (kind.into(), name.into())).collect())
            }
        }
    }
}

impl StreamLayer {
    fn read(self, name: String, mistakes: &mut Mistakes<'_>) -> StreamSettings {
        let every_s = self.every.as_ref().map_or(DEFAULT_EVERY_S, |every| {
            parse_seconds(every.get_ref()).unwrap_or_else(|| {
                mistakes.at(
                    every.span(),
                    format!("`{}` is not a length of time", every.get_ref()),
                    "write 30s, 5m, 2h or 1d",
                );
                DEFAULT_EVERY_S
            })
        });
        StreamSettings {
            name: name.into(),
            mapping: self.mapping.into_inner().into(),
            books: self.books,
            rank: self.rank,
            schedule: Schedule { every_s },
        }
    }
}

impl ChannelSettings {
    pub(super) fn read(table: Spanned<DeValue<'_>>, place: Place, mistakes: &mut Mistakes<'_>) -> Option<Self> {
        #[derive(Deserialize)]
        struct Layer {
            r#type: String,
        }
        let layer = mistakes
            .take(only(OWN_KEYS, table).and_then(|table| Layer::deserialize(toml::de::Deserializer::from(table))))?;
        Some(Self { kind: layer.r#type.into(), place })
    }
}

/// A table of just these keys: the others are for the connector, and serde would call them unknown.
fn only<'a>(keys: &[&str], value: Spanned<DeValue<'a>>) -> Result<Spanned<DeTable<'a>>, toml::de::Error> {
    let span = value.span();
    let DeValue::Table(table) = value.into_inner() else {
        return Err(serde::de::Error::custom("expected a table"));
    };
    let own = table.into_iter().filter(|(key, _)| keys.contains(&key.get_ref().as_ref())).collect();
    Ok(Spanned::new(span, own))
}

/// `90s`, `5m`, `2h`, `1d`; at least a second.
fn parse_seconds(text: &str) -> Option<u32> {
    let (digits, unit) = text.trim().split_at_checked(text.trim().len().checked_sub(1)?)?;
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    digits.parse::<u32>().ok()?.checked_mul(factor).filter(|seconds| *seconds > 0)
}
