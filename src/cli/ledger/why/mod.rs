//! `ledger why`: what an answer of the ledger rests on, down to the bytes that came in.
//!
//! It must not decide anything: everything shown was stored when it was decided, or follows from the stored bytes and
//! the stored mapping.

pub mod document;
mod origin;

pub use document::run;
