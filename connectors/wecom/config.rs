//! Settings of WeCom as a source and as a channel; the samples are `example.toml` and `channel.example.toml`.

use std::sync::Arc;

use serde::Deserialize;
use tokio::sync::Mutex;
use toml::Spanned;

use super::archive::HttpArchive;
use super::channel::AppChannel;
use super::client::{Client, TokenState};
use super::{Contacts, WeCom};
use crate::sdk::{
    Channel, Connector, Context, Http, HttpOptions, RateLimit, RetryPolicy, Secret, SecretText, SettingsError,
    SettingsTable, Sleeper, TokioSleeper, base_url, bounded, one_line, read_settings,
};

/// The archive allows 600 calls a minute for a corporation; other reads far more.
const REQUESTS_PER_SECOND: u32 = 8;
const MAX_REQUESTS_PER_SECOND: u32 = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceSettings {
    #[serde(default = "official")]
    url: Spanned<String>,
    corp_id: Spanned<String>,
    #[serde(default = "requests_per_second")]
    requests_per_second: Spanned<u32>,
    /// 会话内容存档; yields stream `message`.
    archive: Option<ArchiveSettings>,
    /// 客户联系; yields stream `contact`.
    contact: Option<ContactSettings>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ArchiveSettings {
    secret: SecretText,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContactSettings {
    secret: SecretText,
    /// Members whose customers are read; empty: all that have any.
    #[serde(default)]
    members: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChannelSettings {
    #[serde(default = "official")]
    url: Spanned<String>,
    corp_id: Spanned<String>,
    agent_id: Spanned<i64>,
    secret: SecretText,
    #[serde(default = "requests_per_second")]
    requests_per_second: Spanned<u32>,
}

fn official() -> Spanned<String> {
    Spanned::new(0..0, "https://qyapi.weixin.qq.com".to_owned())
}

fn requests_per_second() -> Spanned<u32> {
    Spanned::new(0..0, REQUESTS_PER_SECOND)
}

pub(super) fn build(table: SettingsTable<'_>, context: &Context) -> Result<Arc<dyn Connector>, SettingsError> {
    Ok(Arc::new(source(read_settings(table)?, context, Arc::new(TokioSleeper))?))
}

pub(super) fn build_channel(table: SettingsTable<'_>, context: &Context) -> Result<Arc<dyn Channel>, SettingsError> {
    Ok(Arc::new(channel(read_settings(table)?, context, Arc::new(TokioSleeper))?))
}

pub(super) fn source(
    settings: SourceSettings,
    context: &Context,
    sleeper: Arc<dyn Sleeper>,
) -> Result<WeCom, SettingsError> {
    let office = Office::new(&settings.url, &settings.corp_id, &settings.requests_per_second, sleeper)?;
    if settings.archive.is_none() && settings.contact.is_none() {
        return Err(SettingsError::at(&settings.corp_id, "neither `archive` nor `contact` is set: there is no stream")
            .help("add [….archive] or [….contact] with its secret"));
    }
    let archive = match settings.archive {
        None => None,
        Some(archive) => {
            Some(Arc::new(HttpArchive { client: Arc::new(office.client(archive.secret.resolve(context)?)) }) as _)
        }
    };
    let contacts = match settings.contact {
        None => None,
        Some(contact) => {
            Some(Contacts { client: office.client(contact.secret.resolve(context)?), members: contact.members })
        }
    };
    Ok(WeCom { archive, contacts })
}

pub(super) fn channel(
    settings: ChannelSettings,
    context: &Context,
    sleeper: Arc<dyn Sleeper>,
) -> Result<AppChannel, SettingsError> {
    let office = Office::new(&settings.url, &settings.corp_id, &settings.requests_per_second, sleeper)?;
    let client = office.client(settings.secret.resolve(context)?);
    Ok(AppChannel { client, agent_id: bounded("agent_id", &settings.agent_id, 1..=i64::from(i32::MAX))? })
}

/// What all apps of a corporation share.
struct Office {
    http: Http,
    base: String,
    corp_id: String,
    pace: RateLimit,
    sleeper: Arc<dyn Sleeper>,
}

impl Office {
    fn new(
        url: &Spanned<String>,
        corp_id: &Spanned<String>,
        pace: &Spanned<u32>,
        sleeper: Arc<dyn Sleeper>,
    ) -> Result<Self, SettingsError> {
        let pace = bounded("requests_per_second", pace, 0..=MAX_REQUESTS_PER_SECOND)?;
        Ok(Self {
            http: Http::new(&HttpOptions::default())?,
            base: base_url("url", url)?,
            corp_id: one_line("corp_id", corp_id)?,
            pace: RateLimit::from_setting(pace),
            sleeper,
        })
    }

    fn client(&self, secret: Secret) -> Client {
        Client {
            http: self.http.clone(),
            base: self.base.clone(),
            corp_id: self.corp_id.clone(),
            secret,
            pace: self.pace.clone(),
            policy: RetryPolicy::default(),
            sleeper: Arc::clone(&self.sleeper),
            token: Mutex::new(TokenState::None),
        }
    }
}
