//! Rows of a query reply become one JSON document a bill.
//!
//! Cells are copied as the server wrote them (`500.0` stays `500.0`): a number that went through a float would not be
//! the number of the books. It knows nothing of HTTP.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use super::streams::Stream;
use crate::sdk::{RecordBatchBuilder, SourceError, from_json};

/// Cells in the order of the asked keys.
pub(super) type Row<'a> = Vec<&'a RawValue>;

/// Where each cell goes in the document: dotted keys are nested objects.
#[derive(Debug, Default)]
pub(super) struct Tree(Vec<(String, Node)>);

#[derive(Debug)]
enum Node {
    Cell(usize),
    Object(Tree),
}

impl Tree {
    /// Puts a cell at a dotted key.
    pub(super) fn insert(&mut self, key: &str, column: usize) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !key.split('.').all(|part| !part.is_empty() && part.chars().all(plain)) {
            return Err(format!("`{key}` is not a key"));
        }
        let clash = || format!("`{key}` is asked for twice, or as a value and as an object");
        match key.split_once('.') {
            None if self.has(key) => Err(clash()),
            None => {
                self.0.push((key.to_owned(), Node::Cell(column)));
                Ok(())
            }
            Some((first, rest)) => match self.0.iter_mut().find(|(name, _)| name == first) {
                Some((_, Node::Object(inner))) => inner.insert(rest, column),
                Some((_, Node::Cell(_))) => Err(clash()),
                None => {
                    let mut inner = Self::default();
                    inner.insert(rest, column)?;
                    self.0.push((first.to_owned(), Node::Object(inner)));
                    Ok(())
                }
            },
        }
    }

    /// Refuses a name that the array of lines needs.
    pub(super) fn reserve(&self, name: &str) -> Result<(), String> {
        if self.has(name) { Err(format!("`{name}` is a header key and the entity")) } else { Ok(()) }
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(existing, _)| existing == name)
    }

    /// Members without the braces; names need no escaping, `insert` saw to that.
    fn write_members(&self, row: &[&RawValue], output: &mut Vec<u8>) {
        for (index, (name, node)) in self.0.iter().enumerate() {
            if index > 0 {
                output.push(b',');
            }
            output.push(b'"');
            output.extend_from_slice(name.as_bytes());
            output.extend_from_slice(b"\":");
            match node {
                Node::Cell(column) => output.extend_from_slice(row[*column].get().as_bytes()),
                Node::Object(inner) => inner.write_object(row, output),
            }
        }
    }

    fn write_object(&self, row: &[&RawValue], output: &mut Vec<u8>) {
        output.push(b'{');
        self.write_members(row, output);
        output.push(b'}');
    }
}

/// Reads the rows of a reply that is known not to be an error.
pub(super) fn parse_rows<'a>(what: &str, stream: &Stream, body: &'a [u8]) -> Result<Vec<Row<'a>>, SourceError> {
    let rows: Vec<Row<'a>> = from_json(what, body)?;
    match rows.iter().position(|row| row.len() != stream.keys.len()) {
        None => Ok(rows),
        Some(index) => Err(SourceError::data(format!(
            "{what}: row {} has {} cells, {} keys were asked for",
            index + 1,
            rows[index].len(),
            stream.keys.len()
        ))),
    }
}

/// A cell as plain text: without quotes, null as nothing.
pub(super) fn cell_text<'a>(cell: &'a RawValue) -> Cow<'a, str> {
    let json = cell.get();
    if json == "null" {
        return Cow::Borrowed("");
    }
    if !json.starts_with('"') {
        return Cow::Borrowed(json);
    }
    match serde_json::from_str::<&str>(json) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(serde_json::from_str(json).unwrap_or_default()),
    }
}

/// Groups rows by record key, in order of first appearance, and appends one record a group.
pub(super) fn push_documents(stream: &Stream, rows: &[Row<'_>], batch: &mut RecordBatchBuilder) {
    let mut order: Vec<(Cow<'_, str>, Vec<usize>)> = Vec::new();
    let mut places: HashMap<Cow<'_, str>, usize> = HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        let key = cell_text(row[stream.key_column]);
        let place = *places.entry(key.clone()).or_insert_with(|| {
            order.push((key, Vec::new()));
            order.len() - 1
        });
        order[place].1.push(index);
    }
    let mut payload = Vec::new();
    for (key, members) in &order {
        let first = &rows[members[0]];
        let version = cell_text(first[stream.version_column]);
        payload.clear();
        write_document(stream, rows, members, &mut payload);
        let key = key.trim();
        if key.is_empty() {
            let place = format!("{}@{}#{}", stream.name, version.trim(), members[0] + 1);
            batch.push_problem(&place, &payload, &format!("{} is empty", stream.key_name()));
        } else {
            batch.push(key, Some(version.trim()), &payload);
        }
    }
}

fn write_document(stream: &Stream, rows: &[Row<'_>], members: &[usize], output: &mut Vec<u8>) {
    let first = &rows[members[0]];
    output.push(b'{');
    stream.header.write_members(first, output);
    if let Some(entity) = &stream.entity {
        output.extend_from_slice(format!(",\"{}\":[", entity.name).as_bytes());
        let mut lines: Vec<_> = members
            .iter()
            .map(|index| (cell_text(rows[*index][entity.id_column]), &rows[*index]))
            .filter(|(id, _)| !matches!(id.trim(), "" | "0"))
            .collect();
        // The server orders by document only; the content hash must not depend on its mood.
        lines.sort_by(|(left, _), (right, _)| left.len().cmp(&right.len()).then_with(|| left.cmp(right)));
        for (index, (_, row)) in lines.iter().enumerate() {
            if index > 0 {
                output.push(b',');
            }
            entity.line.write_object(row, output);
        }
        output.push(b']');
    }
    output.push(b'}');
}
