//! WeCom: tokens, messages to members with the real limits, the conversation archive, customers' contacts.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{WRONG_SECRET, World, lock};
use crate::domain::Hash;
use crate::sim::company::catalog;

/// Life of a token, as the real one says.
const TOKEN_SECONDS: i64 = 7200;
/// Longer texts are cut, not refused.
const TEXT_BYTES: usize = 2048;
/// What one app may send to one member; the excess vanishes without a word.
const PER_MINUTE: usize = 30;
const PER_HOUR: usize = 1000;
const DEFAULT_DUPLICATE_SECONDS: i64 = 1800;
const MAX_DUPLICATE_SECONDS: i64 = 14_400;
/// Recipients of one call.
const MAX_RECIPIENTS: usize = 1000;
const MAX_ARCHIVE_PAGE: usize = 1000;
const DEFAULT_CONTACT_PAGE: usize = 50;
const MAX_CONTACT_PAGE: usize = 100;

const BAD_SECRET: i64 = 40001;
const MISSING_CORP: i64 = 41002;
const MISSING_SECRET: i64 = 41004;
const TOKEN_MISSING: i64 = 41001;
const TOKEN_INVALID: i64 = 40014;
const TOKEN_EXPIRED: i64 = 42001;
const BAD_AGENT: i64 = 40056;
const BAD_PARAMETERS: i64 = 40035;
const TOO_MANY_RECIPIENTS: i64 = 40032;
const EMPTY_TEXT: i64 = 44004;
const NO_RECIPIENT: i64 = 82001;
const ALL_INVALID: i64 = 81013;
const COUNT_OVER_LIMIT: i64 = 40058;
const BAD_CURSOR: i64 = 50100;

/// Error code and text.
type Refused = (i64, &'static str);
/// Members that exist, and those that do not.
type Recipients = (Vec<String>, Vec<String>);

/// One message that arrived at one member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// Rises by one with every arrival.
    pub number: u64,
    pub to: String,
    pub at: Timestamp,
    pub text: String,
    pub msgid: String,
}

/// All that arrived, and how much did not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ChatLog {
    pub delivered: Vec<Delivered>,
    /// Messages beyond a member's limit: gone without a word.
    pub dropped: u64,
    /// Repeated requests inside their duplicate window.
    pub duplicates: u64,
}

/// What the chat system remembers.
#[derive(Debug, Default)]
pub struct Office {
    /// Token of each app (corp and secret), with its birth.
    tokens: HashMap<String, (String, Timestamp)>,
    issued: u64,
    calls: u64,
    seen: HashMap<Hash, (Timestamp, String)>,
    recent: HashMap<String, VecDeque<Timestamp>>,
    log: ChatLog,
}

impl Office {
    pub fn log(&self) -> &ChatLog {
        &self.log
    }

    /// Every token is invalid from now on.
    pub fn forget_tokens(&mut self) {
        for (_, born) in self.tokens.values_mut() {
            *born = Timestamp::MIN;
        }
    }

    /// A valid token is handed out again until it expires.
    fn token(&mut self, app: &str, now: Timestamp) -> (String, i64) {
        if let Some((token, born)) = self.tokens.get(app) {
            let left = TOKEN_SECONDS.saturating_sub(now.as_second().saturating_sub(born.as_second()));
            if left > 0 {
                return (token.clone(), left);
            }
        }
        self.issued += 1;
        let token = format!("SIMTOKEN-{:06}-{}", self.issued, Hash::of(app.as_bytes()));
        self.tokens.insert(app.to_owned(), (token.clone(), now));
        (token, TOKEN_SECONDS)
    }

    fn check(&self, token: Option<&str>, now: Timestamp) -> Result<(), Refused> {
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            return Err((TOKEN_MISSING, "access_token missing"));
        };
        let known = self.tokens.values().find(|(known, _)| known == token);
        match known {
            Some((_, born)) if now.as_second().saturating_sub(born.as_second()) < TOKEN_SECONDS => Ok(()),
            Some(_) => Err((TOKEN_EXPIRED, "access_token expired")),
            // A token that was replaced is long expired as well.
            None if token.starts_with("SIMTOKEN-") => Err((TOKEN_EXPIRED, "access_token expired")),
            None => Err((TOKEN_INVALID, "invalid access_token")),
        }
    }

    /// True when `user` may get one more message now; remembers it.
    fn within_limits(&mut self, user: &str, now: Timestamp) -> bool {
        let recent = self.recent.entry(user.to_owned()).or_default();
        let younger = |seconds: i64, at: &Timestamp| now.as_second() - at.as_second() < seconds;
        while recent.front().is_some_and(|at| !younger(3600, at)) {
            recent.pop_front();
        }
        let in_minute = recent.iter().rev().take_while(|at| younger(60, at)).count();
        if in_minute >= PER_MINUTE || recent.len() >= PER_HOUR {
            return false;
        }
        recent.push_back(now);
        true
    }
}

