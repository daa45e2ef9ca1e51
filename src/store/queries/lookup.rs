//! Looking things up for people: a document with everything behind it, a customer.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;

use super::allocations::{AllocationView, allocations};
use super::deposits::{self, WaitingDeposit};
use super::identity;
use super::items;
use super::positions::positions;
use super::proposals::{ProposalView, of_money};
use super::provenance::{Source, sources};
use crate::domain::{Amount, Currency, FactKind, Id};
use crate::ledger::signing::Signing;
use crate::ledger::{AccountKind, Document, OpenItem, Posting};
use crate::store::engine::{Row, Tx};
use crate::store::error::Result;
use crate::store::journal::{self, keys};
use crate::store::settle::people::decisions_about;
use crate::store::types::{Position, Subject};
use crate::store::{Policies, Store, documents, waybills};

/// One row of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalRow {
    pub batch: i64,
    pub seq: i64,
    pub recorded_at: Timestamp,
    pub posting: Posting,
    /// Later than the effective day when that one lay in a closed period.
    pub posted_on: Date,
    pub reversal: bool,
}

/// A document and why it is as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentView {
    pub document: Document,
    /// In the order of precedence.
    pub sources: Vec<Source>,
    pub journal: Vec<JournalRow>,
    pub items: Vec<OpenItem>,
    pub allocations: Vec<AllocationView>,
    /// Of a payment or bill: what it may be for.
    pub proposals: Vec<ProposalView>,
    /// The same event as another source saw it (the bank line of a receipt, the receipt of a bank line), and why they
    /// are taken for one.
    pub paired_with: Vec<(Document, Box<str>)>,
    /// What people decided about it and nobody took back.
    pub decisions: Vec<Document>,
    /// Of a shipment that does not say itself when it was signed for: the day, and the carrier's event that tells.
    pub signed_by: Option<(Date, Document)>,
}

/// A customer in one book: one position and the balances a currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyView {
    pub party: Document,
    pub positions: Vec<Position>,
    pub balances: Vec<(Currency, AccountKind, Amount)>,
    pub deposits: Vec<WaitingDeposit>,
    /// The latest, oldest first.
    pub messages: Vec<Document>,
    /// Other party keys of the same customer, by book, number range and code.
    pub others: Vec<Kin>,
}

/// Another party key of the same customer. It keeps its own balances: what is shown together was never posted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kin {
    pub party: Document,
    pub balances: Vec<(Currency, AccountKind, Amount)>,
}

/// A screenful of conversation.
const LATEST_MESSAGES: usize = 12;

pub(super) const BY_NUMBER: &str =
    concat!("SELECT ", documents::document_columns!(), " FROM document d WHERE d.number = $1");
pub(super) const JOURNAL: &str = "SELECT t.batch, b.recorded_at, t.reversal, t.effective_on, t.debit, t.debit_party, \
     t.debit_order, t.credit, t.credit_party, t.credit_order, t.currency, t.amount, t.seq, t.posted_on \
     FROM transfer t JOIN batch b ON b.number = t.batch WHERE t.cause {keys}";
pub(super) const ITEMS_OF: &str = concat!("SELECT ", items::item_columns!(), " FROM open_item WHERE subject {keys}");
pub(super) const PAIRED: &str = "SELECT evidence, booked, reason FROM pairing WHERE evidence = $1 OR booked = $1";
pub(super) const NAMING: &str = concat!(
    "SELECT ",
    documents::document_columns!(),
    " FROM link l \
     JOIN document d ON d.id = l.document WHERE l.target {keys}"
);
pub(super) const SUBJECTS_OF: &str = "SELECT id, book, party, currency FROM subject WHERE party {keys}";

impl Store {
    /// Documents with this number; a number may stand for several kinds or books.
    pub async fn document(
        &self,
        book: Option<&str>,
        kind: Option<FactKind>,
        number: &str,
    ) -> Result<Vec<DocumentView>> {
        let mut tx = self.engine.read().await?;
        let mut views = Vec::new();
        for document in by_number(&mut tx, book, kind, number).await? {
            views.push(view(&mut tx, document, &self.policies).await?);
        }
        Ok(views)
    }

