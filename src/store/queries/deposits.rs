//! Deposits (预收) that wait for the goods of their order: the balances of `cash:deposit`, never a second copy of them.

use crate::domain::{Amount, Currency, Id};
use crate::ledger::AccountKind;
use crate::store::engine::Tx;
use crate::store::error::Result;

/// What of the deposits for one order no goods have taken yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingDeposit {
    pub order: Id,
    pub order_number: Box<str>,
    pub currency: Currency,
    pub amount: Amount,
}

const OF_PARTY: &str = "SELECT b.ordered, COALESCE(o.number, ''), b.currency, b.amount FROM balance b \
     LEFT JOIN document o ON o.id = b.ordered \
     WHERE b.party = $1 AND b.account = $2 AND b.ordered IS NOT NULL AND b.amount <> 0";

/// By order number.
pub async fn waiting(tx: &mut Tx, party: Id) -> Result<Vec<WaitingDeposit>> {
    let mut deposits = Vec::new();
    for row in tx.fetch(OF_PARTY, vec![party.into(), AccountKind::Deposit.name().into()]).await? {
        deposits.push(WaitingDeposit {
            order: row.id(0)?,
            order_number: row.text(1)?.into(),
            currency: row.currency(2)?,
            amount: row.amount(3)?.checked_neg()?,
        });
    }
    deposits.sort_by(|a, b| (&a.order_number, a.order, a.currency).cmp(&(&b.order_number, b.order, b.currency)));
    Ok(deposits)
}
