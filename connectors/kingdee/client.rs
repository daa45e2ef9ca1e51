//! The session and the one call that matters: ExecuteBillQuery.
//!
//! About five wrong passwords lock the user in the ERP, so a refused login is remembered and never repeated by this
//! instance; concurrent calls share one login.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use reqwest::header::{COOKIE, HeaderMap, SET_COOKIE};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::Mutex;

use super::reply::{Verdict, judge};
use super::sign::Signer;
use crate::sdk::{
    ErrorClass, Http, RateLimit, Reply, RetryPolicy, Secret, Sleeper, SourceError, protocol_seconds, retry,
};

const LOGIN: &str = "Kingdee.BOS.WebApi.ServicesStub.AuthService.ValidateUser.common.kdsvc";
const QUERY: &str = "Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.ExecuteBillQuery.common.kdsvc";
const SESSION_ID: &str = "kdservice-sessionid";
/// `LoginResultType` of a successful login; every other value is a refusal.
const LOGIN_OK: i64 = 1;

/// Who we are to the server.
#[derive(Debug)]
pub(super) enum Login {
    /// A user with a password and a session.
    Session { account: String, user: String, password: Secret, language: u32 },
    /// Every call signed for itself.
    Signed(Signer),
}

#[derive(Debug)]
pub(super) struct Client {
    pub(super) http: Http,
    /// With `/k3cloud`, without a trailing slash.
    pub(super) base: String,
    pub(super) login: Login,
    pub(super) zone: TimeZone,
    pub(super) pace: RateLimit,
    pub(super) policy: RetryPolicy,
    pub(super) sleeper: Arc<dyn Sleeper>,
    pub(super) session: Mutex<SessionState>,
}

#[derive(Debug, Default)]
pub(super) enum SessionState {
    #[default]
    None,
    Live(Arc<Session>),
    /// The login was refused; asking again could lock the user.
    Refused(SourceError),
}

/// A session that the server gave us. No `Debug` of its contents: whoever has them is logged in.
pub(super) struct Session {
    id: String,
    cookies: String,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session(…)")
    }
}

/// The query, spelled as the server wants it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Query<'a> {
    pub(super) form_id: &'a str,
    pub(super) field_keys: String,
    pub(super) filter_string: String,
    pub(super) order_string: String,
    /// An absolute end row, not a page size: zero.
    pub(super) top_row_count: u32,
    pub(super) start_row: u64,
    pub(super) limit: u32,
    pub(super) sub_system_id: &'static str,
}

#[derive(Serialize)]
struct QueryBody<'a> {
    data: &'a Query<'a>,
}

#[derive(Serialize)]
struct LoginBody<'a> {
    format: u8,
    useragent: &'a str,
    rid: &'a str,
    /// An array *as text*.
    parameters: String,
    timestamp: String,
    v: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LoginReply {
    login_result_type: i64,
    #[serde(default)]
    message: Option<String>,
    #[serde(default, rename = "KDSVCSessionId")]
    session_id: Option<String>,
}

enum Answer {
    Rows(Bytes),
    SessionLost,
}

impl Client {
    /// The body of a query reply that holds rows. A lost session is renewed once.
    pub(super) async fn query(&self, what: &str, query: &Query<'_>) -> Result<Bytes, SourceError> {
        let mut stale: Option<Arc<Session>> = None;
        for _ in 0..2 {
            let session = self.session(stale.as_ref()).await?;
            let call = || self.query_once(what, query, session.as_deref());
            match retry(&self.policy, self.sleeper.as_ref(), call).await? {
                Answer::Rows(body) => return Ok(body),
                Answer::SessionLost => stale = session,
            }
        }
        Err(SourceError::transient(format!("{what}: the session was lost again right after a new login"))
            .help("another program may use the same user, or the server is recovering"))
    }

