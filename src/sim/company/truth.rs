//! What really happened, counted while it happens and apart from the documents that tell of it.
//!
//! A test compares the ledger with this. Amounts are as of the end of the company's last day.

use std::collections::BTreeMap;

use super::timeline::Book;
use crate::domain::{Amount, Currency};

/// Amounts in cents of one book and currency. [`Totals::amount`] turns them into ledger amounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Approved sale shipments.
    pub shipped: i64,
    pub shipments: u64,
    /// Claims that were open at the cutover (`FISINIT`).
    pub opening: i64,
    /// Approved goods returns.
    pub returned: i64,
    /// Allowances, rebates, price differences.
    pub adjusted: i64,
    /// Approved claims, without opening ones and without red ones.
    pub invoiced: i64,
    /// Approved red claims, as a positive amount.
    pub credited: i64,
    /// Money in that finance has booked and approved, acceptance bills left out.
    pub received_booked: i64,
    pub receipts_booked: u64,
    /// Of `received_booked`: deposits, and receipts that still carry no customer.
    pub deposits_booked: i64,
    pub unidentified_booked: i64,
    /// Customers' money that stands in the bank statement and is not (yet) booked and approved by finance.
    pub received_bank_only: i64,
    pub receipts_bank_only: u64,
    /// Acceptance bills received, and of them those still held.
    pub bills: i64,
    pub bills_held: i64,
    /// Settled in the ERP (核销).
    pub matched: i64,
}

impl Totals {
    /// Every real receipt once: finance, bank only, bills.
    pub fn received(&self) -> i64 {
        self.received_booked + self.received_bank_only + self.bills
    }

    pub fn amount(cents: i64) -> Amount {
        Amount(cents.saturating_mul(10_000))
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Truth {
    pub totals: BTreeMap<(Book, Currency), Totals>,
    /// Rows in the bank files that cannot be read, per book.
    pub dirty_bank_rows: [u64; 2],
    pub bank_rows: [u64; 2],
    /// Receivables that must be ignored (暂估).
    pub estimates: u64,
    pub messages: u64,
}

impl Truth {
    pub(super) fn at(&mut self, book: Book, currency: Currency) -> &mut Totals {
        self.totals.entry((book, currency)).or_default()
    }
}
