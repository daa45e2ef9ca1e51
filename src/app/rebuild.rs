//! The ledger made again from its raw records: to be compared with the stored one, or to ask what was known at an instant.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{AppError, feeds, settle};
use crate::config::Config;
use crate::store::{Comparison, RawReader, Store};
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

/// A ledger that was made from raw records; its file goes when it does.
pub struct Remade {
    pub store: Store,
    replay: Replay,
    _file: Scratch,
}

impl Remade {
    /// Replays under the configuration of today: numbering, zones, precedence and policies are not stored with a record.
    async fn of(config: &Config, store: &Store, reader: &mut RawReader) -> Result<Self, AppError> {
        let feeds = feeds::build(config)?;
        let file = Scratch::in_folder(&config.data_dir)?;
        let scratch = store.scratch(&file.0).await?;
        let replay = replay(reader, &feeds, &scratch).await?;
        settle(&scratch).await?;
        Ok(Self { store: scratch, replay, _file: file })
    }

    /// The ledger that was known at an instant; refused when some of what had come in by then cannot be replayed.
    pub async fn known_at(config: &Config, store: &Store, instant: Timestamp) -> Result<Self, AppError> {
        let remade = Self::of(config, store, &mut store.raw_reader(Some(instant)).await?).await?;
        if !remade.replay.problems.is_empty() {
            return Err(AppError::Refused(remade.replay.problems.join("\n")));
        }
        if remade.replay.versions == 0 {
            return Err(AppError::Refused(format!("到 {instant} 为止没有任何记录 · nothing had come in by then")));
        }
        Ok(remade)
    }
}

pub async fn rebuild(config: &Config, store: &Store) -> Result<Rebuilt, AppError> {
    let mut reader = store.raw_reader(None).await?;
    if reader.waiting().await? > 0 {
        return Err(AppError::Refused(
            "有客户待结算，稍后再试，或先运行 `bihuan sync` · customers wait for settlement; try again later, or run `bihuan sync`"
                .to_owned(),
        ));
    }
    let remade = Remade::of(config, store, &mut reader).await?;
    let comparison = reader.compare(&remade.store).await?;
    remade.store.close().await;
    Ok(Rebuilt { replay: remade.replay, comparison })
}
