//! Files in a drop folder: bank statements, exports of old systems.
//!
//! Reads one page of one file at a time and moves the file to `done/` or `failed/` when the caller says so. It knows no
//! facts, guesses no encoding and keeps no progress; a page's resume token is the place of the next line.

mod cell;
mod config;
mod csv;
mod folder;
mod lines;
mod ndjson;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;

use crate::sdk::{Connector, Coverage, Entry, ErrorClass, Page, PullRequest, Slice, SourceError, StreamInfo};
use folder::Folder;
use lines::Place;

pub const ENTRY: Entry = Entry {
    kind: "file",
    doc: "文件夹 CSV or NDJSON files in a drop folder (bank statements, exports)",
    example: include_str!("example.toml"),
    build: config::build,
};

#[derive(Debug)]
struct FileSource {
    inner: Arc<Inner>,
    stream: String,
    personal: bool,
}

/// What the blocking part needs.
#[derive(Debug)]
struct Inner {
    folder: Folder,
    format: FileFormat,
    page_rows: usize,
}

#[derive(Debug)]
enum FileFormat {
    Csv(csv::Format),
    Ndjson(ndjson::Format),
}

#[async_trait]
impl Connector for FileSource {
    fn streams(&self) -> Vec<StreamInfo> {
        vec![StreamInfo {
            name: self.stream.clone(),
            coverage: Coverage::File,
            personal: self.personal,
            doc: "rows of the files in a drop folder".to_owned(),
        }]
    }

    async fn probe(&self) -> Result<(), SourceError> {
        self.blocking(|inner| inner.folder.probe()).await
    }

    async fn pull(&self, request: PullRequest<'_>) -> Result<Page, SourceError> {
        self.check_stream(request.stream)?;
        let Slice::File(id) = request.slice else {
            return Err(SourceError::config("file: only files can be pulled"));
        };
        let id = id.clone();
        let resume = request.resume.map(Place::parse).transpose()?;
        let now_micros = request.now.as_microsecond();
        self.blocking(move |inner| inner.read_page(&id, resume, now_micros)).await
    }

    async fn files(&self, stream: &str) -> Result<Vec<String>, SourceError> {
        self.check_stream(stream)?;
        self.blocking(|inner| inner.folder.list()).await
    }

    async fn finish_file(&self, stream: &str, file: &str, failed: bool) -> Result<(), SourceError> {
        self.check_stream(stream)?;
        let id = file.to_owned();
        self.blocking(move |inner| inner.folder.finish(&id, failed)).await
    }
}

impl FileSource {
    fn check_stream(&self, stream: &str) -> Result<(), SourceError> {
        if stream == self.stream {
            return Ok(());
        }
        Err(SourceError::config(format!("file: there is no stream `{stream}`, only `{}`", self.stream)))
    }

    /// Files are read on a thread that may wait.
    async fn blocking<T, F>(&self, work: F) -> Result<T, SourceError>
    where
        T: Send + 'static,
        F: FnOnce(&Inner) -> Result<T, SourceError> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || work(&inner))
            .await
            .map_err(|error| SourceError::new(ErrorClass::Bug, format!("file: {error}")))?
    }
}

impl Inner {
    fn read_page(&self, id: &str, resume: Option<Place>, now_micros: i64) -> Result<Page, SourceError> {
        let mut opened = self.folder.open(id)?;
        let observed_at = opened.modified_micros.unwrap_or(now_micros);
        let (batch, next) = match &self.format {
            FileFormat::Csv(csv) => {
                let page = csv.read_page(&mut opened.file, &opened.name, resume, self.page_rows, observed_at)?;
                (page.batch, page.next)
            }
            FileFormat::Ndjson(ndjson) => {
                ndjson.read_page(&mut opened.file, &opened.name, resume, self.page_rows, observed_at)?
            }
        };
        Ok(Page { batch: batch.finish(), resume: next.map(Place::token), token: None })
    }
}
