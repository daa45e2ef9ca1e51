//! One way to speak HTTP: bounded time, bounded bodies, few redirects, and every failure sorted into an [`ErrorClass`].
//!
//! Addresses never appear in messages: some protocols carry secrets in the query. A call is named by the connector.
//! The system's proxy settings are not used: an ERP in the same building must not be asked for through the internet.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use toml::Spanned;

use super::{ErrorClass, SettingsError, SourceError, excerpt, from_json};

/// A page of 10,000 wide ERP rows is about 20 MB; more is not a page.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;
/// A login page is behind one redirect, a moved server behind two; more is a loop.
const MAX_REDIRECTS: usize = 3;
/// Longest wait that a server may ask for; beyond it the schedule asks again by itself.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// For the whole call with its body; the slowest ERP query seen takes half a minute.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(60);

/// How a connector wants to speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpOptions {
    pub connect_timeout: Duration,
    pub total_timeout: Duration,
    pub max_body_bytes: usize,
    /// Some ERP servers answer 502 to HTTP/2.
    pub http1_only: bool,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: CONNECT_TIMEOUT,
            total_timeout: TOTAL_TIMEOUT,
            max_body_bytes: MAX_BODY_BYTES,
            http1_only: false,
        }
    }
}

/// A client for one server.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
    max_body_bytes: usize,
}

/// A complete reply with a success status.
#[derive(Debug, Clone)]
pub struct Reply {
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    /// Reads the promised JSON; `what` names the call.
    pub fn json<'a, T: Deserialize<'a>>(&'a self, what: &str) -> Result<T, SourceError> {
        from_json(what, &self.body)
    }
}

impl Http {
    pub fn new(options: &HttpOptions) -> Result<Self, SourceError> {
        let mut builder = Client::builder()
            .connect_timeout(options.connect_timeout)
            .timeout(options.total_timeout)
            .redirect(Policy::custom(follow_within_one_server))
            .referer(false)
            .no_proxy()
            .user_agent(concat!("bihuan/", env!("CARGO_PKG_VERSION")));
        if options.http1_only {
            builder = builder.http1_only();
        }
        let client = builder.build().map_err(|error| {
            SourceError::new(ErrorClass::Bug, format!("the HTTP client cannot be built: {}", chain(&error)))
        })?;
        Ok(Self { client, max_body_bytes: options.max_body_bytes })
    }

    pub fn get(&self, url: &str) -> RequestBuilder {
        self.client.get(url)
    }

    pub fn post(&self, url: &str) -> RequestBuilder {
        self.client.post(url)
    }

    /// One attempt. `what` names the call in messages; it must hold no secret.
    pub async fn send(&self, what: &str, request: RequestBuilder) -> Result<Reply, SourceError> {
        let response = request.send().await.map_err(|error| call_failed(what, error))?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = self.read_body(what, response).await;
        if status.is_success() {
            return Ok(Reply { headers, body: body? });
        }
        // The status says enough; half of an error page is still worth showing.
        Err(refused(what, status, retry_after(&headers), &body.unwrap_or_default()))
    }

    async fn read_body(&self, what: &str, mut response: reqwest::Response) -> Result<Bytes, SourceError> {
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > self.max_body_bytes => {
                    return Err(SourceError::data(format!(
                        "{what}: the reply is larger than {} bytes",
                        self.max_body_bytes
                    ))
                    .help("ask for smaller pages"));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(body.into()),
                Err(error) => {
                    return Err(SourceError::transient(format!(
                        "{what}: the reply broke off after {} bytes: {}",
                        body.len(),
                        chain(&error.without_url())
                    )));
                }
            }
        }
    }
}

/// A redirect to another server could carry a login there.
fn follow_within_one_server(attempt: Attempt<'_>) -> Action {
    if attempt.previous().len() > MAX_REDIRECTS {
        return attempt.error("too many redirects");
    }
    let same = attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
    if same { attempt.follow() } else { attempt.error("a redirect to another server is not followed") }
}

fn call_failed(what: &str, error: reqwest::Error) -> SourceError {
    let error = error.without_url();
    if error.is_redirect() {
        return SourceError::config(format!("{what}: {}", chain(&error))).help("enter the final address as `url`");
    }
    if error.is_builder() {
        return SourceError::config(format!("{what}: the request cannot be built: {}", chain(&error)));
    }
    let reason = if error.is_timeout() { "no answer in time" } else { "the connection failed" };
    SourceError::transient(format!("{what}: {reason}: {}", chain(&error)))
}

/// The class of a status that is not success.
fn refused(what: &str, status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> SourceError {
    let class = match status.as_u16() {
        401 | 403 | 407 => ErrorClass::Auth,
        429 => ErrorClass::Throttled { retry_after },
        503 if retry_after.is_some() => ErrorClass::Throttled { retry_after },
        408 | 425 | 500..=599 => ErrorClass::Transient,
        _ => ErrorClass::Config,
    };
    let error = SourceError::new(class, format!("{what}: HTTP {status}: {}", excerpt(body)));
    match class {
        ErrorClass::Auth => error.help("check the credentials, the permissions and the list of allowed addresses"),
        ErrorClass::Config => error.help("check `url` and the names that the settings ask for"),
        _ => error,
    }
}

/// Seconds, or an HTTP date, which counts from the server's own `Date`, so that no clock of ours has a say.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = http_date(text)?;
            let sent = http_date(headers.get(DATE)?.to_str().ok()?)?;
            Duration::try_from(until.duration_since(sent)).unwrap_or(Duration::ZERO)
        }
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

