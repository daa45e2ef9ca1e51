//! What people decided, beside what became of it.
//!
//! Why both: the machine works around a decision that no longer fits, so somebody must be able to see that it does.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::domain::{Amount, Id};
use crate::ledger::{Document, decision};
use crate::store::engine::Tx;
use crate::store::error::Result;
use crate::store::journal::keys;
use crate::store::settle::people;
use crate::store::{Store, documents};

/// One decision and what it does now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionView {
    pub decision: Document,
    /// Number of the decision that took it back.
    pub revoked_by: Option<Box<str>>,
    /// Of an allocation: how much of the money pays what it names, by people's word, in the currency of what is paid; `None`
    /// of everything else.
    pub holds: Option<Amount>,
}

const ALL: &str =
    concat!("SELECT ", documents::document_columns!(), " FROM document d WHERE d.kind = 'decision' AND d.role = 0");
const PINNED: &str = "SELECT a.source, a.amount, i.document, i.orders FROM allocation a JOIN open_item i \
     ON i.subject = a.subject AND i.id = a.item WHERE a.rung IN ('pinned', 'agreed_rate') AND a.source {keys}";

impl Store {
    /// Decisions, the latest first; those of all books without `book`.
    pub async fn decisions(&self, book: Option<&str>, limit: usize) -> Result<Vec<DecisionView>> {
        let mut tx = self.engine.read().await?;
        let rows = tx.fetch(ALL, Vec::new()).await?;
        let mut all = rows.iter().map(|row| documents::read(row, 0)).collect::<Result<Vec<Document>>>()?;
        all.retain(|document| book.is_none_or(|book| &*document.book == book));
        all.sort_by_key(|document| std::cmp::Reverse((document.fields.instant("decided_at"), document.id)));
        let revoked: HashMap<Id, Box<str>> = all
            .iter()
            .filter_map(|document| Some((document.fields.reference("revokes")?, document.number.clone())))
            .collect();
        all.truncate(limit);
        let pins = Pins::load(&mut tx, &all).await?;
        let view = |decision: Document| DecisionView {
            revoked_by: revoked.get(&decision.id).cloned(),
            holds: pins.held(&decision),
            decision,
        };
        Ok(all.into_iter().map(view).collect())
    }

    /// Decisions that stand and name one of these, in the order in which they were made.
    pub async fn decisions_about(&self, named: &[Id]) -> Result<Vec<Document>> {
        people::decisions_about(&mut self.engine.read().await?, named).await
    }

    /// When the last decision about one of these was made, whether or not it stands; a revocation is one too.
    pub async fn last_word_about(&self, named: &[Id]) -> Result<Option<Timestamp>> {
        let said = people::said_about(&mut self.engine.read().await?, named).await?;
        Ok(said.iter().filter_map(|decision| decision.fields.instant("decided_at")).max())
    }

    /// The receipt that a bank line has become, else the payment itself.
    pub async fn receipt_of(&self, payment: Id) -> Result<Id> {
        let twins = people::twins(&mut self.engine.read().await?, &[payment]).await?;
        Ok(twins.into_iter().find(|(line, _)| *line == payment).map_or(payment, |(_, receipt)| receipt))
    }
}

/// What money pays by people's word: by money, then by everything that the item can be named by.
struct Pins {
    twins: HashMap<Id, Id>,
    held: BTreeMap<(Id, Id), i64>,
}

impl Pins {
    async fn load(tx: &mut Tx, decisions: &[Document]) -> Result<Self> {
        let named: Vec<Id> = decisions.iter().filter_map(decision::money).collect();
        let twins: HashMap<Id, Id> = people::twins(tx, &named).await?.into_iter().collect();
        let sources: Vec<Id> = named.iter().map(|id| twins.get(id).copied().unwrap_or(*id)).collect();
        let mut held = BTreeMap::new();
        for row in tx.fetch_in(PINNED, &keys(&sources), Vec::new()).await? {
            for name in row.ids(3)?.into_iter().chain([row.id(2)?]) {
                *held.entry((row.id(0)?, name)).or_default() += row.amount(1)?.0;
            }
        }
        Ok(Self { twins, held })
    }

    fn held(&self, decision: &Document) -> Option<Amount> {
        let is_pin = matches!(decision::action(decision), "allocate" | "confirm" | "rate");
        let money = decision::money(decision).filter(|_| is_pin)?;
        let money = self.twins.get(&money).copied().unwrap_or(money);
        let named = decision::target(decision)?;
        Some(Amount(self.held.get(&(money, named)).copied().unwrap_or(0)))
    }
}
