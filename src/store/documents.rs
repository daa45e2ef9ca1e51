//! Folded documents in their table, and what they name.

use std::collections::HashMap;

use super::engine::{Cell, Row, Tx};
use super::error::{Result, StoreError};
use super::journal::keys;
use crate::domain::text::fold_name;
use crate::domain::{FactKind, FieldMap, Id, Value, fact};
use crate::ledger::{Document, Role, attribution, paired_as, period, signing};

/// The columns that [`read`] understands, from the table `document` under the alias `d`. A document that only one record
/// speaks of has the same content as that record's contribution and is not stored twice.
macro_rules! document_columns {
    () => {
        "d.id, d.book, d.kind, d.numbering, d.number, d.role, COALESCE(d.body, \
         (SELECT c.body FROM contribution c WHERE c.document = d.id AND c.body IS NOT NULL))"
    };
}
pub(super) use document_columns;

const BY_ID: &str = concat!("SELECT ", document_columns!(), " FROM document d WHERE d.id {keys}");

pub const fn role_code(role: Role) -> i64 {
    match role {
        Role::Booked => 0,
        Role::Evidence => 1,
        Role::Stub => 2,
    }
}

fn role(code: i64) -> Role {
    match code {
        0 => Role::Booked,
        1 => Role::Evidence,
        _ => Role::Stub,
    }
}

/// A document from a row `id, book, kind, numbering, number, role, body` that starts at `column`.
pub fn read(row: &Row, column: usize) -> Result<Document> {
    let kind = read_kind(row, column + 2)?;
    let (fields, lines) = fact::decode(kind, row.text(column + 6)?)?;
    Ok(Document {
        id: row.id(column)?,
        book: row.text(column + 1)?.into(),
        kind,
        numbering: row.text(column + 3)?.into(),
        number: row.text(column + 4)?.into(),
        role: role(row.int(column + 5)?),
        fields,
        lines,
    })
}

pub fn read_kind(row: &Row, column: usize) -> Result<FactKind> {
    let name = row.text(column)?;
    FactKind::parse(name).ok_or_else(|| StoreError::Corrupt { what: "document", problem: format!("kind {name}") })
}

pub async fn load(tx: &mut Tx, ids: &[Id]) -> Result<HashMap<Id, Document>> {
    let rows = tx.fetch_in(BY_ID, &keys(ids), Vec::new()).await?;
    rows.iter().map(|row| read(row, 0).map(|document| (document.id, document))).collect()
}

/// The row of `tables::DOCUMENT`; without `body` when the one contribution carries it.
pub fn row(document: &Document, has_body: bool) -> Vec<Cell> {
    let name_key = match document.kind {
        FactKind::Party => document.fields.text("name").map(fold_name),
        FactKind::Payment => document.fields.text("payer").map(fold_name),
        _ => None,
    };
    vec![
        document.id.into(),
        (&document.book).into(),
        document.kind.name().into(),
        (&document.numbering).into(),
        (&document.number).into(),
        role_code(document.role).into(),
        document.status().into(),
        document.party().into(),
        document.currency().into(),
        document.gross().into(),
        document.effective_on().into(),
        document.fields.text("salesperson").into(),
        name_key.into(),
        pair_group(document).into(),
        has_body.then(|| fact::encode(&document.fields, &document.lines)).into(),
    ]
}

/// The group of documents among which the same event is looked for: one book, class, currency and amount. What is not live
/// is no event.
pub fn pair_group(document: &Document) -> Option<Id> {
    if !document.is_live() {
        return None;
    }
    let (class, currency, amount) = paired_as(document)?;
    let (class, book, currency) = (class.name().as_bytes(), document.book.as_bytes(), currency.as_str().as_bytes());
    Some(Id::from_parts(&[class, book, currency, &amount.0.to_be_bytes()]))
}

/// Ids of everything that the document's header and lines name; payments of nobody and decisions also by their payer, and
/// decisions that close a period by the period, shipments and the carriers' words about them by the waybill, so that each
/// finds the other.
pub fn references(document: &Document) -> Vec<Id> {
    let mut ids: Vec<Id> = document
        .lines
        .iter()
        .map(|line| &line.fields)
        .chain([&document.fields])
        .flat_map(FieldMap::iter)
        .filter_map(|(_, value)| if let Value::Ref { id, .. } = value { Some(*id) } else { None })
        .chain(attribution::payer_of(document))
        .chain(period::names_period(document))
        .chain(signing::waybills_of(document))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
