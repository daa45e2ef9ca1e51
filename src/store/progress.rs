//! How far streams are covered: committed with each page's rows, read by `sync`.
//!
//! Finished spans are kept merged, so that a stream pulled every five minutes for years is still one row. An unfinished
//! span keeps the token of its next page and covers nothing.

use bihuan_connectors::sdk::Slice;
use jiff::Timestamp;

use super::engine::{Cell, Row, Tx};
use super::error::{Result, StoreError};
use super::types::{ProgressStep, StreamId};
use super::{Store, tables};
use crate::domain::Id;

const SPAN: &str = "span";
/// An unfinished span, named `from..to` in microseconds.
const PART: &str = "part";
const TOKEN: &str = "token";
const FILE: &str = "file";

/// What has been read of one stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Covered spans, merged, oldest first.
    pub covered: Vec<(Timestamp, Timestamp)>,
    /// End of the newest covered span.
    pub covered_until: Option<Timestamp>,
    /// Unfinished spans with the token of their next page.
    pub unfinished: Vec<(Timestamp, Timestamp, String)>,
    /// Where an opaque sequence stands.
    pub token: Option<String>,
    pub files: Vec<FileProgress>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileProgress {
    pub id: String,
    pub done: bool,
    pub resume: Option<String>,
}

impl Progress {
    /// Where an interrupted slice goes on.
    pub fn resume_of(&self, slice: &Slice) -> Option<String> {
        match slice {
            Slice::Span { from, to } => {
                let part = self.unfinished.iter().find(|(begin, end, _)| begin == from && end == to);
                part.map(|(_, _, resume)| resume.clone())
            }
            Slice::After(_) => None,
            Slice::File(id) => self.files.iter().find(|file| &file.id == id).and_then(|file| file.resume.clone()),
        }
    }

    fn of_rows(rows: &[Row]) -> Result<Self> {
        let mut progress = Self::default();
        for row in rows {
            let (name, resume) = (row.text(1)?, row.opt_text(4)?.map(str::to_owned));
            match row.text(0)? {
                SPAN => progress.covered.push((instant(name)?, row.instant(2)?)),
                PART => {
                    let from = name.split("..").next().unwrap_or(name);
                    progress.unfinished.push((instant(from)?, row.instant(2)?, resume.unwrap_or_default()));
                }
                TOKEN => progress.token = resume,
                _ => progress.files.push(FileProgress { id: name.to_owned(), done: row.bool(3)?, resume }),
            }
        }
        progress.covered.sort_unstable();
        progress.unfinished.sort_unstable();
        progress.covered_until = progress.covered.iter().map(|(_, until)| *until).max();
        Ok(progress)
    }
}

fn instant(name: &str) -> Result<Timestamp> {
    let micros = name.parse().ok().and_then(|micros| Timestamp::from_microsecond(micros).ok());
    micros.ok_or_else(|| StoreError::Corrupt { what: "span", problem: name.to_owned() })
}

const ROWS: &str = "SELECT kind, name, until, done, resume FROM stream_progress WHERE stream = $1";

impl Store {
    pub async fn progress(&self, stream: &StreamId) -> Result<Progress> {
        let mut tx = self.engine.read().await?;
        Progress::of_rows(&tx.fetch(ROWS, vec![stream.id().into()]).await?)
    }
}

/// Writes one step, within the transaction of its page.
pub async fn write(tx: &mut Tx, stream: Id, step: &ProgressStep) -> Result<()> {
    let row = |kind: &str, name: String, until: Option<Timestamp>, done: bool, resume: &Option<String>| -> Vec<Cell> {
        vec![stream.into(), kind.into(), name.into(), until.into(), done.into(), resume.clone().into()]
    };
    let rows = match step {
        ProgressStep::Span { from, to, done: true, .. } => return cover(tx, stream, *from, *to).await,
        ProgressStep::Span { from, to, done: false, resume } => {
            vec![row(PART, part_name(*from, *to), Some(*to), false, resume)]
        }
        ProgressStep::Token { token } => vec![row(TOKEN, String::new(), None, true, &Some(token.clone()))],
        ProgressStep::File { id, done, resume } => vec![row(FILE, id.clone(), None, *done, resume)],
    };
    tx.upsert_many(&tables::STREAM_PROGRESS, rows).await
}

fn part_name(from: Timestamp, to: Timestamp) -> String {
    format!("{}..{}", from.as_microsecond(), to.as_microsecond())
}

/// Adds a finished span to what is covered and merges what touches.
async fn cover(tx: &mut Tx, stream: Id, from: Timestamp, to: Timestamp) -> Result<()> {
    let progress = Progress::of_rows(&tx.fetch(ROWS, vec![stream.into()]).await?)?;
    let part = vec![stream.into(), PART.into(), part_name(from, to).into()];
    tx.execute("DELETE FROM stream_progress WHERE stream = $1 AND kind = $2 AND name = $3", part).await?;
    let merged = merge(progress.covered.iter().copied().chain([(from, to)]).collect());
    if merged == progress.covered {
        return Ok(());
    }
    let all = vec![stream.into(), SPAN.into()];
    tx.execute("DELETE FROM stream_progress WHERE stream = $1 AND kind = $2", all).await?;
    let rows = merged.into_iter().map(|(from, to)| {
        let name = from.as_microsecond().to_string();
        vec![stream.into(), SPAN.into(), name.into(), to.into(), true.into(), Cell::Null]
    });
    tx.upsert_many(&tables::STREAM_PROGRESS, rows.collect()).await
}

fn merge(mut spans: Vec<(Timestamp, Timestamp)>) -> Vec<(Timestamp, Timestamp)> {
    spans.sort_unstable();
    let mut merged: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (from, to) in spans {
        match merged.last_mut() {
            Some((_, until)) if from <= *until => *until = (*until).max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn touching_spans_become_one_and_holes_stay() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let spans = [(5, 7), (0, 2), (2, 3), (6, 9)].map(|(from, to)| (at(from), at(to)));
        assert_eq!(merge(spans.to_vec()), [(at(0), at(3)), (at(5), at(9))]);
    }
}
