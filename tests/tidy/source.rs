//! The tracked source as lines that know whether they are code of the product or of a test.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// One Rust file.
#[derive(Debug)]
pub struct SourceFile {
    /// Relative to the root, with slashes.
    pub path: String,
    pub lines: Vec<Line>,
    /// All of it is compiled for tests only.
    pub is_test: bool,
}

#[derive(Debug)]
pub struct Line {
    pub number: usize,
    /// Without its comment.
    pub code: String,
    pub is_test: bool,
}

impl SourceFile {
    /// Lines that end up in the program.
    pub fn product(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| !self.is_test && !line.is_test)
    }

    /// `src/store/apply.rs` → `store`, `connectors/kingdee/mod.rs` → `kingdee`.
    pub fn module(&self) -> &str {
        self.path.split('/').nth(1).unwrap_or_default().trim_end_matches(".rs")
    }

    pub fn at(&self, line: &Line, what: &str) -> String {
        format!("{}:{}: {what}", self.path, line.number)
    }
}

/// All Rust files below these folders of the root.
pub fn rust_files(folders: &[&str]) -> Vec<SourceFile> {
    let texts: Vec<(String, String)> = paths(folders)
        .into_iter()
        .filter(|path| path.ends_with(".rs"))
        .map(|path| (path.clone(), fs::read_to_string(root().join(&path)).unwrap()))
        .collect();
    let test_only: BTreeSet<String> = texts.iter().flat_map(|(path, text)| test_modules(path, text)).collect();
    texts
        .iter()
        .map(|(path, text)| SourceFile { path: path.clone(), lines: lines(text), is_test: is_test(path, &test_only) })
        .collect()
}

/// All files below these folders, sorted; build output and hidden folders left out.
pub fn paths(folders: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(path) = open.pop() {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && name != "target" && name != ".git" {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.is_file() {
            found.push(path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/"));
        }
    }
    found.sort();
    found
}

fn is_test(path: &str, test_only: &BTreeSet<String>) -> bool {
    let module = path.trim_end_matches(".rs").trim_end_matches("/mod");
    path.starts_with("tests/")
        || test_only.iter().any(|test| module == test || module.strip_prefix(test).is_some_and(|r| r.starts_with('/')))
}

/// Modules that a file declares under `#[cfg(test)]`, as paths without an ending.
fn test_modules(path: &str, text: &str) -> Vec<String> {
    let own = path.trim_end_matches(".rs");
    let name = own.rsplit('/').next().unwrap_or_default();
    let folder = match name {
        "mod" | "lib" | "main" => own.rsplit_once('/').map_or("", |(folder, _)| folder),
        _ => own,
    };
    let mut found = Vec::new();
    let mut after_attribute = false;
    for line in text.lines().map(str::trim) {
        let declared = line.strip_suffix(';').and_then(|line| line.rsplit_once("mod "));
        if let (true, Some((_, module))) = (after_attribute, declared) {
            found.push(format!("{folder}/{module}"));
        }
        // Further attributes may stand between the two.
        after_attribute = line.starts_with("#[cfg(test)]") || (after_attribute && line.starts_with("#["));
    }
    found
}

/// An inline test module runs to the end of its file: that is where the project puts it.
fn lines(text: &str) -> Vec<Line> {
    let raw: Vec<&str> = text.lines().collect();
    let tests_from = raw
        .windows(2)
        .position(|pair| pair[0].trim() == "#[cfg(test)]" && pair[1].contains("mod ") && pair[1].ends_with('{'))
        .unwrap_or(usize::MAX);
    raw.iter()
        .enumerate()
        .map(|(index, line)| Line { number: index + 1, code: code_of(line), is_test: index >= tests_from })
        .collect()
}

/// The line up to its comment; `//` after a colon is an address in a text.
fn code_of(line: &str) -> String {
    let comment = line.match_indices("//").find(|(at, _)| *at == 0 || !line[..*at].ends_with(':'));
    line[..comment.map_or(line.len(), |(at, _)| at)].to_owned()
}

/// Names that follow `prefix` in a line: `names("use crate::a; crate::b", "crate::")` → `a`, `b`.
pub fn names<'l>(code: &'l str, prefix: &'l str) -> impl Iterator<Item = &'l str> {
    code.split(prefix).skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}

/// Whether a file or folder is there.
pub fn exists(path: &str) -> bool {
    root().join(path).exists()
}

/// A tracked file's text; the test names it when it is gone.
pub fn text(path: &str) -> String {
    fs::read_to_string(root().join(Path::new(path))).unwrap_or_else(|error| panic!("{path}: {error}"))
}
