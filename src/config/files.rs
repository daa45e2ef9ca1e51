//! Files beside the configuration whose shape belongs to others (rules of reminders, people, calendars, templates).
//! This module finds and reads them; it does not know what they say.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::de::DeTable;

use super::layers::MAX_FILE_BYTES;
use super::mistakes::Mistakes;
use super::read::read;
use crate::diagnostic::Diagnostic;

/// The keys as they stand in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PathKeys {
    pub mappings: PathBuf,
    pub reminders: PathBuf,
    pub people: PathBuf,
    pub calendar: PathBuf,
    pub templates: PathBuf,
}

/// Resolved places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// Root of `TYPE/STREAM.toml`.
    pub mappings: PathBuf,
    /// `None`: there is no such file, the built-in rules hold.
    pub reminders: Option<FileText>,
    pub people: Option<FileText>,
    /// Folder of `COUNTRY-YEAR.toml`.
    pub calendar: PathBuf,
    /// Folder of message templates that replace built-in ones.
    pub templates: PathBuf,
}

impl Files {
    pub(super) fn load(keys: PathKeys, base_dir: &Path, mistakes: &mut Mistakes) -> Self {
        let mut optional = |path: &Path| {
            let path = base_dir.join(path);
            if path.exists() { FileText::load(&path, mistakes) } else { None }
        };
        let (reminders, people) = (optional(&keys.reminders), optional(&keys.people));
        let folder = |path: PathBuf| base_dir.join(path);
        Self {
            mappings: folder(keys.mappings),
            reminders,
            people,
            calendar: folder(keys.calendar),
            templates: folder(keys.templates),
        }
    }
}

/// A text with the name under which mistakes show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileText {
    pub name: Box<str>,
    pub text: Box<str>,
}

impl FileText {
    pub fn new(name: &str, text: &str) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// Reads a file of the configuration; one that cannot be read is a mistake.
    pub fn load(path: &Path, mistakes: &mut Mistakes) -> Option<Self> {
        let name = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) if text.len() <= MAX_FILE_BYTES => return Some(Self::new(&name, &text)),
            Ok(_) => format!("文件过大 / larger than any configuration ({MAX_FILE_BYTES} bytes)"),
            Err(error) => format!("文件无法读取 / the file cannot be read: {error}"),
        };
        mistakes.add(Diagnostic::new(&name, "", 0..0, text, None), "");
        None
    }

    /// Into the owner's type, with all mistakes at their places.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Mistakes> {
        let mut mistakes = Mistakes::default();
        let mut report = |span: Option<std::ops::Range<usize>>, message: &str, help: Option<String>| {
            let diagnostic = Diagnostic::new(&self.name, &self.text, span.unwrap_or_default(), message, help);
            mistakes.add(diagnostic, &self.text);
        };
        let value = match DeTable::parse(&self.text) {
            Ok(table) => read(table, &[], &mut report),
            Err(error) => {
                report(error.span(), error.message(), None);
                None
            }
        };
        value.ok_or(mistakes)
    }
}
