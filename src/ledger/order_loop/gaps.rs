//! What is missing in an order's loop.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Goods, OrderState};
use crate::domain::Amount;
use crate::domain::amount::AmountError;
use crate::ledger::{Document, Due, OpenItem};

/// Something that should have happened and has not, or has gone wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    NotShipped(Goods),
    NotSigned {
        shipments: Vec<Box<str>>,
    },
    NotInvoiced {
        amount: Amount,
    },
    /// The due date waits for this step: `reconciled`, `invoiced` …
    WaitsFor {
        step: &'static str,
        amount: Amount,
    },
    Overdue {
        amount: Amount,
        since: Date,
    },
    NotDue {
        amount: Amount,
    },
    Disputed {
        amount: Amount,
    },
    ReturnWithoutRedInvoice {
        amount: Amount,
    },
}

/// What an invoice has to be written for, and what one has to be taken back for.
#[derive(Debug, Clone, Copy)]
pub struct Claims {
    /// Goods that were shipped to be paid for: no samples, no loans.
    pub sold: Amount,
    /// Goods that came back for money.
    pub refunds: Amount,
    /// What red invoices stand for.
    pub red: Amount,
}

pub fn goods(
    state: &mut OrderState,
    order: &Document,
    claims: Claims,
    unsigned: Vec<Box<str>>,
) -> Result<(), AmountError> {
    let Claims { sold, refunds, red } = claims;
    let quantity = state.ordered.quantity.checked_sub(state.shipped.quantity).ok_or(AmountError::Overflow)?;
    let is_waiting = order.is_live() && order.status() != "closed";
    if is_waiting && quantity > Decimal::ZERO {
        let amount = state.ordered.amount.checked_sub(state.shipped.amount)?.max(Amount::ZERO);
        state.gaps.push(Gap::NotShipped(Goods { quantity, amount }));
    }
    if !unsigned.is_empty() {
        state.gaps.push(Gap::NotSigned { shipments: unsigned });
    }
    let claim = sold.checked_sub(refunds)?.checked_sub(state.adjusted)?;
    let amount = claim.checked_sub(state.invoiced)?;
    if amount.is_positive() {
        state.gaps.push(Gap::NotInvoiced { amount });
    }
    // Goods came back and more is invoiced than was kept: the red invoice is owed.
    let missing = refunds.checked_sub(red)?.min(state.invoiced.checked_sub(claim)?);
    if missing.is_positive() {
        state.gaps.push(Gap::ReturnWithoutRedInvoice { amount: missing });
    }
    Ok(())
}

/// What is open, by why it is.
#[derive(Debug, Default)]
pub struct Money {
    waits: BTreeMap<&'static str, Amount>,
    overdue: Option<(Amount, Date)>,
    not_due: Amount,
    disputed: Amount,
}

impl Money {
    pub fn add(&mut self, item: &OpenItem, left: Amount, as_of: Date) -> Result<(), AmountError> {
        if left.is_zero() {
            return Ok(());
        }
        let sum = match item.due {
            _ if item.disputed => &mut self.disputed,
            Due::On(day) if day < as_of => {
                let (sum, since) = self.overdue.get_or_insert((Amount::ZERO, day));
                *since = day.min(*since);
                sum
            }
            Due::On(_) => &mut self.not_due,
            Due::Expected { missing, .. } => self.waits.entry(missing).or_default(),
        };
        *sum = sum.checked_add(left)?;
        Ok(())
    }

    pub fn into_gaps(self) -> impl Iterator<Item = Gap> {
        let waits = self.waits.into_iter().map(|(step, amount)| Gap::WaitsFor { step, amount });
        let overdue = self.overdue.map(|(amount, since)| Gap::Overdue { amount, since });
        let not_due = self.not_due.is_positive().then_some(Gap::NotDue { amount: self.not_due });
        let disputed = self.disputed.is_positive().then_some(Gap::Disputed { amount: self.disputed });
        waits.chain(overdue).chain(not_due).chain(disputed)
    }
}