    /// Documents by id, those that are known, by date and number.
    pub async fn documents_by_id(&self, ids: &[Id]) -> Result<Vec<Document>> {
        let mut tx = self.engine.read().await?;
        let mut found: Vec<Document> = documents::load(&mut tx, ids).await?.into_values().collect();
        sort(&mut found);
        Ok(found)
    }

    /// Customers with this code.
    pub async fn party(&self, book: Option<&str>, code: &str) -> Result<Vec<PartyView>> {
        let mut tx = self.engine.read().await?;
        let mut views = Vec::new();
        for party in by_number(&mut tx, book, Some(FactKind::Party), code).await? {
            let rows = tx.fetch_in(SUBJECTS_OF, &keys(&[party.id]), Vec::new()).await?;
            let mut subjects = rows.iter().map(read_subject).collect::<Result<Vec<_>>>()?;
            subjects.sort();
            let positions = positions(&mut tx, &subjects).await?;
            let balances = balances_of(&mut tx, party.id).await?;
            let deposits = deposits::waiting(&mut tx, party.id).await?;
            let messages = messages(&mut tx, party.id).await?;
            let mut others = Vec::new();
            for party in identity::others(&mut tx, party.id).await? {
                others.push(Kin { balances: balances_of(&mut tx, party.id).await?, party });
            }
            views.push(PartyView { party, positions, balances, deposits, messages, others });
        }
        Ok(views)
    }
}

pub(super) fn read_subject(row: &Row) -> Result<Subject> {
    Ok(Subject { book: row.text(1)?.into(), party: row.id(2)?, currency: row.currency(3)? })
}

pub(super) async fn by_number(
    tx: &mut Tx,
    book: Option<&str>,
    kind: Option<FactKind>,
    number: &str,
) -> Result<Vec<Document>> {
    let rows = tx.fetch(BY_NUMBER, vec![number.into()]).await?;
    let mut found: Vec<Document> = rows.iter().map(|row| documents::read(row, 0)).collect::<Result<_>>()?;
    found.retain(|document| book.is_none_or(|book| &*document.book == book));
    found.retain(|document| kind.is_none_or(|kind| document.kind == kind));
    sort(&mut found);
    Ok(found)
}

pub(super) fn sort(documents: &mut [Document]) {
    documents.sort_by(|a, b| {
        (a.effective_on(), &a.book, a.kind, &a.number).cmp(&(b.effective_on(), &b.book, b.kind, &b.number))
    });
}

pub(super) async fn view(tx: &mut Tx, document: Document, policies: &Policies) -> Result<DocumentView> {
    let own = keys(&[document.id]);
    let sources = sources(tx, &document).await?;
    let mut journal = Vec::new();
    for row in tx.fetch_in(JOURNAL, &own, Vec::new()).await? {
        let posting = journal::read_posting(&row, 3)?;
        let (batch, seq, recorded_at, posted_on) = (row.int(0)?, row.int(12)?, row.instant(1)?, row.date(13)?);
        journal.push(JournalRow { batch, seq, recorded_at, posting, posted_on, reversal: row.bool(2)? });
    }
    journal.sort_by_key(|row| (row.batch, row.seq));
    let paired_with = paired_with(tx, document.id).await?;
    let items = items_of_documents(tx, &[&document]).await?;
    let mut ends: Vec<Id> = items.iter().map(|item| item.id).collect();
    ends.push(document.id);
    let allocations = allocations(tx, &ends).await?;
    let proposals = of_money(tx, &document).await?;
    let decisions = decisions_about(tx, &[document.id]).await?;
    let signed_by = signed_by(tx, &document, policies).await?;
    Ok(DocumentView { document, sources, journal, items, allocations, proposals, paired_with, decisions, signed_by })
}

