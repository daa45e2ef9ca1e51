//! One JSON object a line.

use std::collections::HashMap;
use std::fs::File;
use std::io;

use serde_json::value::RawValue;

use super::lines::{Place, read_lines};
use crate::sdk::{PayloadShape, RecordBatchBuilder, SourceError};

/// What is kept of a line that could not be read.
const MAX_PROBLEM_BYTES: usize = 64 * 1024;

/// Which members make the key and the version; dotted names reach into objects.
#[derive(Debug)]
pub(super) struct Format {
    pub(super) key: Vec<String>,
    pub(super) key_prefix: String,
    pub(super) version: Option<String>,
}

impl Format {
    pub(super) fn read_page(
        &self,
        file: &mut File,
        name: &str,
        resume: Option<Place>,
        rows: usize,
        observed_at_micros: i64,
    ) -> Result<(RecordBatchBuilder, Option<Place>), SourceError> {
        let failed = |error: io::Error| SourceError::transient(format!("{name} cannot be read: {error}"));
        let lines = read_lines(file, resume.unwrap_or(Place::START), rows).map_err(failed)?;
        let mut batch = RecordBatchBuilder::new(PayloadShape::Json, observed_at_micros);
        for line in &lines.lines {
            let bytes = lines.bytes(line).trim_ascii();
            if bytes.is_empty() {
                continue;
            }
            let place = format!("{name}:{}", line.place.line);
            match serde_json::from_slice::<HashMap<String, &RawValue>>(bytes) {
                Ok(members) if !line.cut => {
                    let version = self.version.as_ref().and_then(|path| member(&members, path));
                    let key = self.key(&members).unwrap_or(place);
                    batch.push(&key, version.as_deref(), bytes);
                }
                Ok(_) => batch.push_problem(&place, kept(bytes), "the line is too long"),
                Err(error) => batch.push_problem(&place, kept(bytes), &format!("not a JSON object: {error}")),
            }
        }
        Ok((batch, lines.next))
    }

    fn key(&self, members: &HashMap<String, &RawValue>) -> Option<String> {
        let parts: Option<Vec<String>> = self.key.iter().map(|path| member(members, path)).collect();
        let parts = parts.filter(|parts| !parts.is_empty())?;
        let prefix = Some(self.key_prefix.clone()).filter(|prefix| !prefix.is_empty());
        Some(prefix.into_iter().chain(parts).collect::<Vec<_>>().join("|"))
    }
}

fn kept(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(MAX_PROBLEM_BYTES)]
}

/// A member as text without quotes; `None` when it is absent, null or empty.
fn member(members: &HashMap<String, &RawValue>, path: &str) -> Option<String> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let json = members.get(first)?.get();
    if let Some(rest) = rest {
        return member(&serde_json::from_str(json).ok()?, rest);
    }
    let text = match json.starts_with('"') {
        true => serde_json::from_str::<String>(json).ok()?,
        false => json.to_owned(),
    };
    (!text.is_empty() && text != "null").then_some(text)
}
