//! Typed settings from layered TOML: one struct a concern, every mistake at once, each under a caret in its own file.
//!
//! Layers, later wins: `config/bihuan.toml` (compiled in, so the sample cannot drift from the code), the user's file,
//! `sources.d/*.toml`, the environment, the command line. Loading reads files and nothing else: no secret, no network.
//! This module must not know which connectors exist, nor what mappings, rules and people files say.

pub mod book;
pub mod broker;
pub mod channel;
pub mod files;
pub mod http;
mod layers;
mod load;
pub mod log;
pub mod mistakes;
mod read;
pub mod secret;
pub mod sources;
pub mod store;
pub mod value;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use bihuan_connectors::sdk::SettingsError;

pub use book::{Book, DEFAULT_BOOK};
pub use broker::{BrokerSettings, EMBEDDED};
pub use channel::ChannelSettings;
pub use files::{FileText, Files};
pub use http::HttpSettings;
pub use log::LogSettings;
pub use mistakes::Mistakes;
pub use secret::Location;
pub use sources::{Source, Stream};
pub use store::StoreSettings;
pub use value::{Interval, Zone};

use crate::domain::Currency;

/// Every setting with its default and its comment.
pub const DEFAULTS: &str = include_str!("../../config/bihuan.toml");

/// Where to look, and what to lay over it.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    /// The user's `bihuan.toml`; `sources.d` lies beside it. `None`: defaults only.
    pub file: Option<PathBuf>,
    pub data_dir: PathBuf,
    /// `BIHUAN__A__B=value`; other variables are passed over. The caller reads the environment, tests do not.
    pub environment: Vec<(String, String)>,
    /// Options of the command line: the option as typed, the setting's path, the value.
    pub options: Vec<(&'static str, &'static [&'static str], String)>,
}

/// The whole configuration.
#[derive(Debug)]
pub struct Config {
    pub store: StoreSettings,
    pub broker: BrokerSettings,
    pub http: HttpSettings,
    pub log: LogSettings,
    pub files: Files,
    /// Sorted by key; at least one.
    pub books: Vec<Book>,
    /// Sorted by name.
    pub sources: Vec<Source>,
    /// Where messages reach people; without one nobody is told anything.
    pub channel: Option<ChannelSettings>,
    /// The folder of the configuration; relative paths in it count from here.
    pub base_dir: PathBuf,
    pub data_dir: PathBuf,
    layers: Arc<layers::Layers>,
}

impl Config {
    pub fn book(&self, key: &str) -> Option<&Book> {
        self.books.iter().find(|book| &*book.key == key)
    }

    /// The currency that a book's credit limits are in; of a book that nobody configured, the default.
    pub fn currency(&self, key: &str) -> Currency {
        self.book(key).map_or(Currency::CNY, |book| book.currency)
    }

    pub fn source(&self, name: &str) -> Option<&Source> {
        self.sources.iter().find(|source| &*source.name == name)
    }

    /// A mistake that somebody else found in a part of this configuration.
    pub fn mistake(&self, error: &SettingsError) -> Mistakes {
        let mut mistakes = Mistakes::default();
        self.layers.report(error.span.clone(), &error.message, error.help.clone(), &mut mistakes);
        mistakes
    }
}
