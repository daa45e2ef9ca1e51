//! A data folder with its own configuration.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::figures::Figures;
use super::program::{Ended, on};

pub struct Folder {
    dir: TempDir,
}

impl Folder {
    pub fn new(config: &str) -> Self {
        let folder = Self { dir: tempfile::tempdir().unwrap() };
        folder.write("bihuan.toml", config);
        folder
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// `bihuan sync --json`, of one source or of all.
    pub fn sync(&self, source: &[&str]) -> Ended {
        on(self.path(), &[&["sync", "--json"], source].concat())
    }

    pub fn status(&self) -> Figures {
        Figures::read(on(self.path(), &["status", "--json"]).json())
    }

    /// Whether a database was made here.
    pub fn has_database(&self) -> bool {
        self.dir.path().join("bihuan.db").exists()
    }
}
