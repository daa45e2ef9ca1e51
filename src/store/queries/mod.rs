//! Reading: one snapshot a call, sums and orderings of text in Rust.

pub mod aging;
pub mod allocations;
mod as_of;
pub mod balance;
pub mod compare;
pub mod credit;
pub mod decided;
pub mod deposits;
pub mod entry;
pub mod evidence;
pub mod export;
pub mod identity;
pub mod items;
pub mod lookup;
pub mod nearby;
pub mod order_loop;
mod parties;
pub mod party_account;
pub mod positions;
pub mod proposals;
pub mod provenance;
pub mod quarantine;
pub mod reconcile;
pub mod replay;
pub mod stored;
pub mod totals;
mod unspoken;
pub mod verify;

#[cfg(test)]
mod plans;
