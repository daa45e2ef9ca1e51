//! `bihuan reminders`: what was decided and delivered, and what would be decided now.

use serde_json::json;

use super::args::{Global, RemindersCommand};
use super::output::{self, Table};
use super::{clock_of, load_config, open};
use crate::app::{App, AppError};

pub async fn run(global: &Global, command: RemindersCommand) -> Result<(), AppError> {
    match command {
        RemindersCommand::List { limit } => list(global, limit as usize).await,
        RemindersCommand::Preview => preview(global).await,
    }
}

async fn list(global: &Global, limit: usize) -> Result<(), AppError> {
    let (_, _, store) = open(global).await?;
    let listed = store.list_reminders(None, limit).await?;
    if global.json {
        return output::json(&json!({ "reminders": listed }));
    }
    let mut table = Table::new(&[
        "账簿 book",
        "规则 rule",
        "单据 document",
        "级别 level",
        "收件人 recipient",
        "状态 state",
        "送达 delivery",
    ]);
    for reminder in &listed {
        table.row(vec![
            reminder.book.clone(),
            reminder.rule.clone(),
            reminder.number.clone(),
            reminder.level.clone(),
            reminder.recipient.clone().unwrap_or_else(|| "-".to_owned()),
            reminder.state.name().to_owned(),
            reminder.delivery.map_or("-", |state| state.name()).to_owned(),
        ]);
    }
    output::print(&table.render(7))
}

/// Decides about everything without committing or sending anything.
async fn preview(global: &Global) -> Result<(), AppError> {
    let config = load_config(global)?;
    let clock = clock_of(&config);
    let app = App::open(config, clock).await?;
    let Some(reminding) = &app.reminding else {
        return Err(AppError::Refused("没有配置通道 · no channel is configured".to_owned()));
    };
    let subjects = app.store.subjects().await?;
    let decided = reminding.decider().decide(&subjects, app.clock.now()).await?;
    let mut table =
        Table::new(&["账簿 book", "规则 rule", "单据 document", "级别 level", "收件人 recipient", "暂缓 hold"]);
    let mut rows = Vec::new();
    for decision in &decided.subjects {
        for wanted in &decision.wanted {
            let recipient = wanted.recipient.as_ref().map_or("-", |recipient| &*recipient.chat);
            let hold = wanted.hold.as_ref().map_or(String::new(), |hold| hold.reason());
            rows.push(json!({
                "book": wanted.subject.book, "rule": wanted.rule.name(), "document": wanted.content.number, "level": wanted.level,
                "recipient": recipient, "hold": hold,
            }));
            let cells =
                [&*wanted.subject.book, wanted.rule.name(), &wanted.content.number, &wanted.level, recipient, &hold];
            table.row(cells.map(str::to_owned).to_vec());
        }
    }
    if global.json { output::json(&json!({ "reminders": rows })) } else { output::print(&table.render(6)) }
}
