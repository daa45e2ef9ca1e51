//! `party propose`: which party keys may be one customer, in points that a person can add up.

use serde_json::{Value as Json, json};

use super::{key_json, named, wording};
use crate::app::AppError;
use crate::cli::ledger::refusal;
use crate::cli::output;
use crate::cli::tree::Tree;
use crate::ledger::Document;
use crate::ledger::identity::{Evidence, Proposal};
use crate::store::{Identified, IdentityProposal, Store};
use crate::sync::decide::identity::{label, party_key};

pub async fn run(
    store: &Store,
    book: Option<&str>,
    called: Option<&str>,
    limit: usize,
    as_json: bool,
) -> Result<(), AppError> {
    let mut found = match called {
        Some(called) => of_one(store, book, called).await?,
        None => store.identity_proposals().await?,
    };
    found.retain(|pair| book.is_none_or(|book| &*pair.a.book == book || &*pair.b.book == book));
    let total = found.len();
    found.truncate(limit);
    if as_json {
        let rows: Vec<Json> = found.iter().map(|pair| proposal_json(&pair.a, &pair.b, &pair.evidence)).collect();
        return output::json(&json!({ "total": total, "proposals": rows }));
    }
    output::print(&text(&found, total))
}

async fn of_one(store: &Store, book: Option<&str>, called: &str) -> Result<Vec<IdentityProposal>, AppError> {
    let party = party_key(store, book, called).await.map_err(refusal)?;
    let identified = store.identity(party.id).await?;
    let pairs = identified.proposals.iter().filter_map(|proposal| {
        let (a, b) = ends(&identified, proposal)?;
        Some(IdentityProposal { a: a.clone(), b: b.clone(), evidence: proposal.evidence.clone() })
    });
    Ok(pairs.collect())
}

pub fn text(found: &[IdentityProposal], total: usize) -> String {
    if found.is_empty() {
        return "没有可能是同一客户的编码 · nothing is proposed\n".to_owned();
    }
    let mut text = String::new();
    for pair in found {
        let head = format!("{} 分 points", pair.evidence.points);
        let below = [named(&pair.a), named(&pair.b), wording::sum(&pair.evidence)];
        text.push_str(&Tree::new(head, below.map(Tree::leaf)).render());
    }
    if let Some(IdentityProposal { a, b, .. }) = found.first() {
        let (a, b) = (label(a), label(b));
        text.push_str(&format!(
            "\n{} / {total}\n是 · yes: bihuan party link {a} {b}\n不是 · no: bihuan party split {a} {b}\n",
            found.len()
        ));
    }
    text
}

/// The member of the customer that a proposal is about, and the other key.
pub fn ends<'a>(identified: &'a Identified, proposal: &Proposal) -> Option<(&'a Document, &'a Document)> {
    let (a, b) = identified.documents.get(&proposal.a).zip(identified.documents.get(&proposal.b))?;
    let a_is_member = identified.members.iter().any(|member| member.id == a.id);
    Some(if a_is_member { (a, b) } else { (b, a) })
}

pub fn proposal_json(a: &Document, b: &Document, evidence: &Evidence) -> Json {
    let reasons: Vec<Json> = evidence
        .reasons
        .iter()
        .map(|reason| {
            json!({ "reason": wording::reason(*reason).0, "points": crate::ledger::identity::points(*reason) })
        })
        .collect();
    json!({ "a": key_json(a), "b": key_json(b), "points": evidence.points, "reasons": reasons })
}
