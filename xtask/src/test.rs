//! `cargo xtask test`: everything that must hold, on real servers.
//!
//! One profile (`ci`: optimized enough to run the demo, debug assertions on) is compiled once for clippy, tests and demo.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::apt;
use crate::servers::{Disk, Servers};
use crate::step::Steps;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Options {
    full: bool,
    filter: Option<String>,
}

impl Options {
    pub fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self::default();
        for word in words {
            match *word {
                "--full" => options.full = true,
                flag if flag.starts_with('-') => bail!("`{flag}` is no option of `test`; there is --full"),
                _ if options.filter.is_some() => bail!("one FILTER only"),
                filter => options.filter = Some(filter.to_owned()),
            }
        }
        Ok(options)
    }
}

pub fn run(options: &Options) -> Result<()> {
    let root = root()?;
    let mut steps = Steps::new();
    let result = run_steps(options, &root, &mut steps);
    steps.report();
    result?;
    match &options.filter {
        Some(filter) => eprintln!("xtask: the tests matching `{filter}` pass."),
        None => eprintln!("xtask: all is well: format, clippy, tests and the demo pass."),
    }
    Ok(())
}

fn run_steps(options: &Options, root: &Path, steps: &mut Steps) -> Result<()> {
    steps.timed("install servers", apt::install_missing)?;
    // They come up while the compiler works.
    let mut servers = Servers::start(Disk::Unsafe)?;
    let everything = options.filter.is_none();
    if everything {
        steps.run("format", &mut servers, cargo(root, &["fmt", "--all", "--check"]))?;
        let clippy = ["clippy", "--profile", "ci", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
        steps.run("clippy", &mut servers, cargo(root, &clippy))?;
    }
    let build = ["test", "--profile", "ci", "--workspace", "--no-run", "--quiet"];
    steps.run("build", &mut servers, cargo(root, &build))?;
    steps.timed("wait for servers", || servers.wait())?;
    let mut tests = cargo(root, &["test", "--profile", "ci", "--workspace", "--quiet", "--no-fail-fast"]);
    tests.args(options.filter.iter());
    tests.envs(servers.environment.iter().map(|(name, value)| (name, value)));
    // A snapshot that differs is a failure here, never a file to be accepted.
    tests.env("INSTA_UPDATE", "no");
    if options.full {
        tests.env("BIHUAN_TEST_FULL", "1");
    }
    steps.run("tests", &mut servers, tests)?;
    if everything {
        demo(root, steps, &mut servers)?;
    }
    steps.timed("stop servers", || {
        drop(servers);
        Ok(())
    })
}

/// The demo from nothing, then again in the same data folder: the second run must find everything already applied.
fn demo(root: &Path, steps: &mut Steps, servers: &mut Servers) -> Result<()> {
    // Inside the keeper's folder, so that it goes away with it.
    let data = servers.folder.join("demo");
    let once = |steps: &mut Steps, servers: &mut Servers, name| {
        let mut command = Command::new(target_folder(root).join("ci/bihuan"));
        command.args(["demo", "--once", "--json", "--data-dir"]).arg(&data);
        steps.output(name, servers, command)
    };
    let first = sum_of(&once(steps, servers, "demo, first run")?, "applied").context("the demo's first run")?;
    ensure!(first > 0, "the demo's first run applied nothing");
    let second = once(steps, servers, "demo, second run")?;
    let again = sum_of(&second, "applied").context("the demo's second run")?;
    ensure!(again == 0, "the demo's second run applied {again} records again:\n{second}");
    eprintln!("xtask: the demo applied {first} records, and none when run again.");
    Ok(())
}

/// The sum of all numbers under one key. A JSON parser would be a dependency for this one question.
fn sum_of(json: &str, key: &str) -> Result<u64> {
    let quoted = format!("\"{key}\"");
    let mut numbers = json.split(&quoted).skip(1).map(|rest| {
        let digits = rest.trim_start().trim_start_matches(':').trim_start();
        let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse::<u64>().with_context(|| format!("{quoted} is not followed by a number"))
    });
    let first = numbers.next().with_context(|| format!("no {quoted} in what it printed: `{}`", json.trim()))??;
    numbers.try_fold(first, |sum, number| Ok(sum + number?))
}

pub fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).args(arguments);
    command
}

/// The workspace: this program lies in its folder `xtask`.
pub fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(here.parent().context("xtask has no parent folder")?.to_owned())
}

fn target_folder(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_under_a_key_are_added() {
        assert_eq!(sum_of(r#"[{"applied":12,"x":1},{"applied": 30}]"#, "applied").unwrap(), 42);
        assert!(sum_of("{}", "applied").is_err());
        assert!(sum_of(r#"{"applied":"many"}"#, "applied").is_err());
    }

    #[test]
    fn options_are_one_flag_and_one_filter() {
        assert_eq!(Options::parse(&[]).unwrap(), Options::default());
        let filter = Some("ledger".to_owned());
        assert_eq!(Options::parse(&["--full", "ledger"]).unwrap(), Options { full: true, filter });
        assert!(Options::parse(&["--fast"]).is_err());
        assert!(Options::parse(&["a", "b"]).is_err());
    }
}
