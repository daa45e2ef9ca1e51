//! A page of a text file: so many lines in one buffer, each with its place in the file.
//!
//! Lines are the unit because a damaged line must not take its neighbours with it.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom};
use std::ops::Range;

use crate::sdk::SourceError;

/// Longer lines are kept up to here and reported as a problem.
const MAX_LINE_BYTES: usize = 1024 * 1024;
/// A page ends early when its lines are this long.
const MAX_PAGE_BYTES: usize = 16 * 1024 * 1024;
const BUFFER_BYTES: usize = 256 * 1024;
const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";

/// Where a line begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: u64,
    /// Counted from 1, as editors do.
    pub(super) line: u64,
}

impl Place {
    pub(super) const START: Self = Self { offset: 0, line: 1 };

    pub(super) fn token(self) -> String {
        format!("{}:{}", self.offset, self.line)
    }

    pub(super) fn parse(token: &str) -> Result<Self, SourceError> {
        let parts = token.split_once(':').and_then(|(offset, line)| Some((offset.parse().ok()?, line.parse().ok()?)));
        let (offset, line) = parts
            .ok_or_else(|| SourceError::new(crate::sdk::ErrorClass::Bug, format!("file: resume token `{token}`")))?;
        Ok(Self { offset, line })
    }
}

/// One line of a page.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) place: Place,
    /// Bytes in the page's buffer, without the line end.
    pub(super) range: Range<usize>,
    /// Only the beginning was kept.
    pub(super) cut: bool,
}

/// Some lines, and where the next page begins (`None` at the end of the file).
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) buffer: Vec<u8>,
    pub(super) lines: Vec<Line>,
    pub(super) next: Option<Place>,
    /// The file says by a byte order mark that it is UTF-8 (known on its first page only).
    pub(super) has_bom: bool,
}

impl Lines {
    pub(super) fn bytes(&self, line: &Line) -> &[u8] {
        &self.buffer[line.range.clone()]
    }
}

/// Reads up to `limit` lines from `start` on.
pub(super) fn read_lines(file: &mut File, start: Place, limit: usize) -> io::Result<Lines> {
    file.seek(SeekFrom::Start(start.offset))?;
    let mut reader = BufReader::with_capacity(BUFFER_BYTES, file);
    let mut page = Lines::default();
    let mut place = start;
    loop {
        if page.lines.len() >= limit || page.buffer.len() >= MAX_PAGE_BYTES {
            page.next = (!reader.fill_buf()?.is_empty()).then_some(place);
            return Ok(page);
        }
        let from = page.buffer.len();
        let (read, cut) = read_line(&mut reader, &mut page.buffer)?;
        if read == 0 {
            return Ok(page);
        }
        let mut range = from..page.buffer.len();
        if place.offset == 0 && page.buffer[from..].starts_with(UTF8_BOM) {
            range.start += UTF8_BOM.len();
            page.has_bom = true;
        }
        while range.end > range.start && matches!(page.buffer[range.end - 1], b'\n' | b'\r') {
            range.end -= 1;
        }
        page.lines.push(Line { place, range, cut });
        place = Place { offset: place.offset + read, line: place.line + 1 };
    }
}

/// Appends one line with its end; returns how many bytes of the file it took and whether some were dropped.
fn read_line(reader: &mut BufReader<&mut File>, buffer: &mut Vec<u8>) -> io::Result<(u64, bool)> {
    let from = buffer.len();
    let (mut taken, mut cut) = (0, false);
    loop {
        let available = reader.fill_buf()?;
        if available.is_empty() {
            return Ok((taken, cut));
        }
        let end = memchr_newline(available);
        let length = end.map_or(available.len(), |place| place + 1);
        let room = MAX_LINE_BYTES.saturating_sub(buffer.len() - from);
        buffer.extend_from_slice(&available[..length.min(room)]);
        cut |= length > room;
        taken += length as u64;
        reader.consume(length);
        if end.is_some() {
            return Ok((taken, cut));
        }
    }
}

fn memchr_newline(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == b'\n')
}
