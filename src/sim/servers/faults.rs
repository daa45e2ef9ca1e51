//! Bad days on demand: a seeded share of answers is spoilt, always the same ones.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::{World, lock};
use crate::sim::rng::Rng;

/// An answer is never larger than this when it is cut in half; larger ones go through whole.
const LARGEST_CUT: usize = 64 * 1024 * 1024;
/// What a throttled caller is told to wait.
const RETRY_AFTER_SECONDS: u16 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Status 500.
    ServerError,
    /// The request is done, the answer breaks off half way: the caller cannot know.
    HalfBody,
    /// The request is done, the connection closes before the first byte of the answer's body.
    HangUp,
    /// Status 429 with Retry-After.
    TooMany,
    /// A page of some proxy, status 200.
    Html,
    /// Status 401.
    Unauthorized,
    /// The token or the session is forgotten.
    Expired,
    /// The chat system's -1 (busy) or the ERP's MsgCode 4.
    Busy,
    /// The chat system's 45009, the ERP's MsgCode 14.
    Limit,
}

const USUAL: &[FaultKind] = &[
    FaultKind::ServerError,
    FaultKind::HalfBody,
    FaultKind::HangUp,
    FaultKind::TooMany,
    FaultKind::Html,
    FaultKind::Expired,
    FaultKind::Busy,
];

/// Which requests are spoilt. The default spoils none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    pub seed: u64,
    /// So many of a thousand requests.
    pub rate_per_mille: u32,
    /// Left empty: every kind that passes by itself (not 401, not the rate limit).
    pub kinds: Vec<FaultKind>,
    /// Only paths that start so; empty means all.
    pub path: String,
    /// Stop after so many; 0 means never.
    pub times: u64,
}

/// The faults and how far they are.
#[derive(Debug)]
pub struct Schedule {
    faults: Faults,
    rng: Rng,
    injected: u64,
}

impl Default for Schedule {
    fn default() -> Self {
        Self::new(Faults::default())
    }
}

impl Schedule {
    pub fn new(faults: Faults) -> Self {
        Self { rng: Rng::new(faults.seed), faults, injected: 0 }
    }

    pub fn injected(&self) -> u64 {
        self.injected
    }

    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Draws for one request. The draw depends on the number of matching requests only.
    fn draw(&mut self, path: &str) -> Option<FaultKind> {
        let used_up = self.faults.times > 0 && self.injected >= self.faults.times;
        if used_up || self.faults.rate_per_mille == 0 || !path.starts_with(&self.faults.path) {
            return None;
        }
        if !self.rng.chance(self.faults.rate_per_mille) {
            return None;
        }
        let kinds = if self.faults.kinds.is_empty() { USUAL } else { &self.faults.kinds };
        self.injected += 1;
        Some(*self.rng.pick(kinds))
    }
}

/// Middleware of the systems' routes.
pub async fn spoil(State(world): State<Arc<World>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let fault = lock(&world.faults).draw(&path);
    let Some(fault) = fault else { return next.run(request).await };
    tracing::debug!(?fault, path, "A fault is injected.");
    let erp = path.starts_with("/k3cloud");
    match fault {
        FaultKind::ServerError => (StatusCode::INTERNAL_SERVER_ERROR, "internal error").into_response(),
        FaultKind::Unauthorized => (StatusCode::UNAUTHORIZED, "who are you").into_response(),
        FaultKind::TooMany => {
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS))])
                .into_response()
        }
        FaultKind::Html => {
            let page = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";
            ([(header::CONTENT_TYPE, "text/html")], page).into_response()
        }
        FaultKind::Expired => {
            lock(&world.sessions).forget_all();
            lock(&world.office).forget_tokens();
            next.run(request).await
        }
        FaultKind::Busy if erp => super::kingdee::refusal(4, "系统繁忙，请稍后再试"),
        FaultKind::Limit if erp => super::kingdee::refusal(14, "调用次数超过限制"),
        FaultKind::Busy => super::wecom::refusal(-1, "system busy"),
        FaultKind::Limit => super::wecom::refusal(45009, "reach max api frequence limit"),
        FaultKind::HalfBody => cut(next.run(request).await, 2).await,
        FaultKind::HangUp => cut(next.run(request).await, usize::MAX).await,
    }
}

/// Sends one part of `divisor` of the answer, then breaks the connection.
async fn cut(response: Response, divisor: usize) -> Response {
    let (parts, body) = response.into_parts();
    match axum::body::to_bytes(body, LARGEST_CUT).await {
        Ok(whole) => {
            let half = whole.slice(..whole.len() / divisor);
            let mut response = Response::from_parts(parts, Body::from_stream(BrokenOff { rest: Some(half) }));
            response.headers_mut().remove(header::CONTENT_LENGTH);
            response
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// A body that fails after its first part.
struct BrokenOff {
    rest: Option<Bytes>,
}

impl futures_core::Stream for BrokenOff {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(Some(match self.rest.take() {
            Some(part) if !part.is_empty() => Ok(part),
            _ => Err(std::io::Error::other("the simulated connection broke")),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_spoils_the_same_requests() {
        let faults = Faults { seed: 3, rate_per_mille: 200, ..Faults::default() };
        let draws = |faults: &Faults| {
            let mut schedule = Schedule::new(faults.clone());
            (0..200).map(|_| schedule.draw("/cgi-bin/gettoken")).collect::<Vec<_>>()
        };
        assert_eq!(draws(&faults), draws(&faults));
        let spoilt = draws(&faults).iter().flatten().count();
        assert!((20..60).contains(&spoilt), "{spoilt} of 200");
        let twice = Faults { rate_per_mille: 1000, times: 2, ..faults };
        assert_eq!(draws(&twice).iter().flatten().count(), 2);
    }
}
