//! The simulator's own controls, and the page that shows every salesperson's chat as it arrives.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Faults, World, lock};
use crate::sim::calendar;
use crate::sim::company::catalog;

const PAGE: &str = include_str!("page.html");

/// No other site's content can get into the page or out of it.
const CONTENT_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'";

pub async fn page() -> Response {
    ([(header::CONTENT_SECURITY_POLICY, CONTENT_POLICY)], Html(PAGE)).into_response()
}

#[derive(Debug, Deserialize)]
pub struct ClockBody {
    now: Timestamp,
    bank_files: Option<BankFiles>,
}

/// Folders into which the bank's files are to be dropped, for a demo that runs in another process.
#[derive(Debug, Deserialize)]
pub struct BankFiles {
    sz: PathBuf,
    hk: PathBuf,
    /// Drop those that were there before anew.
    again: bool,
}

fn clock_json(world: &World) -> Json<Value> {
    let now = world.now();
    let local = calendar::stamp_text(now).replace('T', " ");
    Json(
        json!({"now": now.to_string(), "local": local.get(..16), "last_day": world.company().last_day().to_string(), "end": world.company().end().to_string()}),
    )
}

pub async fn clock(State(world): State<Arc<World>>) -> Json<Value> {
    clock_json(&world)
}

pub async fn set_clock(
    State(world): State<Arc<World>>,
    Json(body): Json<ClockBody>,
) -> Result<Json<Value>, StatusCode> {
    world.advance_to(body.now);
    if let Some(files) = body.bank_files {
        let written = world.write_bank_files(&files.sz, &files.hk, body.now, files.again);
        written.map_err(|error| {
            tracing::error!(%error, "The bank files could not be written.");
            StatusCode::INTERNAL_SERVER_ERROR
        })?;
    }
    Ok(clock_json(&world))
}

pub async fn faults(State(world): State<Arc<World>>) -> Json<Value> {
    let schedule = lock(&world.faults);
    Json(json!({"faults": schedule.faults(), "injected": schedule.injected()}))
}

pub async fn set_faults(State(world): State<Arc<World>>, Json(body): Json<Faults>) -> StatusCode {
    world.set_faults(body);
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
pub struct After {
    /// Only messages with a greater number.
    #[serde(default)]
    after: u64,
}

pub async fn chats(State(world): State<Arc<World>>, Query(query): Query<After>) -> Json<Value> {
    let people: Vec<Value> = catalog::members()
        .map(|person| json!({"user": person.user, "name": person.name, "code": person.code}))
        .collect();
    let office = lock(&world.office);
    let log = office.log();
    let chats: Vec<Value> = log
        .delivered
        .iter()
        .skip_while(|chat| chat.number <= query.after)
        .map(|chat| {
            let local = calendar::stamp_text(chat.at).replace('T', " ");
            json!({"number": chat.number, "to": chat.to, "text": chat.text, "at": chat.at.to_string(),
                "local": local.get(..16), "msgid": chat.msgid})
        })
        .collect();
    let local = calendar::stamp_text(world.now()).replace('T', " ");
    Json(json!({
        "now": local.get(..16), "people": people, "chats": chats, "delivered": log.delivered.len(),
        "dropped": log.dropped, "duplicates": log.duplicates,
    }))
}
