//! Bihuan's connectors: one folder a system, the same file names in each, one contract for all ([`sdk`]).
//!
//! A connector uses `sdk` only: never another connector, never the root package. To add one: copy a folder, edit it,
//! and add two plain lines here (`pub mod …;` and a registry row). See `connectors/README.md`.

pub mod file;
pub mod kingdee;
pub mod rest;
pub mod sdk;
pub mod wecom;

use sdk::{ChannelEntry, Entry};

/// Every kind of connector, by name.
pub const REGISTRY: &[Entry] = &[file::ENTRY, kingdee::ENTRY, rest::ENTRY, wecom::ENTRY];

/// Every kind of channel, by name.
pub const CHANNELS: &[ChannelEntry] = &[wecom::CHANNEL];

/// The kind that `type = "…"` names.
pub fn connector(kind: &str) -> Option<&'static Entry> {
    REGISTRY.iter().find(|entry| entry.kind == kind)
}

/// The channel that `type = "…"` names.
pub fn channel(kind: &str) -> Option<&'static ChannelEntry> {
    CHANNELS.iter().find(|entry| entry.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sdk::{Context, parse_settings};

    fn context() -> Context {
        Context { source: "sample".into(), time_zone: "Asia/Shanghai".into(), base_dir: ".".into() }
    }

    #[test]
    fn every_sample_names_its_kind_and_builds() {
        for entry in REGISTRY {
            let (kind, settings) = parse_settings(entry.example).unwrap();
            assert_eq!(kind, entry.kind);
            let connector = (entry.build)(settings, &context()).unwrap();
            assert!(!connector.streams().is_empty(), "{kind}");
            assert!(!format!("{connector:?}").contains("example-only"), "{kind} prints its secret");
        }
        for entry in CHANNELS {
            let (kind, settings) = parse_settings(entry.example).unwrap();
            assert_eq!(kind, entry.kind);
            let channel = (entry.build)(settings, &context()).unwrap();
            assert!(!format!("{channel:?}").contains("example-only"), "{kind} prints its secret");
        }
    }

    #[test]
    fn every_sample_source_builds() {
        const OWN_KEYS: [&str; 7] = ["type", "book", "time_zone", "start", "numbering", "every", "streams"];
        for sample in [
            include_str!("../config/sources.d/bank-sz.toml.example"),
            include_str!("../config/sources.d/erp-sz.toml.example"),
            include_str!("../config/sources.d/wecom.toml.example"),
        ] {
            // Secrets of the samples lie in the environment, which a test must not change.
            let sample = sample.replace("env:", "sample-");
            let mut file: toml::Table = toml::from_str(&sample).unwrap();
            let sources = file.remove("sources").unwrap();
            for (name, source) in sources.as_table().unwrap() {
                let mut source = source.as_table().unwrap().clone();
                let kind = source["type"].as_str().unwrap().to_owned();
                let wanted: Vec<String> = source["streams"].as_table().unwrap().keys().cloned().collect();
                source.retain(|key, _| key == "type" || !OWN_KEYS.contains(&key));
                let text = toml::to_string(&source).unwrap();
                let (_, settings) = parse_settings(&text).unwrap();
                let built = (connector(&kind).unwrap().build)(settings, &context()).unwrap();
                let streams: Vec<String> = built.streams().into_iter().map(|info| info.name).collect();
                assert!(wanted.iter().all(|stream| streams.contains(stream)), "{name}: {streams:?}");
            }
        }
    }

    #[test]
    fn the_registries_are_in_alphabetical_order_and_complete() {
        let kinds: Vec<_> = REGISTRY.iter().map(|entry| entry.kind).collect();
        assert!(kinds.is_sorted());
        let mut folders: Vec<String> = std::fs::read_dir(env!("CARGO_MANIFEST_DIR"))
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().join("mod.rs").exists() && entry.file_name() != "sdk")
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        folders.sort();
        assert_eq!(kinds, folders, "every folder has its row");
        assert!(CHANNELS.iter().map(|entry| entry.kind).is_sorted());
    }
}
