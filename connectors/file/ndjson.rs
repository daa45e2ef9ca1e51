//! One JSON object a line.

use std::fs::File;
use std::io;

use serde_json::value::RawValue;

use super::lines::{Place, read_lines};
use crate::sdk::{PayloadShape, RecordBatchBuilder, SourceError, json_member, json_text};

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
            if line.cut {
                batch.push_problem(&place, kept(bytes), "the line is too long");
                continue;
            }
            match serde_json::from_slice::<&RawValue>(bytes) {
                Ok(json) if json.get().starts_with('{') => {
                    let version = self.version.as_ref().and_then(|path| json_text(json_member(json, path)?));
                    let key = self.key(json).unwrap_or(place);
                    batch.push(&key, version.as_deref(), bytes);
                }
                Ok(_) => batch.push_problem(&place, kept(bytes), "not a JSON object"),
                Err(error) => batch.push_problem(&place, kept(bytes), &format!("not a JSON object: {error}")),
            }
        }
        Ok((batch, lines.next))
    }

    fn key(&self, json: &RawValue) -> Option<String> {
        let parts: Option<Vec<String>> = self.key.iter().map(|path| json_text(json_member(json, path)?)).collect();
        let parts = parts.filter(|parts| !parts.is_empty())?;
        let prefix = Some(self.key_prefix.clone()).filter(|prefix| !prefix.is_empty());
        Some(prefix.into_iter().chain(parts).collect::<Vec<_>>().join("|"))
    }
}

fn kept(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(MAX_PROBLEM_BYTES)]
}
