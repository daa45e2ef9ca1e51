//! Any JSON API that lists records page by page: which address, which page parameter, which key are settings.
//!
//! It knows no system: a new one needs a source file and mappings, no Rust. Credentials go to the configured server only,
//! also when a reply names the next page's address.

mod config;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use reqwest::{RequestBuilder, Url};
use serde_json::value::RawValue;

use crate::sdk::{
    Connector, Coverage, Entry, ErrorClass, Http, Page, PayloadShape, PullRequest, RateLimit, RecordBatchBuilder,
    Reply, RetryPolicy, Secret, Sleeper, Slice, SourceError, StreamInfo, json_member, json_text, retry,
};

pub const ENTRY: Entry = Entry {
    kind: "rest",
    doc: "通用 JSON any JSON API that lists records by page, offset, cursor or next address",
    example: include_str!("example.toml"),
    build: config::build,
};

/// A server that repeats its last page for ever must not be read for ever.
const MAX_PAGES: u64 = 100_000;

#[derive(Debug)]
struct Rest {
    http: Http,
    base: String,
    auth: Auth,
    zone: TimeZone,
    pace: RateLimit,
    policy: RetryPolicy,
    sleeper: Arc<dyn Sleeper>,
    resources: Vec<Resource>,
}

#[derive(Debug)]
enum Auth {
    None,
    Bearer(Secret),
    Basic { user: String, password: Secret },
    Header { name: String, key: Secret },
}

/// One stream.
#[derive(Debug)]
struct Resource {
    name: String,
    path: String,
    query: Vec<(String, String)>,
    items: String,
    key: Vec<String>,
    version: Option<String>,
    from: Option<String>,
    to: Option<String>,
    time_format: String,
    paging: Paging,
    personal: bool,
}

/// How the next page is asked for.
#[derive(Debug)]
enum Paging {
    /// All in one reply.
    None,
    /// Ends at an empty page: a short one may only mean that the server allows fewer than were asked for.
    Page {
        parameter: String,
        first: u64,
    },
    Offset {
        parameter: String,
    },
    Cursor {
        parameter: String,
        path: String,
    },
    NextUrl {
        path: String,
    },
}

#[async_trait]
impl Connector for Rest {
    fn streams(&self) -> Vec<StreamInfo> {
        let info = |resource: &Resource| StreamInfo {
            name: resource.name.clone(),
            coverage: if resource.from.is_some() { Coverage::Span } else { Coverage::After },
            personal: resource.personal,
            doc: format!("GET {}", resource.path),
        };
        self.resources.iter().map(info).collect()
    }

    async fn probe(&self) -> Result<(), SourceError> {
        let Some(resource) = self.resources.first() else {
            return Ok(());
        };
        self.get(resource, &self.address(resource), &resource.query).await.map(|_| ())
    }

    async fn pull(&self, request: PullRequest<'_>) -> Result<Page, SourceError> {
        let resource = self
            .resources
            .iter()
            .find(|resource| resource.name == request.stream)
            .ok_or_else(|| SourceError::config(format!("rest: there is no stream `{}`", request.stream)))?;
        let mut query = resource.query.clone();
        self.add_window(resource, request.slice, &mut query)?;
        let address = self.add_page(resource, request.resume, &mut query)?;
        let reply = self.get(resource, &address, &query).await?;
        let what = resource.what();
        let whole: &RawValue = reply.json(&what)?;
        let items = json_member(whole, &resource.items)
            .and_then(|items| serde_json::from_str::<Vec<&RawValue>>(items.get()).ok())
            .ok_or_else(|| {
                SourceError::data(format!("{what}: there is no array at `{}`", resource.items)).help("check `items`")
            })?;
        let mut batch = RecordBatchBuilder::new(PayloadShape::Json, request.now.as_microsecond());
        for (index, item) in items.iter().enumerate() {
            resource.push(item, index, request.resume, &mut batch);
        }
        let resume = resource.next(request.resume, whole, items.len())?;
        let token = (resume.is_none() && resource.from.is_none()).then(String::new);
        Ok(Page { batch: batch.finish(), resume, token })
    }
}

impl Rest {
    fn address(&self, resource: &Resource) -> String {
        format!("{}{}", self.base, resource.path)
    }

    fn add_window(
        &self,
        resource: &Resource,
        slice: &Slice,
        query: &mut Vec<(String, String)>,
    ) -> Result<(), SourceError> {
        match (slice, &resource.from) {
            (Slice::Span { from, to }, Some(parameter)) => {
                query.push((parameter.clone(), self.local(resource, *from)));
                if let Some(parameter) = &resource.to {
                    query.push((parameter.clone(), self.local(resource, *to)));
                }
                Ok(())
            }
            (Slice::After(_), None) => Ok(()),
            _ => Err(SourceError::config(format!("{}: this kind of slice cannot be pulled", resource.what()))),
        }
    }