/// A business error: status 200, and the hint that must never be parsed.
pub fn refusal(errcode: i64, errmsg: &str) -> Response {
    json_response(&json!({"errcode": errcode, "errmsg": format!("{errmsg}, hint: [simulated], from ip: 127.0.0.1")}))
}

fn json_response(body: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json; charset=UTF-8")], body.to_string()).into_response()
}

#[derive(Debug, Deserialize)]
pub struct TokenQuery {
    #[serde(default)]
    corpid: String,
    #[serde(default)]
    corpsecret: String,
}

pub async fn get_token(State(world): State<Arc<World>>, Query(query): Query<TokenQuery>) -> Response {
    if query.corpid.is_empty() {
        return refusal(MISSING_CORP, "corpid missing");
    }
    if query.corpsecret.is_empty() {
        return refusal(MISSING_SECRET, "corpsecret missing");
    }
    if query.corpsecret.starts_with(WRONG_SECRET) {
        return refusal(BAD_SECRET, "invalid credential");
    }
    let app = format!("{}/{}", query.corpid, query.corpsecret);
    let (token, left) = lock(&world.office).token(&app, world.now());
    json_response(&json!({"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": left}))
}

#[derive(Debug, Deserialize)]
pub struct Access {
    access_token: Option<String>,
}

pub async fn send(State(world): State<Arc<World>>, Query(access): Query<Access>, body: Bytes) -> Response {
    let now = world.now();
    let mut office = lock(&world.office);
    if let Err((errcode, errmsg)) = office.check(access.access_token.as_deref(), now) {
        return refusal(errcode, errmsg);
    }
    let Ok(message) = serde_json::from_slice::<Value>(&body) else {
        return refusal(BAD_PARAMETERS, "Warning: wrong json format.");
    };
    match office.deliver(&message, &body, now) {
        Ok(reply) => json_response(&reply),
        Err((errcode, errmsg)) => refusal(errcode, errmsg),
    }
}

impl Office {
    fn deliver(&mut self, message: &Value, body: &[u8], now: Timestamp) -> Result<Value, Refused> {
        if !message["agentid"].is_i64() {
            return Err((BAD_AGENT, "invalid agentid"));
        }
        let text = content(message)?;
        let (users, invalid) = recipients(message)?;
        self.calls += 1;
        let msgid = format!("SIMMSG{:08}", self.calls);
        if let Some(first) = self.duplicate_of(message, body, now, &msgid) {
            self.log.duplicates += 1;
            return Ok(sent(&first, &invalid));
        }
        for user in users {
            if self.within_limits(&user, now) {
                let number = self.log.delivered.len() as u64 + 1;
                let (text, msgid) = (text.clone(), msgid.clone());
                self.log.delivered.push(Delivered { number, to: user, at: now, text, msgid });
            } else {
                self.log.dropped += 1;
            }
        }
        Ok(sent(&msgid, &invalid))
    }

    /// The same request, byte for byte, inside its own interval: the id of the first one.
    fn duplicate_of(&mut self, message: &Value, body: &[u8], now: Timestamp, msgid: &str) -> Option<String> {
        if message["enable_duplicate_check"].as_i64() != Some(1) {
            return None;
        }
        let asked = message["duplicate_check_interval"].as_i64().unwrap_or(DEFAULT_DUPLICATE_SECONDS);
        let interval = SignedDuration::from_secs(asked.clamp(1, MAX_DUPLICATE_SECONDS));
        let request = Hash::of(body);
        if let Some((at, first)) = self.seen.get(&request)
            && now.duration_since(*at) < interval
        {
            return Some(first.clone());
        }
        self.seen.insert(request, (now, msgid.to_owned()));
        None
    }
}

fn sent(msgid: &str, invalid: &[String]) -> Value {
    json!({
        "errcode": 0, "errmsg": "ok", "invaliduser": invalid.join("|"), "invalidparty": "", "invalidtag": "",
        "unlicenseduser": "", "msgid": msgid,
    })
}

