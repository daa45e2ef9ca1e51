//! Kingdee K/3 Cloud (金蝶云星空) by its WebAPI.
//!
//! Pulls bills by their change stamp, page by page, and joins the rows of a bill into one document. It knows no facts:
//! what a key or a status means is in `mappings/kingdee/`.
//!
//! Invariants: a bill is never cut by a page; nothing is skipped when bills change while they are paged, because pages
//! continue from the last change stamp, not from a row number; numbers stay as the server wrote them.

mod client;
mod config;
mod reply;
mod rows;
mod sign;
mod streams;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;

use crate::sdk::{
    Connector, Coverage, Entry, Page, PayloadShape, PullRequest, RecordBatchBuilder, Slice, SourceError, StreamInfo,
};
use client::{Client, Query};
use rows::{Row, cell_text, parse_rows, push_documents};
use streams::Stream;

pub const ENTRY: Entry = Entry {
    kind: "kingdee",
    doc: "金蝶云星空 Kingdee K/3 Cloud by WebAPI (ExecuteBillQuery)",
    example: include_str!("example.toml"),
    build: config::build,
};

/// Servers cut silently at round thousands, below the limit that was asked for; such a page is not taken for the last.
const SERVER_CUT_STEP: usize = 1_000;
/// Pages that one bill may fill; at 2,000 lines a page no real bill has more.
const MAX_PAGES_PER_DOCUMENT: usize = 50;

/// One account set.
#[derive(Debug)]
struct Kingdee {
    client: Client,
    streams: Vec<Stream>,
    page_rows: u32,
}

/// Where a page begins: bills changed at `from` or later, without the first `skip` rows. `skip` is only needed inside
/// a crowd of bills with one change stamp (a mass update) that is larger than a page.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Position {
    from: String,
    skip: u64,
}

/// The rows of a page that are whole bills, and where the next page begins.
struct Cut {
    rows: usize,
    next: Option<Position>,
}

#[async_trait]
impl Connector for Kingdee {
    fn streams(&self) -> Vec<StreamInfo> {
        let info = |stream: &Stream| StreamInfo {
            name: stream.name.clone(),
            coverage: Coverage::Span,
            personal: false,
            doc: stream.doc.clone(),
        };
        self.streams.iter().map(info).collect()
    }

    async fn probe(&self) -> Result<(), SourceError> {
        // Every licence has customers.
        let customers = self.streams.iter().find(|stream| stream.name == "customer");
        let Some(stream) = customers.or(self.streams.first()) else {
            return Ok(());
        };
        let mut query = self.query(stream, String::new(), 0);
        query.field_keys = stream.key_name().to_owned();
        query.limit = 1;
        self.client.query(&format!("kingdee {}", stream.form), &query).await.map(|_| ())
    }

    async fn pull(&self, request: PullRequest<'_>) -> Result<Page, SourceError> {
        let stream = self
            .streams
            .iter()
            .find(|stream| stream.name == request.stream)
            .ok_or_else(|| SourceError::config(format!("kingdee: there is no stream `{}`", request.stream)))?;
        let Slice::Span { from, to } = request.slice else {
            return Err(SourceError::config("kingdee: only spans of time can be pulled"));
        };
        let to = self.local(*to);
        let position = match request.resume {
            None => Position { from: self.local(*from), skip: 0 },
            Some(token) => Position::parse(token)?,
        };
        let what = format!("kingdee {}", stream.form);
        let mut bodies = vec![self.fetch(&what, stream, &position, &to, 0).await?];
        loop {
            let mut rows = Vec::new();
            for body in &bodies {
                rows.extend(parse_rows(&what, stream, body)?);
            }
            let last_page = parse_rows(&what, stream, &bodies[bodies.len() - 1])?.len();
            if let Some(cut) = cut(&what, stream, &rows, self.is_full(last_page), &position)? {
                let mut batch = RecordBatchBuilder::new(PayloadShape::Json, request.now.as_microsecond());
                push_documents(stream, &rows[..cut.rows], &mut batch);
                return Ok(Page { batch: batch.finish(), resume: cut.next.map(|next| next.token()), token: None });
            }
            if bodies.len() == MAX_PAGES_PER_DOCUMENT {
                return Err(SourceError::data(format!("{what}: one bill fills {MAX_PAGES_PER_DOCUMENT} pages"))
                    .help("raise `page_rows`"));
            }
            let body = self.fetch(&what, stream, &position, &to, rows.len()).await?;
            bodies.push(body);
        }
    }
}

