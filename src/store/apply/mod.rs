//! One mapped page into the ledger: ONE transaction, a constant number of statements.
//!
//! Two daemons may apply pages of the same book at once; the book's lock, taken first, makes them wait for each other, so
//! that contributions, folds and dirty marks are never computed from a state that is about to change. The chain head's
//! lock comes last.

mod folding;
mod raw;
mod records;
mod refusal;
mod versions;
mod withdraw;

pub use folding::Folded;
pub use raw::{content_hash, hash_secret};
pub use records::verdict;

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::dirty::Marks;
use super::engine::{Cell, Tx};
use super::error::{Result, StoreError};
use super::types::{ApplyBatch, ApplyOutcome, Known, RecordId, StreamId, Verdict};
use super::{Store, documents, journal, party_clues, progress, tables};
use crate::domain::{Hash, Id};
use crate::failpoint::failpoint;
use versions::{Decided, Speaker};

/// Space of the advisory locks of books.
const BOOK_LOCK: i64 = 0x626f_6f6b;

/// Makes all writers of one book wait for each other until the transaction ends.
pub async fn lock_book(tx: &mut Tx, book: &str) -> Result<()> {
    tx.lock(BOOK_LOCK, &Id::from_parts(&[b"book", book.as_bytes()]).0).await
}

impl Store {
    /// Which of these records equal their current winner.
    pub async fn known(&self, _stream: &StreamId, heads: &[(RecordId, Hash)]) -> Result<Vec<Known>> {
        let mut tx = self.engine.read().await?;
        let ids: Vec<Id> = heads.iter().map(|(record, _)| *record).collect();
        let sql = "SELECT record, hash, outcome FROM record_head WHERE record {keys}";
        let mut stored = std::collections::HashMap::new();
        for row in tx.fetch_in(sql, &journal::keys(&ids), Vec::new()).await? {
            stored.insert(row.id(0)?, (row.hash(1)?, verdict(row.int(2)?)));
        }
        let known = heads.iter().map(|(record, hash)| match stored.get(record) {
            Some((known, verdict)) if known == hash => Known::Unchanged(*verdict),
            _ => Known::New,
        });
        Ok(known.collect())
    }

    /// Applies one page: raw bytes, versions, contributions, documents, postings, quarantine, progress, totals and dirty
    /// marks, all or nothing.
    ///
    /// Documents that would make a balance larger than can be stored are refused: then all of it is done again without
    /// them, each time without one more at least.
    pub async fn apply(&self, batch: ApplyBatch) -> Result<ApplyOutcome> {
        let mut too_large = BTreeSet::new();
        loop {
            let known = too_large.len();
            match self.apply_without(&batch, &too_large).await {
                Err(StoreError::TooLarge { causes }) => {
                    too_large.extend(causes.iter().copied());
                    if too_large.len() == known {
                        return Err(StoreError::TooLarge { causes });
                    }
                }
                outcome => return outcome,
            }
        }
    }

    async fn apply_without(&self, batch: &ApplyBatch, too_large: &BTreeSet<Id>) -> Result<ApplyOutcome> {
        let now = self.clock.now();
        let policy = (self.policies)(&batch.book);
        let speaker = Speaker { rank: batch.rank, books: batch.books };
        let incoming = raw::incoming(self, batch, speaker, &policy);
        let mut tx = self.engine.begin().await?;
        lock_book(&mut tx, &batch.book).await?;
        raw::seen_again(&mut tx, batch).await?;
        let known = records::load_known(&mut tx, &incoming).await?;
        let mut decided = versions::decide(&incoming, known, batch.stream.id(), speaker, batch.mapping);
        raw::store(&mut tx, batch, &incoming, &decided, now).await?;
        failpoint!("apply:after_raw");
        let folded = folding::fold_all(&mut tx, &mut decided, &policy, &incoming, too_large).await?;
        write_documents(&mut tx, &folded, folding::contribution_rows(&decided, &folded)).await?;
        records::write(&mut tx, &decided).await?;
        write_quarantine(&mut tx, &decided, now).await?;
        Marks::of(&folded).write(&mut tx).await?;
        let mut counts = batch.counted;
        counts.add(decided.counts());
        write_totals(&mut tx, batch, counts, now).await?;
        let entries: Vec<journal::Entry> = folded.iter().filter_map(|document| document.entry.clone()).collect();
        let number = journal::post(&mut tx, self.clock.as_ref(), &entries).await?;
        failpoint!("apply:before_commit");
        let documents = folded.iter().filter(|document| document.is_changed()).count();
        if documents > 0 {
            self.commit_and_tell(tx).await?
        } else {
            tx.commit().await?
        }
        failpoint!("apply:after_commit");
        Ok(ApplyOutcome { counts, batch: number, documents })
    }
}

