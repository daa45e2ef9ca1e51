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
use crate::store::{AccountBalance, JournalLine, JournalReader, Store, StoreError};

/// One file under construction.
trait Writing {
    fn begin(&self, out: &mut dyn Write, export: &Export) -> std::io::Result<()>;
    /// The rows of one cause, batch and day.
    fn entry(&self, out: &mut dyn Write, entry: &[JournalLine], export: &Export) -> std::io::Result<()>;
    fn end(&self, out: &mut dyn Write, export: &Export) -> std::io::Result<()>;
}

/// What all formats need to know.
struct Export {
    labels: Labels,
    balances: Vec<AccountBalance>,
    anchor: String,
    /// Only of the whole journal are the balances at the end those of its rows.
    is_whole: bool,
    /// The last effective day among the rows so far.
    last_day: Date,
    /// One a line; only NDJSON has them.
    decisions: Vec<String>,
}

/// Why the writing stopped.
enum Stopped {
    App(AppError),
    Output(std::io::Error),
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

impl From<std::io::Error> for Stopped {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error)
    }
}

pub async fn run(store: &Store, args: &ExportArgs) -> Result<(), AppError> {
    let (path, written) = match &args.output {
        Some(path) => (path.display().to_string(), write_file(store, args, path).await),
        None => ("stdout".to_owned(), write(store, args, &mut BufWriter::new(std::io::stdout())).await),
    };
    match written {
        Ok(()) => Ok(()),
        Err(Stopped::App(error)) => Err(error),
        // Whoever reads may stop early (`| head`); that is no error of ours.
        Err(Stopped::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(Stopped::Output(source)) => Err(AppError::Folder { path, source }),
    }
}

async fn write_file(store: &Store, args: &ExportArgs, path: &Path) -> Result<(), Stopped> {
    write(store, args, &mut BufWriter::new(File::create(path)?)).await
}

async fn write(store: &Store, args: &ExportArgs, out: &mut (dyn Write + Send)) -> Result<(), Stopped> {
    let mut reader = store.journal_reader().await?;
    let mut balances = reader.balances().await?;
    balances.retain(|balance| args.book.as_deref().is_none_or(|book| *balance.book == *book));
    if balances.is_empty() {
        let book = args.book.as_deref().unwrap_or("*");
        let refused = format!("账簿 `{book}` 没有分录 · book `{book}` has no journal");
        return Err(Stopped::App(AppError::Refused(refused)));
    }
    let named: BTreeSet<_> =
        balances.iter().flat_map(|balance| [balance.account.party, balance.account.order]).flatten().collect();
    let subjects = reader.parties_of_subjects().await?;
    let labels = Labels::new(reader.names(&named).await?, &named, subjects);
    let mut decisions = match args.format {
        ExportFormat::Ndjson => reader.decisions().await?,
        _ => Vec::new(),
    };
    decisions.retain(|decision| args.book.as_deref().is_none_or(|book| *decision.book == *book));
    let mut export = Export {
        labels,
        balances,
        anchor: reader.end.to_string(),
        is_whole: args.from.is_none() && args.to.is_none(),
        last_day: Date::MIN,
        decisions: decisions.iter().map(lines::decision).collect(),
    };
    let writing: &(dyn Writing + Sync) = match args.format {
        ExportFormat::Hledger => &hledger::Hledger,
        ExportFormat::Beancount => &beancount::Beancount,
        ExportFormat::Csv => &lines::Csv,
        ExportFormat::Ndjson => &lines::Ndjson,
    };
    writing.begin(out, &export)?;
    while let Some(mut page) = reader.next_page().await? {
        page.retain(|line| is_wanted(line, args));
        name_causes(&mut reader, &page, &mut export.labels).await?;
        let same = |a: &JournalLine, b: &JournalLine| {
            (a.batch, a.cause, a.posting.effective_on, a.posted_on)
                == (b.batch, b.cause, b.posting.effective_on, b.posted_on)
        };
        for entry in page.chunk_by(same) {
            export.last_day = export.last_day.max(entry[0].posting.effective_on);
            writing.entry(out, entry, &export)?;
        }
    }
    writing.end(out, &export)?;
    Ok(out.flush()?)
}

fn is_wanted(line: &JournalLine, args: &ExportArgs) -> bool {
    let day = line.posting.effective_on;
    args.book.as_deref().is_none_or(|book| *line.book == *book)
        && args.from.is_none_or(|from| day >= from)
        && args.to.is_none_or(|to| day <= to)
}

async fn name_causes(reader: &mut JournalReader, page: &[JournalLine], labels: &mut Labels) -> Result<(), Stopped> {
    let causes: BTreeSet<_> = page.iter().map(|line| line.cause).filter(|cause| !labels.is_subject(*cause)).collect();
    labels.causes = reader.names(&causes).await?;
    Ok(())
}
