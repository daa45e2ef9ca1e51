//! From layers to the typed whole.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::book::{Book, BookKeys, DEFAULT_BOOK};
use super::channel::{ChannelKeys, ChannelSettings};
use super::files::{FileText, Files, PathKeys};
use super::layers::{Layers, overlay};
use super::mistakes::Mistakes;
use super::read::read;
use super::sources::{Source, SourceKeys, Stream, StreamKeys, split, take_keys, take_table};
use super::value::Interval;
use super::{BrokerSettings, Config, DEFAULTS, HttpSettings, LogSettings, Origins, StoreSettings};
use crate::diagnostic::did_you_mean;

/// The variables that are settings begin so; `__` stands between the keys of a path.
const VARIABLE_PREFIX: &str = "BIHUAN__";
/// Taken out of the tree before its rest is read as [`Root`].
const OWN_TABLES: &[&str] = &["book", "books", "source", "sources", "channel"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Root {
    store: StoreSettings,
    broker: BrokerSettings,
    http: HttpSettings,
    log: LogSettings,
    paths: PathKeys,
}

/// What holds for sources that do not say so themselves.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceDefaults {
    every: Interval,
}

impl Config {
    /// Reads all layers; `Err` holds every mistake of all files.
    pub fn load(origins: &Origins) -> Result<Self, Mistakes> {
        let (config, mistakes) = Self::read(origins);
        match config {
            Some(config) => mistakes.or(config),
            None => Err(mistakes),
        }
    }

    /// Reads all layers. Beside mistakes there may still be a configuration with defaults in the wrong places: only for
    /// looking for the mistakes that later checks would find, so that a person sees all of them at once.
    pub fn read(origins: &Origins) -> (Option<Self>, Mistakes) {
        let mut mistakes = Mistakes::default();
        let layers = Arc::new(collect_layers(origins, &mut mistakes));
        let file_folder = origins.file.as_deref().and_then(Path::parent);
        let base_dir = file_folder.map_or_else(|| origins.data_dir.clone(), Path::to_owned);
        let mut root = layers.merged(&mut mistakes);
        let mut loader = Loader { layers: &layers, mistakes };
        let book_keys = book_keys(&root);
        let books = loader.books(&mut root);
        let every = loader.table::<SourceDefaults>(&mut root, "source").map_or(FALLBACK_INTERVAL, |keys| keys.every);
        let sources = take_table(&mut root, "sources").map(|(_, table)| table).unwrap_or_default();
        let channel = loader.channel(&mut root);
        let rest = loader.read::<Root>(Spanned::new(0..0, root), OWN_TABLES);
        let mappings = rest.as_ref().map_or_else(|| base_dir.clone(), |rest| base_dir.join(&rest.paths.mappings));
        let sources = loader.sources(sources, &books, &Defaults { book_keys, every, mappings: &mappings });
        let mut mistakes = loader.mistakes;
        let Some(rest) = rest.or_else(default_root) else { return (None, mistakes) };
        let files = Files::load(rest.paths, &base_dir, &mut mistakes);
        let config = Self {
            store: rest.store,
            broker: rest.broker,
            http: rest.http,
            log: rest.log,
            files,
            books,
            sources,
            channel,
            base_dir,
            data_dir: origins.data_dir.clone(),
            layers: Arc::clone(&layers),
        };
        (Some(config), mistakes)
    }
}

/// What stands in for a root that could not be read.
fn default_root() -> Option<Root> {
    let table = DeTable::parse(DEFAULTS).ok()?;
    let span = table.span();
    let rest =
        table.into_inner().into_iter().filter(|(key, _)| !OWN_TABLES.contains(&key.get_ref().as_ref())).collect();
    Root::deserialize(toml::de::Deserializer::from(Spanned::new(span, rest))).ok()
}

