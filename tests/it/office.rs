//! The simulated company and its servers, in the test's own process.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use bihuan::domain::SimClock;
use bihuan::sim::{Company, CompanySettings, SimServer, World};
use jiff::Timestamp;
use tokio::runtime::Runtime;

use super::program::bihuan;

pub struct Office {
    pub world: Arc<World>,
    pub url: String,
    settings: CompanySettings,
    _server: SimServer,
    /// Last, so that the server stops before its runtime does.
    _runtime: Runtime,
}

impl Office {
    /// Opens on the company's first day.
    pub fn open(customers: usize, months: u32) -> Self {
        Self::of(CompanySettings { customers, months, ..CompanySettings::default() })
    }

    pub fn of(settings: CompanySettings) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let first = bihuan::sim::calendar::instant(settings.start, 0);
        let world = World::new(Company::generate(settings.clone()), Arc::new(SimClock::new(first)));
        let server = runtime.block_on(SimServer::start(Arc::clone(&world), 0)).unwrap();
        Self { url: server.url(), world, settings, _server: server, _runtime: runtime }
    }

    /// Everything that will ever happen has happened.
    pub fn at_the_end(self) -> Self {
        self.world.advance_to(self.world.company().end());
        self
    }

    /// `bihuan demo --once --json` against this company.
    pub fn demo(&self, folder: &std::path::Path) -> Command {
        let mut command = bihuan();
        let (seed, customers, months) =
            (self.settings.seed.to_string(), self.settings.customers.to_string(), self.settings.months.to_string());
        command
            .args(["demo", "--once", "--json", "--sim-url", &self.url, "--seed", &seed])
            .args(["--customers", &customers, "--months", &months, "--data-dir"])
            .arg(folder);
        command
    }

    /// Everything that arrived in chats: who, when, what, and how often.
    pub fn chats(&self) -> BTreeMap<(String, Timestamp, String), u32> {
        let mut chats = BTreeMap::new();
        for chat in self.world.chats().delivered {
            *chats.entry((chat.to, chat.at, chat.text)).or_default() += 1;
        }
        chats
    }
}

/// The streams of each simulated account set.
const ERP_STREAMS: [&str; 9] =
    ["customer", "order", "outstock", "return", "receivable", "receipt", "bill", "match", "adjust"];

impl Office {
    /// The demo's own configuration on this company, in real time and without anybody to tell. In real time the company
    /// must have lived in the past: a stream is covered up to now.
    pub fn config(&self) -> String {
        let demo = include_str!("../../config/demo.toml").replace("@SIM@", &self.url);
        let demo = demo.replace("2026-01-01", &self.settings.start.to_string());
        let mut text = demo.replace("2025-12-01", &self.settings.start.to_string());
        for source in ["erp-sz", "erp-hk"] {
            let streams: String =
                ERP_STREAMS.iter().map(|stream| format!("[sources.{source}.streams.{stream}]\n")).collect();
            text = text.replace(&format!("@ERP_STREAMS {source}@\n"), &streams);
        }
        text.split("[channel]").next().unwrap().to_owned()
    }
}
