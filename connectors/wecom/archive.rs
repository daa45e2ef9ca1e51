//! The conversation archive (会话内容存档) behind a trait, because its real messages can only be opened by the vendor's
//! native library.
//!
//! [`HttpArchive`] asks the address that the library itself uses and takes messages that arrive opened, as our simulator
//! hands them out. Against the real server the entries arrive sealed; they are passed on as problems, never dropped.
//! An archive that runs the vendor's library in a process of its own (it aborts on bad input) is not here yet; it is
//! another implementation of the trait.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::client::Client;
use crate::sdk::{SourceError, from_json};

/// The most that one call may ask for.
pub(super) const MAX_MESSAGES: u32 = 1_000;

/// An archived message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedMessage {
    pub seq: u64,
    pub msgid: String,
    pub body: ArchivedBody,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchivedBody {
    /// The message's JSON.
    Opened(Vec<u8>),
    /// It could not be opened: the entry as it came, and why.
    Sealed { entry: Vec<u8>, reason: String },
}

/// Where archived messages come from.
#[async_trait]
pub trait ChatArchive: Send + Sync + fmt::Debug {
    /// Messages after `seq`, in order, at most `limit`.
    async fn after(&self, seq: u64, limit: u32) -> Result<Vec<ArchivedMessage>, SourceError>;

    /// Cheap: are we allowed?
    async fn probe(&self) -> Result<(), SourceError>;
}

/// The archive over HTTP.
#[derive(Debug)]
pub(super) struct HttpArchive {
    pub(super) client: Arc<Client>,
}

#[derive(Serialize)]
struct Request {
    seq: u64,
    limit: u32,
}

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow, default)]
    chatdata: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    seq: u64,
    msgid: String,
    #[serde(borrow)]
    decrypted: Option<&'a RawValue>,
}

#[async_trait]
impl ChatArchive for HttpArchive {
    async fn after(&self, seq: u64, limit: u32) -> Result<Vec<ArchivedMessage>, SourceError> {
        let what = "wecom archive";
        let answer = self.client.read(what, "/cgi-bin/message/getchatdata", &Request { seq, limit }).await?;
        let reply: Reply<'_> = from_json(what, &answer.body)?;
        reply.chatdata.iter().map(|raw| message(what, raw)).collect()
    }

    async fn probe(&self) -> Result<(), SourceError> {
        self.client.probe().await
    }
}

fn message(what: &str, raw: &RawValue) -> Result<ArchivedMessage, SourceError> {
    let entry: Entry<'_> = from_json(what, raw.get().as_bytes())?;
    let body = match entry.decrypted {
        Some(json) if json.get().starts_with('{') => ArchivedBody::Opened(json.get().as_bytes().to_vec()),
        _ => ArchivedBody::Sealed {
            entry: raw.get().as_bytes().to_vec(),
            reason: "the message is sealed: opening it needs the vendor's library".to_owned(),
        },
    };
    Ok(ArchivedMessage { seq: entry.seq, msgid: entry.msgid, body })
}
