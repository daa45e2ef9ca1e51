//! `ledger rebuild --check`: does the stored ledger say what its raw records say?

use serde_json::json;

use crate::app::{AppError, Rebuilt, rebuild};
use crate::cli::output;
use crate::config::Config;
use crate::store::{Difference, Store};

pub async fn run(config: &Config, store: &Store, as_json: bool) -> Result<(), AppError> {
    let Rebuilt { replay, comparison } = rebuild(config, store).await?;
    if as_json {
        output::json(&json!({
            "versions": replay.versions, "documents": comparison.documents, "balances": comparison.balances,
            "not_replayed": replay.problems, "differences": comparison.count, "first": comparison.differences,
        }))?;
    } else {
        output::print(&format!(
            "重放 replayed {} 个版本 record versions → {} 份单据 documents, {} 个日余额 balances by account and day\n",
            replay.versions, comparison.documents, comparison.balances
        ))?;
    }
    let mut lines = replay.problems;
    lines.extend(comparison.differences.iter().map(line));
    let more = comparison.count - comparison.differences.len() as u64;
    if more > 0 {
        lines.push(format!("… 另有 {more} 处 · {more} more"));
    }
    if lines.is_empty() { Ok(()) } else { Err(AppError::Different(lines.join("\n"))) }
}

fn line(difference: &Difference) -> String {
    let Difference { what, which, field, stored, rebuilt } = difference;
    match (stored, rebuilt) {
        (Some(stored), None) if field.is_empty() => {
            format!("{what} {which}: 库里有，原始记录里没有 · stored ({stored}), but no raw record says so")
        }
        (None, Some(rebuilt)) if field.is_empty() => {
            format!("{what} {which}: 原始记录里有，库里没有 · follows from raw records ({rebuilt}), but is not stored")
        }
        (stored, rebuilt) => {
            let shown = |side: &Option<String>| side.clone().unwrap_or_else(|| "—".to_owned());
            let (stored, rebuilt) = (shown(stored), shown(rebuilt));
            format!("{what} {which}: {field} 存 stored {stored} ≠ 重放 rebuilt {rebuilt}")
        }
    }
}
