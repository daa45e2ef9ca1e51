//! How code is laid out: sizes, headers, registry rows, migrations.

use std::collections::BTreeSet;

use crate::none;
use crate::source::{exists, paths, rust_files, text};

/// A reader should get through a file without losing the thread.
const MAX_LINES: usize = 400;
/// Longer files, each with its reason; shrink one, then take it off.
const LONG_FILES: &[(&str, &str)] = &[
    ("src/domain/fact/schema.rs", "a table: one row a field"),
    ("src/mapping/json.rs", "one scanner over JSON bytes; cutting it would cost the inlining"),
    ("src/remind/decide/evaluate.rs", "all rules side by side"),
    ("src/store/outbox.rs", "one state machine with its statements"),
    ("src/store/reminders.rs", "one state machine with its statements"),
];

#[test]
fn files_stay_short() {
    let mut findings = Vec::new();
    for file in rust_files(&["src", "connectors", "xtask"]) {
        let exempt = file.is_test || LONG_FILES.iter().any(|(path, _)| *path == file.path);
        let product = file.product().count();
        if product > MAX_LINES && !exempt {
            findings.push(format!("{}:{MAX_LINES}: {product} lines without tests; split it by concern", file.path));
        }
    }
    none(findings);
}

#[test]
fn the_list_of_long_files_is_not_longer_than_needed() {
    let files = rust_files(&["src", "connectors", "xtask"]);
    let is_long = |path: &str| files.iter().any(|file| file.path == path && file.product().count() > MAX_LINES);
    let stale: Vec<String> = LONG_FILES
        .iter()
        .filter(|(path, _)| !is_long(path))
        .map(|(path, _)| format!("{path} is short or gone: take it off LONG_FILES"))
        .collect();
    none(stale);
}

#[test]
fn functions_are_kept_below_seventy_lines_by_clippy() {
    assert!(text("clippy.toml").contains("too-many-lines-threshold = 70"), "clippy.toml: set the threshold to 70");
    assert!(text("Cargo.toml").contains("too_many_lines = \"warn\""), "Cargo.toml: turn on clippy's too_many_lines");
}

#[test]
fn every_file_says_first_what_it_is_for() {
    let mut findings = Vec::new();
    for file in rust_files(&["src", "connectors", "xtask"]) {
        let first = text(&file.path).lines().next().unwrap_or_default().to_owned();
        if !first.starts_with("//!") && !file.is_test {
            findings.push(format!("{}:1: begin with `//!`: why it exists and what it must not know", file.path));
        }
    }
    none(findings);
}

#[test]
fn nothing_unwraps_outside_tests() {
    let mut findings = Vec::new();
    for file in rust_files(&["src", "connectors", "xtask"]) {
        for line in file.product().filter(|line| line.code.contains(".unwrap()")) {
            findings.push(file.at(line, "`.unwrap()`: a crash on bad input loses the batch; return an error"));
        }
    }
    none(findings);
}

#[test]
fn every_connector_has_both_its_lines() {
    let lib = text("connectors/lib.rs");
    let folders: BTreeSet<String> = paths(&["connectors"])
        .iter()
        .filter_map(|path| path.strip_prefix("connectors/")?.strip_suffix("/mod.rs").map(str::to_owned))
        .filter(|folder| folder != "sdk" && !folder.contains('/'))
        .collect();
    let mut findings = Vec::new();
    for folder in &folders {
        if !lib.contains(&format!("pub mod {folder};")) {
            findings.push(format!("connectors/lib.rs: `pub mod {folder};` is missing"));
        }
        if !lib.contains(&format!("{folder}::ENTRY")) {
            findings.push(format!("connectors/lib.rs: the registry has no row for `{folder}`"));
        }
        if !exists(&format!("connectors/{folder}/example.toml")) {
            findings.push(format!("connectors/{folder}/example.toml is missing: a sample with every setting"));
        }
    }
    assert!(!folders.is_empty(), "no connector was found: has the layout changed?");
    none(findings);
}

#[test]
fn both_engines_have_the_same_migrations() {
    let of = |engine: &str| -> BTreeSet<String> {
        let folder = format!("src/store/migrations/{engine}");
        paths(&[&folder]).iter().filter_map(|path| path.rsplit('/').next().map(str::to_owned)).collect()
    };
    let (postgres, sqlite) = (of("postgres"), of("sqlite"));
    assert!(!postgres.is_empty(), "no migration was found: has the layout changed?");
    assert_eq!(postgres, sqlite, "each migration needs a file of the same name for both engines");
}
