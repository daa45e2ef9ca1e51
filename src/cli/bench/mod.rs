//! `bihuan bench`: what `cargo xtask bench` runs. One table; the raw limit stands beside ours, measured in the same run.
//!
//! Timings are printed and recorded in `docs/benchmarks.md`, never asserted: a noisy machine must not fail a build.

mod ingest;
mod latency;
mod mapping;
mod process;
mod raw;

use std::path::Path;

use super::args::BenchArgs;
use super::output;
use crate::app::AppError;

/// One line of the report.
struct Figure {
    name: String,
    ours: String,
    limit: String,
    ratio: String,
    goal: &'static str,
}

impl Figure {
    fn new(
        name: impl Into<String>,
        ours: impl Into<String>,
        limit: impl Into<String>,
        ratio: impl Into<String>,
        goal: &'static str,
    ) -> Self {
        Self { name: name.into(), ours: ours.into(), limit: limit.into(), ratio: ratio.into(), goal }
    }
}

pub async fn run(args: &BenchArgs) -> Result<(), AppError> {
    let mut figures = mapping::measure()?;
    let dir = std::env::temp_dir().join(format!("bihuan-bench-{}", std::process::id()));
    let measured = measure_in(args, &dir).await;
    // A folder that cannot be removed is nobody's loss.
    let _ = std::fs::remove_dir_all(&dir);
    figures.extend(measured?);
    let mut text =
        String::from("| 测量 what | 闭环 ours | 极限 raw limit | 比 ratio | 目标 goal |\n|---|---|---|---|---|\n");
    for figure in &figures {
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} |\n",
            figure.name, figure.ours, figure.limit, figure.ratio, figure.goal
        ));
    }
    output::print(&text)
}

async fn measure_in(args: &BenchArgs, dir: &Path) -> Result<Vec<Figure>, AppError> {
    let mut figures = ingest::measure(args, &dir.join("ingest")).await?;
    figures.extend(latency::measure(args, &dir.join("latency")).await?);
    Ok(figures)
}

/// `ours / limit` with two digits, in integers.
fn ratio(ours: std::time::Duration, limit: std::time::Duration) -> String {
    let hundredths = ours.as_micros() * 100 / limit.as_micros().max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Seconds with two digits.
fn seconds(time: std::time::Duration) -> String {
    format!("{}.{:02} s", time.as_secs(), time.subsec_millis() / 10)
}

/// Records a second, in thousands.
fn rate(records: usize, time: std::time::Duration) -> String {
    let per_second = records as u128 * 1_000_000 / time.as_micros().max(1);
    format!("{},{:03} /s", per_second / 1_000, per_second % 1_000)
}
