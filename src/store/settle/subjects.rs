//! Settlement of dirty subjects: everything about a customer in one book and currency through `ledger::settle`.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::civil::Date;

use super::people::{self, Given};
use super::signatures::Events;
use crate::domain::{FactKind, Id};
use crate::ledger::attribution::{is_identification, payer_of};
use crate::ledger::decision::{classify, in_force};
use crate::ledger::{BookPolicy, Document, Due, Proposal, Role, SettleInput, Settlement, Terms, as_of, settle};
use crate::store::documents;
use crate::store::engine::{Cell, Row, Tx};
use crate::store::error::Result;
use crate::store::journal::{self, Entry, keys};
use crate::store::queries::items::kind_name;
use crate::store::tables;
use crate::store::types::Subject;

/// A row `id, book, party, currency` of `subject`.
pub fn read(row: &Row) -> Result<Subject> {
    Ok(Subject { book: row.text(1)?.into(), party: row.id(2)?, currency: row.currency(3)? })
}

/// Documents that name one of the keys and are of one of these kinds. First found by the link and only then looked at:
/// PostgreSQL, which knows nothing yet about a table that was just filled, takes the kinds for rare and would read all
/// documents for each batch.
macro_rules! naming {
    ($kinds:literal) => {
        concat!(
            "WITH d AS MATERIALIZED (SELECT l.target, d.id, d.book, d.kind, d.numbering, d.number, d.role, d.status, d.body \
             FROM link l JOIN document d ON d.id = l.document WHERE l.target {keys}) SELECT d.target, ",
            documents::document_columns!(),
            " FROM d WHERE d.role = 0 AND d.status NOT IN ('draft', 'void') AND d.kind IN (",
            $kinds,
            ")"
        )
    };
}

/// Messages and the like are left where they are.
const NAMING: &str =
    naming!("'order', 'shipment', 'return', 'invoice', 'adjustment', 'payment', 'bill', 'statement', 'decision'");
const MATCHES: &str = naming!("'settlement', 'decision'");

pub async fn settle_subjects(tx: &mut Tx, dirty: &[Subject], policy: &BookPolicy) -> Result<Vec<Entry>> {
    let settled = settlements(tx, dirty, policy, None).await?;
    let ids: Vec<Id> = dirty.iter().map(Subject::id).collect();
    let posted = journal::posted(tx, &ids).await?;
    let mut entries = Vec::new();
    for (subject, (id, settlement)) in dirty.iter().zip(&settled) {
        let posted = posted.get(id).map_or([].as_slice(), Vec::as_slice);
        entries.extend(Entry::between(*id, &subject.book, posted, &settlement.postings));
    }
    replace(tx, &ids, &settled).await?;
    let sql =
        "UPDATE subject SET settled = settle_generation, remind_generation = remind_generation + 1 WHERE id {keys}";
    tx.execute_in(sql, &keys(&ids), Vec::new()).await?;
    Ok(entries)
}

/// The settlement of each subject from its documents as they are folded now; with `until`, as if nothing had happened
/// after that day. Writes nothing.
pub async fn settlements(
    tx: &mut Tx,
    subjects: &[Subject],
    policy: &BookPolicy,
    until: Option<Date>,
) -> Result<Vec<(Id, Settlement)>> {
    let mut parties: Vec<Id> = subjects.iter().map(|subject| subject.party).collect();
    parties.sort_unstable();
    parties.dedup();
    let masters = documents::load(tx, &parties).await?;
    let by_party = naming(tx, NAMING, &parties).await?;
    let given = Given::load(tx, by_party.values().flatten()).await?;
    let events = Events::load(tx, &masters, &by_party, policy).await?;
    let claims: HashSet<Id> = by_party
        .values()
        .flatten()
        // Not by shipment: whoever decides about goods names the money or the customer too, and shipments are many.
        .filter(|document| matches!(document.kind, FactKind::Payment | FactKind::Bill | FactKind::Invoice))
        .map(|document| document.id)
        .chain(given.names())
        .collect();
    let by_claim = naming(tx, MATCHES, &claims.into_iter().collect::<Vec<_>>()).await?;
    let decided: BTreeSet<Id> = people::money_named(by_claim.values().flatten()).collect();
    let twins = people::twins(tx, &decided.into_iter().collect::<Vec<_>>()).await?;
    let settlement = |subject: &Subject| {
        let mut documents = about(subject, &by_party, &by_claim, &given);
        documents.extend(events.of(&documents));
        if let Some(day) = until {
            documents = documents.iter().filter_map(|document| as_of(document, day, &policy.time_zone)).collect();
        }
        let terms = terms(masters.get(&subject.party), policy);
        let input = SettleInput {
            book: &subject.book,
            party: subject.party,
            currency: subject.currency,
            documents: &documents,
            twins: &twins,
            terms: &terms,
            policy,
        };
        (subject.id(), settle(&input))
    };
    Ok(subjects.iter().map(settlement).collect())
}

/// For each target, the documents that name it; a link that the document's content no longer bears out is passed over.
async fn naming(tx: &mut Tx, sql: &'static str, targets: &[Id]) -> Result<HashMap<Id, Vec<Document>>> {
    let mut by_target: HashMap<Id, Vec<Document>> = HashMap::new();
    for row in tx.fetch_in(sql, &keys(targets), Vec::new()).await? {
        let (target, document) = (row.id(0)?, documents::read(&row, 1)?);
        if document.role == Role::Booked && documents::references(&document).contains(&target) {
            by_target.entry(target).or_default().push(document);
        }
    }
    Ok(by_target)
}

