//! The origin of values and the records behind them, as twigs of the tree and as JSON.

use serde_json::{Value as Json, json};

use crate::cli::tree::Tree;
use crate::domain::Value;
use crate::domain::fact::shown;
use crate::mapping::{Read, Rule};
use crate::store::{DocumentView, Origin, RawPayload, RecordVersion, SOURCES_IN_FULL, Source};
use crate::sync::origin::{Mapped, Traced, TracedField, shown_payload};

/// Of a record's bytes; `quarantine show` and the source itself have the rest.
const RAW_CHARS: usize = 400;
/// Of a record that changes every day only the latest tell something.
const VERSIONS: usize = 10;

/// `[1]`: how values name their record.
fn label(source: usize) -> String {
    format!("[{}]", source + 1)
}

/// The value of every field, and where it came from.
pub fn values(traced: &Traced) -> Vec<Tree> {
    let mut twigs: Vec<Tree> = traced.fields.iter().map(|field| Tree::leaf(value(field, traced))).collect();
    for (key, fields) in &traced.lines {
        let fields = fields.iter().map(|field| Tree::leaf(value(field, traced)));
        twigs.push(Tree::new(format!("行 line {key}"), fields));
    }
    if traced.lines_left_out > 0 {
        twigs.push(Tree::leaf(format!("另有 {} 行 · more lines", traced.lines_left_out)));
    }
    twigs
}

fn value(field: &TracedField, traced: &Traced) -> String {
    let value = match &field.value {
        Value::Null => "（空 empty）".to_owned(),
        Value::Text(text) => text.to_string(),
        other => match shown(other) {
            Json::String(text) => text,
            other => other.to_string(),
        },
    };
    let mut text = format!("{} = {value} ← {}", field.name, label(field.source));
    if let (Some(rule), Some(place)) = (&field.rule, place(field, traced)) {
        text.push_str(&format!(" ← {place} {}", rule.text));
        if !rule.reads.is_empty() {
            text.push_str(&format!(" ← {}", rule.reads.iter().map(read).collect::<Vec<_>>().join(", ")));
        }
    }
    text
}

/// `kingdee/outstock:20`
fn place(field: &TracedField, traced: &Traced) -> Option<String> {
    let (Mapped::By { mapping, .. }, Some(Rule { line, .. })) = (&traced.sources[field.source], &field.rule) else {
        return None;
    };
    Some(format!("{mapping}:{line}"))
}

fn read(read: &Read) -> String {
    match &read.raw {
        Some(raw) => format!("{} = {raw}", read.path),
        None => format!("{} 没有 absent", read.path),
    }
}

/// The records, each with its versions and its bytes.
pub fn sources(view: &DocumentView, traced: &Traced) -> Vec<Tree> {
    let twigs = view.sources.iter().zip(&traced.sources).enumerate().map(|(index, (source, mapped))| {
        let says = if source.books { "入账 books" } else { "佐证 evidence" };
        let head = format!(
            "{} {}/{} {} · {says} · {}",
            label(index),
            source.source,
            source.stream,
            source.record_key,
            mapped_text(source, mapped)
        );
        let problem = source
            .problem
            .iter()
            .map(|problem| Tree::leaf(format!("最新版本在隔离区，未生效 · the latest version is kept out: {problem}")));
        let versions = source.versions.iter().take(VERSIONS).map(|found| Tree::leaf(version(found)));
        let older = source.versions.len().saturating_sub(VERSIONS);
        let older = (older > 0).then(|| Tree::leaf(format!("另有 {older} 个版本 · older versions")));
        let raw = source.origin.iter().map(|origin| Tree::leaf(raw(origin)));
        Tree::new(head, problem.chain(versions).chain(older).chain(raw))
    });
    twigs.collect()
}

fn mapped_text(source: &Source, mapped: &Mapped) -> String {
    let version: String = source.mapping.to_string().chars().take(8).collect();
    match mapped {
        Mapped::By { mapping, .. } => format!("映射 mapping {mapping} {version}"),
        Mapped::Own => "自有事实，原文即事实 · Bihuan's own, the payload is the fact".to_owned(),
        Mapped::NotLookedInto => format!("只细看前 {SOURCES_IN_FULL} 条记录 · only the first records are looked into"),
        Mapped::Erased => "个人数据已抹除 · erased, nothing is left to map".to_owned(),
        Mapped::NotRepeatable { mapping } => {
            format!(
                "映射 mapping {mapping} {version} 已不能由原文重现此单据 · no longer makes it from the stored bytes"
            )
        }
    }
}

