//! Bihuan's connectors: one folder a system, the same file names in each, one contract for all ([`sdk`]).
//!
//! A connector uses `sdk` only: never another connector, never the root package. To add one: copy a folder, edit it,
//! and add two plain lines here (`pub mod …;` and a registry row). See `connectors/README.md`.

pub mod sdk;