/// What `ledger::settle` wants to see beside the carriers' events, sorted by id: live booked documents of the customer in the subject's currency,
/// orders in any, what people gave to it or to others, and the settlements and decisions that name its money or claims.
fn about(
    subject: &Subject,
    by_party: &HashMap<Id, Vec<Document>>,
    by_claim: &HashMap<Id, Vec<Document>>,
    given: &Given,
) -> Vec<Document> {
    let own = by_party.get(&subject.party).into_iter().flatten();
    let mut documents: Vec<Document> = own
        .filter(|document| {
            matches!(document.kind, FactKind::Order | FactKind::Decision)
                || document.currency() == Some(subject.currency)
        })
        .cloned()
        .collect();
    if documents.iter().any(is_identification) {
        let in_currency = |payment: &&Document| payment.currency() == Some(subject.currency);
        documents.extend(given.payments.values().filter(in_currency).cloned());
    }
    let named = documents.iter().flat_map(|document| payer_of(document).into_iter().chain([document.id]));
    let matches: Vec<Document> = named.filter_map(|name| by_claim.get(&name)).flatten().cloned().collect();
    documents.extend(matches);
    let abroad = abroad(subject, &documents, by_party, by_claim);
    documents.extend(abroad);
    let decisions: Vec<Document> = in_force(&documents).into_iter().cloned().collect();
    let decisions: Vec<&Document> = decisions.iter().collect();
    for line in documents.iter_mut().filter(|document| document.role == Role::Evidence) {
        classify(line, &decisions);
    }
    documents.sort_by_key(|document| document.id);
    documents.dedup_by_key(|document| document.id);
    documents
}

/// Payments in other currencies that decisions give a rate for, with what else names them.
fn abroad(
    subject: &Subject,
    documents: &[Document],
    by_party: &HashMap<Id, Vec<Document>>,
    by_claim: &HashMap<Id, Vec<Document>>,
) -> Vec<Document> {
    let rates = documents.iter().filter(|document| document.fields.text("action") == Some("rate"));
    let named: HashSet<Id> = people::money_named(rates).collect();
    let is_abroad =
        |document: &&Document| named.contains(&document.id) && document.currency() != Some(subject.currency);
    let payments: Vec<&Document> = by_party.get(&subject.party).into_iter().flatten().filter(is_abroad).collect();
    let naming = payments.iter().filter_map(|payment| by_claim.get(&payment.id)).flatten();
    payments.iter().copied().chain(naming).cloned().collect()
}

/// The customer's own terms; unreadable or missing ones are the book's default.
pub(super) fn terms(party: Option<&Document>, policy: &BookPolicy) -> Terms {
    let own = party.and_then(|party| party.fields.text("terms"));
    own.and_then(|text| Terms::parse(text).ok()).unwrap_or_else(|| policy.default_terms.clone())
}

async fn replace(tx: &mut Tx, subjects: &[Id], settled: &[(Id, Settlement)]) -> Result<()> {
    let old = keys(subjects);
    tx.execute_in("DELETE FROM open_item WHERE subject {keys}", &old, Vec::new()).await?;
    tx.execute_in("DELETE FROM allocation WHERE subject {keys}", &old, Vec::new()).await?;
    tx.execute_in("DELETE FROM leftover WHERE subject {keys}", &old, Vec::new()).await?;
    tx.execute_in("DELETE FROM proposal WHERE subject {keys}", &old, Vec::new()).await?;
    let mut items = Vec::new();
    let mut allocations = Vec::new();
    let mut leftovers = Vec::new();
    let mut proposals = Vec::new();
    for (subject, settlement) in settled {
        items.extend(settlement.items.iter().map(|item| item_row(*subject, item)));
        allocations.extend(settlement.allocations.iter().enumerate().map(|(position, allocation)| {
            vec![
                (*subject).into(),
                position.into(),
                allocation.from.into(),
                allocation.item.into(),
                allocation.amount.into(),
                allocation.tolerated.into(),
                allocation.effective_on.into(),
                allocation.rung.name().into(),
                allocation.explanation.as_str().into(),
            ]
        }));
        leftovers.extend(
            settlement
                .leftovers
                .iter()
                .map(|leftover| vec![(*subject).into(), leftover.payment.into(), leftover.amount.into()]),
        );
        let proposed = settlement.proposals.iter().enumerate();
        proposals.extend(proposed.map(|(position, proposal)| proposal_row(*subject, position, proposal)));
    }
    tx.upsert_many(&tables::OPEN_ITEM, items).await?;
    tx.upsert_many(&tables::ALLOCATION, allocations).await?;
    tx.upsert_many(&tables::LEFTOVER, leftovers).await?;
    tx.upsert_many(&tables::PROPOSAL, proposals).await
}

fn proposal_row(subject: Id, position: usize, proposal: &Proposal) -> Vec<Cell> {
    vec![
        subject.into(),
        position.into(),
        proposal.payment.into(),
        proposal.item.into(),
        proposal.amount.into(),
        i64::from(proposal.points).into(),
        proposal.explanation.as_str().into(),
        proposal.runner_up.into(),
    ]
}

fn item_row(subject: Id, item: &crate::ledger::OpenItem) -> Vec<Cell> {
    let missing = match item.due {
        Due::On(_) => None,
        Due::Expected { missing, .. } => Some(missing),
    };
    vec![
        subject.into(),
        item.id.into(),
        item.document.into(),
        (&item.number).into(),
        kind_name(item.kind).into(),
        item.issued_on.into(),
        item.due.date().into(),
        missing.into(),
        item.gross.into(),
        item.open.into(),
        item.orders.iter().copied().collect(),
        item.salesperson.as_ref().into(),
        item.disputed.into(),
    ]
}
