//! Payment terms and due dates. DESIGN 6, *Terms*; golden case there.

use jiff::civil::Date;
use thiserror::Error;

/// The event from which a due date is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Basis {
    #[default]
    Shipped,
    Signed,
    Reconciled,
    Invoiced,
    InvoiceReceived,
}

/// Expanded terms.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    pub basis: Basis,
    /// The last day of the accounting month (25: a shipment of the 26th belongs to the next period); `None` counts from the basis day itself.
    pub cutoff_day: Option<i8>,
    pub rule: DueRule,
}

/// What is added to the basis day, or to the period's end where there is a cut-off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DueRule {
    Days(u16),
    /// So many months later, on this day (31 = the last day of the month).
    Months {
        months: u8,
        day: i8,
    },
}

impl Default for DueRule {
    fn default() -> Self {
        Self::Days(30)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a payment term; try 月结30, 月结60/25 (cut-off day 25), net 30, 预付, 款到发货, 货到付款")]
pub struct TermsError(pub String);

/// When an item falls due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The last civil day, in the book's zone, on which it is not overdue.
    On(Date),
    /// The basis has not happened yet (`missing` says which); never overdue.
    Expected { on: Date, missing: &'static str },
}
