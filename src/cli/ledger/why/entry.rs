//! Why an entry of the journal was made: its rows, and the document or the settlement that caused it.

use serde_json::{Value as Json, json};

use super::document;
use crate::app::AppError;
use crate::cli::ledger::{allocation_json, document_json};
use crate::cli::output;
use crate::cli::tree::Tree;
use crate::domain::Currency;
use crate::ledger::{Document, event};
use crate::store::{AllocationView, Cause, EntryView, JournalLine, Store, Subject};

/// Digits from which on a hash may be cut; fewer are a number.
const MIN_HASH_DIGITS: usize = 8;
/// Allocations of a customer that are shown below one of its settlements.
const ALLOCATIONS: usize = 20;

/// How people name a row of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// `BATCH.SEQ`
    Row { batch: i64, seq: i64 },
    /// The beginning of a row's hash.
    Hash(String),
}

impl Asked {
    /// `None`: it is no name of a row, so it is the number of a document.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some((batch, seq)) = text.split_once('.') {
            return Some(Self::Row { batch: batch.parse().ok()?, seq: seq.parse().ok()? });
        }
        let is_hash = (MIN_HASH_DIGITS..=64).contains(&text.len())
            && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        is_hash.then(|| Self::Hash(text.to_owned()))
    }
}

/// The entry that is asked for; `None` when the journal has no such row.
pub async fn find(store: &Store, asked: &Asked) -> Result<Option<EntryView>, AppError> {
    let (batch, seq) = match asked {
        Asked::Row { batch, seq } => (*batch, *seq),
        Asked::Hash(prefix) => match store.rows_by_hash(prefix).await?.as_slice() {
            [] => return Ok(None),
            [row] => *row,
            several => {
                let rows: Vec<String> = several.iter().map(|(batch, seq)| format!("{batch}.{seq}")).collect();
                let rows = rows.join(", ");
                return Err(AppError::Refused(format!("`{prefix}` 不止一笔 · several rows begin so: {rows}")));
            }
        },
    };
    Ok(store.entry_of_row(batch, seq).await?)
}

pub fn print(view: &EntryView, as_json: bool) -> Result<(), AppError> {
    if as_json { output::json(&json!({ "entry": entry_json(view) })) } else { output::print(&tree(view).render()) }
}

/// `12.3`
pub fn row_name(line: &JournalLine) -> String {
    format!("{}.{}", line.batch, line.seq)
}

pub fn tree(view: &EntryView) -> Tree {
    let recorded = view.lines.first().map(|line| line.recorded_at.to_string()).unwrap_or_default();
    let head = format!("分录 entry · 批 batch {} · 记录 recorded {recorded} · {}", view.batch, view.batch_hash);
    let cause = match &view.cause {
        Cause::Document(document) => Tree::new("起因 caused by", [document::tree(document)]),
        Cause::Settlement { subject, party, allocations } => settlement(view, subject, party.as_ref(), allocations),
        Cause::Unknown(id) => Tree::leaf(format!("起因不明 · nothing stored has the id {id}")),
    };
    Tree::new(head, view.lines.iter().map(|line| Tree::leaf(row(line))).chain([cause]))
}

fn row(line: &JournalLine) -> String {
    let posting = &line.posting;
    let back = if line.reversal { "冲回 takes back: " } else { "" };
    let posted = if line.posted_on == posting.effective_on {
        String::new()
    } else {
        format!(" · 过账 posted {}", line.posted_on)
    };
    let hash: String = line.hash.to_string().chars().take(12).collect();
    format!(
        "{} {}{posted} Dr {} / Cr {} {} {} · {back}{} · {hash}",
        row_name(line),
        posting.effective_on,
        posting.debit.kind.name(),
        posting.credit.kind.name(),
        posting.amount.grouped(posting.currency),
        posting.currency,
        event(posting, line.reversal)
    )
}

/// What the customer's money pays by now, on the days of these rows.
fn settlement(view: &EntryView, subject: &Subject, party: Option<&Document>, allocations: &[AllocationView]) -> Tree {
    let name = party.map(name_of).unwrap_or_default();
    let head = format!("起因 caused by: 核销 settlement of {} {name} {}", subject.book, subject.currency);
    let of_these_days = on_days_of(view, allocations);
    let shown = of_these_days.iter().take(ALLOCATIONS).map(|found| {
        let amount = found.amount.grouped(subject.currency);
        let (from, to) = (&found.from_number, &found.item_number);
        Tree::leaf(format!("{from} → {to} {amount} · {} · {}", found.rung, found.explanation))
    });
    let shown: Vec<Tree> = shown.collect();
    if shown.is_empty() {
        let none = "这些天的核销后来都变了 · what was allocated on these days has changed since";
        return Tree::new(head, [Tree::leaf(none)]);
    }
    let more = of_these_days.len().saturating_sub(ALLOCATIONS);
    let more = (more > 0).then(|| Tree::leaf(format!("另有 {more} 笔 · more")));
    Tree::new(head, shown.into_iter().chain(more))
}

fn on_days_of<'a>(view: &EntryView, allocations: &'a [AllocationView]) -> Vec<&'a AllocationView> {
    let is_of = |found: &&AllocationView| view.lines.iter().any(|line| line.posting.effective_on == found.effective_on);
    allocations.iter().filter(is_of).collect()
}

fn name_of(party: &Document) -> String {
    format!("{} {}", party.number, party.fields.text("name").unwrap_or_default())
}

fn entry_json(view: &EntryView) -> Json {
    let cause = match &view.cause {
        Cause::Document(document) => json!({ "document": document::document_why(document) }),
        Cause::Settlement { subject, party, allocations } => {
            let allocations = on_days_of(view, allocations);
            let shown = allocations.iter().take(ALLOCATIONS).map(|found| allocation_json(found, subject.currency));
            json!({
                "settlement": {
                    "book": subject.book, "currency": subject.currency.as_str(), "party": party.as_ref().map(document_json),
                    "allocations": shown.collect::<Vec<_>>(),
                    "allocations_left_out": allocations.len().saturating_sub(ALLOCATIONS),
                },
            })
        }
        Cause::Unknown(id) => json!({ "unknown": id.to_string() }),
    };
    json!({
        "batch": view.batch, "batch_hash": view.batch_hash.to_string(),
        "rows": view.lines.iter().map(row_json).collect::<Vec<_>>(), "cause": cause,
    })
}

pub fn row_json(line: &JournalLine) -> Json {
    let posting = &line.posting;
    let currency: Currency = posting.currency;
    json!({
        "row": row_name(line), "recorded_at": line.recorded_at.to_string(), "book": line.book,
        "on": posting.effective_on.to_string(), "posted_on": line.posted_on.to_string(),
        "debit": posting.debit.kind.name(), "credit": posting.credit.kind.name(),
        "amount": posting.amount.plain(currency), "currency": currency.as_str(), "reversal": line.reversal,
        "rule": event(posting, line.reversal), "hash": line.hash.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_hashes_are_told_from_numbers_of_documents() {
        assert_eq!(Asked::parse("12.3"), Some(Asked::Row { batch: 12, seq: 3 }));
        assert_eq!(Asked::parse("0123abcd"), Some(Asked::Hash("0123abcd".to_owned())));
        for number in ["SO26010001", "0123abc", "XS.1", "A1B2C3D4E5", &"a".repeat(65)] {
            assert_eq!(Asked::parse(number), None, "{number}");
        }
    }
}
