//! What a second source has seen (bank, warehouse, tax platform) against what is booked, and what of it has no twin.
//!
//! Why both directions: a bank line that nobody booked is money without an owner; a booked receipt that no bank line
//! shows is money that may never have come.

use std::collections::{BTreeMap, HashSet};

use jiff::civil::Date;

use super::lookup::sort;
use crate::domain::{FactKind, Id};
use crate::ledger::Document;
use crate::store::Store;
use crate::store::documents;
use crate::store::error::Result;

/// How much evidence of one kind a book has, and how much of it is known to be booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceCount {
    pub book: Box<str>,
    pub kind: FactKind,
    pub seen: usize,
    pub paired: usize,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EvidenceReport {
    pub counts: Vec<EvidenceCount>,
    /// Seen, and booked by nobody; by date.
    pub unbooked: Vec<Document>,
    /// Booked since the evidence of that kind begins, and seen by nobody; by date.
    pub unseen: Vec<Document>,
}

const EVIDENCE: &str = concat!(
    "SELECT ",
    documents::document_columns!(),
    ", p.booked FROM document d LEFT JOIN pairing p ON p.evidence = d.id WHERE d.role = 1 AND d.pair_group IS NOT NULL"
);
/// Documents of one kind and book since a day of which only booking sources speak.
const UNSEEN: &str = concat!(
    "SELECT ",
    documents::document_columns!(),
    " FROM document d WHERE d.role = 0 AND d.book = $1 AND d.kind = $2 AND d.effective_on >= $3 \
     AND NOT EXISTS (SELECT 1 FROM contribution c WHERE c.document = d.id AND c.books = 0 AND c.body IS NOT NULL)"
);

impl Store {
    /// Evidence of all books without `book`, of all kinds (payment, shipment, invoice) without `kind`.
    pub async fn evidence(&self, book: Option<&str>, kind: Option<FactKind>) -> Result<EvidenceReport> {
        let mut tx = self.engine.read().await?;
        let mut counts: BTreeMap<(Box<str>, FactKind), (EvidenceCount, Option<Date>)> = BTreeMap::new();
        let mut unbooked = Vec::new();
        for row in tx.fetch(EVIDENCE, Vec::new()).await? {
            let document = documents::read(&row, 0)?;
            let asked =
                book.is_none_or(|book| &*document.book == book) && kind.is_none_or(|kind| document.kind == kind);
            if !asked || !document.is_live() {
                continue;
            }
            let none = EvidenceCount { book: document.book.clone(), kind: document.kind, seen: 0, paired: 0 };
            let (count, since) =
                counts.entry((document.book.clone(), document.kind)).or_insert_with(|| (none, document.effective_on()));
            *since = (*since).min(document.effective_on());
            count.seen += 1;
            match row.opt_id(7)? {
                Some(_) => count.paired += 1,
                None => unbooked.push(document),
            }
        }
        let paired = tx.fetch("SELECT booked FROM pairing", Vec::new()).await?;
        let paired: HashSet<Id> = paired.iter().map(|row| row.id(0)).collect::<Result<_>>()?;
        let mut unseen = Vec::new();
        for (count, since) in counts.values() {
            let args = vec![(&count.book).into(), count.kind.name().into(), (*since).into()];
            let rows = tx.fetch(UNSEEN, args).await?;
            let documents = rows.iter().map(|row| documents::read(row, 0)).collect::<Result<Vec<_>>>()?;
            unseen
                .extend(documents.into_iter().filter(|document| document.is_live() && !paired.contains(&document.id)));
        }
        sort(&mut unbooked);
        sort(&mut unseen);
        Ok(EvidenceReport { counts: counts.into_values().map(|(count, _)| count).collect(), unbooked, unseen })
    }
}
