//! Kingdee K/3 Cloud: login by session, and ExecuteBillQuery with its habits (status 200 always, errors inside rows).

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{WRONG_SECRET, World, lock};
use crate::sim::calendar;
use crate::sim::company::Book;
use crate::sim::company::forms::{Cell, FormId, MODIFIED, Place};
use crate::sim::company::timeline::Version;

const LOGIN: &str = "AuthService.ValidateUser.common.kdsvc";
const QUERY: &str = "DynamicFormService.ExecuteBillQuery.common.kdsvc";
const SESSION: &str = "kdservice-sessionid";
/// An idle session is forgotten after 20 minutes.
const IDLE: SignedDuration = SignedDuration::from_mins(20);
/// Never more rows than this, whatever is asked.
const MAX_ROWS: usize = 2000;
/// So many wrong passwords lock the account set for the user.
const WRONG_BEFORE_LOCK: u32 = 5;

const MSG_SESSION_LOST: i64 = 1;
const MSG_BAD_PARAMETERS: i64 = 8;
const MSG_FIELD_MISSING: i64 = 9;

/// Who is logged in.
#[derive(Debug, Default)]
pub struct Sessions {
    live: HashMap<String, (Book, Timestamp)>,
    opened: u64,
    wrong_in_a_row: u32,
}

impl Sessions {
    pub fn forget_all(&mut self) {
        self.live.clear();
    }

    fn open(&mut self, book: Book, now: Timestamp) -> String {
        self.opened += 1;
        self.wrong_in_a_row = 0;
        let id = format!("sim-{}-{:06}", book.code(), self.opened);
        self.live.insert(id.clone(), (book, now));
        id
    }

    fn touch(&mut self, id: &str, now: Timestamp) -> Option<Book> {
        let (book, used) = *self.live.get(id)?;
        if now.duration_since(used) > IDLE {
            self.live.remove(id);
            return None;
        }
        self.live.insert(id.to_owned(), (book, now));
        Some(book)
    }
}

pub async fn call(
    State(world): State<Arc<World>>,
    Path(service): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let Ok(body) = serde_json::from_str::<Value>(&body) else {
        return refusal(MSG_BAD_PARAMETERS, "当前查询串无法解析");
    };
    if service.ends_with(LOGIN) {
        log_in(&world, &body)
    } else if service.ends_with(QUERY) {
        let session = session_id(&headers).unwrap_or_default();
        match lock(&world.sessions).touch(&session, world.now()) {
            Some(book) => query(&world, book, &body),
            None => refusal(MSG_SESSION_LOST, "会话信息已丢失，请重新登录"),
        }
    } else {
        (StatusCode::NOT_FOUND, "").into_response()
    }
}

/// An error as ExecuteBillQuery answers it: the only cell of the only row.
pub fn refusal(msg_code: i64, message: &str) -> Response {
    let error = json!([[{"Result": {"ResponseStatus": {
        "ErrorCode": 500, "IsSuccess": false, "MsgCode": msg_code,
        "Errors": [{"FieldName": null, "Message": message, "DIndex": 0}],
        "SuccessEntitys": [], "SuccessMessages": []
    }}}]]);
    json_response(error.to_string())
}

fn json_response(body: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response()
}

/// `parameters` is a JSON array, mostly as text: account set, user, password, language.
fn log_in(world: &World, body: &Value) -> Response {
    let parameters = match &body["parameters"] {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        other => other.clone(),
    };
    let text = |index: usize| parameters[index].as_str().unwrap_or_default();
    let mut sessions = lock(&world.sessions);
    let locked = sessions.wrong_in_a_row >= WRONG_BEFORE_LOCK;
    let right = !text(1).is_empty() && !text(2).is_empty() && !text(2).starts_with(WRONG_SECRET);
    match Book::parse(text(0)) {
        Some(book) if right && !locked => {
            let id = sessions.open(book, world.now());
            let reply = json!({
                "LoginResultType": 1, "Message": null, "MessageCode": "", "KDSVCSessionId": id,
                "Context": {"SessionId": id, "UserName": text(1)}, "IsSuccessByAPI": true, "Lcid": 2052,
            });
            let mut response = json_response(reply.to_string());
            for name in [SESSION, "ASP.NET_SessionId"] {
                if let Ok(cookie) = format!("{name}={id}; path=/; HttpOnly").parse() {
                    response.headers_mut().append(header::SET_COOKIE, cookie);
                }
            }
            response
        }
        _ => {
            sessions.wrong_in_a_row += 1;
            let message = if locked { "用户已被锁定" } else { "用户名或密码错误" };
            json_response(json!({"LoginResultType": 0, "Message": message, "IsSuccessByAPI": false}).to_string())
        }
    }
}

/// From the cookie, or from the header that the vendor's own client repeats it in.
fn session_id(headers: &HeaderMap) -> Option<String> {
    if let Some(id) = headers.get(SESSION).and_then(|value| value.to_str().ok()) {
        return Some(id.to_owned());
    }
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|line| line.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == SESSION).then(|| value.to_owned())
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Query {
    form_id: String,
    field_keys: String,
    #[serde(default)]
    filter_string: String,
    #[serde(default)]
    order_string: String,
    #[serde(default)]
    start_row: usize,
    #[serde(default)]
    limit: usize,
}

