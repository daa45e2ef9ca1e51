//! What a person may have meant who asked for a number that does not exist.

use crate::domain::slips::slips;
use crate::domain::{FactKind, Id};
use crate::store::error::Result;
use crate::store::{Store, documents};

/// A list to choose from, not to search in.
const MAX_NEAR: usize = 5;

/// A document whose number is one slip away.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NearDocument {
    pub number: Box<str>,
    pub kind: FactKind,
    pub book: Box<str>,
}

pub(super) const NEAR: &str = "SELECT number, kind, book FROM document WHERE number {keys}";

impl Store {
    /// Ids of the documents of this kind and number.
    pub async fn ids_of_number(&self, book: Option<&str>, kind: FactKind, number: &str) -> Result<Vec<Id>> {
        let mut tx = self.engine.read().await?;
        let sql = "SELECT id, kind, book FROM document WHERE number = $1";
        let mut ids = Vec::new();
        for row in tx.fetch(sql, vec![number.into()]).await? {
            let in_book = row.text(2)?;
            if documents::read_kind(&row, 1)? == kind && book.is_none_or(|book| book == in_book) {
                ids.push(row.id(0)?);
            }
        }
        Ok(ids)
    }

    /// Documents with nearly this number, in the order of their numbers.
    pub async fn near_documents(
        &self,
        book: Option<&str>,
        kind: Option<FactKind>,
        number: &str,
    ) -> Result<Vec<NearDocument>> {
        let mut tx = self.engine.read().await?;
        let mut near = Vec::new();
        for row in tx.fetch_in(NEAR, &slips(number), Vec::new()).await? {
            let found = NearDocument {
                number: row.text(0)?.into(),
                kind: documents::read_kind(&row, 1)?,
                book: row.text(2)?.into(),
            };
            if book.is_none_or(|book| &*found.book == book) && kind.is_none_or(|kind| found.kind == kind) {
                near.push(found);
            }
        }
        near.sort();
        near.truncate(MAX_NEAR);
        Ok(near)
    }
}
