//! From configured sources to feeds: connector, mapping and context of every stream, all mistakes collected.

use std::collections::BTreeMap;
use std::sync::Arc;

use bihuan_connectors::sdk::{Connector, Context, SettingsError};
use jiff::Timestamp;

use super::AppError;
use crate::config::{Config, SourceSettings, StreamSettings};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::domain::FactKind;
use crate::mapping::{MapContext, Mapping, Numbering, builtin};
use crate::store::StreamId;
use crate::sync::Feed;

/// Builds every feed, or tells every mistake of every source and mapping.
pub fn build(config: &Config) -> Result<Vec<Feed>, AppError> {
    let mut mistakes = Vec::new();
    let mappings = load_mappings(config, &mut mistakes);
    let mut feeds = Vec::new();
    for source in &config.sources {
        let Some(connector) = connector(config, source, &mut mistakes) else { continue };
        for stream in &source.streams {
            feeds.extend(feed(source, stream, &connector, &mappings, &mut mistakes));
        }
    }
    if mistakes.is_empty() { Ok(feeds) } else { Err(AppError::Mistakes(mistakes)) }
}

/// Reads and checks every mapping that a stream names, once.
fn load_mappings(config: &Config, mistakes: &mut Vec<String>) -> BTreeMap<Box<str>, Arc<Mapping>> {
    let mut loaded = BTreeMap::new();
    for source in &config.sources {
        for stream in &source.streams {
            if loaded.contains_key(&stream.mapping) {
                continue;
            }
            let Some((path, text)) = mapping_text(config, &stream.mapping) else {
                let help = format!(
                    "built-in mappings: {}",
                    builtin::MAPPINGS.iter().map(|known| known.path).collect::<Vec<_>>().join(", ")
                );
                mistakes.push(mistake(
                    source,
                    &stream.mapping,
                    &format!("there is no mapping `{}`", stream.mapping),
                    Some(help),
                ));
                continue;
            };
            match Mapping::parse(&path, &text) {
                Ok(mapping) => {
                    loaded.insert(stream.mapping.clone(), Arc::new(mapping));
                }
                Err(found) => mistakes.extend(found.iter().map(|diagnostic: &Diagnostic| diagnostic.render(&text))),
            }
        }
    }
    loaded
}

/// The user's file wins over the built-in one of the same name.
fn mapping_text(config: &Config, name: &str) -> Option<(String, String)> {
    if let Some(path) = config.mappings_dir.as_ref().map(|dir| dir.join(name))
        && let Ok(text) = std::fs::read_to_string(&path)
    {
        return Some((path.display().to_string(), text));
    }
    let known = builtin::MAPPINGS.iter().find(|known| known.path == name)?;
    Some((format!("mappings/{name}"), known.text.to_owned()))
}

fn connector(config: &Config, source: &SourceSettings, mistakes: &mut Vec<String>) -> Option<Arc<dyn Connector>> {
    let Some(entry) = bihuan_connectors::connector(&source.kind) else {
        let kinds: Vec<&str> = bihuan_connectors::REGISTRY.iter().map(|entry| entry.kind).collect();
        let help = format!("connectors: {}", kinds.join(", "));
        mistakes.push(mistake(source, &source.kind, &format!("there is no connector `{}`", source.kind), Some(help)));
        return None;
    };
    let context = Context {
        source: source.name.to_string(),
        time_zone: source.time_zone.iana_name().unwrap_or("UTC").to_owned(),
        base_dir: config.data_dir.clone(),
    };
    let settings = source.settings()?;
    (entry.build)(settings, &context)
        .map_err(|error| mistakes.push(settings_mistake(source.file(), source.text(), error)))
        .ok()
}

/// A connector's complaint, drawn in the user's own file.
pub fn settings_mistake(file: &str, text: &str, error: SettingsError) -> String {
    let mut diagnostics = Diagnostics::new(file, text);
    diagnostics.report(error.span.unwrap_or(0..0), error.message, error.help);
    diagnostics.into_vec().iter().map(|diagnostic| diagnostic.render(text)).collect()
}

/// A mistake about a word in a source's table: the caret stands under its first occurrence as a quoted value.
fn mistake(source: &SourceSettings, word: &str, message: &str, help: Option<String>) -> String {
    let quoted = format!("\"{word}\"");
    let span = source.text().find(&quoted).map_or(0..0, |at| at..at + quoted.len());
    settings_mistake(
        source.file(),
        source.text(),
        SettingsError { message: message.to_owned(), span: Some(span), help },
    )
}

fn feed(
    source: &SourceSettings,
    stream: &StreamSettings,
    connector: &Arc<dyn Connector>,
    mappings: &BTreeMap<Box<str>, Arc<Mapping>>,
    mistakes: &mut Vec<String>,
) -> Option<Feed> {
    let streams = connector.streams();
    let Some(info) = streams.iter().find(|info| *info.name == *stream.name) else {
        let names: Vec<&str> = streams.iter().map(|info| info.name.as_str()).collect();
        let message = format!("source `{}` ({}) has no stream `{}`", source.name, source.kind, stream.name);
        mistakes.push(mistake(source, &stream.mapping, &message, Some(format!("streams: {}", names.join(", ")))));
        return None;
    };
    let mapping = mappings.get(&stream.mapping)?;
    let start =
        source.start.to_zoned(source.time_zone.clone()).map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp());
    Some(Feed {
        id: StreamId::new(&source.name, &stream.name),
        book: source.book.clone(),
        connector: Arc::clone(connector),
        coverage: info.coverage,
        mapping: Arc::clone(mapping),
        context: MapContext {
            book: source.book.clone(),
            numbering: numbering(source),
            time_zone: source.time_zone.clone(),
        },
        rank: stream.rank,
        books: stream.books,
        personal: info.personal,
        start,
        every_s: stream.schedule.every_s,
    })
}

fn numbering(source: &SourceSettings) -> Numbering {
    let by_kind = source
        .numbering_by_kind
        .iter()
        .filter_map(|(kind, name)| FactKind::parse(kind).map(|kind| (kind, name.clone())))
        .collect();
    Numbering { default: source.numbering.clone(), by_kind }
}
