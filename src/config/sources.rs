//! The configured sources: what is common to all, and the connector's own settings kept as they stand.
//!
//! The connector's part is handed over as a *spanned* table, so that its mistakes get a caret in the user's own file.
//! This module does not know which kinds of connectors there are.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bihuan_connectors::sdk::{Connector, Context, Entry, SettingsError, SettingsTable};
use jiff::civil::Date;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::layers::Layers;
use super::mistakes::Mistakes;
use super::read::{Wrong, collect};
use super::value::{self, Interval, Zone};
use crate::domain::FactKind;

/// Common keys of a source; everything else in its table is the connector's.
const SOURCE_KEYS: &[&str] = &["type", "book", "time_zone", "start", "numbering", "every", "enabled"];
/// Common keys of a stream; everything else in its table is the connector's.
const STREAM_KEYS: &[&str] = &["mapping", "books", "rank", "every", "enabled"];
const STREAMS: &str = "streams";
/// In the middle, so that a source can be ranked before or after those that say nothing.
const RANK: u32 = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceKeys {
    #[serde(rename = "type")]
    pub kind: Spanned<Box<str>>,
    pub book: Option<Spanned<Box<str>>>,
    pub time_zone: Option<Zone>,
    #[serde(default, deserialize_with = "value::date")]
    pub start: Option<Date>,
    pub numbering: Option<Numbering>,
    pub every: Option<Interval>,
    #[serde(default = "yes")]
    pub enabled: bool,
    #[serde(default)]
    pub streams: BTreeMap<Box<str>, StreamKeys>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StreamKeys {
    pub mapping: Option<PathBuf>,
    #[serde(default = "yes")]
    pub books: bool,
    #[serde(default = "rank")]
    pub rank: u32,
    pub every: Option<Interval>,
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

fn rank() -> u32 {
    RANK
}

/// Names of number ranges: the default and those of single kinds. Sources that share numbers name the same one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbering {
    /// `None`: the source's own name.
    pub default: Option<Box<str>>,
    pub by_kind: Vec<(FactKind, Box<str>)>,
}

impl<'de> Deserialize<'de> for Numbering {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = Numbering;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a number range, or a table of such names by kind")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Numbering, E> {
                Ok(Numbering { default: Some(name.into()), by_kind: Vec::new() })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Numbering, A::Error> {
                let mut numbering = Numbering { default: None, by_kind: Vec::new() };
                while let Some((NumberingKey(kind), name)) = map.next_entry::<NumberingKey, Box<str>>()? {
                    match kind {
                        Some(kind) => numbering.by_kind.push((kind, name)),
                        None => numbering.default = Some(name),
                    }
                }
                Ok(numbering)
            }
        }
        deserializer.deserialize_any(Shape)
    }
}

/// `default` or the name of a kind.
struct NumberingKey(Option<FactKind>);

impl<'de> Deserialize<'de> for NumberingKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if name == "default" {
            return Ok(Self(None));
        }
        let kind = FactKind::parse(&name);
        kind.map(|kind| Self(Some(kind))).ok_or_else(|| {
            let kinds: Vec<&str> = FactKind::ALL.iter().map(|kind| kind.name()).collect();
            D::Error::custom(format!("`{name}` is no kind of fact; there are default, {}", kinds.join(", ")))
        })
    }
}

/// One configured instance of a connector.
#[derive(Debug, Clone)]
pub struct Source {
    pub name: Box<str>,
    /// The connector's kind; whether it exists is known to the registry.
    pub kind: Spanned<Box<str>>,
    pub book: Box<str>,
    pub time_zone: Zone,
    /// Nothing before this day is asked for.
    pub start: Date,
    /// Name of the number range of kinds that `numbering_by_kind` does not name.
    pub numbering: Box<str>,
    pub numbering_by_kind: Vec<(FactKind, Box<str>)>,
    pub enabled: bool,
    /// By name; only these are pulled.
    pub streams: Vec<Stream>,
    pub(super) layers: Arc<Layers>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    pub name: Box<str>,
    pub mapping: PathBuf,
    /// Booking authority: its facts post. Otherwise they are evidence, paired with what posts.
    pub books: bool,
    /// Smaller wins where contributions disagree about a field.
    pub rank: u32,
    pub every: Interval,
    pub enabled: bool,
}

