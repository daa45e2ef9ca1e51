//! Facts that Bihuan states itself: what people decided (buttons, pages, commands), and statements that it drew up.
//!
//! Why they go in as records: then they are stored raw, versioned, counted, folded and posted like anything else, are
//! found again by a rebuild, and an old binary cannot lose them. The payload is the fact itself, so no mapping stands
//! between; [`MAPPING`] takes the place of a mapping's text. It must not know what a decision means.

use std::sync::Arc;

use bihuan_connectors::sdk::{PayloadShape, RecordBatchBuilder};
use jiff::Timestamp;

use super::SyncError;
use super::page::compare;
use crate::domain::fact::{decode_fact, encode_fact};
use crate::domain::{Fact, FactKind, Hash, Problem};
use crate::store::{ApplyBatch, Counts, Outcome, Store, StreamId};

/// What stands where a mapping's text stands: `why` quotes it.
pub const MAPPING: &str = "# Bihuan's own facts, format 1: the payload is the fact.\n";

/// Number range of everything that Bihuan numbers itself.
pub const NUMBERING: &str = "bihuan";

/// The source that a book's own facts come from; its streams are the kinds.
const SOURCE: &str = "bihuan";

/// The stream of one kind of a book's own facts.
pub fn stream(book: &str, kind: FactKind) -> StreamId {
    StreamId::new(&format!("{SOURCE}:{book}"), kind.name())
}

/// Nobody else says anything about what people decided.
pub(super) const RANK: u32 = 0;

/// What stands where a mapping's version stands.
pub(super) fn mapping() -> Hash {
    Hash::of(MAPPING.as_bytes())
}

/// What a stored record of such a stream says.
pub fn outcome(payload: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(payload);
    match decode_fact(&text) {
        Ok(fact) => Outcome::Facts(vec![fact]),
        Err(error) => Outcome::Quarantined(Problem {
            field: "body".into(),
            value: text.chars().take(200).collect::<String>().into(),
            reason: error.to_string().into(),
            at: None,
        }),
    }
}

/// Commits facts of our own, one transaction a book and kind; the caller settles afterwards. A fact of a number that is
/// known replaces it, the same fact again changes nothing.
pub async fn state(store: &Store, now: Timestamp, facts: Vec<Fact>) -> Result<Counts, SyncError> {
    let mut counts = Counts::default();
    let mut rest = facts;
    while let Some(first) = rest.first() {
        let (book, kind) = (first.book.clone(), first.kind);
        let (same, others): (Vec<Fact>, Vec<Fact>) =
            rest.into_iter().partition(|fact| fact.book == book && fact.kind == kind);
        rest = others;
        let batch = batch(store, now, &book, kind, same).await?;
        counts.add(store.apply(batch).await?.counts);
    }
    Ok(counts)
}

async fn batch(
    store: &Store,
    now: Timestamp,
    book: &str,
    kind: FactKind,
    facts: Vec<Fact>,
) -> Result<ApplyBatch, SyncError> {
    let id = stream(book, kind);
    let mut raw = RecordBatchBuilder::new(PayloadShape::Json, now.as_microsecond());
    for fact in &facts {
        raw.push(&fact.number, None, encode_fact(fact).as_bytes());
    }
    let raw = raw.finish();
    let (fresh, counted) = compare(store, &id, false, &raw).await?;
    let records = facts
        .into_iter()
        .enumerate()
        .filter(|(index, _)| fresh.binary_search(index).is_ok())
        .map(|(index, fact)| (index, Outcome::Facts(vec![fact])))
        .collect();
    Ok(ApplyBatch {
        stream: id,
        book: book.into(),
        personal: false,
        rank: RANK,
        books: true,
        mapping: mapping(),
        mapping_text: Arc::from(MAPPING),
        raw,
        records,
        counted,
        progress: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Id, Value};
    use crate::store::tests::company::{BOOK, date, fact, open};
    use crate::store::tests::database::databases;

    #[tokio::test]
    async fn a_decision_is_kept_once_and_reads_back_from_its_raw_record() {
        for database in databases().await {
            let store = open(&database).await;
            let payment = Id::of(BOOK, FactKind::Payment, "erp", "R1");
            let mut decision = fact(
                FactKind::Decision,
                "D1",
                vec![
                    ("decision_id", Value::text("D1")),
                    ("decided_by", Value::text("lin")),
                    ("action", Value::text("snooze")),
                    ("payment_no", Value::Ref { number: "R1".into(), id: payment }),
                    ("until", Value::Date(date("2026-02-01"))),
                ],
            );
            decision.numbering = NUMBERING.into();
            let now = Timestamp::UNIX_EPOCH;
            let first = state(&store, now, vec![decision.clone()]).await.unwrap();
            let again = state(&store, now, vec![decision.clone()]).await.unwrap();
            assert_eq!((first.applied, again.applied, again.unchanged), (1, 0, 1));
            let kept = store.document(Some(BOOK), Some(FactKind::Decision), "D1").await.unwrap();
            assert_eq!(kept[0].document.fields, decision.fields);
            let raw = store.stored_records(&stream(BOOK, FactKind::Decision), None, 10).await.unwrap();
            let crate::store::RawPayload::Bytes(bytes) = &raw[0].payload else { panic!("{raw:?}") };
            assert_eq!(outcome(bytes), Outcome::Facts(vec![decision]));
            assert!(matches!(outcome(b"{}"), Outcome::Quarantined(_)));
        }
    }
}
