//! The daemon: each stream on its schedule, settlement and reminders behind it, http beside it, a graceful stop.
//!
//! Several daemons share the work by leases (`pull.rs`): when one dies its leases run out and another goes on where the
//! last page was committed.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{App, AppError};
use crate::http::{self, HttpState};
use crate::store::Changes;
use crate::sync::{PullMode, SyncError};

/// Even when nobody told of a change, one may have been missed while a connection was broken.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// A stream that another daemon holds is looked at again after this.
const HELD_ELSEWHERE: SignedDuration = SignedDuration::from_millis(HELD_ELSEWHERE_MS);
const HELD_ELSEWHERE_MS: i64 = 2_000;
/// DESIGN 9: the streams of a daemon that died move on in under ten seconds.
const _: () = assert!(super::pull::LEASE_MS + HELD_ELSEWHERE_MS < 10_000);
/// Between two lines with the end of the hash chain; one more is written at every start.
const ANCHOR_EVERY: SignedDuration = SignedDuration::from_hours(24);
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
    let changes = app.store.changes().await?;
    let mut tasks = JoinSet::new();
    for index in 0..app.feeds.len() {
        tasks.spawn(pull_on_schedule(Arc::clone(&app), index, stopped.clone()));
    }
    tasks.spawn(note_anchor(Arc::clone(&app), stopped.clone()));
    tasks.spawn(follow_changes(Arc::clone(&app), changes, stopped.clone()));
    if let Some(reminding) = &app.reminding {
        tasks.spawn(Arc::clone(reminding).run(stopped.clone()));
    }
    tasks.spawn(serve(Arc::clone(&app), listener, stopped));
    tracing::info!(%bind, streams = app.feeds.len(), "Bihuan is running.");
    terminated().await;
    tracing::info!("Stopping: what is under way is finished first.");
    let _ = stop.send(true);
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
async fn pull_on_schedule(app: Arc<App>, index: usize, stopped: watch::Receiver<bool>) {
    let Some(feed) = app.feeds.get(index) else { return };
    while !*stopped.borrow() {
        let report = app.pull_feed(feed, PullMode::Continue).await;
        let pause = match report.error {
            None => feed.every,
            Some(SyncError::Held { .. }) => HELD_ELSEWHERE,
            Some(_) => AFTER_FAILURE.max(feed.every),
        };
        let next = app.clock.now().checked_add(pause).unwrap_or(Timestamp::MAX);
        wait_until(&app, next, stopped.clone()).await;
    }
}

/// One line a day: with the log, the chain's end lies where nobody who changes the database changes it along.
async fn note_anchor(app: Arc<App>, stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        match app.store.anchor().await {
            Ok(anchor) => tracing::info!(%anchor, "End of the hash chain; check it with `ledger verify --anchor`."),
            Err(error) => tracing::warn!(%error, "The end of the hash chain could not be read."),
        }
        let tomorrow = app.clock.now().checked_add(ANCHOR_EVERY).unwrap_or(Timestamp::MAX);
        wait_until(&app, tomorrow, stopped.clone()).await;
    }
}

/// Settles and decides after every committed change, whichever process made it. What a killed daemon left is done first.
async fn follow_changes(app: Arc<App>, mut changes: Changes, mut stopped: watch::Receiver<bool>) {
    loop {
        if let Err(error) = app.settle().await {
            tracing::warn!(%error, "Settlement failed; the marks stay.");
        }
        app.reminding.iter().for_each(|reminding| reminding.nudge());
        if *stopped.borrow() {
            return;
        }
        tokio::select! {
            () = changes.next() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            _ = stopped.changed() => {}
        }
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
