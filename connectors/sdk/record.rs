//! Raw records as the source gave them: byte ranges in one shared arena, never parsed JSON trees.

use std::sync::Arc;

use bytes::Bytes;

/// How the payload bytes of a batch are to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayloadShape {
    /// Each payload is one JSON object.
    Json,
    /// Each payload is one row: cells joined by the unit separator `\x1f`, in the order of these column names.
    /// Cells are UTF-8 and trimmed of nothing; an absent trailing cell is an empty text.
    Row(Arc<[String]>),
    /// Each payload could not even be taken apart (broken encoding, too many columns); `problem` of the record says why.
    Opaque,
}

/// The separator between the cells of [`PayloadShape::Row`]; connectors replace it in cell text by a space.
pub const CELL_SEPARATOR: u8 = 0x1f;

#[derive(Debug, Clone, PartialEq, Eq)]
struct RecordIndex {
    key: (u32, u32),
    /// `start == end` means that the source gave no version.
    version: (u32, u32),
    payload: (u32, u32),
    problem: Option<Box<str>>,
}

/// One page of records. `observed_at_micros` is stamped once at the edge and travels with the records.
#[derive(Debug, Clone)]
pub struct RecordBatch {
    arena: Bytes,
    pub shape: PayloadShape,
    /// Unix microseconds: file modification or snapshot instant, else the start of the pull.
    pub observed_at_micros: i64,
    rows: Vec<RecordIndex>,
}

/// A borrowed record of a batch.
#[derive(Debug, Clone, Copy)]
pub struct RawRecord<'a> {
    /// The source's own key of the record; when the record is unreadable, its place (`file.csv:17`).
    pub key: &'a str,
    /// The source's version (a modification stamp, a sequence), comparable as text only within one key.
    pub version: Option<&'a str>,
    pub payload: &'a [u8],
    /// Why the connector could not take the record apart; such a record goes to quarantine with this reason.
    pub problem: Option<&'a str>,
}

impl RecordBatch {
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn get(&self, index: usize) -> Option<RawRecord<'_>> {
        self.rows.get(index).map(|row| self.view(row))
    }

    pub fn iter(&self) -> impl Iterator<Item = RawRecord<'_>> {
        self.rows.iter().map(|row| self.view(row))
    }

    fn view<'a>(&'a self, row: &'a RecordIndex) -> RawRecord<'a> {
        let version = self.text(row.version);
        RawRecord {
            key: self.text(row.key),
            version: (!version.is_empty()).then_some(version),
            payload: &self.arena[row.payload.0 as usize..row.payload.1 as usize],
            problem: row.problem.as_deref(),
        }
    }

    /// Keys and versions were pushed as `&str`, so the range is UTF-8 by construction.
    fn text(&self, range: (u32, u32)) -> &str {
        std::str::from_utf8(&self.arena[range.0 as usize..range.1 as usize]).unwrap_or("")
    }
}

/// Collects a page; one growing buffer, frozen at the end.
#[derive(Debug)]
pub struct RecordBatchBuilder {
    arena: Vec<u8>,
    shape: PayloadShape,
    observed_at_micros: i64,
    rows: Vec<RecordIndex>,
}

impl RecordBatchBuilder {
    pub fn new(shape: PayloadShape, observed_at_micros: i64) -> Self {
        Self { arena: Vec::new(), shape, observed_at_micros, rows: Vec::new() }
    }

    pub fn push(&mut self, key: &str, version: Option<&str>, payload: &[u8]) {
        self.push_row(key, version, payload, None);
    }

    /// A record that could not be taken apart; it is kept with its bytes and its reason.
    pub fn push_problem(&mut self, key: &str, payload: &[u8], problem: &str) {
        self.push_row(key, None, payload, Some(problem.into()));
    }

    fn push_row(&mut self, key: &str, version: Option<&str>, payload: &[u8], problem: Option<Box<str>>) {
        let key = self.append(key.as_bytes());
        let version = self.append(version.unwrap_or("").as_bytes());
        let payload = self.append(payload);
        self.rows.push(RecordIndex { key, version, payload, problem });
    }

    /// Ranges are `u32`: a page is bounded far below 4 GiB by the HTTP kit and the file reader.
    fn append(&mut self, bytes: &[u8]) -> (u32, u32) {
        let start = u32::try_from(self.arena.len()).unwrap_or(u32::MAX);
        self.arena.extend_from_slice(bytes);
        (start, u32::try_from(self.arena.len()).unwrap_or(u32::MAX))
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn finish(self) -> RecordBatch {
        RecordBatch {
            arena: self.arena.into(),
            shape: self.shape,
            observed_at_micros: self.observed_at_micros,
            rows: self.rows,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_as_they_went_in() {
        let mut builder = RecordBatchBuilder::new(PayloadShape::Json, 7);
        builder.push("A", Some("2026-01-01"), b"{}");
        builder.push_problem("f.csv:3", b"\xff", "broken GB18030 at byte 9");
        let batch = builder.finish();
        let records: Vec<_> =
            batch.iter().map(|record| (record.key, record.version, record.payload, record.problem)).collect();
        assert_eq!(
            records,
            [
                ("A", Some("2026-01-01"), b"{}".as_slice(), None),
                ("f.csv:3", None, b"\xff".as_slice(), Some("broken GB18030 at byte 9")),
            ]
        );
    }
}
