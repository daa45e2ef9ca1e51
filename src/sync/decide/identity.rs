//! One customer or two: what a person may say about party keys.
//!
//! A decision links across books and number ranges, so a key is named by as much of `BOOK:NUMBERING:CODE` as tells it
//! apart. Nothing that was posted changes: what is linked is shown together.

use super::{DecideError, Draft, Person, refused};
use crate::domain::Id;
use crate::ledger::Document;
use crate::ledger::identity::{Decided, link};
use crate::store::Store;

/// A party key as people name it, wherever it may stand among others.
pub fn label(party: &Document) -> String {
    format!("{}:{}:{}", party.book, party.numbering, party.number)
}

/// The party key that a person means by a code, a full name, or either behind `BOOK:`, `NUMBERING:` or both.
pub async fn party_key(store: &Store, book: Option<&str>, called: &str) -> Result<Document, DecideError> {
    let mut found = store.party_keys(called).await?;
    if found.is_empty() {
        let mut parts: Vec<&str> = called.split(':').collect();
        if let Some(code) = parts.pop().filter(|_| !parts.is_empty()) {
            found = store.party_keys(code).await?;
            found.retain(|party| parts.iter().all(|part| *part == &*party.book || *part == &*party.numbering));
        }
    }
    found.retain(|party| book.is_none_or(|book| &*party.book == book));
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => refused(format!(
            "没有客户 `{called}` · no such customer{}",
            book.map(|book| format!("（账簿 · book {book}）")).unwrap_or_default()
        )),
        _ => {
            let each: Vec<String> = found.iter().map(label).collect();
            refused(format!("`{called}` 对应多个客户 · stands for several: {}", each.join(", ")))
        }
    }
}

/// These two party keys are one customer. The newest word is joined first, so nothing older can stand against it; what gives
/// way instead is shown by [`customers`].
pub(super) async fn join(store: &Store, person: &Person<'_>, a: &str, b: &str) -> Result<Draft, DecideError> {
    let (a, b) = two(store, person, a, b).await?;
    match last_word(store, a.id, b.id).await? {
        Some((number, false)) => refused(format!("已由 {number} 合并 · a decision links them already")),
        _ => Ok(draft("link", &a, &b)),
    }
}

/// These two are different customers, whatever the rules say.
pub(super) async fn keep_apart(store: &Store, person: &Person<'_>, a: &str, b: &str) -> Result<Draft, DecideError> {
    let (a, b) = two(store, person, a, b).await?;
    match last_word(store, a.id, b.id).await? {
        Some((number, true)) => refused(format!("已由 {number} 分开 · a decision keeps them apart already")),
        _ => Ok(draft("split", &a, &b)),
    }
}

async fn two(store: &Store, person: &Person<'_>, a: &str, b: &str) -> Result<(Document, Document), DecideError> {
    let a = party_key(store, person.book, a).await?;
    let b = party_key(store, person.book, b).await?;
    if a.id == b.id {
        return refused(format!("`{}` 是同一个编码 · is one and the same key", label(&a)));
    }
    Ok((a, b))
}

fn draft(action: &str, a: &Document, b: &Document) -> Draft {
    Draft::new(&a.book, action).naming("customer", a).naming("other_customer", b)
}

/// The number of the latest decision about exactly these two, and whether it keeps them apart.
async fn last_word(store: &Store, a: Id, b: Id) -> Result<Option<(Box<str>, bool)>, DecideError> {
    let known = store.decisions_about(&[a, b]).await?;
    let word = |decision: &Document| {
        let said = Decided::of(decision)?;
        let is_about_both = (said.a, said.b) == (a, b) || (said.a, said.b) == (b, a);
        is_about_both.then(|| (decision.number.clone(), said.apart))
    };
    Ok(known.iter().rev().find_map(word))
}

/// Who is one customer with any of these now, by book, number range and code.
pub async fn customers(store: &Store, parties: &[Id]) -> Result<Vec<Vec<Document>>, DecideError> {
    let known = store.kinship(parties).await?;
    let linked = link(&known.keys(), &known.decided());
    let mut customers: Vec<Vec<Document>> = Vec::new();
    for party in parties {
        if !customers.iter().flatten().any(|member| member.id == *party) {
            customers.push(known.component(&linked, *party));
        }
    }
    Ok(customers)
}
