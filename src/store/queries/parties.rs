//! Party keys by what people call them: a code, or a full name.

use crate::domain::text::fold_name;
use crate::ledger::Document;
use crate::store::engine::Tx;
use crate::store::error::Result;
use crate::store::{Store, documents};

pub(super) const BY_CODE: &str =
    concat!("SELECT ", documents::document_columns!(), " FROM document d WHERE d.kind = 'party' AND d.number = $1");
pub(super) const BY_NAME: &str =
    concat!("SELECT ", documents::document_columns!(), " FROM document d WHERE d.kind = 'party' AND d.name_key = $1");

impl Store {
    /// Party keys with this code, else with this full name after folding, whatever their state.
    pub async fn party_keys(&self, called: &str) -> Result<Vec<Document>> {
        let mut tx = self.engine.read().await?;
        let found = by_code(&mut tx, called).await?;
        if found.is_empty() { by_name(&mut tx, called).await } else { Ok(found) }
    }

    /// Customers with this code, else with this full name after folding; by book and code.
    pub async fn parties_called(&self, book: Option<&str>, called: &str) -> Result<Vec<Document>> {
        let mut tx = self.engine.read().await?;
        let found = live(by_code(&mut tx, called).await?, book);
        if found.is_empty() { Ok(live(by_name(&mut tx, called).await?, book)) } else { Ok(found) }
    }

    /// Customers whose full name is this one, whatever its width, brackets and spaces.
    pub async fn parties_named(&self, book: Option<&str>, name: &str) -> Result<Vec<Document>> {
        Ok(live(by_name(&mut self.engine.read().await?, name).await?, book))
    }
}

async fn by_code(tx: &mut Tx, code: &str) -> Result<Vec<Document>> {
    fetch(tx, BY_CODE, code).await
}

async fn by_name(tx: &mut Tx, name: &str) -> Result<Vec<Document>> {
    fetch(tx, BY_NAME, &fold_name(name)).await
}

async fn fetch(tx: &mut Tx, sql: &'static str, key: &str) -> Result<Vec<Document>> {
    let rows = tx.fetch(sql, vec![key.into()]).await?;
    let mut found = rows.iter().map(|row| documents::read(row, 0)).collect::<Result<Vec<Document>>>()?;
    found.sort_by(|a, b| (&a.book, &a.number, &a.numbering).cmp(&(&b.book, &b.number, &b.numbering)));
    Ok(found)
}

fn live(mut found: Vec<Document>, book: Option<&str>) -> Vec<Document> {
    found.retain(|party| party.is_live() && book.is_none_or(|book| &*party.book == book));
    found
}