fn book_keys(root: &DeTable<'_>) -> Vec<Box<str>> {
    let named = root.get(&Spanned::new(0..0, "books".into())).and_then(|books| books.get_ref().as_table());
    match named.filter(|named| !named.is_empty()) {
        Some(named) => named.keys().map(|key| key.get_ref().as_ref().into()).collect(),
        None => vec![DEFAULT_BOOK.into()],
    }
}

/// Before the oldest paper that anybody would import; for a source without `start` in a book without a cutover.
const EARLIEST: jiff::civil::Date = jiff::civil::Date::constant(2020, 1, 1);

/// Only stands in while the rest of a wrong configuration is checked.
const FALLBACK_INTERVAL: Interval = Interval(std::time::Duration::from_secs(300));

fn collect_layers(origins: &Origins, mistakes: &mut Mistakes) -> Layers {
    let mut layers = Layers::default();
    layers.add_file("config/bihuan.toml (built in)", DEFAULTS);
    if let Some(path) = &origins.file {
        if let Some(file) = FileText::load(path, mistakes) {
            layers.add_file(&file.name, &file.text);
        }
        for path in source_files(&path.with_file_name("sources.d")) {
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
            if let Some(file) = FileText::load(&path, mistakes) {
                layers.add_source_file(&file.name, &stem, &file.text);
            }
        }
    }
    let mut environment: Vec<_> = origins.environment.iter().collect();
    environment.sort();
    for (name, value) in environment {
        if let Some(path) = name.strip_prefix(VARIABLE_PREFIX) {
            let path = path.to_ascii_lowercase();
            layers.add_single(
                &format!("环境变量 / environment variable {name}"),
                name,
                &path.split("__").collect::<Vec<_>>(),
                value,
            );
        }
    }
    for (option, path, value) in &origins.options {
        layers.add_single(&format!("命令行 / command line option {option}"), option, path, value);
    }
    layers
}

/// `*.toml` in a fixed order; a folder that is not there holds none.
fn source_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).collect();
    files.sort();
    files
}

/// What a source falls back on.
struct Defaults<'d> {
    /// All keys, also of books that could not be read.
    book_keys: Vec<Box<str>>,
    every: Interval,
    mappings: &'d Path,
}

struct Loader<'l> {
    layers: &'l Arc<Layers>,
    mistakes: Mistakes,
}

