//! WeCom (企业微信): archived conversations, customers' contacts, and messages to members.
//!
//! It knows no orders and no reminders: which customer a contact is, and what a text says, is found out later.
//!
//! Invariants: a refused secret is asked with once; a token is fetched once for all callers; a sent request is exactly
//! the bytes that the caller stored.

mod archive;
pub mod callback;
mod channel;
mod client;
mod config;
mod contact;
mod errcode;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;

use crate::sdk::{
    ChannelEntry, Connector, Coverage, Entry, ErrorClass, Page, PayloadShape, PullRequest, RecordBatchBuilder, Slice,
    SourceError, StreamInfo,
};
pub use archive::{ArchivedBody, ArchivedMessage, ChatArchive};
use client::Client;

pub const ENTRY: Entry = Entry {
    kind: "wecom",
    doc: "企业微信 WeCom: archived conversations and customers' contacts",
    example: include_str!("example.toml"),
    build: config::build,
};

pub const CHANNEL: ChannelEntry = ChannelEntry {
    kind: "wecom",
    doc: "企业微信 WeCom: messages of an app to members",
    example: include_str!("channel.example.toml"),
    build: config::build_channel,
};

const MESSAGES: &str = "message";
const CONTACTS: &str = "contact";

#[derive(Debug)]
struct WeCom {
    archive: Option<Arc<dyn ChatArchive>>,
    contacts: Option<Contacts>,
}

#[derive(Debug)]
struct Contacts {
    client: Client,
    members: Vec<String>,
}

#[async_trait]
impl Connector for WeCom {
    fn streams(&self) -> Vec<StreamInfo> {
        let info = |name: &str, doc: &str| StreamInfo {
            name: name.to_owned(),
            coverage: Coverage::After,
            personal: true,
            doc: doc.to_owned(),
        };
        let contacts =
            self.contacts.as_ref().map(|_| info(CONTACTS, "客户联系 customers' contacts, one record a follower"));
        let messages = self.archive.as_ref().map(|_| info(MESSAGES, "会话内容存档 archived conversations"));
        contacts.into_iter().chain(messages).collect()
    }

    async fn probe(&self) -> Result<(), SourceError> {
        if let Some(archive) = &self.archive {
            archive.probe().await?;
        }
        match &self.contacts {
            Some(contacts) => contacts.client.probe().await,
            None => Ok(()),
        }
    }

    async fn pull(&self, request: PullRequest<'_>) -> Result<Page, SourceError> {
        let Slice::After(token) = request.slice else {
            return Err(SourceError::config("wecom: only what comes after a token can be pulled"));
        };
        let now_micros = request.now.as_microsecond();
        match (request.stream, &self.archive, &self.contacts) {
            (MESSAGES, Some(archive), _) => {
                pull_messages(archive.as_ref(), request.resume.unwrap_or(token), now_micros).await
            }
            (CONTACTS, _, Some(contacts)) => {
                contact::pull(&contacts.client, &contacts.members, request.resume, now_micros).await
            }
            (other, _, _) => Err(SourceError::config(format!("wecom: stream `{other}` is not set up"))),
        }
    }
}

/// One page of the archive; the token is the last sequence number.
async fn pull_messages(archive: &dyn ChatArchive, token: &str, now_micros: i64) -> Result<Page, SourceError> {
    let start: u64 = match token {
        "" => 0,
        text => {
            text.parse().map_err(|_| SourceError::new(ErrorClass::Bug, format!("wecom archive: token `{text}`")))?
        }
    };
    let messages = archive.after(start, archive::MAX_MESSAGES).await?;
    let mut batch = RecordBatchBuilder::new(PayloadShape::Json, now_micros);
    let mut last = start;
    for message in &messages {
        if message.seq <= last {
            return Err(SourceError::data(format!("wecom archive: sequence {} after {last}", message.seq)));
        }
        last = message.seq;
        match &message.body {
            ArchivedBody::Opened(json) => batch.push(&message.msgid, None, &with_sequence(message.seq, json)),
            ArchivedBody::Sealed { entry, reason } => batch.push_problem(&message.msgid, entry, reason),
        }
    }
    let full = messages.len() >= archive::MAX_MESSAGES as usize;
    Ok(Page { batch: batch.finish(), resume: full.then(|| last.to_string()), token: Some(last.to_string()) })
}

/// The message with its sequence number as first member: recalls refer to what came before.
fn with_sequence(seq: u64, json: &[u8]) -> Vec<u8> {
    let members = json.strip_prefix(b"{").unwrap_or(json).trim_ascii_start();
    let comma = if members.starts_with(b"}") { "" } else { "," };
    let mut payload = format!("{{\"seq\":{seq}{comma}").into_bytes();
    payload.extend_from_slice(members);
    payload
}
