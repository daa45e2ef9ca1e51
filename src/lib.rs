//! Bihuan (闭环): integration middleware between ERP, finance and chat.
pub mod domain;
pub mod ledger;
pub mod remind;
pub mod store;
