//! The command line: one file a subcommand, every reading command with `--json`.
//!
//! Exit codes (DESIGN 10): 0 ok · 1 not found or refused · 2 usage, config or mapping · 3 differences found · 4 a source
//! failed (others finished) · 5 store or broker unreachable.
