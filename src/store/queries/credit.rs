//! Who may owe how much, and who owes it: all customers that have a limit or a group, with their balances.
//!
//! Two statements whatever the number of customers. Both read a whole table: limits and groups stand in the bodies of
//! customers, of which a company has some thousands. It must not know what a limit means.

use std::collections::HashMap;

use super::totals::kind;
use crate::domain::{Amount, Currency, Id};
use crate::ledger::AccountKind;
use crate::ledger::credit::{Credit, Customer, Exposure};
use crate::store::engine::Tx;
use crate::store::error::Result;
use crate::store::{Store, documents};

const PARTIES: &str =
    concat!("SELECT ", documents::document_columns!(), " FROM document d WHERE d.kind = 'party' AND d.role <> 2");
const BALANCES: &str =
    "SELECT book, party, currency, account, amount FROM balance WHERE party IS NOT NULL AND amount <> 0";

type Balances = HashMap<Id, Vec<(Currency, AccountKind, Amount)>>;

impl Store {
    /// Groups, and customers with a limit, of all books without `book`; customers of code `asked` also without a limit.
    /// `currency` is the one in which a book's limits are.
    pub async fn credit(
        &self,
        book: Option<&str>,
        asked: Option<&str>,
        currency: &(dyn Fn(&str) -> Currency + Sync),
    ) -> Result<Credit> {
        let mut tx = self.engine.read().await?;
        let mut balances = balances(&mut tx, book).await?;
        let mut customers = Vec::new();
        for row in tx.fetch(PARTIES, Vec::new()).await? {
            let party = documents::read(&row, 0)?;
            let balances = balances.remove(&party.id).unwrap_or_default();
            // Withdrawn by its system, a customer still owes what it owes.
            let counts = party.is_live() || !balances.is_empty();
            if !counts || book.is_some_and(|book| *party.book != *book) {
                continue;
            }
            let customer = Customer::of(&party, Exposure::of(balances)?, currency(&party.book))?;
            if customer.line.limit.is_some() || customer.group.is_some() || asked == Some(&*customer.code) {
                customers.push(customer);
            }
        }
        Ok(Credit::of(customers)?)
    }
}

async fn balances(tx: &mut Tx, book: Option<&str>) -> Result<Balances> {
    let mut balances = Balances::new();
    for row in tx.fetch(BALANCES, Vec::new()).await? {
        if book.is_none_or(|book| row.text(0).is_ok_and(|own| own == book)) {
            let balance = (row.currency(2)?, kind(row.text(3)?)?, row.amount(4)?);
            balances.entry(row.id(1)?).or_default().push(balance);
        }
    }
    Ok(balances)
}
