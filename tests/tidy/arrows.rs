//! What may use what. An arrow carries on: whoever may use the store may use the ledger that the store rests on.

use std::collections::{BTreeMap, BTreeSet};

use crate::none;
use crate::source::{names, rust_files};

/// The arrows of ARCHITECTURE.md. `sdk` is the contract of `bihuan-connectors`, `registry` the list of connectors.
const ARROWS: &[(&str, &[&str])] = &[
    ("main", &["cli"]),
    ("cli", &["app", "sim"]),
    ("app", &["http", "sync", "remind", "store", "config", "registry"]),
    ("http", &["sync", "mapping", "store"]),
    ("remind", &["sync", "mapping", "store"]),
    ("sync", &["mapping", "store"]),
    ("store", &["ledger", "sdk"]),
    ("ledger", &["domain"]),
    ("mapping", &["domain", "sdk"]),
    ("config", &["ledger", "sdk"]),
    ("sim", &["domain"]),
    ("registry", &["sdk"]),
    ("domain", &[]),
    ("sdk", &[]),
];

/// Leaves that anyone may use.
const LEAVES: &[&str] = &["telemetry", "diagnostic", "failpoint"];

/// A crate, the folders and files that may name it, and why the fence stands.
const FENCES: &[(&str, &[&str], &str)] = &[
    ("sqlx", &["src/store/"], "SQL has one place, so that both engines stay equal"),
    ("lapin", &["src/remind/", "connectors/amqp/"], "the broker has one place"),
    ("axum", &["src/http/", "src/sim/"], "the web server has one place"),
    ("backoff", &["connectors/sdk/retry.rs"], "it is unmaintained; one file swaps it (deny.toml)"),
    ("clap", &["src/cli/", "src/main.rs"], "the command line has one place"),
    ("anyhow", &["src/cli/", "src/main.rs", "xtask/"], "seams have typed errors"),
    ("chrono", &[], "time is jiff"),
];

/// The benchmark measures the raw limit beside ours, so it may talk to the servers itself.
const FENCE_EXCEPTIONS: &[(&str, &str)] = &[("sqlx", "src/cli/bench/"), ("lapin", "src/cli/bench/")];

const PURE: &[&str] = &["src/domain/", "src/mapping/", "src/ledger/", "src/remind/decide/"];
const IMPURE: &[&str] = &[
    "tokio::",
    "sqlx::",
    "reqwest::",
    "std::fs",
    "std::net",
    "std::env::var",
    "rand::",
    "SystemTime::now",
    "Instant::now",
    "thread_rng",
];
/// The one place that reads the machine's clock for the product; protocols that sign with the time have theirs.
const CLOCKS: &[&str] = &["src/domain/clock.rs", "connectors/sdk/"];

fn reachable() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let direct: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let follow = |from: &'static str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(module) = open.pop() {
            for next in direct.get(module).copied().unwrap_or_default() {
                if seen.insert(*next) {
                    open.push(next);
                }
            }
        }
        (from, seen)
    };
    direct.keys().copied().map(follow).collect()
}

#[test]
fn modules_use_only_what_their_arrows_lead_to() {
    let reachable = reachable();
    let mut findings = Vec::new();
    for file in rust_files(&["src"]) {
        let from = file.module();
        if from == "lib" || LEAVES.contains(&from) {
            continue;
        }
        let Some(allowed) = reachable.get(from) else {
            findings
                .push(format!("{}:1: module `{from}` has no arrows: add it to ARROWS and ARCHITECTURE.md", file.path));
            continue;
        };
        for line in file.product() {
            let own = names(&line.code, "crate::").chain(names(&line.code, "bihuan::"));
            let connectors =
                names(&line.code, "bihuan_connectors::").map(|n| if n == "sdk" { "sdk" } else { "registry" });
            for to in own.chain(connectors).filter(|to| to.starts_with(|c: char| c.is_ascii_lowercase())) {
                if to != from && !LEAVES.contains(&to) && !allowed.contains(to) {
                    let way_out = format!("`{from}` may not use `{to}`: move the code, or change the arrows openly");
                    findings.push(file.at(line, &way_out));
                }
            }
        }
    }
    none(findings);
}

#[test]
fn leaves_use_nothing_of_ours() {
    let mut findings = Vec::new();
    for file in rust_files(&["src"]).iter().filter(|file| LEAVES.contains(&file.module())) {
        for line in file.product().filter(|line| line.code.replace("$crate::", "").contains("crate::")) {
            findings.push(file.at(line, "a leaf that everybody uses may use nothing of ours"));
        }
    }
    none(findings);
}

#[test]
fn a_connector_uses_the_contract_only() {
    let mut findings = Vec::new();
    for file in rust_files(&["connectors"]).iter().filter(|file| file.module() != "lib") {
        for line in file.product() {
            for to in names(&line.code, "crate::").filter(|to| *to != "sdk" && *to != file.module()) {
                findings
                    .push(file.at(line, &format!("a connector may not use `{to}`: share through sdk, or not at all")));
            }
            if line.code.contains("bihuan::") {
                findings.push(file.at(line, "a connector may not know the root package"));
            }
        }
    }
    none(findings);
}

#[test]
fn fenced_crates_stay_behind_their_fences() {
    let mut findings = Vec::new();
    for file in rust_files(&["src", "connectors", "xtask"]) {
        for line in file.product() {
            for (name, folders, why) in FENCES {
                let names_it = names_crate(&line.code, name);
                let allowed = folders.iter().any(|folder| file.path.starts_with(folder))
                    || FENCE_EXCEPTIONS.iter().any(|(n, folder)| n == name && file.path.starts_with(folder));
                if names_it && !allowed {
                    findings.push(file.at(line, &format!("`{name}` belongs to {folders:?}: {why}")));
                }
            }
        }
    }
    none(findings);
}

/// `name::` or `use name;`, not as the end of a longer path or word.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + name.len()..];
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '"' || c == '`' || c == '.')
            && (after.starts_with("::") || (code.trim_start().starts_with("use ") && after.starts_with(';')))
    })
}

#[test]
fn pure_modules_do_no_io_and_know_no_clock() {
    let mut findings = Vec::new();
    for file in rust_files(&["src"]) {
        if !PURE.iter().any(|folder| file.path.starts_with(folder)) || CLOCKS.contains(&&*file.path) {
            continue;
        }
        for line in file.product() {
            for word in IMPURE.iter().filter(|word| line.code.contains(**word)) {
                findings.push(file.at(line, &format!("`{word}` in a pure module: let the caller pass it in")));
            }
        }
    }
    none(findings);
}

#[test]
fn the_time_comes_through_the_clock() {
    let mut findings = Vec::new();
    for file in rust_files(&["src", "connectors"]) {
        if CLOCKS.iter().any(|place| file.path.starts_with(place)) {
            continue;
        }
        for line in file.product() {
            for word in ["Timestamp::now", "Zoned::now", "SystemTime::now"] {
                if line.code.contains(word) {
                    findings.push(
                        file.at(line, &format!("`{word}`: take a `Clock`, so that the demo and tests can set it")),
                    );
                }
            }
        }
    }
    none(findings);
}

#[test]
fn a_crate_is_recognized_by_its_path_only() {
    for (code, expected) in [
        ("use sqlx::Row;", true),
        ("    sqlx::query(sql)", true),
        ("use sqlx;", true),
        ("let text = \"sqlx::Row\";", false),
        ("my_sqlx::Row", false),
        ("crate::sqlx::Row", false),
    ] {
        assert_eq!(names_crate(code, "sqlx"), expected, "{code}");
    }
}
