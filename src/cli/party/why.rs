//! `party why`: the keys of one customer, why they are one, what was not followed, and what may be one with them.

use serde_json::{Value as Json, json};

use super::propose::{ends, proposal_json};
use super::{key_json, named, wording};
use crate::app::AppError;
use crate::cli::ledger::refusal;
use crate::cli::output;
use crate::cli::tree::Tree;
use crate::domain::Id;
use crate::ledger::Document;
use crate::ledger::identity::{Because, Edge, Refused};
use crate::store::{Identified, Store};
use crate::sync::decide::identity::{label, party_key};

pub async fn run(store: &Store, book: Option<&str>, called: &str, as_json: bool) -> Result<(), AppError> {
    let party = party_key(store, book, called).await.map_err(refusal)?;
    let identified = store.identity(party.id).await?;
    if as_json {
        return output::json(&why_json(&party, &identified));
    }
    output::print(&tree(&party, &identified).render())
}

fn key(identified: &Identified, id: Id) -> String {
    identified.documents.get(&id).map_or_else(|| id.to_string(), label)
}

fn decision_number(identified: &Identified, id: Id) -> Option<&str> {
    identified.decisions.iter().find(|decision| decision.id == id).map(|decision| &*decision.number)
}

pub fn tree(party: &Document, identified: &Identified) -> Tree {
    let members = identified.members.iter().map(|member| Tree::leaf(named(member)));
    let edges = identified.edges.iter().map(|edge| Tree::leaf(edge_line(identified, edge)));
    let refused = identified.refused.iter().map(|refused| Tree::leaf(refused_line(identified, refused)));
    let proposals = identified.proposals.iter().filter_map(|proposal| {
        let (_, b) = ends(identified, proposal)?;
        let text = format!("{} 分 points：{}", proposal.evidence.points, named(b));
        Some(Tree::new(text, [Tree::leaf(wording::sum(&proposal.evidence))]))
    });
    let decisions = identified.decisions.iter().map(|decision| Tree::leaf(decision_line(identified, decision)));
    let branches = [
        Some(Tree::new(format!("同一客户的编码 keys of this customer ({})", identified.members.len()), members)),
        Tree::branch("因为 because", edges),
        Tree::branch("没有合并 not linked", refused),
        Tree::branch("可能是同一客户 may be the same customer", proposals),
        Tree::branch("决定 decisions", decisions),
    ];
    Tree::new(named(party), branches.into_iter().flatten())
}

/// What was said about which two keys.
fn about(identified: &Identified, decision: &Document) -> [String; 2] {
    ["customer", "other_customer"]
        .map(|field| decision.fields.reference(field).map(|id| key(identified, id)).unwrap_or_default())
}

fn decision_line(identified: &Identified, decision: &Document) -> String {
    let text = |field| decision.fields.text(field).unwrap_or_default();
    let [a, b] = about(identified, decision);
    let sign = if text("action") == "link" { "=" } else { "≠" };
    let at = decision.fields.instant("decided_at").map(|at| at.to_string()).unwrap_or_default();
    let note = decision.fields.text("note").map(|note| format!(" · {note}")).unwrap_or_default();
    format!("{} {a} {sign} {b}：{at} {}{note}", decision.number, text("decided_by"))
}

fn decision_json(identified: &Identified, decision: &Document) -> Json {
    let [a, b] = about(identified, decision);
    let text = |field| decision.fields.text(field);
    json!({
        "decision": decision.number, "action": text("action"), "a": a, "b": b, "by": text("decided_by"),
        "at": decision.fields.instant("decided_at").map(|at| at.to_string()), "note": text("note"),
    })
}

fn edge_line(identified: &Identified, edge: &Edge) -> String {
    let value = identified.documents.get(&edge.a).map(|party| wording::value(edge, party)).unwrap_or_default();
    let number = edge.decision.and_then(|decision| decision_number(identified, decision)).unwrap_or_default();
    let line = format!(
        "{} = {}：{} {value}{number}",
        key(identified, edge.a),
        key(identified, edge.b),
        wording::strength(edge.strength).1
    );
    line.trim_end().to_owned()
}

fn refused_line(identified: &Identified, Refused { edge, because }: &Refused) -> String {
    let number = match because {
        Because::Split(decision) => decision_number(identified, *decision).unwrap_or_default(),
        _ => "",
    };
    let line = format!(
        "{} ≠ {}：{}，但 but {} {number}",
        key(identified, edge.a),
        key(identified, edge.b),
        wording::strength(edge.strength).1,
        wording::because(*because).1
    );
    line.trim_end().to_owned()
}

fn edge_json(identified: &Identified, edge: &Edge) -> Json {
    let value = identified.documents.get(&edge.a).map(|party| wording::value(edge, party)).unwrap_or_default();
    json!({
        "a": key(identified, edge.a), "b": key(identified, edge.b), "rule": wording::strength(edge.strength).0,
        "value": (!value.is_empty()).then_some(value),
        "decision": edge.decision.and_then(|decision| decision_number(identified, decision)),
    })
}

pub fn why_json(party: &Document, identified: &Identified) -> Json {
    let edges: Vec<Json> = identified.edges.iter().map(|edge| edge_json(identified, edge)).collect();
    let refused = identified.refused.iter().map(|refused| {
        let mut object = edge_json(identified, &refused.edge);
        object["but"] = wording::because(refused.because).0.into();
        if let Because::Split(decision) = refused.because {
            object["split_by"] = decision_number(identified, decision).into();
        }
        object
    });
    let proposals = identified.proposals.iter().filter_map(|proposal| {
        let (a, b) = ends(identified, proposal)?;
        Some(proposal_json(a, b, &proposal.evidence))
    });
    json!({
        "key": key_json(party),
        "customer": identified.members.iter().map(key_json).collect::<Vec<_>>(),
        "because": edges,
        "not_linked": refused.collect::<Vec<_>>(),
        "proposals": proposals.collect::<Vec<_>>(),
        "decisions": identified.decisions.iter().map(|decision| decision_json(identified, decision)).collect::<Vec<_>>(),
    })
}
