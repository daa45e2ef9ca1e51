//! From configured sources to feeds: connector, mapping and context of every stream, all mistakes collected.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bihuan_connectors::sdk::Connector;
use jiff::{SignedDuration, Timestamp};

use super::AppError;
use crate::config::{Config, Mistakes, Source, Stream};
use crate::diagnostic::Diagnostic;
use crate::mapping::{MapContext, Mapping, Numbering, builtin};
use crate::store::StreamId;
use crate::sync::Feed;

/// Builds every enabled feed, or tells every mistake of every source and mapping.
pub fn build(config: &Config) -> Result<Vec<Feed>, AppError> {
    let mut building = Building { config, mappings: BTreeMap::new(), mistakes: Mistakes::default() };
    let mut feeds = Vec::new();
    for source in config.sources.iter().filter(|source| source.enabled) {
        let connector = building.connector(source);
        for stream in source.streams.iter().filter(|stream| stream.enabled) {
            match &connector {
                Some(connector) => feeds.extend(building.feed(source, stream, connector)),
                // Its mapping is checked all the same: a person wants to see all mistakes at once.
                None => drop(building.mapping(source, stream)),
            }
        }
    }
    Ok(building.mistakes.or(feeds)?)
}

struct Building<'c> {
    config: &'c Config,
    /// Checked mappings by path; `None` for one whose mistakes were told already.
    mappings: BTreeMap<&'c Path, Option<Arc<Mapping>>>,
    mistakes: Mistakes,
}

impl<'c> Building<'c> {
    fn connector(&mut self, source: &Source) -> Option<Arc<dyn Connector>> {
        let Some(entry) = bihuan_connectors::connector(source.kind.get_ref()) else {
            let kinds: Vec<&str> = bihuan_connectors::REGISTRY.iter().map(|entry| entry.kind).collect();
            let message = format!("there is no connector `{}`", source.kind.get_ref());
            let help = format!("connectors: {}", kinds.join(", "));
            self.mistakes.extend(source.mistake(Some(source.kind.span()), &message, Some(help)));
            return None;
        };
        source.build(entry, &self.config.data_dir).map_err(|mistakes| self.mistakes.extend(mistakes)).ok()
    }

    fn feed(&mut self, source: &Source, stream: &'c Stream, connector: &Arc<dyn Connector>) -> Option<Feed> {
        let mapping = self.mapping(source, stream);
        let streams = connector.streams();
        let Some(info) = streams.iter().find(|info| *info.name == *stream.name) else {
            let names: Vec<&str> = streams.iter().map(|info| info.name.as_str()).collect();
            let message =
                format!("source `{}` ({}) has no stream `{}`", source.name, source.kind.get_ref(), stream.name);
            let help = format!("streams: {}", names.join(", "));
            self.mistakes.extend(source.mistake(Some(source.kind.span()), &message, Some(help)));
            return None;
        };
        let zone = source.time_zone.zone.clone();
        let start = source.start.to_zoned(zone.clone()).map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp());
        Some(Feed {
            id: StreamId::new(&source.name, &stream.name),
            book: source.book.clone(),
            connector: Arc::clone(connector),
            coverage: info.coverage,
            mapping: mapping?,
            context: MapContext { book: source.book.clone(), numbering: numbering(source), time_zone: zone },
            rank: stream.rank,
            books: stream.books,
            personal: info.personal,
            start,
            every: SignedDuration::try_from(stream.every.0).unwrap_or(SignedDuration::MAX),
        })
    }

    /// Reads and checks a mapping once; the user's file wins over the built-in one of the same name.
    fn mapping(&mut self, source: &Source, stream: &'c Stream) -> Option<Arc<Mapping>> {
        let path = stream.mapping.as_path();
        if let Some(known) = self.mappings.get(path) {
            return known.clone();
        }
        let mapping = self.read_mapping(source, path);
        self.mappings.insert(path, mapping.clone());
        mapping
    }

    fn read_mapping(&mut self, source: &Source, path: &Path) -> Option<Arc<Mapping>> {
        let name = path.strip_prefix(&self.config.files.mappings).unwrap_or(path).display().to_string();
        let (file, text) = match std::fs::read_to_string(path) {
            Ok(text) => (path.display().to_string(), text),
            Err(_) => match builtin::MAPPINGS.iter().find(|known| known.path == name) {
                Some(known) => (format!("mappings/{name}"), known.text.to_owned()),
                None => {
                    let known: Vec<&str> = builtin::MAPPINGS.iter().map(|known| known.path).collect();
                    let help = format!("write the file, or use a built-in mapping: {}", known.join(", "));
                    let message = format!("there is no mapping `{name}`");
                    self.mistakes.extend(source.mistake(Some(source.kind.span()), &message, Some(help)));
                    return None;
                }
            },
        };
        let tell = |found: Vec<Diagnostic>| found.into_iter().for_each(|mistake| self.mistakes.add(mistake, &text));
        Mapping::parse(&file, &text).map_err(tell).ok().map(Arc::new)
    }
}

fn numbering(source: &Source) -> Numbering {
    Numbering { default: source.numbering.clone(), by_kind: source.numbering_by_kind.clone() }
}
