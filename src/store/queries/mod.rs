//! Reading: one snapshot a call, sums and orderings of text in Rust.

pub mod items;
