//! One loopback server that answers as the ERP, the chat system and its archive would, at the simulated instant.
//!
//! Everything is read from the company through a shared clock: what lies in the future of the clock does not exist
//! yet. Any password is right unless it starts with `wrong`, so that a refused login can be tried as well.

mod control;
mod faults;
mod kingdee;
mod wecom;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::bank_files;
use super::company::{Book, Company, catalog};
use crate::domain::{Clock, SimClock};
pub use faults::{FaultKind, Faults};
pub use wecom::{ChatLog, Delivered};

/// No holiday is longer; a company without customers has nothing to tell for ever.
const LONGEST_QUIET_DAYS: usize = 31;

/// Secrets that start so are refused.
const WRONG_SECRET: &str = "wrong";

/// The simulated company, the instant that the outside sees, and what the servers remember.
#[derive(Debug)]
pub struct World {
    company: RwLock<Company>,
    clock: Arc<SimClock>,
    sessions: Mutex<kingdee::Sessions>,
    office: Mutex<wecom::Office>,
    faults: Mutex<faults::Schedule>,
}

impl World {
    pub fn new(company: Company, clock: Arc<SimClock>) -> Arc<Self> {
        Arc::new(Self {
            company: RwLock::new(company),
            clock,
            sessions: Mutex::default(),
            office: Mutex::default(),
            faults: Mutex::default(),
        })
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The clock goes forward only.
    pub fn advance_to(&self, to: Timestamp) {
        self.clock.advance_to(to);
    }

    /// To look into; do not hold it across an await.
    pub fn company(&self) -> RwLockReadGuard<'_, Company> {
        self.company.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lives one more day after the last one. Its events become visible as the clock reaches them.
    pub fn extend_one_day(&self) -> Date {
        self.company.write().unwrap_or_else(PoisonError::into_inner).extend_one_day()
    }

    /// The next instant after `now` at which something new can be seen, if the company has lived that far.
    pub fn next_event_after(&self, now: Timestamp) -> Option<Timestamp> {
        self.company().timeline().next_event_after(now)
    }

    /// Moves the clock by at least `step` to the next instant at which something happens, letting the company live on
    /// when it must, and returns that instant. A demo that never ends calls this every few seconds.
    pub fn advance_to_next_event(&self, step: SignedDuration) -> Timestamp {
        let from = self.now().saturating_add(step).unwrap_or(Timestamp::MAX);
        for _ in 0..LONGEST_QUIET_DAYS {
            if let Some(next) = self.next_event_after(from) {
                self.advance_to(next);
                break;
            }
            self.extend_one_day();
        }
        self.now()
    }

    /// Writes the bank files that are visible at `up_to`; returns how many. Files that are there already, or in
    /// `done/` or `failed/`, are left alone unless `rewrite`.
    pub fn write_bank_files(&self, sz: &Path, hk: &Path, up_to: Timestamp, rewrite: bool) -> io::Result<usize> {
        let company = self.company();
        let mainland = bank_files::write(&company, Book::Sz, sz, up_to, rewrite)?;
        Ok(mainland + bank_files::write(&company, Book::Hk, hk, up_to, rewrite)?)
    }

    /// What arrived in people's chats so far.
    pub fn chats(&self) -> ChatLog {
        lock(&self.office).log().clone()
    }

    pub fn set_faults(&self, faults: Faults) {
        *lock(&self.faults) = faults::Schedule::new(faults);
    }

    /// How many answers were spoilt so far.
    pub fn faults_injected(&self) -> u64 {
        lock(&self.faults).injected()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who is told, for `people.toml` of a demo or a test: each salesperson, the manager, a finance and an IT queue.
pub fn people_toml() -> String {
    let mut text = String::from("# The people of the simulated company.\n");
    for person in catalog::SALESPEOPLE {
        text.push_str(&format!(
            "\n[[person]]\nname = \"{}\"\nchat = \"{}\"\ncodes = [\"{}\"]\nmanager = \"{}\"\n",
            person.name,
            person.user,
            person.code,
            catalog::MANAGER.user
        ));
    }
    for person in [catalog::MANAGER, catalog::FINANCE, catalog::IT] {
        text.push_str(&format!("\n[[person]]\nname = \"{}\"\nchat = \"{}\"\ncodes = []\n", person.name, person.user));
    }
    for (queue, member) in [("finance", catalog::FINANCE.user), ("it", catalog::IT.user)] {
        text.push_str(&format!("\n[[queue]]\nname = \"{queue}\"\nmembers = [\"{member}\"]\n"));
    }
    text
}

/// All routes. The systems' own can be spoilt by faults, the controls cannot.
pub fn router(world: Arc<World>) -> Router {
    let systems = Router::new()
        .route("/k3cloud/{service}", post(kingdee::call))
        .route("/cgi-bin/gettoken", get(wecom::get_token))
        .route("/cgi-bin/message/send", post(wecom::send))
        .route("/cgi-bin/message/getchatdata", post(wecom::chat_data))
        .route("/cgi-bin/externalcontact/get_follow_user_list", get(wecom::followers).post(wecom::followers))
        .route("/cgi-bin/externalcontact/batch/get_by_user", post(wecom::contacts))
        .layer(from_fn_with_state(world.clone(), faults::spoil));
    Router::new()
        .route("/", get(control::page))
        .route("/sim/clock", get(control::clock).post(control::set_clock))
        .route("/sim/chats", get(control::chats))
        .route("/sim/faults", get(control::faults).post(control::set_faults))
        .route("/healthz", any(|| async { "ok" }))
        .merge(systems)
        .with_state(world)
}

/// A running server; dropping it stops it.
#[derive(Debug)]
pub struct SimServer {
    pub address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl SimServer {
    /// Listens on loopback only; port 0 takes a free one.
    pub async fn start(world: Arc<World>, port: u16) -> io::Result<Self> {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router(world)).await {
                tracing::error!(%error, "The simulated servers stopped.");
            }
        });
        Ok(Self { address, task })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for SimServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests;
