//! What a supervisor and a monitoring system ask: alive, ready, figures.
//!
//! Why the figures are read from the store and not counted in the process: they survive a restart, and two daemons on
//! one database tell the same truth. It must not know SQL or the broker's protocol.

mod metrics;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::civil::Date;

use crate::store::Store;

/// What the routes may use.
#[derive(Clone)]
pub struct HttpState {
    pub store: Store,
    /// The business day of a book, for what is overdue.
    pub today: Arc<dyn Fn(&str) -> Date + Send + Sync>,
}

/// OpenMetrics text, version 1.0.0.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub fn router(state: HttpState) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(figures))
        .with_state(state)
}

/// Serves until `stop` resolves; requests under way are finished.
pub async fn serve(
    listener: tokio::net::TcpListener,
    state: HttpState,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(state)).with_graceful_shutdown(stop).await
}

/// 200 when the store answers, else 503. A broker that is away does not make us unready: the outbox keeps what it owes.
async fn ready(State(state): State<HttpState>) -> Response {
    if let Err(error) = state.store.stream_totals().await {
        tracing::warn!(%error, "The store does not answer.");
        return (StatusCode::SERVICE_UNAVAILABLE, "store unreachable\n").into_response();
    }
    "ready\n".into_response()
}

async fn figures(State(state): State<HttpState>) -> Response {
    let today = |book: &str| (state.today)(book);
    match metrics::render(&state.store, &today).await {
        Ok(text) => ([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(error) => {
            tracing::warn!(%error, "The figures could not be read.");
            (StatusCode::SERVICE_UNAVAILABLE, "store unreachable\n").into_response()
        }
    }
}