fn query(world: &World, book: Book, body: &Value) -> Response {
    let data = match &body["data"] {
        Value::String(text) => serde_json::from_str(text),
        other => serde_json::from_value(other.clone()),
    };
    let Ok(query) = data.and_then(serde_json::from_value::<Query>) else {
        return refusal(MSG_BAD_PARAMETERS, "参数格式不正确");
    };
    let Some(form) = FormId::parse(&query.form_id) else {
        let message = format!("标识为\"{}\"的业务对象不存在", query.form_id);
        return refusal(MSG_FIELD_MISSING, &message);
    };
    let mut places = Vec::new();
    for key in query.field_keys.split(',').map(str::trim) {
        match form.form().place(key) {
            Some(place) => places.push(place),
            None => return refusal(MSG_FIELD_MISSING, &format!("元数据中标识为{key}的字段不存在")),
        }
    }
    let Some((from, to)) = window(&query.filter_string) else {
        return refusal(MSG_BAD_PARAMETERS, "当前查询串无法解析");
    };
    let company = world.company();
    let mut versions: Vec<&Version> = company.timeline().form(book, form).visible(from, to, world.now()).collect();
    // The log is in the order of change stamps already; the only other order that makes sense is by id.
    if query.order_string.trim_start().to_ascii_uppercase().starts_with(form.form().header[0]) {
        versions.sort_by_key(|version| version.fid);
    }
    let limit = if query.limit == 0 { MAX_ROWS } else { query.limit.min(MAX_ROWS) };
    json_response(rows(&versions, &places, query.start_row, limit))
}

/// One row per entry line when any entry key is asked, header values repeated.
fn rows(versions: &[&Version], places: &[Place], start: usize, limit: usize) -> String {
    let by_line = places.iter().any(|place| matches!(place, Place::Line(_)));
    let mut out = String::from("[");
    let mut row = 0;
    for version in versions {
        let count = if by_line { version.doc.lines.len() } else { 1 };
        for line in 0..count {
            if row >= start && row < start + limit {
                out.push_str(if row == start { "[" } else { ",[" });
                write_row(&mut out, version, places, line);
                out.push(']');
            }
            row += 1;
        }
        if row >= start + limit {
            break;
        }
    }
    out.push(']');
    out
}

fn write_row(out: &mut String, version: &Version, places: &[Place], line: usize) {
    for (position, place) in places.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        let cell = match *place {
            Place::Header(index) => &version.doc.header[index],
            Place::Line(index) => version.doc.lines.get(line).map_or(&Cell::Null, |cells| &cells[index]),
        };
        cell.write_json(out);
    }
}

/// `FModifyDate>='…' and FModifyDate<'…'`, either part optional; anything else cannot be parsed here.
fn window(filter: &str) -> Option<(Timestamp, Timestamp)> {
    let (mut from, mut to) = (Timestamp::MIN, Timestamp::MAX);
    for part in split_and(filter) {
        let part = part.trim().trim_start_matches('(').trim_end_matches(')').trim();
        if part.is_empty() {
            continue;
        }
        let rest = strip_prefix_ignoring_case(part, MODIFIED)?.trim_start();
        let just_after = |instant: Timestamp| instant.saturating_add(SignedDuration::from_millis(1)).ok();
        if let Some(value) = rest.strip_prefix(">=") {
            from = from.max(bare_time(value)?);
        } else if let Some(value) = rest.strip_prefix("<=") {
            to = to.min(just_after(bare_time(value)?)?);
        } else if let Some(value) = rest.strip_prefix('>') {
            from = from.max(just_after(bare_time(value)?)?);
        } else {
            to = to.min(bare_time(rest.strip_prefix('<')?)?);
        }
    }
    Some((from, to))
}

fn split_and(filter: &str) -> impl Iterator<Item = &str> {
    filter.split(" and ").flat_map(|part| part.split(" AND "))
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// `'2026-01-05 08:00:00'`, with or without milliseconds, with a blank or a T; local time.
fn bare_time(quoted: &str) -> Option<Timestamp> {
    let text = quoted.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    let time: DateTime = text.trim().replacen(' ', "T", 1).parse().ok()?;
    let midnight = calendar::instant(time.date(), 0);
    let since = time.duration_since(time.date().to_datetime(jiff::civil::Time::midnight()));
    midnight.saturating_add(since).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_read_from_the_filter() {
        let (from, to) =
            window("FModifyDate>='2026-01-05 08:00:00' and FModifyDate<'2026-01-05T09:00:00.250'").unwrap();
        assert_eq!(
            (from.to_string(), to.to_string()),
            ("2026-01-05T00:00:00Z".to_owned(), "2026-01-05T01:00:00.25Z".to_owned())
        );
        assert_eq!(window(""), Some((Timestamp::MIN, Timestamp::MAX)));
        for bad in ["FDocumentStatus='C'", "FModifyDate>=2026-01-05", "FModifyDate>='soon'", "FModifyDate"] {
            assert_eq!(window(bad), None, "{bad}");
        }
    }
}
