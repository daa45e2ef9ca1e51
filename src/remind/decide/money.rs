//! Money that is here and not matched: it holds a chase that it covers, and is named in one that it does not.

use jiff::civil::Date;

use super::calendar::shift;
use super::{Calendar, MoneyHere};
use crate::domain::Amount;
use crate::store::Position;

/// Money that may belong to this customer and has not been matched: it covers claims oldest first until it is used up.
pub struct Money {
    pub shown: Vec<MoneyHere>,
    /// What may still hold a chase; money that has lain about for too long holds nothing any more.
    holding: Amount,
    pub first_expiry: Option<Date>,
}

impl Money {
    pub fn of(position: &Position, calendar: &Calendar, days: u16, today: Date) -> Self {
        let own = position.leftovers.iter().map(|(leftover, number, paid_on)| (number, leftover.amount, *paid_on));
        let likely = position.likely_money.iter().map(|money| (&money.number, money.amount, money.paid_on));
        let mut money = Self { shown: Vec::new(), holding: Amount::ZERO, first_expiry: None };
        for (number, amount, paid_on) in own.chain(likely).filter(|(_, amount, _)| amount.is_positive()) {
            money.shown.push(MoneyHere { number: number.clone(), amount, paid_on });
            let last_day = calendar.business_days_after(paid_on, days);
            if today > last_day {
                continue;
            }
            // More money than an amount can hold covers everything anyway.
            money.holding = money.holding.checked_add(amount).unwrap_or(Amount(i64::MAX));
            let expiry = shift(last_day, 1);
            money.first_expiry = Some(money.first_expiry.map_or(expiry, |known| known.min(expiry)));
        }
        money.shown.sort_by(|a, b| (a.paid_on, &a.number).cmp(&(b.paid_on, &b.number)));
        money
    }

    pub fn covers(&mut self, open: Amount) -> bool {
        match self.holding.checked_sub(open) {
            Ok(rest) if !rest.is_negative() => {
                self.holding = rest;
                true
            }
            _ => false,
        }
    }
}
