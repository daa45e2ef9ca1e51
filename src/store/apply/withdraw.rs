//! Takes documents out of force that were in order when they came and cannot be posted since.
//!
//! Why it exists: a bank line posts when it is paired, not when it is applied, so only pairing sees that with it some
//! balance would be larger than can be stored. It must end where such a receipt ends at once: its record waits in
//! quarantine, what the record said before is in force again, and everybody else is settled.

use std::collections::{BTreeMap, BTreeSet};

use super::versions::Decided;
use super::{Store, folding, lock_book, records, refusal, write_documents, write_quarantine};
use crate::domain::Id;
use crate::store::dirty::Marks;
use crate::store::engine::Tx;
use crate::store::error::Result;
use crate::store::types::RecordId;
use crate::store::{documents, journal};

const SPEAKERS: &str = "SELECT record FROM contribution WHERE document {keys} AND body IS NOT NULL";

impl Store {
    /// Refuses whatever is said about documents with which some balance would be too large.
    pub(in crate::store) async fn withdraw_too_large(&self, book: &str, too_large: &[Id]) -> Result<()> {
        let policy = (self.policies)(book);
        let mut tx = self.engine.begin().await?;
        lock_book(&mut tx, book).await?;
        let found = documents::load(&mut tx, too_large).await?;
        let withdrawn: BTreeMap<Id, _> =
            found.iter().map(|(id, document)| (*id, refusal::too_large(document))).collect();
        let speakers = speakers(&mut tx, too_large).await?;
        let mut decided = Decided::without(withdrawn, records::load(&mut tx, &speakers).await?);
        let folded = folding::fold_all(&mut tx, &mut decided, &policy, &[], &BTreeSet::new()).await?;
        write_documents(&mut tx, &folded, folding::contribution_rows(&decided, &folded)).await?;
        records::write(&mut tx, &decided).await?;
        write_quarantine(&mut tx, &decided, self.clock.now()).await?;
        Marks::of(&folded).write(&mut tx).await?;
        let entries: Vec<journal::Entry> = folded.iter().filter_map(|document| document.entry.clone()).collect();
        journal::post(&mut tx, self.clock.as_ref(), &entries).await?;
        self.commit_and_tell(tx).await
    }
}

async fn speakers(tx: &mut Tx, documents: &[Id]) -> Result<Vec<RecordId>> {
    let rows = tx.fetch_in(SPEAKERS, &journal::keys(documents), Vec::new()).await?;
    let speakers = rows.iter().map(|row| row.id(0)).collect::<Result<BTreeSet<RecordId>>>()?;
    Ok(speakers.into_iter().collect())
}
