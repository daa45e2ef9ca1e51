//! Bihuan (闭环): integration middleware between ERP, finance and chat.
pub mod config;
pub mod diagnostic;
pub mod domain;
pub mod ledger;
pub mod telemetry;
