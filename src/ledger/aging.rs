//! How old what is owed is (账龄), as of a day.
//!
//! Amounts of one party, book and currency; what is only expected, what is disputed and what is a credit stand apart,
//! because nobody is chased for them.

use jiff::civil::Date;

use super::OpenItem;
use crate::domain::Amount;
use crate::domain::amount::AmountError;

/// The last day of each bucket of overdue items; the last bucket is open.
const BUCKET_ENDS: [i32; 3] = [30, 60, 90];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Aging {
    pub not_due: Amount,
    pub days_1_to_30: Amount,
    pub days_31_to_60: Amount,
    pub days_61_to_90: Amount,
    pub over_90_days: Amount,
    /// What has no real due date yet: goods not billed, claims whose basis has not happened.
    pub expected: Amount,
    /// Held from dunning; in no other bucket.
    pub disputed: Amount,
    /// Negative: red invoices, returns and adjustments that nothing took yet, and 先票后货.
    pub credits: Amount,
}

impl Aging {
    pub fn of<'i>(items: impl IntoIterator<Item = &'i OpenItem>, as_of: Date) -> Result<Self, AmountError> {
        let mut aging = Self::default();
        for item in items {
            aging.add(item, as_of)?;
        }
        Ok(aging)
    }

    pub fn add(&mut self, item: &OpenItem, as_of: Date) -> Result<(), AmountError> {
        let bucket = self.bucket(item, as_of);
        *bucket = bucket.checked_add(item.open)?;
        Ok(())
    }

    fn bucket(&mut self, item: &OpenItem, as_of: Date) -> &mut Amount {
        let days = item.due.days_overdue(as_of);
        if item.open.is_negative() {
            &mut self.credits
        } else if item.disputed {
            &mut self.disputed
        } else if item.due.is_expected() {
            &mut self.expected
        } else if days == 0 {
            &mut self.not_due
        } else if days <= BUCKET_ENDS[0] {
            &mut self.days_1_to_30
        } else if days <= BUCKET_ENDS[1] {
            &mut self.days_31_to_60
        } else if days <= BUCKET_ENDS[2] {
            &mut self.days_61_to_90
        } else {
            &mut self.over_90_days
        }
    }

    pub fn overdue(&self) -> Result<Amount, AmountError> {
        Amount::sum([self.days_1_to_30, self.days_31_to_60, self.days_61_to_90, self.over_90_days])
    }

    /// Equal to the sum of all open amounts.
    pub fn total(&self) -> Result<Amount, AmountError> {
        Amount::sum([self.overdue()?, self.not_due, self.expected, self.disputed, self.credits])
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{amount, day};
    use super::*;
    use crate::domain::Id;
    use crate::ledger::{Due, OpenItemKind};

    fn item(open: &str, due: Due, kind: OpenItemKind, disputed: bool) -> OpenItem {
        OpenItem {
            id: Id([0; 16]),
            document: Id([0; 16]),
            number: "AR1".into(),
            kind,
            issued_on: day(0),
            due,
            gross: amount(open),
            open: amount(open),
            orders: Vec::new(),
            salesperson: None,
            disputed,
        }
    }

    #[test]
    fn items_fall_into_buckets_by_days_after_their_due_date() {
        use OpenItemKind::{Invoice, Unbilled};
        let today = day(100);
        let due = |days_ago: i32| Due::On(day(100 - days_ago));
        let items = [
            item("1.00", due(0), Invoice, false),
            item("2.00", due(1), Invoice, false),
            item("4.00", due(30), Invoice, false),
            item("8.00", due(31), Invoice, false),
            item("16.00", due(61), Unbilled, false),
            item("32.00", due(91), Invoice, false),
            item("64.00", Due::Expected { on: day(0), missing: "invoiced" }, Unbilled, false),
            item("128.00", due(-5), Unbilled, false),
            item("256.00", due(50), Invoice, true),
            item("-3.00", due(50), Invoice, false),
        ];
        let aging = Aging::of(&items, today).unwrap();
        assert_eq!(
            aging,
            Aging {
                not_due: amount("129.00"),
                days_1_to_30: amount("6.00"),
                days_31_to_60: amount("8.00"),
                days_61_to_90: amount("16.00"),
                over_90_days: amount("32.00"),
                expected: amount("64.00"),
                disputed: amount("256.00"),
                credits: amount("-3.00"),
            }
        );
        assert_eq!(aging.overdue().unwrap(), amount("62.00"));
        assert_eq!(aging.total().unwrap(), amount("508.00"));
    }
}
