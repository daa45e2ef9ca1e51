//! What every connector's tests run: the promises of the contract, checked from outside.
//!
//! Checks return what was broken as text, so that a connector outside this repository can use them too.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::value::RawValue;

use super::{CELL_SEPARATOR, Connector, Page, PayloadShape, PullRequest, RecordBatch, Sleeper, Slice};

/// More pages than any test has; a connector that goes on never ends.
const MAX_PAGES: usize = 1000;
/// The contract's bound on tokens.
const MAX_TOKEN_BYTES: usize = 64 * 1024;

/// Pulls a slice page by page, each page twice, and checks what the contract promises. Returns the pages.
pub async fn check_slice(
    connector: &dyn Connector,
    stream: &str,
    slice: &Slice,
    now: Timestamp,
) -> Result<Vec<Page>, String> {
    let known = connector.streams();
    if !known.iter().any(|info| info.name == stream) {
        return Err(format!("`{stream}` is not among the streams"));
    }
    let mut pages: Vec<Page> = Vec::new();
    let mut resume: Option<String> = None;
    for number in 1..=MAX_PAGES {
        let request = PullRequest { stream, slice, resume: resume.as_deref(), now };
        let page = connector.pull(request.clone()).await.map_err(|error| format!("page {number}: {error}"))?;
        let again = connector.pull(request).await.map_err(|error| format!("page {number} again: {error}"))?;
        if !equal(&page, &again) {
            return Err(format!("page {number} differs when it is pulled again"));
        }
        check_batch(&page.batch).map_err(|reason| format!("page {number}: {reason}"))?;
        for token in [&page.resume, &page.token].into_iter().flatten() {
            if token.len() > MAX_TOKEN_BYTES {
                return Err(format!("page {number}: a token is longer than {MAX_TOKEN_BYTES} bytes"));
            }
        }
        if page.resume.is_some() && page.resume == resume {
            return Err(format!("page {number} resumes where it began"));
        }
        resume = page.resume.clone();
        pages.push(page);
        if resume.is_none() {
            return Ok(pages);
        }
    }
    Err(format!("the slice does not end within {MAX_PAGES} pages"))
}

/// A probe succeeds and leaves the waiting files as they were.
pub async fn check_probe(connector: &dyn Connector) -> Result<(), String> {
    let before = waiting_files(connector).await?;
    for _ in 0..2 {
        connector.probe().await.map_err(|error| format!("the probe failed: {error}"))?;
    }
    if waiting_files(connector).await? == before { Ok(()) } else { Err("a probe changed the waiting files".into()) }
}

async fn waiting_files(connector: &dyn Connector) -> Result<Vec<Vec<String>>, String> {
    let mut all = Vec::new();
    for info in connector.streams() {
        all.push(connector.files(&info.name).await.map_err(|error| error.to_string())?);
    }
    Ok(all)
}

fn equal(left: &Page, right: &Page) -> bool {
    left.resume == right.resume
        && left.token == right.token
        && left.batch.shape == right.batch.shape
        && left.batch.observed_at_micros == right.batch.observed_at_micros
        && left.batch.len() == right.batch.len()
        && left.batch.iter().zip(right.batch.iter()).all(|(one, other)| {
            (one.key, one.version, one.payload, one.problem) == (other.key, other.version, other.payload, other.problem)
        })
}

fn check_batch(batch: &RecordBatch) -> Result<(), String> {
    let mut keys = HashSet::new();
    for record in batch.iter() {
        if record.key.is_empty() {
            return Err("a record has no key".into());
        }
        if record.problem.is_some() {
            continue;
        }
        if !keys.insert((record.key, record.version)) {
            return Err(format!("key `{}` comes twice with the same version", record.key));
        }
        match &batch.shape {
            PayloadShape::Json => {
                let json = serde_json::from_slice::<&RawValue>(record.payload);
                if !json.is_ok_and(|value| value.get().starts_with('{')) {
                    return Err(format!("the payload of `{}` is not a JSON object", record.key));
                }
            }
            PayloadShape::Row(columns) => {
                let cells = record.payload.split(|byte| *byte == CELL_SEPARATOR).count();
                if cells > columns.len() || std::str::from_utf8(record.payload).is_err() {
                    return Err(format!("the payload of `{}` does not fit the columns", record.key));
                }
            }
            PayloadShape::Opaque => return Err(format!("`{}` is opaque but has no problem", record.key)),
        }
    }
    Ok(())
}

/// Doesn't wait; remembers how long it should have waited.
#[derive(Debug, Default)]
pub struct RecordingSleeper {
    slept: Mutex<Vec<Duration>>,
}

impl RecordingSleeper {
    pub fn slept(&self) -> Vec<Duration> {
        self.slept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Sleeper for RecordingSleeper {
    async fn sleep(&self, duration: Duration) {
        self.slept.lock().unwrap_or_else(PoisonError::into_inner).push(duration);
    }
}

#[cfg(test)]
pub(crate) use server::serve;

#[cfg(test)]
mod server {
    use axum::Router;
    use tokio::task::JoinHandle;

    /// A fake of a foreign system on a free loopback port; ends when dropped.
    #[derive(Debug)]
    pub(crate) struct TestServer {
        url: String,
        task: JoinHandle<()>,
    }

    impl TestServer {
        pub(crate) fn url(&self) -> &str {
            &self.url
        }
    }

    impl Drop for TestServer {
        fn drop(&mut self) {
            self.task.abort();
        }
    }

    pub(crate) async fn serve(app: Router) -> std::io::Result<TestServer> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Ok(TestServer { url, task })
    }
}
