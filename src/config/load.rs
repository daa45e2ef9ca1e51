//! Reading the layers and laying them over each other.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::book::BookLayer;
use super::layer::Mistakes;
use super::source::Place;
use super::{BookSettings, ChannelSettings, Config, ConfigFile, DEFAULTS, Overrides, SourceSettings};
use crate::diagnostic::Diagnostic;
use crate::ledger::BookPolicy;

/// Where to look.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    /// The user's file; without it the defaults alone hold.
    pub file: Option<PathBuf>,
}

#[derive(Debug, Error)]
pub enum LoadError {
    #[error("{path}: {source}")]
    Io { path: String, source: std::io::Error },
    /// Every mistake of every layer, rendered with carets.
    #[error("{} mistake(s) in the configuration", .0.len())]
    Mistakes(Vec<String>),
}

/// More files than this in `sources.d/` is a wrong folder, not a configuration.
const MAX_SOURCE_FILES: usize = 500;
const ENV_PREFIX: &str = "BIHUAN__";

const DEFAULT_REMINDERS: &str = include_str!("../../config/reminders.toml");
const DEFAULT_PEOPLE: &str = include_str!("../../config/people.toml");
const DEFAULT_CALENDAR: &str = include_str!("../../config/calendar/cn-2026.toml");

/// The top of a settings file, as text that is not yet interpreted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TopLayer {
    data_dir: Option<PathBuf>,
    mappings_dir: Option<PathBuf>,
    templates_dir: Option<PathBuf>,
    reminders_file: Option<PathBuf>,
    people_file: Option<PathBuf>,
    calendar_file: Option<PathBuf>,
    store: Option<StoreLayer>,
    broker: Option<BrokerLayer>,
    http: Option<HttpLayer>,
    #[serde(default)]
    book: BTreeMap<String, BookLayer>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreLayer {
    url: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BrokerLayer {
    url: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpLayer {
    bind: Spanned<String>,
}

/// A settings file before it is interpreted.
struct LayerText {
    file: Arc<str>,
    text: Arc<str>,
    /// Relative paths in it start here.
    dir: PathBuf,
}

impl Config {
    /// Reads all layers. Either everything is right, or every mistake is told.
    pub fn load(paths: &Paths, overrides: &Overrides) -> Result<Self, LoadError> {
        let layers = read_layers(paths)?;
        let mut building = Building::new();
        for layer in &layers {
            building.lay(layer);
        }
        building.finish(overrides)
    }

    pub fn book(&self, name: &str) -> BookPolicy {
        self.books.get(name).map(|book| book.policy.clone()).unwrap_or_default()
    }

    pub fn time_zone(&self, book: &str) -> TimeZone {
        self.books.get(book).map_or(TimeZone::UTC, |book| book.time_zone.clone())
    }

    /// The database address without its password, for people.
    pub fn database_url_shown(&self) -> String {
        let url = self.database_url();
        match (url.find("://"), url.rfind('@')) {
            (Some(scheme), Some(at)) if scheme + 3 < at => format!("{}…{}", &url[..scheme + 3], &url[at..]),
            _ => url,
        }
    }

    /// Database address with the path of a SQLite file resolved.
    pub fn database_url(&self) -> String {
        match self.database.strip_prefix("sqlite:") {
            Some(path) => format!("sqlite:{}", self.data_dir.join(path).display()),
            None => self.database.clone(),
        }
    }
}

fn read(path: &Path) -> Result<String, LoadError> {
    std::fs::read_to_string(path).map_err(|source| LoadError::Io { path: path.display().to_string(), source })
}

fn layer_of(path: &Path) -> Result<LayerText, LoadError> {
    let dir = path.parent().unwrap_or(Path::new("")).to_owned();
    Ok(LayerText { file: path.display().to_string().into(), text: read(path)?.into(), dir })
}

fn read_layers(paths: &Paths) -> Result<Vec<LayerText>, LoadError> {
    let mut layers =
        vec![LayerText { file: "config/bihuan.toml (defaults)".into(), text: DEFAULTS.into(), dir: PathBuf::new() }];
    if let Some(file) = &paths.file {
        layers.push(layer_of(file)?);
        let folder = file.parent().unwrap_or(Path::new("")).join("sources.d");
        for path in toml_files(&folder)? {
            layers.push(layer_of(&path)?);
        }
    }
    if let Some(text) = environment_layer(std::env::vars()) {
        layers.push(LayerText { file: "environment".into(), text: text.into(), dir: PathBuf::new() });
    }
    Ok(layers)
}

/// `*.toml` of a folder by name; an absent folder has none.
fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let fault = |source| LoadError::Io { path: folder.display().to_string(), source };
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fault)?.take(MAX_SOURCE_FILES) {
        let path = entry.map_err(fault)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// `BIHUAN__STORE__URL=x` becomes `store.url = "x"`: one more layer in the same language.
fn environment_layer(variables: impl Iterator<Item = (String, String)>) -> Option<String> {
    let mut lines: Vec<String> = variables
        .filter_map(|(name, value)| {
            let path = name.strip_prefix(ENV_PREFIX)?.to_lowercase().replace("__", ".");
            let quoted = toml::Value::String(value);
            Some(format!("{path} = {quoted}"))
        })
        .collect();
    lines.sort();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The configuration while layers are laid over it.
struct Building {
    config: Config,
    found: Vec<String>,
}

impl Building {
    fn new() -> Self {
        let builtin = |path: &str, text: &str| ConfigFile { path: path.to_owned(), text: text.to_owned() };
        let config = Config {
            data_dir: PathBuf::from("."),
            database: String::new(),
            broker: String::new(),
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            mappings_dir: None,
            templates_dir: None,
            reminders: builtin("config/reminders.toml", DEFAULT_REMINDERS),
            people: builtin("config/people.toml", DEFAULT_PEOPLE),
            calendar: builtin("config/calendar/cn-2026.toml", DEFAULT_CALENDAR),
            books: BTreeMap::new(),
            sources: Vec::new(),
            channel: None,
        };
        Self { config, found: Vec::new() }
    }

    fn lay(&mut self, layer: &LayerText) {
        let mut mistakes = Mistakes::new(&layer.file, &layer.text);
        if let Some(mut table) = mistakes.take(DeTable::parse(&layer.text)) {
            let sources = table.get_mut().remove("source");
            let channel = table.get_mut().remove("channel");
            if let Some(top) = mistakes.take(TopLayer::deserialize(toml::de::Deserializer::from(table))) {
                self.lay_top(top, layer, &mut mistakes);
            }
            self.lay_sources(sources, layer, &mut mistakes);
            if let Some(channel) = channel {
                let place = place(layer, &["channel"]);
                self.config.channel =
                    ChannelSettings::read(channel, place, &mut mistakes).or(self.config.channel.take());
            }
        }
        self.found.extend(mistakes.into_vec().iter().map(|mistake: &Diagnostic| mistake.render(&layer.text)));
    }

    fn lay_top(&mut self, top: TopLayer, layer: &LayerText, mistakes: &mut Mistakes<'_>) {
        let config = &mut self.config;
        let resolve = |path: PathBuf| layer.dir.join(path);
        if let Some(dir) = top.data_dir {
            config.data_dir = resolve(dir);
        }
        config.mappings_dir = top.mappings_dir.map(resolve).or(config.mappings_dir.take());
        config.templates_dir = top.templates_dir.map(resolve).or(config.templates_dir.take());
        let files = [
            (top.reminders_file, &mut config.reminders),
            (top.people_file, &mut config.people),
            (top.calendar_file, &mut config.calendar),
        ];
        for (given, slot) in files {
            let Some(path) = given.map(resolve) else { continue };
            match read(&path) {
                Ok(text) => *slot = ConfigFile { path: path.display().to_string(), text },
                Err(error) => self.found.push(format!("{}: {error}", layer.file)),
            }
        }
        if let Some(store) = top.store {
            config.database = store.url;
        }
        if let Some(broker) = top.broker {
            config.broker = broker.url;
        }
        if let Some(http) = top.http {
            match http.bind.get_ref().parse() {
                Ok(bind) => config.bind = bind,
                Err(_) => mistakes.at(http.bind.span(), "this is not an address", "write it as 127.0.0.1:8790"),
            }
        }
        for (name, book) in top.book {
            let entry = config.books.entry(name.into()).or_insert_with(|| BookSettings {
                time_zone: TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::UTC),
                policy: BookPolicy::default(),
            });
            book.apply(entry, mistakes);
        }
    }

    fn lay_sources(&mut self, sources: Option<Spanned<DeValue<'_>>>, layer: &LayerText, mistakes: &mut Mistakes<'_>) {
        let Some(sources) = sources else { return };
        let span = sources.span();
        let DeValue::Table(sources) = sources.into_inner() else {
            mistakes.at(span, "`source` must be a table", "write [source.erp]");
            return;
        };
        let books: Vec<Box<str>> = self.config.books.keys().cloned().collect();
        for (name, table) in sources {
            let (name_span, name) = (name.span(), name.into_inner());
            if self.config.sources.iter().any(|known| *known.name == *name) {
                mistakes.at(name_span, format!("source `{name}` is defined twice"), "give one of them another name");
                continue;
            }
            let place = place(layer, &["source", &name]);
            self.config.sources.extend(SourceSettings::read(&name, table, place, &books, mistakes));
        }
    }

    fn finish(mut self, overrides: &Overrides) -> Result<Config, LoadError> {
        if !self.found.is_empty() {
            return Err(LoadError::Mistakes(self.found));
        }
        let config = &mut self.config;
        if let Some(dir) = &overrides.data_dir {
            config.data_dir.clone_from(dir);
        }
        if let Some(url) = &overrides.database {
            config.database.clone_from(url);
        }
        if let Some(url) = &overrides.broker {
            config.broker.clone_from(url);
        }
        Ok(self.config)
    }
}

fn place(layer: &LayerText, path: &[&str]) -> Place {
    Place { file: layer.file.clone(), text: layer.text.clone(), path: path.iter().map(|key| (*key).into()).collect() }
}
