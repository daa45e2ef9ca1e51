//! The project's own commands: test, bench, servers. Plain Rust instead of shell, so that it reads like the rest.
//!
//! It must not know the product: it builds, starts servers, runs programs and looks at their exit codes. It compiles
//! before anything else does, so it has one dependency.

mod apt;
mod bench;
mod score;
mod servers;
mod step;
mod test;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask test [--full] [FILTER]   format, clippy, all tests on real servers, the demo twice
                                     FILTER: only the tests whose names contain it; no format, clippy, demo
                                     --full: seed counts and sizes of the issues instead of CI's
cargo xtask bench                    the benchmarks in release, on servers that write to disk
cargo xtask score-allocation [--tuning] [--payments N]
                                     how right the automatic allocation is, on a labelled set
cargo xtask score-identity [--tuning] [--keys N]
                                     how right identity is, on made-up companies
cargo xtask servers                  private PostgreSQL and RabbitMQ until Ctrl-D, for `cargo test` in another shell
cargo xtask help

Missing servers are installed from Debian's packages (as root, or by sudo).";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["test", options @ ..] => test::run(&test::Options::parse(options)?),
        ["bench", options @ ..] => bench::run(options),
        [command @ ("score-allocation" | "score-identity"), options @ ..] => score::run(command, options),
        ["servers"] => servers::hold(),
        [servers::KEEPER, folder, disk] => servers::keep(folder.as_ref(), servers::Disk::parse(disk)?),
        [] | ["help" | "--help" | "-h"] => {
            eprintln!("{HELP}");
            Ok(())
        }
        [other, ..] => bail!("`{other}` is no command\n\n{HELP}"),
    }
}
