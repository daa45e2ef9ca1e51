//! `bihuan sync`: pull every source (or one) once, settle, decide and deliver what is due.

use super::args::Global;
use super::output::{self, Summary};
use super::{clock_of, load_config};
use crate::app::{App, AppError};
use crate::sync::PullMode;

pub async fn run(global: &Global, source: Option<&str>, full: bool) -> Result<(), AppError> {
    let config = load_config(global)?;
    if let Some(name) = source
        && !config.sources.iter().any(|known| *known.name == *name)
    {
        let names: Vec<&str> = config.sources.iter().map(|known| &*known.name).collect();
        return Err(AppError::Refused(format!("没有来源 `{name}` · no such source; known: {}", names.join(", "))));
    }
    let clock = clock_of(&config);
    let app = App::open(config, clock).await?;
    let reports = app.pull(source, if full { PullMode::Everything } else { PullMode::Continue }).await;
    app.settle().await?;
    app.remind().await?;
    let seen: Vec<_> = reports.iter().map(|report| (report.id.clone(), report.counts)).collect();
    let summary = Summary::read(&app.store, app.clock.as_ref(), &app.config, Some(&seen)).await?;
    output::summary(&summary, global.json)?;
    let failed: Vec<String> =
        reports.iter().filter_map(|report| report.error.as_ref()).map(ToString::to_string).collect();
    if failed.is_empty() { Ok(()) } else { Err(AppError::SourceFailed(failed.join("\n"))) }
}
