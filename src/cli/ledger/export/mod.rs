//! `ledger export`: the whole journal as other programs read it, so that somebody else's arithmetic can check ours.
//!
//! A plain-text accounting file ends with the balances that Bihuan keeps beside its journal, as assertions: the other
//! program adds up the rows by itself and complains when it comes to anything else. It must not know SQL.

mod accounts;
mod beancount;
mod hledger;
mod lines;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use jiff::civil::Date;

use self::accounts::Labels;
use crate::app::AppError;
use crate::cli::args::{ExportArgs, ExportFormat};
use crate::store::{AccountBalance, JournalLine, JournalReader, Store};

/// One file under construction.
trait Writing {
    fn begin(&mut self, out: &mut dyn Write, export: &Export<'_>) -> std::io::Result<()>;
    /// The rows of one cause, batch and day.
    fn entry(&mut self, out: &mut dyn Write, entry: &[JournalLine], export: &Export<'_>) -> std::io::Result<()>;
    fn end(&mut self, out: &mut dyn Write, export: &Export<'_>) -> std::io::Result<()>;
}

/// What all formats need to know.
struct Export<'a> {
    labels: Labels,
    balances: Vec<AccountBalance>,
    anchor: String,
    /// Only of the whole journal are the balances at the end those of its rows.
    is_whole: bool,
    /// The last effective day among the rows so far.
    last_day: Date,
    decisions: &'a [String],
}

pub async fn run(store: &Store, args: &ExportArgs) -> Result<(), AppError> {
    match &args.output {
        Some(path) => {
            let file = File::create(path).map_err(|error| folder(path, error))?;
            let mut out = BufWriter::new(file);
            write(store, args, &mut out).await?;
            out.flush().map_err(|error| folder(path, error))
        }
        None => {
            let stdout = std::io::stdout();
            let mut out = BufWriter::new(stdout);
            write(store, args, &mut out).await?;
            out.flush().or_else(gone)
        }
    }
}

async fn write(store: &Store, args: &ExportArgs, out: &mut (dyn Write + Send)) -> Result<(), AppError> {
    let mut reader = store.journal_reader().await?;
    let mut balances = reader.balances().await?;
    balances.retain(|balance| args.book.as_deref().is_none_or(|book| *balance.book == *book));
    if balances.is_empty() {
        let book = args.book.as_deref().unwrap_or("*");
        return Err(AppError::Refused(format!("账簿 `{book}` 没有分录 · book `{book}` has no journal")));
    }
    let named: BTreeSet<_> =
        balances.iter().flat_map(|balance| [balance.account.party, balance.account.order]).flatten().collect();
    let subjects = reader.parties_of_subjects().await?;
    let labels = Labels::new(reader.names(&named).await?, &named, subjects);
    let decisions = match args.format {
        ExportFormat::Ndjson => reader.decisions().await?.iter().map(lines::decision).collect(),
        _ => Vec::new(),
    };
    let mut export = Export {
        labels,
        balances,
        anchor: reader.end.to_string(),
        is_whole: args.from.is_none() && args.to.is_none(),
        last_day: Date::MIN,
        decisions: &decisions,
    };
    let mut writing: Box<dyn Writing + Send> = match args.format {
        ExportFormat::Hledger => Box::new(hledger::Hledger),
        ExportFormat::Beancount => Box::new(beancount::Beancount),
        ExportFormat::Csv => Box::new(lines::Csv),
        ExportFormat::Ndjson => Box::new(lines::Ndjson),
    };
    writing.begin(out, &export).or_else(gone)?;
    while let Some(mut page) = reader.next_page().await? {
        page.retain(|line| is_wanted(line, args));
        name_causes(&mut reader, &page, &mut export.labels).await?;
        let same = |a: &JournalLine, b: &JournalLine| {
            (a.batch, a.cause, a.posting.effective_on, a.posted_on)
                == (b.batch, b.cause, b.posting.effective_on, b.posted_on)
        };
        for entry in page.chunk_by(same) {
            export.last_day = export.last_day.max(entry[0].posting.effective_on);
            writing.entry(out, entry, &export).or_else(gone)?;
        }
    }
    writing.end(out, &export).or_else(gone)
}

fn is_wanted(line: &JournalLine, args: &ExportArgs) -> bool {
    let day = line.posting.effective_on;
    args.book.as_deref().is_none_or(|book| *line.book == *book)
        && args.from.is_none_or(|from| day >= from)
        && args.to.is_none_or(|to| day <= to)
}

async fn name_causes(reader: &mut JournalReader, page: &[JournalLine], labels: &mut Labels) -> Result<(), AppError> {
    let causes: BTreeSet<_> = page.iter().map(|line| line.cause).filter(|cause| !labels.is_subject(*cause)).collect();
    labels.causes = reader.names(&causes).await?;
    Ok(())
}

fn folder(path: &Path, source: std::io::Error) -> AppError {
    AppError::Folder { path: path.display().to_string(), source }
}

/// Whoever reads may stop early (`| head`); that is no error of ours.
fn gone(error: std::io::Error) -> Result<(), AppError> {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(AppError::Folder { path: "stdout".to_owned(), source: error }),
    }
}
