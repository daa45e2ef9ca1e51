//! What people and programs read: the status object, tables that align Chinese, notes on stderr.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use serde::Serialize;
use serde::ser::SerializeMap as _;

use crate::app::{AppError, today};
use crate::config::Config;
use crate::domain::Clock;
use crate::store::{BookTotals, Counts, ReminderTotals, Store, StreamId};

/// One stream's line of the status object.
#[derive(Debug, Serialize)]
pub struct StreamLine {
    pub source: String,
    pub stream: String,
    #[serde(flatten)]
    pub counts: Counts,
}

/// `status --json` and `demo --once --json`: one object.
#[derive(Debug, Serialize)]
pub struct Summary {
    pub streams: Vec<StreamLine>,
    #[serde(serialize_with = "books")]
    pub ledger: Vec<BookTotals>,
    pub reminders: ReminderTotals,
}

/// `{BOOK: {CUR: {figures}}}`.
fn books<S: serde::Serializer>(totals: &[BookTotals], serializer: S) -> Result<S::Ok, S::Error> {
    let mut by_book: BTreeMap<&str, BTreeMap<&str, &BookTotals>> = BTreeMap::new();
    for total in totals {
        by_book.entry(&total.book).or_default().insert(total.currency.as_str(), total);
    }
    let mut map = serializer.serialize_map(Some(by_book.len()))?;
    for (book, currencies) in &by_book {
        map.serialize_entry(book, currencies)?;
    }
    map.end()
}

impl Summary {
    /// Totals of the ledger and reminders; the streams' counts are those of `run`, else all that were ever counted.
    pub async fn read(
        store: &Store,
        clock: &dyn Clock,
        config: &Config,
        run: Option<&[(StreamId, Counts)]>,
    ) -> Result<Self, AppError> {
        let today = |book: &str| today(clock, config, book);
        let streams = match run {
            Some(seen) => seen.iter().map(|(id, counts)| line(&id.source, &id.stream, *counts)).collect(),
            None => store
                .stream_totals()
                .await?
                .into_iter()
                .map(|total| line(&total.source, &total.stream, total.counts))
                .collect(),
        };
        Ok(Self { streams, ledger: store.book_totals(&today).await?, reminders: store.reminder_totals().await? })
    }
}

fn line(source: &str, stream: &str, counts: Counts) -> StreamLine {
    StreamLine { source: source.to_owned(), stream: stream.to_owned(), counts }
}

pub fn summary(summary: &Summary, as_json: bool) -> Result<(), AppError> {
    if as_json {
        return json(summary);
    }
    let mut streams = Table::new(&[
        "来源 source",
        "数据流 stream",
        "读取 read",
        "入账 applied",
        "未变 unchanged",
        "忽略 ignored",
        "隔离 quarantined",
    ]);
    for line in &summary.streams {
        let counts = [
            line.counts.read,
            line.counts.applied,
            line.counts.unchanged,
            line.counts.ignored,
            line.counts.quarantined,
        ];
        let mut cells = vec![line.source.clone(), line.stream.clone()];
        cells.extend(counts.iter().map(u64::to_string));
        streams.row(cells);
    }
    let mut ledger = Table::new(&[
        "账簿 book",
        "发货 shipped",
        "退货 returned",
        "调整 adjusted",
        "开票 invoiced",
        "收款 received",
        "未核销 unapplied",
        "未清 open",
        "逾期 overdue",
    ]);
    for total in &summary.ledger {
        let amounts = [
            total.shipped,
            total.returned,
            total.adjusted,
            total.invoiced,
            total.received,
            total.unapplied,
            total.open,
            total.overdue,
        ];
        let mut cells = vec![format!("{} {}", total.book, total.currency)];
        cells.extend(amounts.iter().map(|amount| amount.grouped(total.currency)));
        ledger.row(cells);
    }
    let reminders = &summary.reminders;
    let mut text = format!("{}\n{}\n", streams.render(2), ledger.render(1));
    let _ = writeln!(
        text,
        "提醒 reminders: 判定 decided {} · 送达 delivered {} · 延后 deferred {} · 暂缓 held {} · 取代 superseded {} · 失败 failed {} · 未知 unknown {}",
        reminders.decided,
        reminders.delivered,
        reminders.deferred,
        reminders.held,
        reminders.superseded,
        reminders.failed,
        reminders.unknown
    );
    print(&text)
}

/// One JSON document on stdout.
pub fn json(value: &impl Serialize) -> Result<(), AppError> {
    let text = serde_json::to_string(value).map_err(|error| AppError::Refused(error.to_string()))?;
    print(&format!("{text}\n"))
}

/// Stdout; a reader that went away (`| head`) is not our error.
pub fn print(text: &str) -> Result<(), AppError> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(source) if source.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(AppError::Folder { path: "stdout".to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Progress for a person, on stderr so that `--json | jq` stays clean.
pub fn note(text: &str) {
    complain(text);
}

pub fn complain(text: &str) {
    // Nothing is left to do when stderr is closed.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A plain text table; a CJK character is two columns wide.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(header: &[&str]) -> Self {
        Self { rows: vec![header.iter().map(|cell| (*cell).to_owned()).collect()] }
    }

    /// Without a header.
    pub fn bare() -> Self {
        Self { rows: Vec::new() }
    }

    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The first `left` columns are aligned left, the others (numbers) right.
    pub fn render(&self, left: usize) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0))
            .collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let padding = " ".repeat(widths[column].saturating_sub(width(cell)));
                let (before, after) = if column < left { ("", padding.as_str()) } else { (padding.as_str(), "") };
                let _ = write!(line, "{before}{cell}{after}  ");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Columns on a terminal: East Asian wide and full-width forms count twice.
pub fn width(text: &str) -> usize {
    text.chars()
        .map(|character| {
            if matches!(character, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}') {
                2
            } else {
                1
            }
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stay_aligned_when_cells_are_chinese() {
        let mut table = Table::new(&["客户", "amount"]);
        table.row(vec!["远航电子".to_owned(), "1.00".to_owned()]);
        assert_eq!(table.render(1), "客户      amount\n远航电子    1.00\n");
    }
}