async fn write_documents(tx: &mut Tx, folded: &[Folded], contributions: Vec<Vec<Cell>>) -> Result<()> {
    let changed: Vec<&Folded> = folded.iter().filter(|document| document.is_written()).collect();
    tx.upsert_many(&tables::DOCUMENT, changed.iter().map(|change| change.row()).collect()).await?;
    tx.upsert_many(&tables::CONTRIBUTION, contributions).await?;
    party_clues::write(tx, changed.iter().map(|change| &change.after)).await?;
    let mut links = Vec::new();
    for change in changed {
        let known = change.before.as_ref().map(documents::references).unwrap_or_default();
        let new = documents::references(&change.after).into_iter().filter(|target| !known.contains(target));
        links.extend(new.map(|target| vec![target.into(), change.after.id.into()]));
    }
    tx.upsert_many(&tables::LINK, links).await
}

async fn write_quarantine(tx: &mut Tx, decided: &Decided, now: Timestamp) -> Result<()> {
    let mut quarantined = Vec::new();
    let mut fixed = Vec::new();
    for (record, change) in &decided.changes {
        let was = change.before.as_ref().is_some_and(|head| head.verdict == Verdict::Quarantined);
        if let Some(problem) = &change.problem {
            quarantined.push(vec![
                (*record).into(),
                change.stream.into(),
                (&change.key).into(),
                change.head.stamp.hash.into(),
                (&problem.field).into(),
                (&problem.value).into(),
                (&problem.reason).into(),
                problem.at.as_ref().into(),
                change.head.mapping.into(),
                "open".into(),
                now.into(),
            ]);
        } else if was && change.head.verdict != Verdict::Quarantined {
            fixed.push(*record);
        }
    }
    tx.upsert_many(&tables::QUARANTINE, quarantined).await?;
    let sql = "UPDATE quarantine SET state = 'fixed' WHERE record {keys}";
    tx.execute_in(sql, &journal::keys(&fixed), Vec::new()).await?;
    Ok(())
}

async fn write_totals(tx: &mut Tx, batch: &ApplyBatch, counts: super::types::Counts, now: Timestamp) -> Result<()> {
    let stream = batch.stream.id();
    let text = vec![batch.mapping.into(), batch.mapping_text.as_ref().into(), now.into()];
    tx.upsert_many(&tables::MAPPING_TEXT, vec![text]).await?;
    let count = |number: u64| Cell::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let totals = vec![
        stream.into(),
        (&batch.stream.source).into(),
        (&batch.stream.stream).into(),
        (&batch.book).into(),
        batch.personal.into(),
        batch.mapping.into(),
        count(counts.read),
        count(counts.applied),
        count(counts.unchanged),
        count(counts.ignored),
        count(counts.quarantined),
        now.into(),
    ];
    tx.upsert_many(&tables::STREAM, vec![totals]).await?;
    match &batch.progress {
        Some(step) => progress::write(tx, stream, step).await,
        None => Ok(()),
    }
}