/// The error and its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

/// Seconds since 1970 by the machine's clock, for stamps that a foreign server compares with its own. Nothing that
/// Bihuan stores or decides may come from here: that time is handed in with each pull.
pub fn protocol_seconds() -> i64 {
    Timestamp::now().as_second()
}

/// Checks a base address and cuts its trailing slash.
pub fn base_url(name: &str, value: &Spanned<String>) -> Result<String, SettingsError> {
    let error = |reason: &str| {
        SettingsError::at(value, format!("`{name}` {reason}")).help("for example https://erp.example.com/k3cloud")
    };
    let url = Url::parse(value.get_ref().trim()).map_err(|reason| error(&format!("is not an address: {reason}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(error("must begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(error("must not hold a user or a password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(error("must not hold a query"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap as AxumHeaders, StatusCode as AxumStatus};
    use axum::response::{IntoResponse as _, Redirect, Response};
    use axum::{Router, routing};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::sdk::conformance::serve;

    async fn ask(path: &str) -> Result<Reply, SourceError> {
        let reply = |status: u16, headers: &[(&'static str, &'static str)], body: &'static str| -> Response {
            let mut map = AxumHeaders::new();
            for (name, value) in headers {
                map.insert(*name, value.parse().unwrap());
            }
            (AxumStatus::from_u16(status).unwrap(), map, body).into_response()
        };
        const DAY: &str = "Sun, 06 Nov 1994 08:49:07 GMT";
        const LATER: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
        let app = Router::new()
            .route("/ok", routing::get(move || async move { reply(200, &[], "{\"a\":1}") }))
            .route("/401", routing::get(move || async move { reply(401, &[], "who are you") }))
            .route("/404", routing::get(move || async move { reply(404, &[], "") }))
            .route("/500", routing::get(move || async move { reply(500, &[], "") }))
            .route("/429", routing::get(move || async move { reply(429, &[("retry-after", "7")], "") }))
            .route(
                "/429-date",
                routing::get(move || async move { reply(429, &[("retry-after", LATER), ("date", DAY)], "") }),
            )
            .route("/429-day", routing::get(move || async move { reply(429, &[("retry-after", "86400")], "") }))
            .route("/big", routing::get(|| async { "x".repeat(5000) }))
            .route("/loop", routing::get(|| async { Redirect::temporary("/loop") }))
            .route("/away", routing::get(|| async { Redirect::temporary("http://127.0.0.2:9/") }))
            .route("/moved", routing::get(|| async { Redirect::temporary("/ok") }));
        let server = serve(app).await.unwrap();
        let http = Http::new(&HttpOptions { max_body_bytes: 4096, ..HttpOptions::default() }).unwrap();
        http.send("test", http.get(&format!("{}{path}?token=SECRET", server.url()))).await
    }

    #[tokio::test]
    async fn every_failure_has_its_class() {
        let throttled = |seconds| ErrorClass::Throttled { retry_after: Some(Duration::from_secs(seconds)) };
        for (path, class) in [
            ("/401", ErrorClass::Auth),
            ("/404", ErrorClass::Config),
            ("/500", ErrorClass::Transient),
            ("/429", throttled(7)),
            ("/429-date", throttled(30)),
            ("/429-day", ErrorClass::Throttled { retry_after: Some(MAX_RETRY_AFTER) }),
            ("/big", ErrorClass::Data),
            ("/loop", ErrorClass::Config),
            ("/away", ErrorClass::Config),
        ] {
            let error = ask(path).await.unwrap_err();
            assert_eq!(error.class, class, "{path}: {error}");
            assert!(!error.message.contains("SECRET"), "{error}");
        }
        assert_eq!(ask("/moved").await.unwrap().body, "{\"a\":1}");
    }

    #[tokio::test]
    async fn half_a_body_and_a_hang_up_are_transient() {
        for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"half"] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/", listener.local_addr().unwrap());
            tokio::spawn(async move {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut buffer = [0; 1024];
                let _ = socket.read(&mut buffer).await;
                let _ = socket.write_all(answer.as_bytes()).await;
            });
            let http = Http::new(&HttpOptions::default()).unwrap();
            let error = http.send("test", http.get(&url)).await.unwrap_err();
            assert_eq!(error.class, ErrorClass::Transient, "{error}");
        }
    }

    #[test]
    fn a_base_address_is_checked() {
        let check = |text: &str| base_url("url", &Spanned::new(0..1, text.to_owned())).map_err(|error| error.message);
        assert_eq!(check("http://erp:80/k3cloud/"), Ok("http://erp/k3cloud".to_owned()));
        for bad in ["erp", "ftp://erp", "http://u:p@erp", "http://erp?a=1"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
