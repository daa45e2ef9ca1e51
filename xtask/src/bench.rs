//! `cargo xtask bench`: the product's own benchmarks, in release, on servers that wait for the disk.
//!
//! What is measured, and against what, is the hidden subcommand `bihuan bench`; this only brings the servers.

use anyhow::{Context as _, Result};

use crate::apt;
use crate::servers::{Disk, Servers};
use crate::step::Steps;
use crate::test::{cargo, root};

/// Further options go to `bihuan bench` unchanged.
pub fn run(options: &[&str]) -> Result<()> {
    let root = root()?;
    let mut steps = Steps::new();
    steps.timed("install servers", apt::install_missing)?;
    let mut servers = Servers::start(Disk::Durable)?;
    steps.run("build", &mut servers, cargo(&root, &["build", "--release", "--bin", "bihuan"]))?;
    steps.timed("wait for servers", || servers.wait())?;
    let url = |name: &str| {
        let found = servers.environment.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).with_context(|| format!("the keeper did not say {name}"))
    };
    let (postgres, amqp) = (url("BIHUAN_TEST_POSTGRES_URL")?, url("BIHUAN_TEST_AMQP_URL")?);
    let mut bench = cargo(&root, &["run", "--release", "--quiet", "--bin", "bihuan", "--", "bench"]);
    bench.args(["--postgres", &postgres, "--amqp", &amqp]).args(options);
    steps.run("bench", &mut servers, bench)?;
    steps.report();
    Ok(())
}
