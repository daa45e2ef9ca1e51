//! `bihuan check`: configuration, connectors and mappings, every mistake at once; nothing is started.

use super::args::Global;
use super::{load_config, output};
use crate::app::{self, AppError};

pub async fn run(global: &Global, probe: bool) -> Result<(), AppError> {
    let config = load_config(global)?;
    let feeds = app::build_feeds(&config)?;
    app::check_reminding(&config)?;
    output::print(&format!(
        "配置无误 · configuration is correct: {} 个来源 sources, {} 个数据流 streams\n",
        config.sources.len(),
        feeds.len()
    ))?;
    if !probe {
        return Ok(());
    }
    let mut failed = Vec::new();
    for source in &config.sources {
        let Some(feed) = feeds.iter().find(|feed| feed.id.source == source.name) else { continue };
        match feed.connector.probe().await {
            Ok(()) => output::print(&format!("{:<16} ok\n", source.name))?,
            Err(error) => {
                let help = error.help.as_deref().map(|help| format!(" — {help}")).unwrap_or_default();
                output::print(&format!("{:<16} {}: {error}{help}\n", source.name, error.class.name()))?;
                failed.push(source.name.to_string());
            }
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(AppError::SourceFailed(format!("来源失败 · failed: {}", failed.join(", "))))
    }
}