impl Kingdee {
    /// An instant as the server writes it: bare, in its own zone, with milliseconds.
    fn local(&self, instant: Timestamp) -> String {
        instant.to_zoned(self.client.zone.clone()).strftime("%Y-%m-%d %H:%M:%S.%3f").to_string()
    }

    fn is_full(&self, rows: usize) -> bool {
        rows >= self.page_rows as usize || (rows > 0 && rows.is_multiple_of(SERVER_CUT_STEP))
    }

    fn query<'a>(&self, stream: &'a Stream, filter: String, start_row: u64) -> Query<'a> {
        let version = &stream.keys[stream.version_column];
        Query {
            form_id: &stream.form,
            field_keys: stream.keys.join(","),
            filter_string: filter,
            order_string: format!("{version} ASC,{} ASC", stream.key_name()),
            top_row_count: 0,
            start_row,
            limit: self.page_rows,
            sub_system_id: "",
        }
    }

    async fn fetch(
        &self,
        what: &str,
        stream: &Stream,
        position: &Position,
        to: &str,
        beyond: usize,
    ) -> Result<Bytes, SourceError> {
        let version = &stream.keys[stream.version_column];
        let mut filter = format!("{version}>='{}' and {version}<'{to}'", position.from);
        if let Some(more) = &stream.filter {
            filter.push_str(&format!(" and ({more})"));
        }
        self.client.query(what, &self.query(stream, filter, position.skip + beyond as u64)).await
    }
}

/// Decides how many rows of what was read so far are whole bills; `None` when one bill fills all and more must be read.
///
/// A full page is cut before its last change stamp, and the next page begins *at* that stamp: bills that change
/// meanwhile leave the window, and a row number would then skip as many others.
fn cut(
    what: &str,
    stream: &Stream,
    rows: &[Row<'_>],
    full: bool,
    position: &Position,
) -> Result<Option<Cut>, SourceError> {
    let Some(last) = rows.last().filter(|_| full) else {
        return Ok(Some(Cut { rows: rows.len(), next: None }));
    };
    let stamp = |row: &Row<'_>| cell_text(row[stream.version_column]).into_owned();
    let key = |row: &Row<'_>| cell_text(row[stream.key_column]).into_owned();
    let last_stamp = stamp(last);
    let from = filter_stamp(what, &last_stamp)?;
    let crowd = rows.iter().rposition(|row| stamp(row) != last_stamp).map_or(0, |place| place + 1);
    if crowd > 0 {
        return Ok(Some(Cut { rows: crowd, next: Some(Position { from, skip: 0 }) }));
    }
    let last_key = key(last);
    let whole = rows.iter().rposition(|row| key(row) != last_key).map_or(0, |place| place + 1);
    if whole == 0 {
        return Ok(None);
    }
    let before = if position.from == from { position.skip } else { 0 };
    Ok(Some(Cut { rows: whole, next: Some(Position { from, skip: before + whole as u64 }) }))
}

/// A stamp of the server in the spelling of a filter; nothing else may get into a filter.
fn filter_stamp(what: &str, stamp: &str) -> Result<String, SourceError> {
    let stamp = stamp.trim().replacen('T', " ", 1);
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | ' ');
    if stamp.is_empty() || !stamp.chars().all(plain) {
        return Err(SourceError::data(format!("{what}: `{stamp}` is not a change stamp")));
    }
    Ok(stamp)
}

impl Position {
    fn token(&self) -> String {
        format!("{}|{}", self.from, self.skip)
    }

    fn parse(token: &str) -> Result<Self, SourceError> {
        let bad = || SourceError::new(crate::sdk::ErrorClass::Bug, format!("kingdee: resume token `{token}`"));
        let (from, skip) = token.split_once('|').ok_or_else(bad)?;
        Ok(Self { from: filter_stamp("resume", from)?, skip: skip.parse().map_err(|_| bad())? })
    }
}
