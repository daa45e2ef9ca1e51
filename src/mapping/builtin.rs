//! Stub
pub const MAPPINGS: &[(&str, &str)] = &[];