    /// The format was checked when the settings were read.
    fn local(&self, resource: &Resource, instant: Timestamp) -> String {
        instant.to_zoned(self.zone.clone()).strftime(&resource.time_format).to_string()
    }

    /// Adds what asks for the page at `resume`; returns the address to ask.
    fn add_page(
        &self,
        resource: &Resource,
        resume: Option<&str>,
        query: &mut Vec<(String, String)>,
    ) -> Result<String, SourceError> {
        let address = self.address(resource);
        match (&resource.paging, resume) {
            (Paging::Page { parameter, first }, _) => {
                query.push((parameter.clone(), resume.map_or_else(|| first.to_string(), str::to_owned)));
            }
            (Paging::Offset { parameter }, _) => query.push((parameter.clone(), resume.unwrap_or("0").to_owned())),
            (Paging::Cursor { parameter, .. }, Some(cursor)) => query.push((parameter.clone(), cursor.to_owned())),
            (Paging::NextUrl { .. }, Some(next)) => {
                query.clear();
                return self.same_server(resource, &address, next);
            }
            (Paging::None | Paging::Cursor { .. } | Paging::NextUrl { .. }, _) => {}
        }
        Ok(address)
    }

    /// The address of a next page, absolute or relative, if it is on our server.
    fn same_server(&self, resource: &Resource, address: &str, next: &str) -> Result<String, SourceError> {
        let ours = Url::parse(address).ok();
        let joined = ours.as_ref().and_then(|ours| ours.join(next).ok());
        match (ours, joined) {
            (Some(ours), Some(joined)) if ours.origin() == joined.origin() => Ok(joined.to_string()),
            _ => Err(SourceError::data(format!("{}: the next page is on another server", resource.what()))),
        }
    }

    async fn get(&self, resource: &Resource, address: &str, query: &[(String, String)]) -> Result<Reply, SourceError> {
        let what = resource.what();
        let call = || async {
            self.pace.ready().await;
            let mut request = self.http.get(address);
            if !query.is_empty() {
                request = request.query(query);
            }
            let reply = self.http.send(&what, self.auth.sign(request)).await?;
            // Half a reply must be seen here, where it is still tried again.
            reply.json::<&RawValue>(&what)?;
            Ok(reply)
        };
        retry(&self.policy, self.sleeper.as_ref(), call).await
    }
}

impl Auth {
    fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::None => request,
            Self::Bearer(token) => request.bearer_auth(token.expose()),
            Self::Basic { user, password } => request.basic_auth(user, Some(password.expose())),
            Self::Header { name, key } => request.header(name, key.expose()),
        }
    }
}

impl Resource {
    fn what(&self) -> String {
        format!("rest {}", self.name)
    }

    fn push(&self, item: &RawValue, index: usize, resume: Option<&str>, batch: &mut RecordBatchBuilder) {
        let parts: Option<Vec<String>> = self.key.iter().map(|path| json_text(json_member(item, path)?)).collect();
        let payload = item.get().as_bytes();
        let Some(parts) = parts.filter(|_| item.get().starts_with('{')) else {
            let place = format!("{}@{}#{}", self.name, resume.unwrap_or("first"), index + 1);
            return batch.push_problem(&place, payload, &format!("no key at {}", self.key.join(", ")));
        };
        let version = self.version.as_ref().and_then(|path| json_text(json_member(item, path)?));
        batch.push(&parts.join("|"), version.as_deref(), payload);
    }

    /// The token of the page after the one at `resume`.
    fn next(&self, resume: Option<&str>, reply: &RawValue, items: usize) -> Result<Option<String>, SourceError> {
        let found = |path: &String| json_member(reply, path).and_then(json_text);
        let number = |first: u64| match resume {
            None => Ok(first),
            Some(text) => text
                .parse::<u64>()
                .map_err(|_| SourceError::new(ErrorClass::Bug, format!("{}: token `{text}`", self.what()))),
        };
        let next = match &self.paging {
            Paging::None => None,
            Paging::Page { .. } | Paging::Offset { .. } if items == 0 => None,
            Paging::Page { first, .. } => {
                let page = number(*first)?;
                if page.saturating_sub(*first) >= MAX_PAGES {
                    return Err(SourceError::data(format!("{}: more than {MAX_PAGES} pages", self.what())));
                }
                Some((page + 1).to_string())
            }
            Paging::Offset { .. } => Some((number(0)?.saturating_add(items as u64)).to_string()),
            Paging::Cursor { path, .. } | Paging::NextUrl { path } => found(path),
        };
        if next.is_some() && next.as_deref() == resume {
            return Err(SourceError::data(format!("{}: the next page is the page itself", self.what())));
        }
        Ok(next)
    }
}
