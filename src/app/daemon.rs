//! The daemon: each stream on its schedule, settlement and reminders behind it, http beside it, a graceful stop.
//!
//! One stream is pulled by one worker at a time, held by a lease, so that several daemons share the work: when one dies
//! its leases run out and another goes on where the last page was committed.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::{App, AppError};
use crate::http::{self, HttpState};
use crate::sync::{Feed, PullMode};

/// Longer than any page takes; a daemon that died holds a stream no longer than this.
const LEASE_MS: i64 = 8_000;
const RENEW_EVERY: Duration = Duration::from_millis(2_500);
/// A stream that another daemon holds is looked at again after this.
const HELD_ELSEWHERE: SignedDuration = SignedDuration::from_secs(5);
/// A stream that failed waits at least this long, whatever its schedule says, so that a lost ERP is not hammered.
const AFTER_FAILURE: SignedDuration = SignedDuration::from_secs(30);

/// Runs until SIGINT or SIGTERM: no new page is begun, what is under way is committed, the broker is closed last.
pub async fn run(app: App) -> Result<(), AppError> {
    let bind = app.config.http.bind;
    let listener = tokio::net::TcpListener::bind(bind)
        .await
        .map_err(|source| AppError::Folder { path: format!("http.bind {bind}"), source })?;
    let app = Arc::new(app);
    let (stop, stopped) = watch::channel(false);
    let settle_now = Arc::new(Notify::new());
    let mut tasks = JoinSet::new();
    let holder = format!("{}-{}", std::process::id(), app.clock.now().as_microsecond());
    for index in 0..app.feeds.len() {
        tasks.spawn(pull_on_schedule(
            Arc::clone(&app),
            index,
            holder.clone(),
            Arc::clone(&settle_now),
            stopped.clone(),
        ));
    }
    tasks.spawn(settle_when_told(Arc::clone(&app), Arc::clone(&settle_now), stopped.clone()));
    if let Some(reminding) = &app.reminding {
        tasks.spawn(Arc::clone(reminding).run(stopped.clone()));
    }
    tasks.spawn(serve(Arc::clone(&app), listener, stopped));
    tracing::info!(%bind, streams = app.feeds.len(), "Bihuan is running.");
    terminated().await;
    tracing::info!("Stopping: what is under way is finished first.");
    let _ = stop.send(true);
    settle_now.notify_waiters();
    while tasks.join_next().await.is_some() {}
    app.store.close().await;
    Ok(())
}

async fn serve(app: Arc<App>, listener: tokio::net::TcpListener, stopped: watch::Receiver<bool>) {
    let (config, clock) = (Arc::clone(&app.config), Arc::clone(&app.clock));
    let state = HttpState {
        store: app.store.clone(),
        today: Arc::new(move |book| super::today(clock.as_ref(), &config, book)),
    };
    if let Err(error) = http::serve(listener, state, until(stopped)).await {
        tracing::error!(%error, "The web server stopped.");
    }
}

/// Pulls one feed again and again while its lease is ours.
async fn pull_on_schedule(
    app: Arc<App>,
    index: usize,
    holder: String,
    settle_now: Arc<Notify>,
    stopped: watch::Receiver<bool>,
) {
    let Some(feed) = app.feeds.get(index) else { return };
    while !*stopped.borrow() {
        let pause = match pull_leased(&app, feed, &holder).await {
            Pulled::Well { changed } => {
                if changed {
                    settle_now.notify_one();
                }
                feed.every
            }
            Pulled::Failed => AFTER_FAILURE.max(feed.every),
            Pulled::HeldElsewhere => HELD_ELSEWHERE,
        };
        let next = app.clock.now().checked_add(pause).unwrap_or(Timestamp::MAX);
        wait_until(&app, next, stopped.clone()).await;
    }
}

enum Pulled {
    Well { changed: bool },
    Failed,
    HeldElsewhere,
}

async fn pull_leased(app: &App, feed: &Feed, holder: &str) -> Pulled {
    let name = format!("pull:{}/{}", feed.id.source, feed.id.stream);
    let fence = match app.store.acquire_lease(&name, holder, LEASE_MS).await {
        Ok(Some(fence)) => fence,
        Ok(None) => return Pulled::HeldElsewhere,
        Err(error) => {
            tracing::warn!(%error, stream = name, "The lease could not be asked for.");
            return Pulled::Failed;
        }
    };
    let pull = feed.pull(&app.store, app.clock.as_ref(), PullMode::Continue);
    tokio::pin!(pull);
    let report = loop {
        tokio::select! {
            report = &mut pull => break report,
            () = tokio::time::sleep(RENEW_EVERY) => {
                // Somebody else has it by now: what we had committed stays, the rest is theirs.
                if app.store.renew_lease(&name, fence, LEASE_MS).await.is_err() {
                    return Pulled::HeldElsewhere;
                }
            }
        }
    };
    if let Err(error) = app.store.release_lease(&name, fence).await {
        tracing::debug!(%error, stream = name, "The lease had run out.");
    }
    match report.error {
        None => Pulled::Well { changed: report.counts.applied > 0 },
        Some(error) => {
            tracing::warn!(source = %feed.id.source, stream = %feed.id.stream, class = error.class_name(), %error, "Stream stopped; its cursor stays.");
            Pulled::Failed
        }
    }
}

async fn settle_when_told(app: Arc<App>, settle_now: Arc<Notify>, stopped: watch::Receiver<bool>) {
    // What a killed daemon left dirty is settled first.
    loop {
        match app.settle().await {
            Ok(0) => {}
            Ok(_) => app.reminding.iter().for_each(|reminding| reminding.nudge()),
            Err(error) => tracing::warn!(%error, "Settlement failed; the marks stay."),
        }
        if *stopped.borrow() {
            return;
        }
        settle_now.notified().await;
    }
}

async fn wait_until(app: &App, deadline: Timestamp, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() && app.clock.now() < deadline {
        tokio::select! {
            () = tokio::time::sleep(app.clock.real_delay(deadline)) => {}
            _ = stopped.changed() => {}
        }
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        if stopped.changed().await.is_err() {
            return;
        }
    }
}

/// SIGINT (Ctrl-C) or SIGTERM (systemd, Docker).
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut term) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = term.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be heard; use SIGINT.");
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
