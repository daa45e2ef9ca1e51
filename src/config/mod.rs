//! Typed settings: one struct a concern, layered, every mistake shown at once under a caret.
//!
//! Layers, weakest first: `config/bihuan.toml` (compiled in, so that the documented defaults *are* the defaults) ← the
//! user's file ← `sources.d/*.toml` beside it ← environment (`BIHUAN__STORE__URL=…`) ← the command line. Each layer is
//! read on its own, so a mistake is shown in the file it stands in. It must not know what settings are used for: a
//! source's own settings are handed on as a table with its spans.

mod book;
mod layer;
mod load;
mod source;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use book::BookSettings;
pub use load::{LoadError, Paths};
pub use source::{ChannelSettings, Schedule, SourceSettings, StreamSettings};

/// The defaults, with a comment for every key.
pub const DEFAULTS: &str = include_str!("../../config/bihuan.toml");

/// What a user may override on the command line.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    pub data_dir: Option<PathBuf>,
    pub database: Option<String>,
    pub broker: Option<String>,
}

/// The whole configuration, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// SQLite database, drop folders and whatever else Bihuan keeps; relative paths start here.
    pub data_dir: PathBuf,
    /// `sqlite:FILE` (relative to the data folder) or `postgres://…`.
    pub database: String,
    /// `embedded` or `amqp://…`.
    pub broker: String,
    /// Address of health, metrics and pages.
    pub bind: std::net::SocketAddr,
    /// Folder of mapping files that win over the built-in ones.
    pub mappings_dir: Option<PathBuf>,
    /// Folder of message templates that win over the built-in ones.
    pub templates_dir: Option<PathBuf>,
    /// Texts of `reminders.toml`, `people.toml` and the holiday calendar, with the paths they came from.
    pub reminders: ConfigFile,
    pub people: ConfigFile,
    pub calendar: ConfigFile,
    pub books: BTreeMap<Box<str>, BookSettings>,
    pub sources: Vec<SourceSettings>,
    pub channel: Option<ChannelSettings>,
}

/// A file that another module parses.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    pub path: String,
    pub text: String,
}

#[cfg(test)]
mod tests;