    async fn query_once(
        &self,
        what: &str,
        query: &Query<'_>,
        session: Option<&Session>,
    ) -> Result<Answer, SourceError> {
        self.pace.ready().await;
        let reply = self.post(what, QUERY, &QueryBody { data: query }, session).await?;
        match judge(what, &reply.body) {
            Verdict::Rows => {
                // Half a table must be seen here, where it is still tried again.
                reply.json::<&RawValue>(what)?;
                Ok(Answer::Rows(reply.body))
            }
            Verdict::Failed(error) => Err(error),
            Verdict::SessionLost(message) => {
                tracing::debug!(message, "The Kingdee session was lost.");
                Ok(Answer::SessionLost)
            }
        }
    }

    async fn post<B: Serialize + Sync>(
        &self,
        what: &str,
        service: &str,
        body: &B,
        session: Option<&Session>,
    ) -> Result<Reply, SourceError> {
        let url = format!("{}/{service}", self.base);
        let mut request = self.http.post(&url).json(body);
        if let Some(session) = session {
            request = request.header(SESSION_ID, &session.id).header(COOKIE, &session.cookies);
        }
        if let Login::Signed(signer) = &self.login {
            for (name, value) in signer.headers(path_of(&url), protocol_seconds()) {
                request = request.header(name, value);
            }
        }
        self.http.send(what, request).await
    }

    /// The live session, logging in when there is none or the live one is the stale one. One login at a time.
    async fn session(&self, stale: Option<&Arc<Session>>) -> Result<Option<Arc<Session>>, SourceError> {
        let Login::Session { account, user, password, language } = &self.login else {
            return Ok(None);
        };
        let mut state = self.session.lock().await;
        match &*state {
            SessionState::Refused(error) => return Err(error.clone()),
            SessionState::Live(live) if !stale.is_some_and(|stale| Arc::ptr_eq(stale, live)) => {
                return Ok(Some(Arc::clone(live)));
            }
            SessionState::Live(_) | SessionState::None => {}
        }
        *state = SessionState::None;
        let parameters = serde_json::json!([account, user, password.expose(), language]).to_string();
        let call = || self.log_in(parameters.clone());
        match retry(&self.policy, self.sleeper.as_ref(), call).await {
            Ok(session) => {
                let session = Arc::new(session);
                *state = SessionState::Live(Arc::clone(&session));
                Ok(Some(session))
            }
            Err(error) => {
                if error.class == ErrorClass::Auth {
                    *state = SessionState::Refused(error.clone());
                }
                Err(error)
            }
        }
    }

    async fn log_in(&self, parameters: String) -> Result<Session, SourceError> {
        let what = "kingdee login";
        let now = Timestamp::from_second(protocol_seconds()).unwrap_or_default().to_zoned(self.zone.clone());
        let body = LoginBody {
            format: 1,
            useragent: "ApiClient",
            rid: "1",
            parameters,
            timestamp: now.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            v: "1.0",
        };
        self.pace.ready().await;
        let reply = self.post(what, LOGIN, &body, None).await?;
        let answer: LoginReply = reply.json(what)?;
        if answer.login_result_type != LOGIN_OK {
            let message = answer.message.unwrap_or_default();
            let kind = answer.login_result_type;
            return Err(SourceError::auth(format!("{what}: refused (LoginResultType {kind}): {message}")).help(
                "correct `user` or `password`, then restart: the login is not tried again, five wrong ones lock the user",
            ));
        }
        let id = answer.session_id.unwrap_or_default();
        let cookies = cookies(&reply.headers, &id);
        Ok(Session { id, cookies })
    }
}

/// What to send back as cookies: all that the login set, and the session id even when only the body named it.
fn cookies(headers: &HeaderMap, session_id: &str) -> String {
    let mut pairs: Vec<&str> = headers
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .filter_map(|value| value.split(';').next())
        .collect();
    let own = format!("{SESSION_ID}={session_id}");
    if !session_id.is_empty() && !pairs.iter().any(|pair| pair.starts_with(SESSION_ID)) {
        pairs.push(&own);
    }
    pairs.join("; ")
}

/// The path of an absolute address.
fn path_of(url: &str) -> &str {
    let after_scheme = url.find("://").map_or(0, |place| place + 3);
    url[after_scheme..].find('/').map_or("/", |place| &url[after_scheme + place..])
}
