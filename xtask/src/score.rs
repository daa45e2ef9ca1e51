//! `cargo xtask score-allocation`: the automatic allocation against a labelled set, in release.
//!
//! What is scored, and against what, is the hidden subcommand `bihuan score-allocation`.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::test::{cargo, root};

/// Further options go to `bihuan score-allocation` unchanged.
pub fn run(options: &[&str]) -> Result<()> {
    let mut score: Command =
        cargo(&root()?, &["run", "--release", "--quiet", "--bin", "bihuan", "--", "score-allocation"]);
    ensure!(score.args(options).status()?.success(), "the score could not be taken");
    Ok(())
}
