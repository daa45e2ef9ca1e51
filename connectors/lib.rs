//! Bihuan's connectors: one folder a system, the same file names in each, one contract for all ([`sdk`]).
//!
//! A connector uses `sdk` only: never another connector, never the root package. To add one: copy a folder, edit it,
//! and add two plain lines here (`pub mod …;` and a registry row). See `connectors/README.md`.

pub mod file;
pub mod kingdee;
pub mod sdk;

use sdk::{ChannelEntry, Entry};

/// Every kind of connector, by name.
pub const REGISTRY: &[Entry] = &[file::ENTRY, kingdee::ENTRY];

/// Every kind of channel, by name.
pub const CHANNELS: &[ChannelEntry] = &[];

/// The kind that `type = "…"` names.
pub fn connector(kind: &str) -> Option<&'static Entry> {
    REGISTRY.iter().find(|entry| entry.kind == kind)
}

/// The channel that `type = "…"` names.
pub fn channel(kind: &str) -> Option<&'static ChannelEntry> {
    CHANNELS.iter().find(|entry| entry.kind == kind)
}
