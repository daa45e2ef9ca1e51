//! The ledger on an earlier day: what the documents that count until then come to.
//!
//! Not read from what was settled: today's settlement knows the payments of tomorrow. Documents are as they are known
//! now; what was known at an instant is asked of a store that was made from what had come in by then.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use super::lookup::PartyView;
use super::positions::{Leftovers, described};
use crate::domain::{Amount, Currency, Id};
use crate::ledger::{AccountKind, Leftover, OpenItem};
use crate::store::engine::Tx;
use crate::store::error::Result;
use crate::store::settle::subjects::settlements;
use crate::store::types::{Position, Subject};
use crate::store::{Policies, Store, documents, journal};

const OF_PARTY: &str = "SELECT effective_on, debit, debit_party, debit_order, credit, credit_party, credit_order, \
     currency, amount FROM transfer WHERE debit_party = $1 OR credit_party = $1";

impl Store {
    /// As [`Store::party`], as if nothing had happened after `day`. What was said, and which order a deposit
    /// waits for, are left out: the balances hold the deposits.
    pub async fn party_as_of(&self, book: Option<&str>, code: &str, day: Date) -> Result<Vec<PartyView>> {
        let mut views = self.party(book, code).await?;
        let mut tx = self.engine.read().await?;
        for view in &mut views {
            let subjects: Vec<Subject> = view.positions.iter().map(|position| position.subject.clone()).collect();
            view.positions = positions_as_of(&mut tx, &self.policies, &subjects, day).await?;
            view.balances = balances_as_of(&mut tx, view.party.id, day).await?;
            view.deposits.clear();
            view.messages.clear();
            for other in &mut view.others {
                other.balances = balances_as_of(&mut tx, other.party.id, day).await?;
            }
        }
        Ok(views)
    }
}

async fn balances_as_of(tx: &mut Tx, party: Id, day: Date) -> Result<Vec<(Currency, AccountKind, Amount)>> {
    let mut sums: BTreeMap<(Currency, AccountKind), Amount> = BTreeMap::new();
    for row in tx.fetch(OF_PARTY, vec![party.into()]).await? {
        let posting = journal::read_posting(&row, 0)?;
        if posting.effective_on > day {
            continue;
        }
        for (account, amount) in [(posting.debit, posting.amount), (posting.credit, posting.amount.checked_neg()?)] {
            if account.party == Some(party) {
                let sum = sums.entry((posting.currency, account.kind)).or_default();
                *sum = sum.checked_add(amount)?;
            }
        }
    }
    sums.retain(|_, amount| !amount.is_zero());
    Ok(sums.into_iter().map(|((currency, account), amount)| (currency, account, amount)).collect())
}

/// What the documents that count until `day` settle to.
pub async fn positions_as_of(
    tx: &mut Tx,
    policies: &Policies,
    subjects: &[Subject],
    day: Date,
) -> Result<Vec<Position>> {
    let mut items: HashMap<Id, Vec<OpenItem>> = HashMap::new();
    let mut left: HashMap<Id, Vec<Leftover>> = HashMap::new();
    // Subjects come sorted, the book first.
    for of_book in subjects.chunk_by(|a, b| a.book == b.book) {
        let policy = policies(&of_book[0].book);
        for (subject, settlement) in settlements(tx, of_book, &policy, Some(day)).await? {
            items.insert(subject, settlement.items);
            left.insert(subject, settlement.leftovers);
        }
    }
    let payments: Vec<Id> = left.values().flatten().map(|leftover| leftover.payment).collect();
    let payments = documents::load(tx, &payments).await?;
    let named = left.into_iter().map(|(subject, leftovers)| {
        let named = leftovers.into_iter().filter_map(|leftover| {
            let payment = payments.get(&leftover.payment)?;
            Some((leftover, payment.number.clone(), payment.effective_on().unwrap_or_default()))
        });
        (subject, named.collect())
    });
    let leftovers: Leftovers = named.collect();
    described(tx, subjects, items, leftovers).await
}
