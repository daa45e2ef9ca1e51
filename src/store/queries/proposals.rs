//! What payments may be for: proposals that wait for a person, the surest first.

use jiff::civil::Date;

use crate::domain::{Amount, Currency, FactKind, Id};
use crate::ledger::Document;
use crate::store::Store;
use crate::store::engine::{Row, Tx};
use crate::store::error::Result;

/// One proposal, with the numbers that people know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposalView {
    pub book: Box<str>,
    pub currency: Currency,
    pub customer: Box<str>,
    pub payment: Box<str>,
    pub paid_on: Option<Date>,
    pub item: Box<str>,
    pub item_id: Id,
    pub amount: Amount,
    pub points: i64,
    pub explanation: Box<str>,
    pub runner_up: Option<Box<str>>,
}

/// Which proposals; everything that is `None` is not asked about.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProposalFilter<'a> {
    pub book: Option<&'a str>,
    /// The customer's code.
    pub customer: Option<&'a str>,
    /// The payment's number.
    pub payment: Option<&'a str>,
}

/// A payment is proposed for a dozen items at most, for each of its customers.
const OF_ONE_MAX: usize = 100;
const PROPOSALS: &str = "SELECT s.book, s.currency, p.number, m.number, m.effective_on, i.number, pr.amount, pr.points, \
     pr.explanation, r.number, pr.item FROM proposal pr JOIN subject s ON s.id = pr.subject JOIN document m ON m.id = pr.payment \
     JOIN open_item i ON i.subject = pr.subject AND i.id = pr.item JOIN document p ON p.id = s.party \
     LEFT JOIN open_item r ON r.subject = pr.subject AND r.id = pr.runner_up \
     WHERE ($1 = '' OR s.book = $1) AND ($2 = '' OR p.number = $2) AND ($3 = '' OR m.number = $3) \
     ORDER BY pr.points DESC, pr.payment, pr.position LIMIT $4";

impl Store {
    pub async fn proposals(&self, filter: ProposalFilter<'_>, limit: usize) -> Result<Vec<ProposalView>> {
        proposals(&mut self.engine.read().await?, filter, limit).await
    }
}

/// What a payment or bill is proposed for; nothing of any other document.
pub(super) async fn of_money(tx: &mut Tx, document: &Document) -> Result<Vec<ProposalView>> {
    if !matches!(document.kind, FactKind::Payment | FactKind::Bill) {
        return Ok(Vec::new());
    }
    let filter = ProposalFilter { book: Some(&document.book), customer: None, payment: Some(&document.number) };
    proposals(tx, filter, OF_ONE_MAX).await
}

async fn proposals(tx: &mut Tx, filter: ProposalFilter<'_>, limit: usize) -> Result<Vec<ProposalView>> {
    let text = |word: Option<&str>| word.unwrap_or_default().into();
    let arguments = vec![text(filter.book), text(filter.customer), text(filter.payment), limit.into()];
    tx.fetch(PROPOSALS, arguments).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<ProposalView> {
    Ok(ProposalView {
        book: row.text(0)?.into(),
        currency: row.currency(1)?,
        customer: row.text(2)?.into(),
        payment: row.text(3)?.into(),
        paid_on: row.opt_date(4)?,
        item: row.text(5)?.into(),
        item_id: row.id(10)?,
        amount: row.amount(6)?,
        points: row.int(7)?,
        explanation: row.text(8)?.into(),
        runner_up: row.opt_text(9)?.map(Into::into),
    })
}
