//! The drop folder: which files wait, what identifies them, where they go when they are done.
//!
//! A file is its name, its size and the hash of its content: a file that is still being written, or that is replaced
//! under the same name, is another file. Moving is atomic and may be repeated.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use aws_lc_rs::digest::{Context as Digest, SHA256};

use crate::sdk::SourceError;

/// The largest file that is read; a year of a busy bank account is a hundredth of it.
const MAX_FILE_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Files of one folder that are looked at; the rest wait for the next look.
const MAX_FILES: usize = 10_000;
/// Hexadecimal digits of the content hash in an id: 48 bits tell two exports apart.
const HASH_DIGITS: usize = 12;
const HASH_BLOCK_BYTES: usize = 256 * 1024;

/// A folder with its `done/` and `failed/`.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// `*` and `?` as usual, letter case ignored.
    pattern: String,
    /// Hashes of files seen unchanged since, so that a look does not read every file again. A cache, not progress.
    known: Mutex<HashMap<String, (Stamp, String)>>,
}

/// What changes when a file is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
}

/// A file that is what its id says.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) name: String,
    /// Unix microseconds; `None` where the file system keeps no such stamp.
    pub(super) modified_micros: Option<i64>,
}

impl Folder {
    pub(super) fn new(path: PathBuf, pattern: String) -> Self {
        Self { path, pattern, known: Mutex::default() }
    }

    /// Is the folder there and readable?
    pub(super) fn probe(&self) -> Result<(), SourceError> {
        fs::read_dir(&self.path).map(|_| ()).map_err(|error| self.unreadable(&error))
    }

    /// Ids of the waiting files, oldest first.
    pub(super) fn list(&self) -> Result<Vec<String>, SourceError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(|error| self.unreadable(&error))?.take(MAX_FILES) {
            let entry = entry.map_err(|error| self.unreadable(&error))?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if !is_plain_name(&name) || !matches(&self.pattern, &name) {
                continue;
            }
            // A file may be moved away between listing and looking.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_file() {
                found.push((stamp(&metadata), name));
            }
        }
        found.sort_by(|left, right| (left.0.modified, &left.1).cmp(&(right.0.modified, &right.1)));
        let names: Vec<String> = found.iter().map(|(_, name)| name.clone()).collect();
        self.forget_others(&names);
        let mut ids = Vec::new();
        for (stamp, name) in found {
            match self.id(&name, stamp) {
                Ok(id) => ids.push(id),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(SourceError::transient(format!("{name} cannot be read: {error}"))),
            }
        }
        Ok(ids)
    }

    /// Opens a file if it still is what the id says.
    pub(super) fn open(&self, id: &str) -> Result<Opened, SourceError> {
        let name = name_of(id)?;
        let changed = || SourceError::transient(format!("{name} is gone or has changed since it was listed"));
        let path = self.path.join(name);
        let file = File::open(&path).map_err(|_| changed())?;
        let metadata = file.metadata().map_err(|_| changed())?;
        if metadata.len() > MAX_FILE_BYTES {
            return Err(SourceError::data(format!("{name} is larger than {MAX_FILE_BYTES} bytes")));
        }
        let stamp = stamp(&metadata);
        if !metadata.is_file() || self.id(name, stamp).map_err(|_| changed())? != id {
            return Err(changed());
        }
        Ok(Opened { file, name: name.to_owned(), modified_micros: stamp.modified.and_then(micros) })
    }

    /// Moves a file to `done/` or `failed/`. A file that is already there, or was replaced by another, is left alone.
    pub(super) fn finish(&self, id: &str, failed: bool) -> Result<(), SourceError> {
        let name = name_of(id)?;
        let from = self.path.join(name);
        let Ok(metadata) = fs::metadata(&from) else {
            return Ok(());
        };
        if self.id(name, stamp(&metadata)).map_or(true, |present| present != id) {
            return Ok(());
        }
        let target = self.path.join(if failed { "failed" } else { "done" });
        let moved = fs::create_dir_all(&target).and_then(|()| fs::rename(&from, free_place(&target, name, id)));
        match moved {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(SourceError::config(format!("{name} cannot be moved to {}: {error}", target.display()))
                    .help("the user that runs Bihuan needs the right to write there"))
            }
            _ => Ok(()),
        }
    }

    fn id(&self, name: &str, stamp: Stamp) -> io::Result<String> {
        let known = self.lock().get(name).filter(|(known, _)| *known == stamp).map(|(_, hash)| hash.clone());
        let hash = match known {
            Some(hash) => hash,
            None => {
                let hash = content_hash(&self.path.join(name))?;
                self.lock().insert(name.to_owned(), (stamp, hash.clone()));
                hash
            }
        };
        Ok(format!("{name}:{}:{hash}", stamp.size))
    }

    fn forget_others(&self, names: &[String]) {
        self.lock().retain(|name, _| names.contains(name));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Stamp, String)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unreadable(&self, error: &io::Error) -> SourceError {
        SourceError::config(format!("the folder {} cannot be read: {error}", self.path.display()))
            .help("create it, or correct `folder`")
    }
}

