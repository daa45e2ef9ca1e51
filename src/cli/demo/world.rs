//! The simulated company beside the demo: in this process, or in a test's, so that killing the demo does not kill it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::folder::DemoFolder;
use crate::app::AppError;
use crate::cli::args::DemoArgs;
use crate::domain::SimClock;
use crate::sim::{Company, CompanySettings, SimServer, World, remote::RemoteWorld};

pub enum DemoWorld {
    Here { world: Arc<World>, server: SimServer },
    Elsewhere { world: RemoteWorld, end: Timestamp },
}

impl DemoWorld {
    pub async fn start(args: &DemoArgs, folder: &DemoFolder, clock: Arc<SimClock>) -> Result<Self, AppError> {
        let fault = |source| AppError::Folder { path: folder.dir.display().to_string(), source };
        if let Some(url) = &args.sim_url {
            let world = RemoteWorld::new(url).map_err(AppError::Usage)?;
            let end = world.end().await.map_err(fault)?;
            return Ok(Self::Elsewhere { world, end });
        }
        let settings = CompanySettings {
            seed: args.seed,
            customers: args.customers as usize,
            months: args.months,
            ..CompanySettings::default()
        };
        let world = World::new(Company::generate(settings), clock);
        let server = SimServer::start(Arc::clone(&world), 0).await.map_err(fault)?;
        Ok(Self::Here { world, server })
    }

    pub fn url(&self) -> String {
        match self {
            Self::Here { server, .. } => server.url(),
            Self::Elsewhere { world, .. } => world.url().to_owned(),
        }
    }

    /// The generator's last instant.
    pub fn end(&self) -> Timestamp {
        match self {
            Self::Here { world, .. } => world.company().end(),
            Self::Elsewhere { end, .. } => *end,
        }
    }

    /// Makes visible what has happened up to `now`, the bank's files included; `again` drops old files anew.
    pub async fn show(&self, now: Timestamp, folder: &DemoFolder, again: bool) -> Result<(), AppError> {
        let (sz, hk) = folder.bank_dirs();
        let shown = match self {
            Self::Here { world, .. } => {
                world.advance_to(now);
                world.write_bank_files(&sz, &hk, now, again).map(|_| ())
            }
            Self::Elsewhere { world, .. } => world.show(now, &sz, &hk, again).await,
        };
        shown.map_err(|source| AppError::Folder { path: folder.dir.display().to_string(), source })
    }

    /// Lets the company live on until a day after `now`.
    pub fn live_until(&self, now: Timestamp) {
        let Self::Here { world, .. } = self else { return };
        let Ok(needed) = now.checked_add(SignedDuration::from_hours(24)) else { return };
        while world.company().end() < needed {
            world.extend_one_day();
        }
    }
}
