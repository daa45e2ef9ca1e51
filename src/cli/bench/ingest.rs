//! (a) and (b): shipment lines from CSV into PostgreSQL, the same file again; (e) memory meanwhile.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Figure, process, rate, ratio, raw, seconds};
use crate::app::{App, AppError, Wanted};
use crate::cli::DATABASE;
use crate::cli::args::BenchArgs;
use crate::cli::output;
use crate::config::{Config, Origins};
use crate::domain::SystemClock;
use crate::sim::csv::write_shipment_csv;
use crate::sync::PullMode;

const SEED: u64 = 20_261_123;
const DUPLICATES_PERCENT: u32 = 5;
const DIRTY_PERCENT: u32 = 1;

const CONFIG: &str = r#"
[sources.warehouse]
type = "file"
folder = "inbox"
stream_name = "shipments"
encoding = "utf-8"
header = ["shipment_no", "line_no", "modified"]
key = ["shipment_no", "line_no"]
version = "modified"
page_rows = 10000
[sources.warehouse.streams.shipments]
mapping = "csv/shipments.toml"
"#;

pub async fn measure(args: &BenchArgs, dir: &Path) -> Result<Vec<Figure>, AppError> {
    let fault = |source| AppError::Folder { path: dir.display().to_string(), source };
    std::fs::create_dir_all(dir.join("inbox")).map_err(fault)?;
    std::fs::write(dir.join("bihuan.toml"), CONFIG).map_err(fault)?;
    let (dirty, clean) = (dir.join("shipments.csv"), dir.join("clean.csv"));
    write_shipment_csv(&dirty, args.lines, SEED, DUPLICATES_PERCENT, DIRTY_PERCENT).map_err(fault)?;
    raw::clean(&dirty, &clean).map_err(fault)?;
    let url = raw::database(&args.postgres, "ingest")?;

    let limit_before = raw::load(&url, &clean, true)?;
    let app = open(dir, &url).await?;
    let idle = process::memory_mib("VmRSS");
    process::reset_peak_memory();
    let first = pull(&app, dir, &dirty).await?;
    let peak = process::memory_mib("VmHWM");
    let settled = timed_settle(&app).await?;
    let again = pull(&app, dir, &dirty).await?;
    let limit_after = raw::load(&url, &clean, true)?;
    let limit = (limit_before + limit_after) / 2;
    let limit_again = raw::load(&url, &clean, false)?;

    let rows = args.lines;
    Ok(vec![
        Figure::new(
            format!("(a) {rows} shipment lines, CSV → PostgreSQL"),
            format!("{} ({})", seconds(first), rate(rows, first)),
            format!("{} ({} / {})", seconds(limit), seconds(limit_before), seconds(limit_after)),
            ratio(first, limit),
            "≤ 3",
        ),
        Figure::new("    then settlement of all its customers", seconds(settled), "", "", ""),
        Figure::new(
            "(b) the same file again",
            seconds(again),
            format!("{} (first load)", seconds(limit)),
            ratio(again, limit),
            "≤ 0.5",
        ),
        Figure::new("    raw limit of loading it again", "", seconds(limit_again), "", ""),
        Figure::new("(e) memory idle, peak in (a)", format!("{idle} MiB, {peak} MiB"), "", "", "≤ 60, ≤ 200 MB"),
    ])
}

async fn open(dir: &Path, url: &str) -> Result<App, AppError> {
    let options = vec![("--database", DATABASE, url.to_owned())];
    let origins =
        Origins { file: Some(dir.join("bihuan.toml")), data_dir: dir.to_owned(), options, ..Origins::default() };
    let config = Config::load(&origins)?;
    App::open(Arc::new(config), Arc::new(SystemClock), Wanted::Alone).await
}

/// Drops the file and pulls it to its last page.
async fn pull(app: &App, dir: &Path, file: &Path) -> Result<Duration, AppError> {
    let fault = |source| AppError::Folder { path: file.display().to_string(), source };
    std::fs::copy(file, dir.join("inbox/shipments.csv")).map_err(fault)?;
    let started = Instant::now();
    for report in app.pull(None, PullMode::Everything).await {
        if let Some(error) = report.error {
            return Err(AppError::SourceFailed(error.to_string()));
        }
        output::note(&format!("{:?}", report.counts));
    }
    Ok(started.elapsed())
}

async fn timed_settle(app: &App) -> Result<Duration, AppError> {
    let started = Instant::now();
    app.settle().await?;
    Ok(started.elapsed())
}
