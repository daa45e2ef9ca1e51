//! Finding the one document that a person means by its number.

use super::{DecideError, refused};
use crate::domain::{Amount, Currency, FactKind};
use crate::ledger::Document;
use crate::store::Store;

/// What pays.
pub const MONEY: [FactKind; 2] = [FactKind::Payment, FactKind::Bill];
/// What money can be meant for.
pub const TARGETS: [FactKind; 3] = [FactKind::Invoice, FactKind::Shipment, FactKind::Order];

/// The live document of one of `kinds` with this number; otherwise says which there are.
pub async fn one(store: &Store, book: Option<&str>, number: &str, kinds: &[FactKind]) -> Result<Document, DecideError> {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    let views = store.document(book, None, number).await?;
    let mut found: Vec<Document> = views.into_iter().map(|view| view.document).collect();
    found.retain(|document| kinds.contains(&document.kind));
    let known = found.len();
    found.retain(Document::is_live);
    if let [_] = found.as_slice() {
        return Ok(found.remove(0));
    }
    let kinds = names.join(", ");
    match (found.len(), known) {
        (0, 0) => refused(format!("没有单据 `{number}` · no such document ({kinds})")),
        (0, _) => refused(format!("`{number}` 是草稿、已作废或仅被引用 · is a draft, void, or only named by others")),
        _ => {
            let each: Vec<String> =
                found.iter().map(|document| format!("{} {}", document.book, document.kind)).collect();
            let each = each.join("; ");
            refused(format!("`{number}` 对应多张单据 · stands for several: {each}. 请用 --book · say which by --book"))
        }
    }
}

/// The customer with this code or this full name.
pub async fn customer(store: &Store, book: &str, name: &str) -> Result<Document, DecideError> {
    let mut found = store.parties_called(Some(book), name).await?;
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => refused(format!("账簿 {book} 没有客户 `{name}` · no such customer in book {book}")),
        _ => {
            let codes: Vec<&str> = found.iter().map(|party| &*party.number).collect();
            refused(format!("`{name}` 对应多个客户 · stands for several: {}", codes.join(", ")))
        }
    }
}

/// An amount of a currency as people write it: `1,200.50`.
pub fn amount(text: &str, currency: Currency) -> Result<Amount, DecideError> {
    let plain: String = text.chars().filter(|letter| !matches!(letter, ',' | '，' | ' ')).collect();
    let decimal = rust_decimal::Decimal::from_str_exact(&plain);
    let amount = decimal.ok().and_then(|decimal| Amount::exact(decimal, currency).ok());
    match amount.filter(|amount| amount.is_positive()) {
        Some(amount) => Ok(amount),
        None => refused(format!("`{text}` 不是 {currency} 金额 · is no positive amount of {currency}")),
    }
}
