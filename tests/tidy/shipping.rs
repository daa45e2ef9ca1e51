//! What is handed out: images, units, readmes. No container engine is at hand to build them, so they are read.

use std::collections::BTreeSet;

use crate::none;
use crate::source::{exists, paths, text};

/// Tracked text, without what tools write.
const SHIPPED: &[&str] = &[
    "src",
    "connectors",
    "xtask",
    "config",
    "mappings",
    "docs",
    "tests",
    ".ci",
    "Cargo.toml",
    "Dockerfile",
    "compose.yaml",
    "README.md",
    "README.zh-CN.md",
    "ARCHITECTURE.md",
    "deny.toml",
];

#[test]
fn the_image_is_pinned_unprivileged_and_says_how_it_feels() {
    let dockerfile = text("Dockerfile");
    let mut findings = Vec::new();
    let mut stages = BTreeSet::new();
    for (index, line) in dockerfile.lines().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut finding = |what: &str| findings.push(format!("Dockerfile:{}: {what}", index + 1));
        match words.as_slice() {
            ["FROM", image, rest @ ..] => {
                let pinned = image.rsplit_once(':').is_some_and(|(_, tag)| tag != "latest" && tag.contains('-'));
                if !pinned && !stages.contains(*image) {
                    finding("pin the base image by version and release, such as debian:12.11-slim");
                }
                if let ["AS", name] = rest {
                    stages.insert((*name).to_owned());
                }
            }
            ["COPY", sources @ .., _] if !sources.iter().any(|word| word.starts_with("--from=")) => {
                for source in sources.iter().filter(|word| !word.starts_with("--") && **word != "." && !exists(word)) {
                    finding(&format!("`{source}` is not in the repository"));
                }
            }
            _ => {}
        }
    }
    let last_user = dockerfile.lines().rev().find_map(|line| line.strip_prefix("USER "));
    if last_user.is_none_or(|user| user.starts_with("root") || user.starts_with('0')) {
        findings.push("Dockerfile: end as an unprivileged USER".to_owned());
    }
    for word in ["HEALTHCHECK", "ca-certificates", "\"health\""] {
        if !dockerfile.contains(word) {
            findings.push(format!("Dockerfile: {word} is missing"));
        }
    }
    none(findings);
}

#[test]
fn compose_starts_pinned_servers_that_are_checked() {
    let compose = text("compose.yaml");
    let mut findings = Vec::new();
    for (index, line) in compose.lines().enumerate() {
        if let Some(image) = line.trim().strip_prefix("image: ")
            && (!image.contains(':') || image.ends_with(":latest"))
        {
            findings.push(format!("compose.yaml:{}: pin `{image}` by a tag", index + 1));
        }
        if let Some((path, _)) = line.trim().strip_prefix("- ./").and_then(|rest| rest.split_once(':'))
            && !exists(path)
        {
            findings.push(format!("compose.yaml:{}: `{path}` is not in the repository", index + 1));
        }
    }
    for service in ["bihuan:", "postgres:", "rabbitmq:"] {
        if !compose.lines().any(|line| line.trim_end() == format!("  {service}")) {
            findings.push(format!("compose.yaml: the service {service} is missing"));
        }
    }
    if compose.matches("condition: service_healthy").count() < 2 || compose.matches("healthcheck:").count() < 2 {
        findings.push("compose.yaml: check both servers and wait until they are healthy".to_owned());
    }
    none(findings);
}

#[test]
fn both_readmes_show_the_same_commands() {
    let commands = |path: &str| -> BTreeSet<String> {
        let text = text(path);
        let blocks = text.split("```").skip(1).step_by(2).map(|block| block.split_once('\n').map_or("", |(_, b)| b));
        let lines =
            blocks.flat_map(|block| block.lines().map(|line| line.split('#').next().unwrap_or_default().trim()));
        lines
            .filter(|line| ["cargo ", "bihuan ", "docker ", "./"].iter().any(|begin| line.starts_with(begin)))
            .map(str::to_owned)
            .collect()
    };
    let (english, chinese) = (commands("README.md"), commands("README.zh-CN.md"));
    let only_one: Vec<_> = english.symmetric_difference(&chinese).collect();
    assert!(only_one.is_empty(), "README.md and README.zh-CN.md differ in: {only_one:#?}");
}

#[test]
fn no_file_names_a_registry_host_or_a_path_of_one_machine() {
    // Written in pieces, so that this file does not name them either.
    let words =
        [["/ro", "ot/"].concat(), ["/wo", "rk/"].concat(), ["/ho", "me/"].concat(), ["index.", "crates.io"].concat()];
    let mut findings = Vec::new();
    for path in paths(&SHIPPED.iter().copied().filter(|path| exists(path)).collect::<Vec<_>>()) {
        let Ok(text) = std::fs::read_to_string(crate::source::root().join(&path)) else { continue };
        for (index, line) in text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(word.as_str())) {
                findings.push(format!("{path}:{}: `{word}` holds on one machine only; say it without", index + 1));
            }
        }
    }
    none(findings);
}

#[test]
fn the_licences_are_there() {
    for path in ["LICENSE-MIT", "LICENSE-APACHE", "deny.toml", "config/bihuan.service"] {
        assert!(exists(path), "{path} is missing");
    }
}
