//! One program after the other, each timed, all under one hard stop.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::servers::{Servers, end_group};

/// Whatever runs longer hangs: the whole run is budgeted at 38 minutes.
const HARD_STOP: Duration = Duration::from_secs(60 * 60);

/// Runs the steps and remembers how long each took.
#[derive(Debug)]
pub struct Steps {
    timings: Vec<(&'static str, Duration)>,
    /// The process group at work, for the watchdog; 0 is none.
    group: Arc<AtomicU32>,
    begin: Instant,
}

impl Steps {
    pub fn new() -> Self {
        let group = Arc::new(AtomicU32::new(0));
        let watched = Arc::clone(&group);
        thread::spawn(move || {
            thread::sleep(HARD_STOP);
            eprintln!("xtask: hard stop after {HARD_STOP:?}; the step at work is ended");
            end_group(watched.load(Ordering::SeqCst));
            // The failed step ends the run in order; if nothing was at work, this does.
            thread::sleep(Duration::from_secs(60));
            std::process::exit(1);
        });
        Self { timings: Vec::new(), group, begin: Instant::now() }
    }

    /// Times something that is not a program.
    pub fn timed<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let begin = Instant::now();
        let result = work();
        self.timings.push((name, begin.elapsed()));
        result.with_context(|| format!("step `{name}`"))
    }

    /// Runs a program to its end; what it says is shown.
    pub fn run(&mut self, name: &'static str, servers: &mut Servers, command: Command) -> Result<()> {
        self.run_with(name, servers, command, Stdio::inherit()).map(|_| ())
    }

    /// Runs a program to its end; its standard output is returned.
    pub fn output(&mut self, name: &'static str, servers: &mut Servers, command: Command) -> Result<String> {
        let output = self.run_with(name, servers, command, Stdio::piped())?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn run_with(
        &mut self,
        name: &'static str,
        servers: &mut Servers,
        mut command: Command,
        stdout: Stdio,
    ) -> Result<Output> {
        eprintln!("\nxtask: {name}: {}", shown(&command));
        let begin = Instant::now();
        // A group of its own, so that it can be ended with everything that it started.
        let child = command.process_group(0).stdin(Stdio::null()).stdout(stdout).spawn();
        let child = child.with_context(|| format!("step `{name}` does not start"))?;
        self.group.store(child.id(), Ordering::SeqCst);
        servers.at_work(child.id());
        let output = child.wait_with_output();
        self.group.store(0, Ordering::SeqCst);
        servers.at_work(0);
        self.timings.push((name, begin.elapsed()));
        let output = output?;
        if !output.status.success() {
            bail!("step `{name}` failed ({}): {}", output.status, shown(&command));
        }
        Ok(output)
    }

    /// What each step took. Printed, never asserted: a slow machine is no mistake.
    pub fn report(&self) {
        eprintln!("\n{:<28}{:>10}", "step", "seconds");
        for (name, duration) in &self.timings {
            eprintln!("{name:<28}{:>10}", seconds(*duration));
        }
        eprintln!("{:<28}{:>10}", "all", seconds(self.begin.elapsed()));
        eprintln!("budget: build 900, servers 180, tests 1200, hard stop {}", HARD_STOP.as_secs());
    }
}

fn seconds(duration: Duration) -> String {
    format!("{}.{}", duration.as_secs(), duration.subsec_millis() / 100)
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