/// An id is only ever a name inside the folder, whatever a caller hands in.
fn name_of(id: &str) -> Result<&str, SourceError> {
    let mut parts = id.rsplitn(3, ':');
    let name = parts.nth(2).filter(|name| is_plain_name(name));
    name.ok_or_else(|| SourceError::new(crate::sdk::ErrorClass::Bug, format!("`{id}` is not the id of a file")))
}

/// No folders, no hidden or temporary files.
fn is_plain_name(name: &str) -> bool {
    let temporary = [".part", ".tmp", ".crdownload"].iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    !name.is_empty() && !name.starts_with(['.', '~']) && !name.contains(['/', '\\']) && !temporary
}

/// `*` stands for any text, `?` for any one character.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let name: Vec<char> = name.to_lowercase().chars().collect();
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, eaten)) => {
                    star = Some((at, eaten + 1));
                    p = at + 1;
                    n = eaten + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

fn stamp(metadata: &Metadata) -> Stamp {
    Stamp { size: metadata.len(), modified: metadata.modified().ok() }
}

fn micros(time: SystemTime) -> Option<i64> {
    jiff::Timestamp::try_from(time).ok().map(jiff::Timestamp::as_microsecond)
}

fn content_hash(path: &Path) -> io::Result<String> {
    // One byte more than allowed is enough: opening will refuse the file by its size.
    let mut file = File::open(path)?.take(MAX_FILE_BYTES + 1);
    let mut digest = Digest::new(&SHA256);
    let mut block = vec![0; HASH_BLOCK_BYTES];
    loop {
        match file.read(&mut block)? {
            0 => break,
            read => digest.update(&block[..read]),
        }
    }
    let mut hex: String = digest.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    hex.truncate(HASH_DIGITS);
    Ok(hex)
}

/// The name itself, or, when an earlier file of that name is there, the name with the content hash.
fn free_place(target: &Path, name: &str, id: &str) -> PathBuf {
    let plain = target.join(name);
    if !plain.exists() {
        return plain;
    }
    let hash = id.rsplit(':').next().unwrap_or("again");
    match name.rsplit_once('.') {
        Some((stem, extension)) => target.join(format!("{stem}.{hash}.{extension}")),
        None => target.join(format!("{name}.{hash}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_as_in_a_shell() {
        for (pattern, name, expected) in [
            ("*.csv", "流水.CSV", true),
            ("*.csv", "a.csv.bak", false),
            ("bank-??-*.csv", "bank-sz-2026.csv", true),
            ("bank-??-*.csv", "bank-s-2026.csv", false),
            ("*", "x", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn an_id_never_leaves_the_folder() {
        for id in ["../x.csv:1:aa", "a/b:1:aa", ".hidden:1:aa", "noid", ":1:aa"] {
            assert!(name_of(id).is_err(), "{id}");
        }
        assert_eq!(name_of("a:b.csv:1:aa").unwrap(), "a:b.csv");
    }
}
