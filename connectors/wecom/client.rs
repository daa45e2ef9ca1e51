//! Tokens and calls.
//!
//! Every app has its own secret and token. A token is fetched once for all callers, kept until shortly before it ends,
//! and fetched anew once when the server calls it stale. A refused secret is remembered: asking again would ban this
//! machine's address for an hour.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::errcode;
use crate::sdk::{
    ErrorClass, Http, RateLimit, RetryPolicy, Secret, Sleeper, SourceError, from_json, retry,
    sanitize_control_characters,
};

/// A token is renewed so long before its end, so that none ends on the way.
const RENEW_BEFORE: Duration = Duration::from_secs(300);
/// Shorter than any real token: a guard against a server that answers zero.
const SHORTEST_LIFE: Duration = Duration::from_secs(30);

/// One app of one corporation.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) http: Http,
    pub(super) base: String,
    pub(super) corp_id: String,
    pub(super) secret: Secret,
    pub(super) pace: RateLimit,
    pub(super) policy: RetryPolicy,
    pub(super) sleeper: Arc<dyn Sleeper>,
    pub(super) token: Mutex<TokenState>,
}

#[derive(Debug, Default)]
pub(super) enum TokenState {
    #[default]
    None,
    Live(Arc<Token>),
    /// The secret was refused; only a restart with another one helps.
    Refused(SourceError),
}

pub(super) struct Token {
    text: String,
    renew_at: Instant,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// A complete reply, whatever its code; control characters inside strings are repaired.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) code: i64,
    pub(super) message: String,
    pub(super) body: Vec<u8>,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    errcode: i64,
    #[serde(default)]
    errmsg: String,
}

#[derive(Deserialize)]
struct TokenReply {
    access_token: String,
    expires_in: u64,
}

impl Client {
    /// Fetches a token and nothing else: are the credentials good?
    pub(super) async fn probe(&self) -> Result<(), SourceError> {
        self.token(None).await.map(|_| ())
    }

    /// A reading call: tried again as its class allows; an error code is an error.
    pub(super) async fn read<B: Serialize + Sync>(
        &self,
        what: &str,
        path: &str,
        body: &B,
    ) -> Result<Answer, SourceError> {
        let body = Bytes::from(
            serde_json::to_vec(body).map_err(|error| SourceError::new(ErrorClass::Bug, format!("{what}: {error}")))?,
        );
        let call = || async {
            let answer = self.post(what, path, &body).await?;
            match answer.code {
                0 => Ok(answer),
                code if errcode::is_no_customers(code) => Ok(answer),
                code => Err(errcode::error(what, code, &answer.message)),
            }
        };
        retry(&self.policy, self.sleeper.as_ref(), call).await
    }

    /// One POST of exactly these bytes (two when the token turns out stale: the first was not executed then).
    pub(super) async fn post(&self, what: &str, path: &str, body: &Bytes) -> Result<Answer, SourceError> {
        let token = self.token(None).await?;
        let answer = self.post_with(what, path, body, &token).await?;
        if !errcode::is_stale_token(answer.code) {
            return Ok(answer);
        }
        let token = self.token(Some(&token)).await?;
        self.post_with(what, path, body, &token).await
    }

    async fn post_with(&self, what: &str, path: &str, body: &Bytes, token: &Token) -> Result<Answer, SourceError> {
        self.pace.ready().await;
        let request = self
            .http
            .post(&format!("{}{path}", self.base))
            .query(&[("access_token", &token.text)])
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(body.clone());
        let reply = self.http.send(what, request).await?;
        answer(what, &reply.body)
    }

    /// The live token, or a new one when there is none, its time is over, or it is the stale one. One fetch at a time.
    async fn token(&self, stale: Option<&Arc<Token>>) -> Result<Arc<Token>, SourceError> {
        let mut state = self.token.lock().await;
        match &*state {
            TokenState::Refused(error) => return Err(error.clone()),
            TokenState::Live(live)
                if Instant::now() < live.renew_at && !stale.is_some_and(|stale| Arc::ptr_eq(stale, live)) =>
            {
                return Ok(Arc::clone(live));
            }
            TokenState::Live(_) | TokenState::None => {}
        }
        *state = TokenState::None;
        match retry(&self.policy, self.sleeper.as_ref(), || self.fetch_token()).await {
            Ok(token) => {
                let token = Arc::new(token);
                *state = TokenState::Live(Arc::clone(&token));
                Ok(token)
            }
            Err(error) => {
                if error.class == ErrorClass::Auth {
                    *state = TokenState::Refused(error.clone());
                }
                Err(error)
            }
        }
    }

    async fn fetch_token(&self) -> Result<Token, SourceError> {
        let what = "wecom gettoken";
        self.pace.ready().await;
        let request = self
            .http
            .get(&format!("{}/cgi-bin/gettoken", self.base))
            .query(&[("corpid", self.corp_id.as_str()), ("corpsecret", self.secret.expose())]);
        let reply = self.http.send(what, request).await?;
        let answer = answer(what, &reply.body)?;
        if answer.code != 0 {
            return Err(errcode::error(what, answer.code, &answer.message));
        }
        let reply: TokenReply = from_json(what, &answer.body)?;
        let life = Duration::from_secs(reply.expires_in).saturating_sub(RENEW_BEFORE).max(SHORTEST_LIFE);
        // A server that names centuries must not overflow the clock.
        let renew_at = Instant::now().checked_add(life).unwrap_or_else(Instant::now);
        Ok(Token { text: reply.access_token, renew_at })
    }
}

fn answer(what: &str, body: &[u8]) -> Result<Answer, SourceError> {
    let body = sanitize_control_characters(body).into_owned();
    let envelope: Envelope = from_json(what, &body)?;
    Ok(Answer { code: envelope.errcode, message: envelope.errmsg, body })
}
