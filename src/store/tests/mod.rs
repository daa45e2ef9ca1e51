//! One behaviour suite for both engines: every test runs on SQLite and, when `BIHUAN_TEST_POSTGRES_URL` names a server
//! (`cargo xtask test` starts one), on PostgreSQL too, each in a database of its own.

mod aging_list;
mod cases;
pub(crate) mod company;
mod crash;
pub(crate) mod credit;
pub(crate) mod database;
mod engine;
pub(crate) mod histories;
mod identity;
mod ledger;
mod past;
mod refusals;
mod report;
mod signing;
mod speed;
mod trade;
mod versions;
mod year;
