//! Settings of a Kingdee source; the sample with every key is `example.toml`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use tokio::sync::Mutex;
use toml::Spanned;

use super::Kingdee;
use super::client::{Client, Login, SessionState};
use super::sign::Signer;
use super::streams::{StreamSettings, streams};
use crate::sdk::{
    Connector, Context, Http, HttpOptions, RateLimit, RetryPolicy, SecretText, SettingsError, SettingsTable, Sleeper,
    TokioSleeper, base_url, bounded, one_line, read_settings, time_zone,
};

/// Older servers cut at 2,000 whatever is asked for.
const PAGE_ROWS: u32 = 2_000;
/// What the newest documentation allows.
const MAX_PAGE_ROWS: u32 = 10_000;
const CHINESE: u32 = 2052;
/// Gentle to a server that people work on at the same time.
const REQUESTS_PER_SECOND: u32 = 10;
const MAX_REQUESTS_PER_SECOND: u32 = 1_000;
const SITE_PATH: &str = "/k3cloud";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    url: Spanned<String>,
    /// Id of the account set (acctId).
    account: Spanned<String>,
    user: Spanned<String>,
    /// Session login.
    password: Option<SecretText>,
    /// Signed calls instead of a session: third-party system login.
    app_id: Option<Spanned<String>>,
    app_secret: Option<SecretText>,
    #[serde(default)]
    organization: String,
    #[serde(default = "chinese")]
    language: u32,
    #[serde(default = "page_rows")]
    page_rows: Spanned<u32>,
    #[serde(default = "requests_per_second")]
    requests_per_second: Spanned<u32>,
    /// Changes to built-in streams, and more streams, by name.
    #[serde(default)]
    streams: BTreeMap<String, Spanned<StreamSettings>>,
}

fn chinese() -> u32 {
    CHINESE
}

fn page_rows() -> Spanned<u32> {
    Spanned::new(0..0, PAGE_ROWS)
}

fn requests_per_second() -> Spanned<u32> {
    Spanned::new(0..0, REQUESTS_PER_SECOND)
}

pub(super) fn build(table: SettingsTable<'_>, context: &Context) -> Result<Arc<dyn Connector>, SettingsError> {
    Ok(Arc::new(Kingdee::new(read_settings(table)?, context, Arc::new(TokioSleeper))?))
}

impl Kingdee {
    pub(super) fn new(settings: Settings, context: &Context, sleeper: Arc<dyn Sleeper>) -> Result<Self, SettingsError> {
        let mut base = base_url("url", &settings.url)?;
        // Without the site's path the server answers an empty 403, which looks like a wrong password.
        if base.matches('/').count() == 2 {
            base.push_str(SITE_PATH);
        }
        let page_rows = bounded("page_rows", &settings.page_rows, 1..=MAX_PAGE_ROWS)?;
        let pace = bounded("requests_per_second", &settings.requests_per_second, 0..=MAX_REQUESTS_PER_SECOND)?;
        let streams = streams(&settings.streams)?;
        let zone = time_zone(context)?;
        let client = Client {
            http: Http::new(&HttpOptions { http1_only: true, ..HttpOptions::default() })?,
            base,
            login: login(&settings, context)?,
            zone,
            pace: RateLimit::from_setting(pace),
            policy: RetryPolicy::default(),
            sleeper,
            session: Mutex::new(SessionState::None),
        };
        Ok(Self { client, streams, page_rows })
    }
}

fn login(settings: &Settings, context: &Context) -> Result<Login, SettingsError> {
    let account = one_line("account", &settings.account)?;
    let user = one_line("user", &settings.user)?;
    let language = settings.language;
    match (&settings.password, &settings.app_id, &settings.app_secret) {
        (Some(password), None, None) => {
            Ok(Login::Session { account, user, password: password.resolve(context)?, language })
        }
        (None, Some(app_id), Some(app_secret)) => {
            let data = format!("{account},{user},{language},{}", settings.organization);
            Signer::new(one_line("app_id", app_id)?, app_secret.resolve(context)?, data)
                .map(Login::Signed)
                .map_err(|error| SettingsError::at(app_id, error.message))
        }
        _ => Err(SettingsError::at(&settings.user, "either `password`, or `app_id` and `app_secret`, must be given")),
    }
}
