//! The product as an operator meets it: the built program as a child process, on real servers, beside a simulated company
//! that lives in the test process, so that killing the child does not kill the evidence.
//!
//! One binary, so that it links once. The servers are named by the environment; `cargo xtask test` starts and names them,
//! and without them a test fails instead of passing silently.

// A helper that cannot go on has failed its test.
#![allow(clippy::unwrap_used)]

mod aging_list;
mod bad_input;
mod daemon;
mod demo;
mod export;
mod figures;
mod folder;
mod kill;
mod office;
mod order;
mod postgres;
mod program;
mod rabbitmq;
mod rebuild;
mod refused;
mod servers;
mod statement;