/// What the member reads, cut to what the real client shows.
fn content(message: &Value) -> Result<String, Refused> {
    let kind = message["msgtype"].as_str().unwrap_or_default();
    let text = match kind {
        "text" | "markdown" => message[kind]["content"].as_str().unwrap_or_default().to_owned(),
        "textcard" => {
            let part = |name: &str| message[kind][name].as_str().unwrap_or_default().to_owned();
            format!("{}\n{}", part("title"), part("description"))
        }
        _ => return Err((BAD_PARAMETERS, "invalid msgtype")),
    };
    if text.trim().is_empty() {
        return Err((EMPTY_TEXT, "empty content"));
    }
    let mut end = text.len().min(TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Ok(text[..end].to_owned())
}

/// User ids are compared without case and answered in lower case.
fn recipients(message: &Value) -> Result<Recipients, Refused> {
    let asked = message["touser"].as_str().unwrap_or_default();
    let asked: Vec<String> = asked.split('|').filter(|user| !user.is_empty()).map(str::to_lowercase).collect();
    if asked.is_empty() {
        return Err((NO_RECIPIENT, "touser & toparty & totag all empty"));
    }
    if asked.len() > MAX_RECIPIENTS {
        return Err((TOO_MANY_RECIPIENTS, "invalid user list size"));
    }
    if asked == ["@all"] {
        return Ok((catalog::members().map(|member| member.user.to_owned()).collect(), Vec::new()));
    }
    let (known, unknown): (Vec<String>, Vec<String>) =
        asked.into_iter().partition(|user| catalog::members().any(|member| member.user == user));
    if known.is_empty() {
        return Err((ALL_INVALID, "user & party & tag all invalid"));
    }
    Ok((known, unknown))
}

#[derive(Debug, Deserialize)]
struct ArchiveRequest {
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    limit: usize,
}

/// The archive, decrypted: a real one hands out cipher texts that the vendor's library opens.
pub async fn chat_data(State(world): State<Arc<World>>, Query(access): Query<Access>, body: Bytes) -> Response {
    let now = world.now();
    if let Err((errcode, errmsg)) = lock(&world.office).check(access.access_token.as_deref(), now) {
        return refusal(errcode, errmsg);
    }
    let Ok(request) = serde_json::from_slice::<ArchiveRequest>(&body) else {
        return refusal(BAD_PARAMETERS, "Warning: wrong json format.");
    };
    let limit = if request.limit == 0 { MAX_ARCHIVE_PAGE } else { request.limit.min(MAX_ARCHIVE_PAGE) };
    let company = world.company();
    let chats = &company.timeline().chats;
    let first = chats.partition_point(|chat| chat.seq <= request.seq);
    let page = chats[first..].iter().take_while(|chat| chat.at <= now).take(limit);
    let chatdata: Vec<Value> = page
        .map(|chat| json!({"seq": chat.seq, "msgid": chat.msgid, "publickey_ver": 1, "decrypted": chat.payload}))
        .collect();
    json_response(&json!({"errcode": 0, "errmsg": "ok", "chatdata": chatdata}))
}

/// Members whose customers may be listed.
pub async fn followers(State(world): State<Arc<World>>, Query(access): Query<Access>) -> Response {
    if let Err((errcode, errmsg)) = lock(&world.office).check(access.access_token.as_deref(), world.now()) {
        return refusal(errcode, errmsg);
    }
    let users: Vec<&str> = catalog::SALESPEOPLE.iter().map(|person| person.user).collect();
    json_response(&json!({"errcode": 0, "errmsg": "ok", "follow_user": users}))
}

#[derive(Debug, Deserialize)]
struct ContactRequest {
    #[serde(default)]
    userid_list: Vec<String>,
    userid: Option<String>,
    #[serde(default)]
    cursor: String,
    #[serde(default)]
    limit: usize,
}

pub async fn contacts(State(world): State<Arc<World>>, Query(access): Query<Access>, body: Bytes) -> Response {
    let now = world.now();
    if let Err((errcode, errmsg)) = lock(&world.office).check(access.access_token.as_deref(), now) {
        return refusal(errcode, errmsg);
    }
    let Ok(mut request) = serde_json::from_slice::<ContactRequest>(&body) else {
        return refusal(BAD_PARAMETERS, "Warning: wrong json format.");
    };
    request.userid_list.extend(request.userid.take());
    if request.userid_list.is_empty() || request.userid_list.len() > MAX_CONTACT_PAGE {
        return refusal(COUNT_OVER_LIMIT, "userid_list size");
    }
    let start = match request.cursor.strip_prefix("sim-") {
        Some(number) => number.parse().ok(),
        None => request.cursor.is_empty().then_some(0_usize),
    };
    let Some(start) = start else { return refusal(BAD_CURSOR, "invalid cursor") };
    let limit = if request.limit == 0 { DEFAULT_CONTACT_PAGE } else { request.limit.min(MAX_CONTACT_PAGE) };
    let company = world.company();
    let known = company.timeline().contacts.iter().filter(|contact| {
        contact.visible_from <= now
            && request.userid_list.iter().any(|user| user.eq_ignore_ascii_case(&contact.follower))
    });
    let mut page: Vec<Value> = known.skip(start).take(limit + 1).map(contact_json).collect();
    let next = if page.len() > limit { format!("sim-{}", start + limit) } else { String::new() };
    page.truncate(limit);
    json_response(&json!({"errcode": 0, "errmsg": "ok", "external_contact_list": page, "next_cursor": next}))
}

fn contact_json(contact: &crate::sim::company::timeline::Contact) -> Value {
    json!({
        "external_contact": {
            "external_userid": contact.external_userid, "name": contact.name, "type": 1, "gender": 0,
            "corp_name": contact.corp_name,
        },
        "follow_info": {
            "userid": contact.follower, "remark": contact.remark, "description": "",
            "createtime": contact.visible_from.as_second(), "tag_id": [], "remark_corp_name": contact.corp_name,
            "remark_mobiles": [contact.mobile], "state": "", "oper_userid": contact.follower, "add_way": 1,
        },
    })
}
