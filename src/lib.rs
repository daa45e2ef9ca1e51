//! Bihuan (闭环): integration middleware between ERP, finance and chat.
pub mod domain;
pub mod failpoint;
pub mod ledger;
pub mod store;
