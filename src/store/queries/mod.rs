//! Reading: one snapshot a call, sums and orderings of text in Rust.

pub mod aging;
pub mod compare;
pub mod decided;
pub mod deposits;
pub mod evidence;
pub mod export;
pub mod items;
pub mod lookup;
pub mod nearby;
pub mod positions;
pub mod provenance;
pub mod quarantine;
pub mod replay;
pub mod stored;
pub mod totals;
pub mod verify;
