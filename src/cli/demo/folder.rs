//! The demo's data folder: its clock, its configuration, the bank's drop folders.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::args::{DemoArgs, Global};
use crate::app::AppError;
use crate::sim;

const CONFIG: &str = include_str!("../../../config/demo.toml");
const REMINDERS: &str = include_str!("../../../config/reminders.toml");
const STATE_FILE: &str = "demo.json";
const DEFAULT_FOLDER: &str = "bihuan-demo";

/// Streams of each simulated account set, and the mapping of each.
const ERP_STREAMS: &[&str] =
    &["customer", "order", "outstock", "return", "receivable", "receipt", "bill", "match", "adjust"];

/// What must be the same in every run of one folder, and how far it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoState {
    seed: u64,
    customers: u32,
    months: u32,
    /// The last step that was finished.
    pub now: Timestamp,
}

#[derive(Debug)]
pub struct DemoFolder {
    pub dir: PathBuf,
    pub state: DemoState,
}

impl DemoFolder {
    /// Opens or creates the folder; one that holds another company is refused.
    pub fn open(global: &Global, args: &DemoArgs) -> Result<Self, AppError> {
        let dir = global.data_dir.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FOLDER));
        for folder in ["inbox/bank-sz", "inbox/bank-hk"] {
            std::fs::create_dir_all(dir.join(folder)).map_err(|source| fault(&dir, source))?;
        }
        let fresh = DemoState {
            seed: args.seed,
            customers: args.customers,
            months: args.months,
            now: sim::calendar::instant(sim::CompanySettings::default().start, 0),
        };
        let state = match std::fs::read_to_string(dir.join(STATE_FILE)) {
            Ok(text) => serde_json::from_str(&text)
                .map_err(|error| AppError::Refused(format!("{}/{STATE_FILE}: {error}", dir.display())))?,
            Err(_) => fresh.clone(),
        };
        if (state.seed, state.customers, state.months) != (fresh.seed, fresh.customers, fresh.months) {
            let known = format!("--seed {} --customers {} --months {}", state.seed, state.customers, state.months);
            return Err(AppError::Usage(format!(
                "{} 里是另一家模拟公司（{known}）；请换 --data-dir · holds another company; choose another --data-dir",
                dir.display()
            )));
        }
        Ok(Self { dir, state })
    }

    pub fn config_path(&self) -> PathBuf {
        self.dir.join("bihuan.toml")
    }

    pub fn bank_dirs(&self) -> (PathBuf, PathBuf) {
        (self.dir.join("inbox/bank-sz"), self.dir.join("inbox/bank-hk"))
    }

    /// Configuration, people and rules, so that every other command works on the demo's data.
    pub fn write_config(&self, sim_url: &str) -> Result<(), AppError> {
        let mut text = CONFIG.replace("@SIM@", sim_url);
        for source in ["erp-sz", "erp-hk"] {
            let streams: String = ERP_STREAMS
                .iter()
                .map(|stream| format!("[sources.{source}.streams.{stream}]\nmapping = \"kingdee/{stream}.toml\"\n"))
                .collect();
            text = text.replace(&format!("@ERP_STREAMS {source}@\n"), &streams);
        }
        // Nobody is there to accept the reconciled figures of a simulated company, so its reminders are sent.
        let reminders = REMINDERS.replacen("mode = \"shadow\"", "mode = \"send\"", 1);
        for (name, text) in
            [("bihuan.toml", text), ("people.toml", sim::servers::people_toml()), ("reminders.toml", reminders)]
        {
            write_whole(&self.dir.join(name), &text)?;
        }
        Ok(())
    }

    /// Remembers that everything up to `now` is done.
    pub fn save(&mut self, now: Timestamp) -> Result<(), AppError> {
        self.state.now = now;
        let text = serde_json::to_string_pretty(&self.state).map_err(|error| AppError::Refused(error.to_string()))?;
        write_whole(&self.dir.join(STATE_FILE), &text)
    }
}

/// Written beside and renamed: a kill in between leaves the old file.
fn write_whole(path: &Path, text: &str) -> Result<(), AppError> {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path)).map_err(|source| fault(path, source))
}

fn fault(path: &Path, source: std::io::Error) -> AppError {
    AppError::Folder { path: path.display().to_string(), source }
}

/// The simulated instant that a demo's folder keeps; `None` for a folder that is not a demo's.
pub fn saved_now(dir: &Path) -> Option<Timestamp> {
    let text = std::fs::read_to_string(dir.join(STATE_FILE)).ok()?;
    serde_json::from_str::<DemoState>(&text).ok().map(|state| state.now)
}
