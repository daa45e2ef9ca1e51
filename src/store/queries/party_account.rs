//! One customer's account as a statement is drawn up from it: transfers, the documents behind them, what is open.

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;

use super::lookup::{balances_of, read_subject};
use super::positions::positions;
use crate::domain::{Amount, Currency, FactKind, Id};
use crate::ledger::{AccountKind, Document, Posting};
use crate::store::engine::Tx;
use crate::store::error::Result;
use crate::store::journal;
use crate::store::types::Position;
use crate::store::{Store, documents};

/// Everything that moved a customer's accounts in one book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyAccount {
    pub party: Document,
    /// Cause and transfer, in the order of the journal.
    pub journal: Vec<(Id, Posting)>,
    pub balances: Vec<(Currency, AccountKind, Amount)>,
    /// Documents behind the transfers of the period, and the orders that they name.
    pub documents: HashMap<Id, Document>,
    /// One a currency.
    pub positions: Vec<Position>,
}

const STATEMENTS: &str =
    concat!("SELECT ", documents::document_columns!(), " FROM document d WHERE d.kind = 'statement' AND d.role = 0");
/// By party and not by cause: what another customer's settlement moved here belongs to it too.
const JOURNAL: &str = "SELECT cause, effective_on, debit, debit_party, debit_order, credit, credit_party, \
     credit_order, currency, amount, batch, seq FROM transfer WHERE book = $1 AND (debit_party = $2 OR credit_party = $2)";
const SUBJECTS_OF: &str = "SELECT id, book, party, currency FROM subject WHERE party = $1";

impl Store {
    /// Statements that were drawn up here or elsewhere, by book, last day and number.
    pub async fn statements(&self, book: Option<&str>) -> Result<Vec<Document>> {
        let mut tx = self.engine.read().await?;
        let rows = tx.fetch(STATEMENTS, Vec::new()).await?;
        let mut found = rows.iter().map(|row| documents::read(row, 0)).collect::<Result<Vec<Document>>>()?;
        found.retain(|statement| book.is_none_or(|book| &*statement.book == book));
        let place = |statement: &Document| {
            (statement.book.clone(), statement.fields.date("to"), statement.number.clone(), statement.id)
        };
        found.sort_by_cached_key(place);
        Ok(found)
    }

    /// The customer's whole journal in its book; documents only of what counts within the period.
    pub async fn party_account(&self, party: &Document, from: Date, to: Date) -> Result<PartyAccount> {
        let mut tx = self.engine.read().await?;
        let rows = tx.fetch(JOURNAL, vec![(&party.book).into(), party.id.into()]).await?;
        let mut journal = Vec::with_capacity(rows.len());
        for row in &rows {
            journal.push(((row.int(10)?, row.int(11)?), (row.id(0)?, journal::read_posting(row, 1)?)));
        }
        journal.sort_by_key(|(place, _)| *place);
        let journal: Vec<(Id, Posting)> = journal.into_iter().map(|(_, transfer)| transfer).collect();
        let rows = tx.fetch(SUBJECTS_OF, vec![party.id.into()]).await?;
        let mut subjects = rows.iter().map(read_subject).collect::<Result<Vec<_>>>()?;
        subjects.retain(|subject| subject.book == party.book);
        subjects.sort();
        Ok(PartyAccount {
            documents: behind(&mut tx, &journal, from, to).await?,
            balances: balances_of(&mut tx, party.id).await?,
            positions: positions(&mut tx, &subjects).await?,
            party: party.clone(),
            journal,
        })
    }
}

/// The causes of the period's transfers, and the orders that their lines fulfil.
async fn behind(tx: &mut Tx, journal: &[(Id, Posting)], from: Date, to: Date) -> Result<HashMap<Id, Document>> {
    let in_period = journal.iter().filter(|(_, posting)| (from..=to).contains(&posting.effective_on));
    let causes: BTreeSet<Id> = in_period.map(|(cause, _)| *cause).collect();
    let causes: Vec<Id> = causes.into_iter().collect();
    let mut found = documents::load(tx, &causes).await?;
    let goods = found.values().filter(|document| matches!(document.kind, FactKind::Shipment | FactKind::Return));
    let orders: BTreeSet<Id> = goods
        .flat_map(|document| &document.lines)
        .filter_map(|line| line.fields.reference("order_no"))
        .filter(|order| !found.contains_key(order))
        .collect();
    let orders: Vec<Id> = orders.into_iter().collect();
    let orders = documents::load(tx, &orders).await?;
    found.extend(orders);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Currency, Value};
    use crate::ledger::statement::{Statement, StatementInput};
    use crate::store::tests::company::{
        Page, bank_line, customer, date, invoice, open, receipt, reference, settle, shipment, with,
    };
    use crate::store::tests::database::databases;

    #[tokio::test]
    async fn a_customer_found_by_code_or_name_has_the_balance_that_the_journal_has() {
        for database in databases().await {
            let store = open(&database).await;
            let order = crate::store::tests::company::fact(
                FactKind::Order,
                "SO26010001",
                vec![
                    ("order_no", Value::text("SO26010001")),
                    ("customer", reference(FactKind::Party, "C1")),
                    ("currency", Value::Currency(Currency::CNY)),
                    ("ordered_on", Value::Date(date("2026-01-02"))),
                    ("status", Value::text("active")),
                    ("customer_order_no", Value::text("PO-77")),
                ],
            );
            let facts = [
                customer("C1", "远航电子（深圳）有限公司"),
                customer("C2", "东莞远航"),
                order,
                shipment("XS1", "C1", "2026-01-10", 100),
                shipment("XS2", "C1", "2026-02-10", 50),
                shipment("XS9", "C2", "2026-02-10", 999),
                invoice("AR1", "C1", "2026-01-31", 100),
                receipt("SKD1", Some("C1"), "2026-02-20", 70),
            ];
            Page::of("all", 1).facts("1", "1", &facts).apply(&store).await;
            // What is taken back leaves no line.
            let moved = with(shipment("XS2", "C1", "2026-02-12", 50), "waybill", Value::text("SF1"));
            Page::of("again", 2).facts("2", "1", &[moved]).apply(&store).await;
            Page::of_bank(3).facts("1", "1", &[bank_line("B1", "谁", "2026-02-11", 5)]).apply(&store).await;
            settle(&store).await;
            assert_eq!(store.parties_called(None, "没有这家").await.unwrap(), []);
            let found = store.parties_called(Some("sz"), "远航电子(深圳) 有限公司").await.unwrap();
            assert_eq!(found, store.parties_called(None, "C1").await.unwrap());
            let (from, to) = (date("2026-02-01"), date("2026-02-28"));
            let account = store.party_account(&found[0], from, to).await.unwrap();
            let statement = Statement::of(&StatementInput {
                party: account.party.id,
                currency: Currency::CNY,
                from,
                to,
                journal: &account.journal,
                documents: &account.documents,
                balances: &account.balances,
                items: &account.positions[0].items,
                as_of: date("2026-03-10"),
            })
            .unwrap();
            assert_eq!(
                (statement.opening, statement.totals.shipped, statement.totals.paid, statement.closing),
                (Amount::units(100), Amount::units(50), Amount::units(70), Amount::units(80))
            );
            let goods: Vec<_> =
                statement.goods.iter().map(|line| (&*line.number, line.customer_order_no.as_deref())).collect();
            assert_eq!(goods, [("XS2", Some("PO-77"))]);
            assert_eq!(statement.aging.overdue(), Ok(Amount::units(30)), "{:?}", statement.items);
        }
    }
}
