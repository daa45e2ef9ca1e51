//! Messages to members as texts of an app.
//!
//! The bytes of a request are a pure function of the message: WeCom drops an identical request within four hours, and
//! that is what makes an attempt of unknown outcome safe to repeat. So nothing is tried again here: the caller does,
//! with the bytes that it stored.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::client::{Answer, Client};
use super::errcode;
use crate::sdk::{Channel, Delivered, OutgoingMessage, SourceError, from_json};

/// The longest window that WeCom offers.
const DUPLICATE_WINDOW_S: u32 = 14_400;
/// The server silently drops what goes beyond 30 a minute; a little less, because its minutes are not ours.
const PER_RECIPIENT_PER_MINUTE: u32 = 25;
/// Longer texts are cut by the server, perhaps inside a character.
const MAX_TEXT_BYTES: usize = 2_048;
const ELLIPSIS: &str = "…";
const EVERYBODY: &str = "@all";

#[derive(Debug)]
pub(super) struct AppChannel {
    pub(super) client: Client,
    pub(super) agent_id: i64,
}

/// Field order is part of the bytes.
#[derive(Serialize)]
struct Request<'a> {
    touser: &'a str,
    msgtype: &'static str,
    agentid: i64,
    text: Text<'a>,
    safe: u8,
    enable_duplicate_check: u8,
    duplicate_check_interval: u32,
}

#[derive(Serialize)]
struct Text<'a> {
    content: &'a str,
}

#[derive(Deserialize)]
struct Addressed {
    touser: String,
}

/// The lists are texts joined by bars.
#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    invaliduser: Option<String>,
    #[serde(default)]
    unlicenseduser: Option<String>,
    #[serde(default)]
    msgid: Option<String>,
}

#[async_trait]
impl Channel for AppChannel {
    fn name(&self) -> &str {
        "wecom"
    }

    fn encode(&self, message: &OutgoingMessage) -> Bytes {
        let content = shorten(&printable(&message.text));
        let request = Request {
            touser: &message.recipient,
            msgtype: "text",
            agentid: self.agent_id,
            text: Text { content: &content },
            safe: 0,
            enable_duplicate_check: 1,
            duplicate_check_interval: DUPLICATE_WINDOW_S,
        };
        // Texts and numbers always serialize; no bytes would be refused by `send`.
        serde_json::to_vec(&request).unwrap_or_default().into()
    }

    fn duplicate_window(&self) -> Option<Duration> {
        Some(Duration::from_secs(u64::from(DUPLICATE_WINDOW_S)))
    }

    fn per_recipient_per_minute(&self) -> u32 {
        PER_RECIPIENT_PER_MINUTE
    }

    async fn send(&self, body: &Bytes) -> Result<Delivered, SourceError> {
        let what = "wecom message/send";
        let addressed: Addressed = from_json(what, body)?;
        let to = addressed.touser.trim();
        if to.is_empty() || to.eq_ignore_ascii_case(EVERYBODY) || to.contains('|') {
            return Err(SourceError::config(format!("{what}: `{to}` is not one member"))
                .help("a reminder goes to one person; check the people table"));
        }
        let answer = self.client.post(what, "/cgi-bin/message/send", body).await?;
        delivered(what, &answer)
    }
}

fn delivered(what: &str, answer: &Answer) -> Result<Delivered, SourceError> {
    if errcode::is_refused_recipient(answer.code) {
        let refused = Some(format!("{} (errcode {})", answer.message, answer.code));
        return Ok(Delivered { message_id: None, refused });
    }
    if answer.code != 0 {
        return Err(errcode::error(what, answer.code, &answer.message));
    }
    let reply: Reply = from_json(what, &answer.body)?;
    let named = |list: Option<String>, reason: &str| {
        list.filter(|users| !users.is_empty()).map(|users| format!("{reason}: {users}"))
    };
    let refused = named(reply.invaliduser, "not a member in the app's range")
        .or_else(|| named(reply.unlicenseduser, "no licence for the member"));
    Ok(Delivered { message_id: reply.msgid.filter(|id| !id.is_empty()), refused })
}

/// Control characters would be written as `\u00xx`, which WeCom refuses; line ends and tabs have short forms.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { ' ' } else { c }).collect()
}

/// Cuts at a character so that the text with its ellipsis fits.
fn shorten(text: &str) -> String {
    if text.len() <= MAX_TEXT_BYTES {
        return text.to_owned();
    }
    let mut end = MAX_TEXT_BYTES - ELLIPSIS.len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ELLIPSIS}", &text[..end])
}