impl Loader<'_> {
    fn report(&mut self, span: Range<usize>, message: &str, help: Option<String>) {
        self.layers.report(Some(span), message, help, &mut self.mistakes);
    }

    fn read<T: serde::de::DeserializeOwned>(&mut self, table: Spanned<DeTable<'_>>, also_known: &[&str]) -> Option<T> {
        let (layers, mistakes) = (self.layers, &mut self.mistakes);
        read(table, also_known, &mut |span, message, help| layers.report(span, message, help, mistakes))
    }

    /// One table of the defaults, as it stands after all layers.
    fn table<T: serde::de::DeserializeOwned>(&mut self, root: &mut DeTable<'_>, name: &str) -> Option<T> {
        let (span, table) = take_table(root, name)?;
        self.read(Spanned::new(span, table), &[])
    }

    /// Each book's own keys over those of `[book]`; [`DEFAULT_BOOK`] when none is named.
    fn books(&mut self, root: &mut DeTable<'_>) -> Vec<Book> {
        let Some((span, defaults)) = take_table(root, "book") else { return Vec::new() };
        let named = take_table(root, "books").map(|(_, table)| table).unwrap_or_default();
        if named.is_empty() {
            let keys = self.read::<BookKeys>(Spanned::new(span, defaults), &[]);
            return vec![keys.map_or_else(|| Book::stand_in(DEFAULT_BOOK), |keys| Book::new(DEFAULT_BOOK, keys))];
        }
        let mut books = Vec::new();
        for (key, value) in named {
            let span = value.span();
            let DeValue::Table(own) = value.into_inner() else {
                self.report(span, &format!("`books.{}` must be a table", key.get_ref()), None);
                continue;
            };
            let mut keys = defaults.clone();
            overlay(&mut keys, own);
            let keys = self.read::<BookKeys>(Spanned::new(span, keys), &[]);
            books.push(keys.map_or_else(|| Book::stand_in(key.get_ref()), |keys| Book::new(key.get_ref(), keys)));
        }
        books
    }

    fn channel(&mut self, root: &mut DeTable<'_>) -> Option<ChannelSettings> {
        let (span, mut table) = take_table(root, "channel")?;
        let own = take_keys(&mut table, &["type"]);
        let keys = self.read::<ChannelKeys>(Spanned::new(span, own), &[])?;
        Some(ChannelSettings { kind: keys.kind, layers: Arc::clone(self.layers) })
    }

    fn sources(&mut self, all: DeTable<'_>, books: &[Book], defaults: &Defaults<'_>) -> Vec<Source> {
        let mut sources = Vec::new();
        for (name, value) in all {
            let span = value.span();
            let DeValue::Table(mut table) = value.into_inner() else {
                self.report(span, &format!("`sources.{}` must be a table", name.get_ref()), None);
                continue;
            };
            let common = split(&mut table);
            let Some(keys) = self.read::<SourceKeys>(Spanned::new(span.clone(), common), &[]) else { continue };
            sources.extend(self.source(name.get_ref(), &span, keys, books, defaults));
        }
        sources
    }

    fn source(
        &mut self,
        name: &str,
        span: &Range<usize>,
        keys: SourceKeys,
        books: &[Book],
        defaults: &Defaults<'_>,
    ) -> Option<Source> {
        let book = self.book_of(name, span, &keys, books, defaults)?;
        let every = keys.every.unwrap_or(defaults.every);
        let kind = keys.kind;
        let stream = |(stream, keys): (Box<str>, StreamKeys)| {
            let mapping = keys.mapping.unwrap_or_else(|| format!("{}/{stream}.toml", kind.get_ref()).into());
            Stream {
                mapping: defaults.mappings.join(mapping),
                books: keys.books,
                rank: keys.rank,
                every: keys.every.unwrap_or(every),
                enabled: keys.enabled,
                name: stream,
            }
        };
        let streams = keys.streams.into_iter().map(stream).collect();
        let numbering = keys.numbering.unwrap_or_default();
        Some(Source {
            name: name.into(),
            kind,
            book: book.key.clone(),
            time_zone: keys.time_zone.unwrap_or_else(|| book.time_zone.clone()),
            start: keys.start.or(book.policy.cutover).unwrap_or(EARLIEST),
            numbering: numbering.default.unwrap_or_else(|| name.into()),
            numbering_by_kind: numbering.by_kind,
            enabled: keys.enabled,
            streams,
            layers: Arc::clone(self.layers),
        })
    }

    /// The book that a source names, or the only one there is.
    fn book_of<'b>(
        &mut self,
        name: &str,
        span: &Range<usize>,
        keys: &SourceKeys,
        books: &'b [Book],
        defaults: &Defaults<'_>,
    ) -> Option<&'b Book> {
        let known: Vec<&str> = defaults.book_keys.iter().map(|key| &**key).collect();
        let list = format!("books here: {}", known.join(", "));
        let Some(wanted) = &keys.book else {
            if known.len() > 1 {
                self.report(span.clone(), &format!("source `{name}` must name its `book`"), Some(list));
            }
            return books.first().filter(|_| known.len() == 1);
        };
        let wanted_key = wanted.get_ref();
        if !known.contains(&&**wanted_key) {
            let help = did_you_mean(wanted_key, known.iter().copied()).unwrap_or(list);
            self.report(wanted.span(), &format!("there is no book `{wanted_key}`"), Some(help));
        }
        // A book that is there but wrong was reported already.
        books.iter().find(|book| book.key == *wanted_key)
    }
}
