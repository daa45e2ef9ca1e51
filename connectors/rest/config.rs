//! Settings of a JSON API; the sample with every key is `example.toml`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::fmt::strtime::BrokenDownTime;
use serde::Deserialize;
use toml::Spanned;

use super::{Auth, Paging, Resource, Rest};
use crate::sdk::{
    Connector, Context, Http, HttpOptions, RateLimit, RetryPolicy, SecretText, SettingsError, SettingsTable, Sleeper,
    TokioSleeper, base_url, bounded, one_line, read_settings, time_zone,
};

const REQUESTS_PER_SECOND: u32 = 5;
const MAX_REQUESTS_PER_SECOND: u32 = 1_000;
const MAX_PAGE_SIZE: u32 = 10_000;
/// RFC 3339 without a zone, in the zone of the source.
const TIME_FORMAT: &str = "%Y-%m-%dT%H:%M:%S";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    url: Spanned<String>,
    #[serde(default = "nobody")]
    auth: Spanned<AuthSettings>,
    #[serde(default = "requests_per_second")]
    requests_per_second: Spanned<u32>,
    /// One stream each, by name.
    streams: BTreeMap<String, Spanned<ResourceSettings>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthSettings {
    bearer: Option<SecretText>,
    user: Option<Spanned<String>>,
    password: Option<SecretText>,
    header: Option<Spanned<String>>,
    key: Option<SecretText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourceSettings {
    path: Spanned<String>,
    #[serde(default)]
    query: BTreeMap<String, String>,
    /// Dotted path of the array in the reply; empty: the reply itself.
    #[serde(default)]
    items: String,
    key: Vec<String>,
    version: Option<String>,
    /// Query parameters for the bounds of the change stamp.
    from: Option<String>,
    to: Option<String>,
    time_format: Option<Spanned<String>>,
    #[serde(default)]
    paging: PagingSettings,
    #[serde(default)]
    personal: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PagingSettings {
    /// Query parameter that counts pages.
    page: Option<String>,
    /// Number of the first page.
    #[serde(default = "one")]
    first: u64,
    /// Query parameter that counts records.
    offset: Option<String>,
    /// Query parameter for the cursor found at `next`.
    cursor: Option<String>,
    /// Dotted path of the next page's address (or cursor) in the reply.
    next: Option<String>,
    /// Query parameter for the page size.
    size_parameter: Option<String>,
    size: Option<Spanned<u32>>,
}

fn nobody() -> Spanned<AuthSettings> {
    Spanned::new(0..0, AuthSettings::default())
}

fn one() -> u64 {
    1
}

fn requests_per_second() -> Spanned<u32> {
    Spanned::new(0..0, REQUESTS_PER_SECOND)
}

pub(super) fn build(table: SettingsTable<'_>, context: &Context) -> Result<Arc<dyn Connector>, SettingsError> {
    Ok(Arc::new(Rest::new(read_settings(table)?, context, Arc::new(TokioSleeper))?))
}

impl Rest {
    pub(super) fn new(settings: Settings, context: &Context, sleeper: Arc<dyn Sleeper>) -> Result<Self, SettingsError> {
        let pace = bounded("requests_per_second", &settings.requests_per_second, 0..=MAX_REQUESTS_PER_SECOND)?;
        let mut resources = Vec::new();
        for (name, resource) in settings.streams {
            resources.push(Resource::new(name, resource)?);
        }
        Ok(Self {
            http: Http::new(&HttpOptions::default())?,
            base: base_url("url", &settings.url)?,
            auth: auth(&settings.auth, context)?,
            zone: time_zone(context)?,
            pace: RateLimit::from_setting(pace),
            policy: RetryPolicy::default(),
            sleeper,
            resources,
        })
    }
}

fn auth(settings: &Spanned<AuthSettings>, context: &Context) -> Result<Auth, SettingsError> {
    let AuthSettings { bearer, user, password, header, key } = settings.get_ref();
    match (bearer, user, password, header, key) {
        (None, None, None, None, None) => Ok(Auth::None),
        (Some(token), None, None, None, None) => Ok(Auth::Bearer(token.resolve(context)?)),
        (None, Some(user), Some(password), None, None) => {
            Ok(Auth::Basic { user: one_line("user", user)?, password: password.resolve(context)? })
        }
        (None, None, None, Some(header), Some(key)) => {
            Ok(Auth::Header { name: one_line("header", header)?, key: key.resolve(context)? })
        }
        _ => Err(SettingsError::at(
            settings,
            "`auth` must hold `bearer`, or `user` and `password`, or `header` and `key`",
        )),
    }
}

impl Resource {
    fn new(name: String, settings: Spanned<ResourceSettings>) -> Result<Self, SettingsError> {
        let wrong = |reason: &str| SettingsError::at(&settings, format!("stream `{name}`: {reason}"));
        let one = settings.get_ref();
        if one.key.is_empty() {
            return Err(wrong("`key` needs at least one path"));
        }
        if one.from.is_none() && one.to.is_some() {
            return Err(wrong("`to` needs `from`"));
        }
        let path = one_line("path", &one.path)?;
        if !path.starts_with('/') {
            return Err(SettingsError::at(&one.path, "`path` must begin with /"));
        }
        let time_format = one.time_format.as_ref().map_or(TIME_FORMAT, |format| format.get_ref());
        if BrokenDownTime::from(&jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC))
            .to_string(time_format)
            .is_err()
        {
            let message = format!("`{time_format}` is not a time format");
            return Err(one
                .time_format
                .as_ref()
                .map_or_else(|| wrong(&message), |at| SettingsError::at(at, &*message)));
        }
        let size = one.paging.size.as_ref().map(|size| bounded("size", size, 1..=MAX_PAGE_SIZE)).transpose()?;
        let mut query: Vec<(String, String)> = one.query.clone().into_iter().collect();
        if let (Some(parameter), Some(size)) = (&one.paging.size_parameter, size) {
            query.push((parameter.clone(), size.to_string()));
        }
        let paging = paging(&one.paging)
            .ok_or_else(|| wrong("`paging` must hold `page`, or `offset`, or `next`, or `cursor` and `next`"))?;
        Ok(Self {
            path,
            query,
            items: one.items.clone(),
            key: one.key.clone(),
            version: one.version.clone(),
            from: one.from.clone(),
            to: one.to.clone(),
            time_format: time_format.to_owned(),
            paging,
            personal: one.personal,
            name,
        })
    }
}

fn paging(settings: &PagingSettings) -> Option<Paging> {
    let PagingSettings { page, first, offset, cursor, next, .. } = settings;
    match (page, offset, cursor, next) {
        (None, None, None, None) => Some(Paging::None),
        (Some(parameter), None, None, None) => Some(Paging::Page { parameter: parameter.clone(), first: *first }),
        (None, Some(parameter), None, None) => Some(Paging::Offset { parameter: parameter.clone() }),
        (None, None, Some(parameter), Some(path)) => {
            Some(Paging::Cursor { parameter: parameter.clone(), path: path.clone() })
        }
        (None, None, None, Some(path)) => Some(Paging::NextUrl { path: path.clone() }),
        _ => None,
    }
}
