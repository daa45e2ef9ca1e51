//! `party link|split`: states what a person decided, and shows the customers that come of it.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{key_json, named};
use crate::app::AppError;
use crate::cli::args::Person;
use crate::cli::ledger::refusal;
use crate::cli::output;
use crate::cli::tree::Tree;
use crate::store::Store;
use crate::sync::decide::identity::{customers, party_key};
use crate::sync::decide::{self, Wish};

pub async fn run(store: &Store, now: Timestamp, wish: Wish, person: &Person, as_json: bool) -> Result<(), AppError> {
    let book = person.book.as_deref();
    let (Wish::Link { a, b } | Wish::Split { a, b }) = &wish else {
        return Err(AppError::Usage(format!("{wish:?} 与身份无关 · is not about identity")));
    };
    let mut keys = Vec::new();
    for called in [a, b] {
        keys.push(party_key(store, book, called).await.map_err(refusal)?.id);
    }
    let who = decide::Person { name: &person.by, book, note: person.note.as_deref(), now };
    let stated = decide::decide(store, &who, &wish).await.map_err(refusal)?;
    let customers = customers(store, &keys).await.map_err(refusal)?;
    if as_json {
        let customers: Vec<Json> =
            customers.iter().map(|members| members.iter().map(key_json).collect::<Vec<_>>().into()).collect();
        return output::json(&json!({ "book": stated.book, "decisions": stated.decisions, "customers": customers }));
    }
    let numbers = stated.decisions.join(" ");
    output::print(&format!("已记录 · recorded\n撤销 · take back: bihuan ledger revoke {numbers}\n\n"))?;
    for (index, members) in customers.iter().enumerate() {
        let members = members.iter().map(|member| Tree::leaf(named(member)));
        output::print(&Tree::new(format!("客户 customer {}", index + 1), members).render())?;
    }
    Ok(())
}
