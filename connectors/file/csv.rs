//! CSV exports of banks and ERPs: a preamble, a header row known by its names, rows, footer lines.
//!
//! Rows become cells in the order of the header; what cannot be a row (broken encoding, too many or too few cells, an
//! open quote) becomes a problem record with its bytes, and its neighbours stay whole. It knows no values: a date that
//! is none is the mapping's business.

use std::fs::File;
use std::io::{self, Cursor, SeekFrom};
use std::sync::Arc;

use csv::{ByteRecord, Position, ReaderBuilder};
use encoding_rs::{Encoding, UTF_8};

use super::cell::{malformed_at, push_cell};
use super::lines::{Line, Lines, Place, read_lines};
use crate::sdk::{CELL_SEPARATOR, PayloadShape, RecordBatchBuilder, SourceError};

/// Lines before the header row; bank preambles have up to 22.
const MAX_PREAMBLE_LINES: usize = 100;
const MAX_COLUMNS: usize = 512;
/// Longer than any remark; an open quote reaches it quickly.
const MAX_CELL_BYTES: usize = 64 * 1024;
/// What is kept of a line that could not be read.
const MAX_PROBLEM_BYTES: usize = 64 * 1024;
/// Lines that a quoted cell may span where line ends in cells are allowed.
const MAX_RECORD_LINES: usize = 50;
/// Put after a record to see whether an open quote swallows it.
const SENTINEL: &[u8] = b"\n.\n";

/// How the file is written.
#[derive(Debug)]
pub(super) struct Format {
    pub(super) encoding: &'static Encoding,
    pub(super) delimiter: u8,
    /// Names that the header row must hold; empty: the first line is the header.
    pub(super) header: Vec<String>,
    pub(super) key: Vec<String>,
    pub(super) key_prefix: String,
    pub(super) version: Option<String>,
    pub(super) footer_prefix: Vec<String>,
    pub(super) quoted_line_ends: bool,
}

/// The header row found in a file.
struct Header {
    columns: Arc<[String]>,
    key: Vec<usize>,
    version: Option<usize>,
    encoding: &'static Encoding,
    /// `None` when nothing follows the header.
    first_row: Option<Place>,
}

/// A page's records and where the next page begins.
pub(super) struct CsvPage {
    pub(super) batch: RecordBatchBuilder,
    pub(super) next: Option<Place>,
}

impl Format {
    pub(super) fn read_page(
        &self,
        file: &mut File,
        name: &str,
        resume: Option<Place>,
        rows: usize,
        observed_at_micros: i64,
    ) -> Result<CsvPage, SourceError> {
        let failed = |error: io::Error| SourceError::transient(format!("{name} cannot be read: {error}"));
        let header = self.find_header(&read_lines(file, Place::START, MAX_PREAMBLE_LINES).map_err(failed)?, name)?;
        let lines = match resume.or(header.first_row) {
            Some(start) => read_lines(file, start, rows).map_err(failed)?,
            None => Lines::default(),
        };
        let shape = PayloadShape::Row(Arc::clone(&header.columns));
        let mut page = PageReader {
            format: self,
            header: &header,
            lines: &lines,
            name,
            batch: RecordBatchBuilder::new(shape, observed_at_micros),
            splitter: Splitter::new(self.delimiter),
            cells: Cells::default(),
            key: String::new(),
        };
        let next = page.read();
        Ok(CsvPage { batch: page.batch, next })
    }

    fn find_header(&self, lines: &Lines, name: &str) -> Result<Header, SourceError> {
        // The only guess about encodings: a byte order mark is never a coincidence.
        let encoding = if lines.has_bom { UTF_8 } else { self.encoding };
        let mut splitter = Splitter::new(self.delimiter);
        for (index, line) in lines.lines.iter().enumerate() {
            let Some(cells) = plain_cells(&mut splitter, encoding, lines.bytes(line)) else {
                continue;
            };
            if self.header.iter().all(|wanted| cells.contains(wanted)) && cells.iter().any(|cell| !cell.is_empty()) {
                let first_row = lines.lines.get(index + 1).map(|line| line.place).or(lines.next);
                return self.bind(unique(cells), encoding, first_row, name);
            }
        }
        Err(SourceError::data(format!(
            "{name}: no header row with the columns {} among the first {MAX_PREAMBLE_LINES} lines",
            self.header.join(", ")
        ))
        .help("check `header` and `encoding`, or the bank has changed its layout"))
    }

