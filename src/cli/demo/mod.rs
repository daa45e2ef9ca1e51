//! `bihuan demo`: the whole loop on a simulated company, with real connectors, mappings, ledger and reminders.
//!
//! The clock is simulated and kept in the data folder, so a rerun next week changes nothing. A run that was killed goes on
//! at the step that had not been finished; steps may be repeated because everything they do is idempotent.

mod folder;
mod world;

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, Zoned};

use super::args::{DemoArgs, Global};
use super::output::{self, Summary};
use crate::app::{App, AppError, Wanted};
use crate::config::Config;
use crate::domain::{Clock, SimClock};
use crate::store::{Counts, StreamId};
use crate::sync::PullMode;
use folder::DemoFolder;
pub use folder::saved_now;
use world::DemoWorld;

/// Local time of the daily step: inside the send windows, after the bank files of the day before have arrived.
const STEP_HOUR: i8 = 10;
const STEP_MINUTE: i8 = 17;
/// Of the endless demo: real time between two steps, and simulated time that passes in one.
const PACE: Duration = Duration::from_secs(2);
/// More leaps than any backlog of one step needs.
const RETRIES: usize = 1_000;
/// Attempts within this time after a step belong to it.
const RETRY_WINDOW: SignedDuration = SignedDuration::from_mins(45);
const LEAP: SignedDuration = SignedDuration::from_mins(47);

/// Runs the demo; returns the counts of this run for `--json`.
pub async fn run(global: &Global, args: &DemoArgs) -> Result<(), AppError> {
    let folder = DemoFolder::open(global, args)?;
    let clock = Arc::new(SimClock::new(folder.state.now));
    let world = DemoWorld::start(args, &folder, Arc::clone(&clock)).await?;
    folder.write_config(&world.url())?;
    let config = Config::load(&super::origins(global, Some(folder.config_path()), folder.dir.clone()))?;
    let app = App::open(Arc::new(config), clock.clone(), Wanted::Alone).await?;
    let mut demo = Demo { app, world, clock, folder, seen: Vec::new(), quiet: global.json };
    if !args.once {
        demo.say(&format!("聊天页面 · the chats: {}   （Ctrl-C 结束 · to stop）", demo.world.url()));
    }
    demo.run_to_end().await?;
    if args.once {
        let summary = Summary::read(&demo.app.store, demo.clock.as_ref(), &demo.app.config, Some(&demo.seen)).await?;
        return output::summary(&summary, global.json);
    }
    demo.forever().await
}

struct Demo {
    app: App,
    world: DemoWorld,
    clock: Arc<SimClock>,
    folder: DemoFolder,
    /// What this run read, per stream.
    seen: Vec<(StreamId, Counts)>,
    quiet: bool,
}

impl Demo {
    /// Day by day up to the generator's last instant. When a run before this one has been there already, everything is
    /// read once more instead: nothing may change by that.
    async fn run_to_end(&mut self) -> Result<(), AppError> {
        let end = self.world.end();
        if self.folder.state.now >= end {
            // An endless run has been here: the company lives up to that day again before it is looked at.
            let reached = self.folder.state.now;
            if reached > end {
                self.world.live_until(reached);
            }
            return self.step(reached, PullMode::Everything).await;
        }
        let mut now = self.folder.state.now;
        self.say(&format!("模拟从 {} 到 {} · simulating", local(now).date(), local(end).date()));
        while now < end {
            let next = next_step(now).min(end);
            self.step(next, PullMode::Continue).await?;
            self.tell_month(now, next);
            now = next;
        }
        Ok(())
    }

    /// The clock moves, the world shows what is new, and one turn of the loop is made.
    async fn step(&mut self, now: Timestamp, mode: PullMode) -> Result<(), AppError> {
        self.clock.advance_to(now);
        self.world.show(now, &self.folder, mode == PullMode::Everything).await?;
        for report in self.app.pull(None, mode).await {
            if let Some(error) = report.error {
                return Err(AppError::SourceFailed(error.to_string()));
            }
            match self.seen.iter_mut().find(|(id, _)| *id == report.id) {
                Some((_, counts)) => counts.add(report.counts),
                None => self.seen.push((report.id, report.counts)),
            }
        }
        self.app.settle().await?;
        self.app.remind().await?;
        self.retry_until_quiet(now).await?;
        self.folder.save(now)
    }

    /// A lost answer or a full minute is tried again soon, not at tomorrow's step: the clock leaps to the next attempt.
    async fn retry_until_quiet(&mut self, step: Timestamp) -> Result<(), AppError> {
        let Some(reminding) = self.app.reminding.clone() else { return Ok(()) };
        let latest = step.checked_add(RETRY_WINDOW).unwrap_or(step);
        for _ in 0..RETRIES {
            let Some(next) = reminding.next_attempt().await?.filter(|next| *next <= latest) else { break };
            self.clock.advance_to(next);
            reminding.tick().await?;
        }
        Ok(())
    }

    /// New events every few seconds until Ctrl-C.
    async fn forever(&mut self) -> Result<(), AppError> {
        loop {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => return Ok(()),
                () = tokio::time::sleep(PACE) => {}
            }
            let now = self.clock.now().checked_add(LEAP).map_err(|error| AppError::Refused(error.to_string()))?;
            self.world.live_until(now);
            self.step(now, PullMode::Continue).await?;
        }
    }

    fn tell_month(&self, before: Timestamp, now: Timestamp) {
        if local(before).month() != local(now).month() {
            self.say(&format!("… {}", local(now).strftime("%Y-%m")));
        }
    }

    fn say(&self, text: &str) {
        if !self.quiet {
            output::note(text);
        }
    }
}

fn local(instant: Timestamp) -> Zoned {
    instant.to_zoned(jiff::tz::TimeZone::get("Asia/Shanghai").unwrap_or(jiff::tz::TimeZone::UTC))
}

/// The next morning's step after `now`.
fn next_step(now: Timestamp) -> Timestamp {
    let today = local(now);
    let at = |date: Date| {
        let morning = date.at(STEP_HOUR, STEP_MINUTE, 0, 0);
        morning.to_zoned(today.time_zone().clone()).map_or(now, |zoned| zoned.timestamp())
    };
    let this_morning = at(today.date());
    if this_morning > now { this_morning } else { today.date().tomorrow().map_or(now, at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_one_a_day_in_the_morning() {
        let midnight: Timestamp = "2026-01-01T00:00:00+08:00".parse().unwrap();
        let first = next_step(midnight);
        assert_eq!(first, "2026-01-01T10:17:00+08:00".parse().unwrap());
        assert_eq!(next_step(first), "2026-01-02T10:17:00+08:00".parse().unwrap());
    }
}