fn version(found: &RecordVersion) -> String {
    let hash: String = found.hash.to_string().chars().take(12).collect();
    format!(
        "版本 version {} · 观察 observed {} · 记录 recorded {} · {hash}{}",
        found.version.as_deref().unwrap_or("—"),
        found.observed_at,
        found.recorded_at,
        if found.is_in_force { " · 生效 in force" } else { "" }
    )
}

fn raw(origin: &Origin) -> String {
    match (shown_payload(origin), &origin.payload) {
        (Some(bytes), _) => format!("原文 raw ({} B): {}", bytes.len(), excerpt(bytes)),
        (None, RawPayload::Erased) => "原文已抹除 · raw: erased, its key is gone".to_owned(),
        (None, RawPayload::Bytes(bytes)) => {
            format!("原文 raw ({} B): 个人数据，不显示 · personal, not shown", bytes.len())
        }
    }
}

/// The beginning of a record on one line; the cells of a row are set apart.
fn excerpt(bytes: &[u8]) -> String {
    // Only the beginning is shown, so only the beginning is decoded: four bytes hold any character.
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(RAW_CHARS * 4)]).replace('\u{1f}', " | ");
    let mut shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(RAW_CHARS).collect();
    if text.chars().count() > RAW_CHARS || bytes.len() > RAW_CHARS * 4 {
        shown.push('…');
    }
    shown
}

pub fn values_json(traced: &Traced) -> Json {
    let all = |fields: &[TracedField]| fields.iter().map(|field| value_json(field, traced)).collect::<Vec<_>>();
    let lines: Vec<Json> =
        traced.lines.iter().map(|(key, fields)| json!({ "line": key, "fields": all(fields) })).collect();
    json!({ "fields": all(&traced.fields), "lines": lines, "lines_left_out": traced.lines_left_out })
}

fn value_json(field: &TracedField, traced: &Traced) -> Json {
    let reads = field.rule.iter().flat_map(|rule| &rule.reads);
    json!({
        "field": field.name, "value": shown(&field.value), "source": field.source, "mapping": place(field, traced),
        "rule": field.rule.as_ref().map(|rule| &rule.text),
        "reads": reads.map(|read| json!({ "path": read.path, "raw": read.raw })).collect::<Vec<_>>(),
    })
}

pub fn sources_json(view: &DocumentView, traced: &Traced) -> Vec<Json> {
    let objects = view.sources.iter().zip(&traced.sources).map(|(source, mapped)| {
        let versions: Vec<Json> = source.versions.iter().take(VERSIONS).map(version_json).collect();
        let (mapping, state) = match mapped {
            Mapped::By { mapping, .. } => (Some(mapping), "mapped"),
            Mapped::Own => (None, "own"),
            Mapped::NotLookedInto => (None, "not_looked_into"),
            Mapped::Erased => (None, "erased"),
            Mapped::NotRepeatable { mapping } => (Some(mapping), "not_repeatable"),
        };
        json!({
            "source": source.source, "stream": source.stream, "record": source.record_key, "books": source.books,
            "rank": source.rank, "problem": source.problem, "versions": versions,
            "versions_left_out": source.versions.len().saturating_sub(VERSIONS),
            "mapping": { "name": mapping, "version": source.mapping.to_string(), "state": state },
            "raw": source.origin.as_ref().map(raw_json),
        })
    });
    objects.collect()
}

fn version_json(found: &RecordVersion) -> Json {
    json!({
        "version": found.version, "observed_at": found.observed_at.to_string(),
        "recorded_at": found.recorded_at.to_string(), "hash": found.hash.to_string(), "in_force": found.is_in_force,
    })
}

fn raw_json(origin: &Origin) -> Json {
    let bytes = if let RawPayload::Bytes(bytes) = &origin.payload { Some(bytes.len()) } else { None };
    json!({ "bytes": bytes, "personal": origin.personal, "text": shown_payload(origin).map(excerpt) })
}