    fn bind(
        &self,
        columns: Vec<String>,
        encoding: &'static Encoding,
        first_row: Option<Place>,
        name: &str,
    ) -> Result<Header, SourceError> {
        if columns.len() > MAX_COLUMNS {
            return Err(SourceError::data(format!("{name}: more than {MAX_COLUMNS} columns")));
        }
        let slot = |wanted: &String| {
            columns.iter().position(|column| column == wanted).ok_or_else(|| {
                SourceError::data(format!("{name}: there is no column `{wanted}`"))
                    .help(format!("the header row has: {}", columns.join(", ")))
            })
        };
        let key = self.key.iter().map(slot).collect::<Result<_, _>>()?;
        let version = self.version.as_ref().map(slot).transpose()?;
        Ok(Header { columns: columns.into(), key, version, encoding, first_row })
    }
}

/// Trimmed cells of a possible header row; `None` when the line cannot be one.
fn plain_cells(splitter: &mut Splitter, encoding: &'static Encoding, line: &[u8]) -> Option<Vec<String>> {
    let mut record = ByteRecord::new();
    splitter.split(line, &mut record)?;
    let mut cells = Vec::with_capacity(record.len());
    for bytes in &record {
        let mut cell = String::new();
        if !push_cell(encoding, bytes, &mut cell) {
            return None;
        }
        cells.push(cell.trim().to_owned());
    }
    Some(cells)
}

/// Takes texts of one or more lines apart by the rules of CSV. One for many texts: building the parser's tables takes
/// longer than reading a hundred lines.
struct Splitter(csv::Reader<Cursor<Vec<u8>>>);

impl Splitter {
    fn new(delimiter: u8) -> Self {
        let mut builder = ReaderBuilder::new();
        Self(builder.has_headers(false).flexible(true).delimiter(delimiter).from_reader(Cursor::new(Vec::new())))
    }

    /// `None` when a quote stays open.
    fn split(&mut self, text: &[u8], record: &mut ByteRecord) -> Option<()> {
        let content = self.0.get_mut().get_mut();
        content.clear();
        content.extend_from_slice(text);
        content.extend_from_slice(SENTINEL);
        self.0.seek_raw(SeekFrom::Start(0), Position::new()).ok()?;
        let found = self.0.read_byte_record(record).unwrap_or(false);
        (found && self.0.position().byte() <= text.len() as u64 + 1).then_some(())
    }
}

/// Empty names get a number, repeated names too: a mapping must be able to name every column.
fn unique(cells: Vec<String>) -> Vec<String> {
    let mut columns: Vec<String> = Vec::with_capacity(cells.len());
    for (index, cell) in cells.into_iter().enumerate() {
        let name = if cell.is_empty() { format!("column_{}", index + 1) } else { cell };
        let repeated = columns.contains(&name);
        columns.push(if repeated { format!("{name}#{}", index + 1) } else { name });
    }
    columns
}

/// Goes through the lines of one page; its buffers are reused from row to row.
struct PageReader<'a> {
    format: &'a Format,
    header: &'a Header,
    lines: &'a Lines,
    name: &'a str,
    batch: RecordBatchBuilder,
    splitter: Splitter,
    cells: Cells,
    key: String,
}

/// The cells of the present row.
#[derive(Default)]
struct Cells {
    /// Joined by the separator.
    row: String,
    /// Where each cell of `row` ends.
    ends: Vec<usize>,
}

impl Cells {
    fn trimmed(&self, slot: usize) -> &str {
        let from = if slot == 0 { 0 } else { self.ends[slot - 1] + 1 };
        self.row[from..self.ends[slot]].trim()
    }

    fn are_blank(&self) -> bool {
        self.row.bytes().all(|byte| byte == CELL_SEPARATOR || byte.is_ascii_whitespace())
    }
}

