//! Reading: one snapshot a call, sums and orderings of text in Rust.

pub mod items;
pub mod positions;
pub mod totals;
