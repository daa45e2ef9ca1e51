//! The ledger made again from its raw records, beside the stored one, and both compared.

use std::path::{Path, PathBuf};

use super::{AppError, feeds, settle};
use crate::config::Config;
use crate::store::{Comparison, Store};
use crate::sync::rebuild::{Replay, replay};

#[derive(Debug)]
pub struct Rebuilt {
    pub replay: Replay,
    pub comparison: Comparison,
}

/// Where the ledger is made again; gone afterwards, however that ends.
struct Scratch(PathBuf);

impl Scratch {
    fn in_folder(dir: &Path) -> Result<Self, AppError> {
        std::fs::create_dir_all(dir).map_err(|source| AppError::Folder { path: dir.display().to_string(), source })?;
        let scratch = Self(dir.join(format!("rebuild-{}.db", std::process::id())));
        scratch.remove();
        Ok(scratch)
    }

    /// SQLite leaves its log and its index beside the file.
    fn remove(&self) {
        for ending in ["", "-wal", "-shm"] {
            // What is not there, or cannot be removed, is nobody's loss.
            let _ = std::fs::remove_file(format!("{}{ending}", self.0.display()));
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Replays under the configuration of today: numbering, time zones, precedence and policies are not stored with a record.
pub async fn rebuild(config: &Config, store: &Store) -> Result<Rebuilt, AppError> {
    let feeds = feeds::build(config)?;
    let mut reader = store.raw_reader().await?;
    if reader.waiting().await? > 0 {
        return Err(AppError::Refused(
            "有客户待结算，稍后再试，或先运行 `bihuan sync` · customers wait for settlement; try again later, or run `bihuan sync`"
                .to_owned(),
        ));
    }
    let file = Scratch::in_folder(&config.data_dir)?;
    let scratch = store.scratch(&file.0).await?;
    let replay = replay(&mut reader, &feeds, &scratch).await?;
    settle(&scratch).await?;
    let comparison = reader.compare(&scratch).await?;
    scratch.close().await;
    Ok(Rebuilt { replay, comparison })
}