impl Source {
    /// The connector's own settings; spans count in the whole configuration.
    pub fn settings(&self) -> SettingsTable<'_> {
        let mut root = self.layers.merged(&mut Mistakes::default());
        let source = take_table(&mut root, "sources").and_then(|(_, mut all)| take_table(&mut all, &self.name));
        let (span, mut table) = source.unwrap_or_default();
        split(&mut table);
        Spanned::new(span, table)
    }

    /// Builds the connector, with all mistakes of its settings at their places.
    pub fn build(&self, entry: &Entry, base_dir: &Path) -> Result<Arc<dyn Connector>, Mistakes> {
        let context = self.context(base_dir);
        let mut mistakes = Mistakes::default();
        let mut report = |span, message: &str, help| self.layers.report(span, message, help, &mut mistakes);
        let also_known: Vec<&str> = SOURCE_KEYS.iter().copied().chain([STREAMS]).collect();
        let built =
            collect(self.settings(), &also_known, &mut report, |table| (entry.build)(table, &context).map_err(wrong));
        built.ok_or(mistakes)
    }

    /// A mistake about this source that a later check found, such as a kind that the registry does not have.
    pub fn mistake(&self, span: Option<std::ops::Range<usize>>, message: &str, help: Option<String>) -> Mistakes {
        let mut mistakes = Mistakes::default();
        self.layers.report(span, message, help, &mut mistakes);
        mistakes
    }

    pub fn context(&self, base_dir: &Path) -> Context {
        Context {
            source: self.name.to_string(),
            time_zone: self.time_zone.name.to_string(),
            base_dir: base_dir.to_owned(),
        }
    }
}

pub(super) fn wrong(error: SettingsError) -> Wrong {
    /// How serde begins its messages; everything else is the connector's own check of a value's meaning.
    const SHAPE: &[&str] = &["unknown ", "invalid ", "missing field", "duplicate field"];
    let of_sense = !SHAPE.iter().any(|begin| error.message.starts_with(begin));
    Wrong { message: error.message, span: error.span, help: error.help, of_sense }
}

/// Takes the common keys out of a source's table; what stays is the connector's. A stream's table that held only common
/// keys goes as well: a connector without settings per stream must not see it.
pub(super) fn split<'a>(table: &mut DeTable<'a>) -> DeTable<'a> {
    let mut common = take_keys(table, SOURCE_KEYS);
    let Some((key, streams)) = table.remove_entry(&Spanned::new(0..0, STREAMS.into())) else { return common };
    let span = streams.span();
    let DeValue::Table(streams) = streams.into_inner() else {
        // Not a table: the common reader says so.
        common.insert(key, Spanned::new(span, DeValue::Boolean(false)));
        return common;
    };
    let (mut ours, mut theirs) = (DeTable::new(), DeTable::new());
    for (name, stream) in streams {
        let span = stream.span();
        match stream.into_inner() {
            DeValue::Table(mut rest) => {
                let keys = take_keys(&mut rest, STREAM_KEYS);
                ours.insert(name.clone(), Spanned::new(span.clone(), DeValue::Table(keys)));
                if !rest.is_empty() {
                    theirs.insert(name, Spanned::new(span, DeValue::Table(rest)));
                }
            }
            other => {
                ours.insert(name, Spanned::new(span, other));
            }
        }
    }
    common.insert(key.clone(), Spanned::new(span.clone(), DeValue::Table(ours)));
    if !theirs.is_empty() {
        table.insert(key, Spanned::new(span, DeValue::Table(theirs)));
    }
    common
}

pub(super) fn take_keys<'a>(table: &mut DeTable<'a>, keys: &[&str]) -> DeTable<'a> {
    let (ours, theirs) = std::mem::replace(table, DeTable::new())
        .into_iter()
        .partition(|(key, _)| keys.contains(&key.get_ref().as_ref()));
    *table = theirs;
    ours
}

/// Takes one table out, with its span; anything else stays where it is.
pub(super) fn take_table<'a>(table: &mut DeTable<'a>, name: &str) -> Option<(std::ops::Range<usize>, DeTable<'a>)> {
    let key = table.keys().find(|key| key.get_ref() == name)?.clone();
    if !table.get(&key)?.get_ref().is_table() {
        return None;
    }
    let value = table.remove(&key)?;
    let span = value.span();
    match value.into_inner() {
        DeValue::Table(inner) => Some((span, inner)),
        _ => None,
    }
}
