//! `bihuan quarantine`: what was kept out, with field, value and reason; and one record with its bytes.

use serde_json::json;

use super::args::{Global, QuarantineCommand};
use super::open;
use super::output::{self, Table};
use crate::app::AppError;
use crate::domain::Id;
use crate::store::{QuarantineEntry, RawPayload};

pub async fn run(global: &Global, command: QuarantineCommand) -> Result<(), AppError> {
    let (_, _, store) = open(global).await?;
    match command {
        QuarantineCommand::List { source, limit } => {
            let entries = store.quarantine_list(source.as_deref(), limit as usize).await?;
            list(&entries, global.json)
        }
        QuarantineCommand::Show { id } => {
            let found = match Id::parse_hex(&id) {
                Some(id) => store.quarantine_show(id).await?,
                None => None,
            };
            let (entry, payload) = found.ok_or_else(|| {
                AppError::Refused(format!(
                    "隔离区没有 `{id}` · not in quarantine; `bihuan quarantine list` shows the ids"
                ))
            })?;
            show(&entry, &payload, global.json)
        }
    }
}

fn as_json(entry: &QuarantineEntry) -> serde_json::Value {
    let problem = &entry.problem;
    json!({
        "id": entry.record.to_string(), "source": entry.source, "stream": entry.stream, "key": entry.record_key,
        "field": problem.field, "value": problem.value, "reason": problem.reason, "mapping": problem.at,
        "state": entry.state, "since": entry.since.to_string(),
    })
}

fn list(entries: &[QuarantineEntry], as_object: bool) -> Result<(), AppError> {
    if as_object {
        return output::json(&json!({ "quarantine": entries.iter().map(as_json).collect::<Vec<_>>() }));
    }
    let mut table = Table::new(&["编号 id", "来源 source", "记录 record", "字段 field", "值 value", "原因 reason"]);
    for entry in entries {
        let source = format!("{}/{}", entry.source, entry.stream);
        let problem = &entry.problem;
        let cells = [&*source, &entry.record_key, &problem.field, &problem.value, &problem.reason];
        table.row(std::iter::once(entry.record.to_string()).chain(cells.map(one_line)).collect());
    }
    output::print(&table.render(6))
}

fn show(entry: &QuarantineEntry, payload: &RawPayload, as_object: bool) -> Result<(), AppError> {
    let text = match payload {
        RawPayload::Bytes(bytes) => String::from_utf8_lossy(bytes).replace('\u{1f}', " | "),
        RawPayload::Erased => "（已抹除 · erased）".to_owned(),
    };
    if as_object {
        let mut object = as_json(entry);
        object["payload"] = text.into();
        return output::json(&object);
    }
    let problem = &entry.problem;
    let at = problem.at.as_deref().unwrap_or("-");
    output::print(&format!(
        "{}/{}  {}\n字段 field    {}\n值 value      {}\n原因 reason   {}\n映射 mapping  {at}\n自 since      {}\n\n{text}\n",
        entry.source, entry.stream, entry.record_key, problem.field, problem.value, problem.reason, entry.since
    ))
}

/// Cells longer than this push the reason off the screen.
const CELL_CHARS: usize = 48;

fn one_line(text: &str) -> String {
    let flat: String = text
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .take(CELL_CHARS + 1)
        .collect();
    if flat.chars().count() > CELL_CHARS { flat.chars().take(CELL_CHARS).chain(['…']).collect() } else { flat }
}