impl PageReader<'_> {
    /// Reads all lines; returns where the next page begins.
    fn read(&mut self) -> Option<Place> {
        let mut record = ByteRecord::new();
        let lines = self.lines;
        let mut index = 0;
        while let Some(line) = lines.lines.get(index) {
            index += 1;
            let bytes = lines.bytes(line);
            if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            if line.cut {
                self.problem(line, "the line is too long");
                continue;
            }
            if !bytes.contains(&b'"') {
                let cells = bytes.split(|byte| *byte == self.format.delimiter);
                self.row(line, bytes, cells);
                continue;
            }
            match self.split_lines(index - 1, &mut record) {
                Split::Lines(count) => {
                    let last = &lines.lines[index + count - 2];
                    let raw = &lines.buffer[line.range.start..last.range.end];
                    index += count - 1;
                    self.row(line, raw, record.iter());
                }
                Split::Open => self.problem(line, "a quote is not closed"),
                // The record began on this page and may end on the next: it is read there as a whole.
                Split::NeedsMore if index > 1 => return Some(line.place),
                Split::NeedsMore => self.problem(line, "a quote is not closed"),
            }
        }
        lines.next
    }

    /// Takes apart the record that begins at a line, over as many lines as it needs and may have.
    fn split_lines(&mut self, first: usize, record: &mut ByteRecord) -> Split {
        let most = if self.format.quoted_line_ends { MAX_RECORD_LINES } else { 1 };
        let start = self.lines.lines[first].range.start;
        for count in 1..=most {
            let Some(last) = self.lines.lines.get(first + count - 1) else {
                return if self.lines.next.is_some() { Split::NeedsMore } else { Split::Open };
            };
            if self.splitter.split(&self.lines.buffer[start..last.range.end], record).is_some() {
                return Split::Lines(count);
            }
        }
        Split::Open
    }

    fn row<'c>(&mut self, line: &Line, raw: &[u8], cells: impl Iterator<Item = &'c [u8]>) {
        let columns = self.header.columns.len();
        self.cells.row.clear();
        self.cells.ends.clear();
        for cell in cells {
            if cell.len() > MAX_CELL_BYTES {
                return self.problem(line, "a cell is too long");
            }
            if self.cells.ends.len() == columns {
                // Some exports end every line with a delimiter.
                if cell.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                return self.problem(line, &format!("more cells than the {columns} columns"));
            }
            if !self.cells.ends.is_empty() {
                self.cells.row.push(char::from(CELL_SEPARATOR));
            }
            if !push_cell(self.header.encoding, cell, &mut self.cells.row) {
                let offset = line.place.offset + malformed_at(self.header.encoding, raw) as u64;
                let encoding = self.header.encoding.name();
                return self.problem(line, &format!("broken {encoding} at byte {offset}"));
            }
            self.cells.ends.push(self.cells.row.len());
        }
        if self.is_footer() || self.cells.are_blank() {
            return;
        }
        if self.cells.ends.len() < columns {
            return self.problem(line, &format!("{} cells, but {columns} columns", self.cells.ends.len()));
        }
        self.set_key(line);
        let version = self.header.version.map(|slot| self.cells.trimmed(slot)).filter(|text| !text.is_empty());
        self.batch.push(&self.key, version, self.cells.row.as_bytes());
    }

    /// The key columns joined; a row whose key is empty goes by its place, so that the mapping can say what is missing.
    fn set_key(&mut self, line: &Line) {
        self.key.clear();
        self.key.push_str(&self.format.key_prefix);
        for slot in &self.header.key {
            let cell = self.cells.trimmed(*slot);
            if cell.is_empty() {
                self.key = self.place(line);
                return;
            }
            if !self.key.is_empty() {
                self.key.push('|');
            }
            self.key.push_str(cell);
        }
        if self.header.key.is_empty() {
            self.key = self.place(line);
        }
    }

    fn is_footer(&self) -> bool {
        let text = self.cells.row.trim_start_matches(|c: char| c.is_whitespace() || c == char::from(CELL_SEPARATOR));
        self.format.footer_prefix.iter().any(|prefix| text.starts_with(prefix.as_str()))
    }

    fn place(&self, line: &Line) -> String {
        format!("{}:{}", self.name, line.place.line)
    }

    fn problem(&mut self, line: &Line, reason: &str) {
        let bytes = self.lines.bytes(line);
        let place = self.place(line);
        self.batch.push_problem(&place, &bytes[..bytes.len().min(MAX_PROBLEM_BYTES)], reason);
    }
}

enum Split {
    /// The record takes so many lines.
    Lines(usize),
    Open,
    NeedsMore,
}