async fn signed_by(tx: &mut Tx, document: &Document, policies: &Policies) -> Result<Option<(Date, Document)>> {
    let events = waybills::events_of(tx, std::iter::once(document)).await?;
    let signing = Signing::of(&events, &policies(&document.book).time_zone);
    let (Some(on), Some(event)) = (signing.signed_on(document), signing.event_of(document)) else { return Ok(None) };
    Ok(events.into_iter().find(|told| told.id == event).map(|told| (on, told)))
}

async fn paired_with(tx: &mut Tx, document: Id) -> Result<Vec<(Document, Box<str>)>> {
    let mut reasons: BTreeMap<Id, Box<str>> = BTreeMap::new();
    for row in tx.fetch(PAIRED, vec![document.into()]).await? {
        let other = if row.id(0)? == document { row.id(1)? } else { row.id(0)? };
        reasons.insert(other, row.text(2)?.into());
    }
    let ids: Vec<Id> = reasons.keys().copied().collect();
    let mut others: Vec<Document> = documents::load(tx, &ids).await?.into_values().collect();
    sort(&mut others);
    Ok(others.into_iter().filter_map(|other| reasons.remove(&other.id).map(|reason| (other, reason))).collect())
}

/// Open items that stem from these documents; found through their customers' subjects.
pub(super) async fn items_of_documents(tx: &mut Tx, of: &[&Document]) -> Result<Vec<OpenItem>> {
    let subjects: BTreeSet<Id> = of
        .iter()
        .filter_map(|document| {
            let currency = document.currency()?;
            Some(
                document
                    .parties()
                    .into_iter()
                    .map(move |party| Subject { book: document.book.clone(), party, currency }.id()),
            )
        })
        .flatten()
        .collect();
    let subjects: Vec<Id> = subjects.into_iter().collect();
    let wanted: BTreeSet<Id> = of.iter().map(|document| document.id).collect();
    let mut found = Vec::new();
    for row in tx.fetch_in(ITEMS_OF, &keys(&subjects), Vec::new()).await? {
        let (_, item) = items::read(&row)?;
        if wanted.contains(&item.document) {
            found.push(item);
        }
    }
    found.sort_by_key(|item| (item.due.date(), item.id));
    Ok(found)
}

pub(super) async fn naming(tx: &mut Tx, targets: &[Id]) -> Result<Vec<Document>> {
    let mut found: BTreeMap<Id, Document> = BTreeMap::new();
    for row in tx.fetch_in(NAMING, &keys(targets), Vec::new()).await? {
        let document = documents::read(&row, 0)?;
        if documents::references(&document).iter().any(|reference| targets.contains(reference)) {
            found.insert(document.id, document);
        }
    }
    Ok(found.into_values().collect())
}

/// What was said lately with the people of a party key: its contacts, and the messages that they are in.
async fn messages(tx: &mut Tx, party: Id) -> Result<Vec<Document>> {
    let mut contacts = naming(tx, &[party]).await?;
    contacts.retain(|document| document.kind == FactKind::Contact && document.is_live());
    let contacts: Vec<Id> = contacts.iter().map(|contact| contact.id).collect();
    let mut messages = naming(tx, &contacts).await?;
    messages.retain(|document| document.kind == FactKind::Message && document.is_live());
    messages.sort_by_key(|message| (message.fields.instant("sent_at"), message.id));
    Ok(messages.split_off(messages.len().saturating_sub(LATEST_MESSAGES)))
}

pub(super) async fn balances_of(tx: &mut Tx, party: Id) -> Result<Vec<(Currency, AccountKind, Amount)>> {
    let sql = "SELECT currency, account, amount FROM balance WHERE party = $1 AND amount <> 0";
    let mut sums: BTreeMap<(Currency, AccountKind), Amount> = BTreeMap::new();
    for row in tx.fetch(sql, vec![party.into()]).await? {
        let sum = sums.entry((row.currency(0)?, super::totals::kind(row.text(1)?)?)).or_default();
        *sum = sum.checked_add(row.amount(2)?)?;
    }
    Ok(sums.into_iter().map(|((currency, account), amount)| (currency, account, amount)).collect())
}
