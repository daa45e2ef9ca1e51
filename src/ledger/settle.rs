//! Settlement of one party in one currency: open items, which money pays them and why.
//!
//! Recomputed as a whole whenever something about the party changed; the caller posts only the difference. Depends on
//! nothing but its input: no today, no order of arrival.

use jiff::civil::Date;

use super::{BookPolicy, Document, Due, Posting, Terms};
use crate::domain::{Amount, Currency, Id};

pub struct SettleInput<'a> {
    pub book: &'a str,
    pub party: Id,
    pub currency: Currency,
    /// Every live booked document that names this party in this currency: shipments, returns, invoices, adjustments,
    /// payments, bills — and orders in whatever currency, and the settlements that name its payments or invoices.
    pub documents: &'a [Document],
    pub terms: &'a Terms,
    pub policy: &'a BookPolicy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OpenItemKind {
    Invoice,
    /// The unbilled remainder of a shipment.
    Unbilled,
}

/// What can be settled; kept also when nothing is open any more, so that a paid invoice can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenItem {
    /// Id of the item: the document's id for an invoice, a derived id for the unbilled remainder of a shipment.
    pub id: Id,
    pub document: Id,
    pub number: Box<str>,
    pub kind: OpenItemKind,
    pub issued_on: Date,
    pub due: Due,
    pub gross: Amount,
    pub open: Amount,
    /// Orders that it bills, by id, for loop state and deposits.
    pub orders: Vec<Id>,
    pub salesperson: Option<Box<str>>,
    pub disputed: bool,
}

/// Which rule placed the money, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// 核销 booked in the ERP.
    BookedSettlement,
    /// A person's decision.
    Pinned,
    /// A deposit pays its own order.
    DepositOrder,
    /// The remittance text or the receipt's line names the invoice, shipment or order.
    Reference,
    ExactSingle,
    ExactCombination,
    OldestFirst,
    /// A red invoice, return or adjustment reduces the item it names.
    CreditNote,
}

impl Rung {
    pub const fn name(self) -> &'static str {
        match self {
            Self::BookedSettlement => "booked_settlement",
            Self::Pinned => "pinned",
            Self::DepositOrder => "deposit_order",
            Self::Reference => "reference",
            Self::ExactSingle => "exact_single",
            Self::ExactCombination => "exact_combination",
            Self::OldestFirst => "oldest_first",
            Self::CreditNote => "credit_note",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// The payment, bill or credit document.
    pub from: Id,
    pub item: Id,
    pub amount: Amount,
    /// A shortage within tolerance that was posted beside it (bank fee, rounding).
    pub tolerated: Amount,
    pub effective_on: Date,
    pub rung: Rung,
    /// For people: what decided, and the runner-up where there was one.
    pub explanation: String,
}

/// Money of this party that no item took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    pub payment: Id,
    pub amount: Amount,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settlement {
    pub items: Vec<OpenItem>,
    pub allocations: Vec<Allocation>,
    pub leftovers: Vec<Leftover>,
    /// Dr unapplied or deposit / Cr the item's account, and tolerated differences.
    pub postings: Vec<Posting>,
}

/// The settlement of one party in one currency.
pub fn settle(input: &SettleInput<'_>) -> Settlement {
    let _ = input;
    Settlement::default()
}
