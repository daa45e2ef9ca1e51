//! Bihuan (闭环): integration middleware between ERP, finance and chat.
//!
//! The way of the data is told in `ARCHITECTURE.md`; the arrows between these modules are proved by `tests/tidy.rs`.

pub mod app;
pub mod cli;
pub mod config;
pub mod diagnostic;
pub mod domain;
pub mod failpoint;
pub mod http;
pub mod ledger;
pub mod mapping;
pub mod remind;
pub mod sim;
pub mod store;
pub mod sync;
pub mod telemetry;
