//! `cargo xtask score-allocation` and `score-identity`: what the machine decides alone against labelled sets, in release.
//!
//! What is scored, and against what, is the hidden subcommand of the same name.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::test::{cargo, root};

/// Further options go to the subcommand unchanged.
pub fn run(command: &str, options: &[&str]) -> Result<()> {
    let mut score: Command = cargo(&root()?, &["run", "--release", "--quiet", "--bin", "bihuan", "--", command]);
    ensure!(score.args(options).status()?.success(), "the score could not be taken");
    Ok(())
}
