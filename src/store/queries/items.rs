//! Open items as they are stored.

use crate::domain::Id;
use crate::ledger::{Basis, Due, OpenItem, OpenItemKind};
use crate::store::engine::Row;
use crate::store::error::{Result, StoreError};

/// Columns that [`read`] understands, after the subject.
macro_rules! item_columns {
    () => {
        "subject, id, document, number, kind, issued_on, due_on, due_missing, gross, open, orders, salesperson, disputed"
    };
}
pub(super) use item_columns;

pub const fn kind_name(kind: OpenItemKind) -> &'static str {
    match kind {
        OpenItemKind::Invoice => "invoice",
        OpenItemKind::Unbilled => "unbilled",
    }
}

/// Subject and item of a row of [`item_columns`].
pub fn read(row: &Row) -> Result<(Id, OpenItem)> {
    let corrupt = |problem: &str| StoreError::Corrupt { what: "open item", problem: problem.to_owned() };
    let due_on = row.date(6)?;
    let due = match row.opt_text(7)? {
        None => Due::On(due_on),
        Some(basis) => {
            let missing = Basis::parse(basis).map(Basis::name).ok_or_else(|| corrupt(basis))?;
            Due::Expected { on: due_on, missing }
        }
    };
    let kind = match row.text(4)? {
        "invoice" => OpenItemKind::Invoice,
        "unbilled" => OpenItemKind::Unbilled,
        other => return Err(corrupt(other)),
    };
    let item = OpenItem {
        id: row.id(1)?,
        document: row.id(2)?,
        number: row.text(3)?.into(),
        kind,
        issued_on: row.date(5)?,
        due,
        gross: row.amount(8)?,
        open: row.amount(9)?,
        orders: row.ids(10)?,
        salesperson: row.opt_text(11)?.map(Into::into),
        disputed: row.bool(12)?,
    };
    Ok((row.id(0)?, item))
}
