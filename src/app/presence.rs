//! Whether this process is alone with its data, which decides who may take up what a dead process left.
//!
//! A SQLite folder has one daemon, held by a file lock that the kernel releases however the process ends. A PostgreSQL
//! database may be shared: there, leases that run out say who is gone.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::{AppError, SQLITE};
use crate::config::Config;

const LOCK_FILE: &str = "bihuan.lock";

/// What a command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Nobody else on this data, whatever the database: the demo, whose clock stands still between its steps.
    Alone,
    /// The one daemon of a SQLite folder, or one of many on PostgreSQL.
    Daemon,
    /// A command that works beside a running daemon.
    Beside,
}

/// The lock, while it is held.
#[derive(Debug)]
pub struct Presence {
    _lock: Option<File>,
    pub alone: bool,
}

impl Presence {
    /// Takes the folder's lock, or refuses when somebody who must be alone is not.
    pub fn take(config: &Config, wanted: Wanted) -> Result<Self, AppError> {
        let embedded = config.store_url()?.expose().starts_with(SQLITE);
        if !embedded && wanted != Wanted::Alone {
            return Ok(Self { _lock: None, alone: false });
        }
        let lock = lock(&config.data_dir)?;
        if lock.is_none() && wanted != Wanted::Beside {
            let folder = config.data_dir.display();
            return Err(AppError::Refused(format!(
                "{folder} 正被另一个进程使用 · is in use by another bihuan process"
            )));
        }
        let alone = lock.is_some();
        Ok(Self { _lock: lock, alone })
    }
}

/// `None` while another process holds it.
fn lock(folder: &Path) -> Result<Option<File>, AppError> {
    let path = folder.join(LOCK_FILE);
    let fault = |source| AppError::Folder { path: path.display().to_string(), source };
    std::fs::create_dir_all(folder).map_err(fault)?;
    let file = File::options().create(true).append(true).open(&path).map_err(fault)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(fault(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_holder_and_is_free_again_when_it_ends() {
        let dir = tempfile::tempdir().unwrap();
        let first = lock(dir.path()).unwrap();
        assert!(first.is_some());
        assert!(lock(dir.path()).unwrap().is_none());
        drop(first);
        assert!(lock(dir.path()).unwrap().is_some());
    }
}
