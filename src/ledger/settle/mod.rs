//! Settlement of one party in one currency: open items, which money pays them and why.
//!
//! Recomputed as a whole whenever something about the party changed; the caller posts only the difference. Depends on
//! nothing but its input: no today, no order of arrival.
//!
//! The way through: [`view`] sorts the documents, [`unbilled`] says which invoice bills which goods (and [`tails`] what
//! will never be billed), [`items`] and [`goods`] make open items and credits
//! with their [`due`] dates (in [`instalments`]), [`money`] the sources of
//! money, and [`rungs`] bring both together on the [`board`], the strongest evidence first; [`dishonoured`] says how long
//! a refused bill paid.

mod amounts;
mod board;
mod combination;
mod deposits;
mod dishonoured;
mod due;
mod evidence;
mod goods;
mod instalments;
mod items;
mod matching;
mod money;
mod named;
mod pins;
mod rate;
mod reference;
mod rungs;
mod tails;
mod unbilled;
mod view;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod people_tests;

use jiff::civil::Date;

use self::board::Board;
use self::due::DueDates;
use self::items::{Items, Material};
use self::money::Purse;
use self::unbilled::Unbilled;
use self::view::View;
use super::{BookPolicy, Document, Due, Posting, Terms};
use crate::domain::{Amount, Currency, Id};

pub use self::items::unbilled_item;

pub struct SettleInput<'a> {
    pub book: &'a str,
    pub party: Id,
    pub currency: Currency,
    /// Every live booked document that names this party in this currency: shipments, returns, invoices, adjustments,
    /// payments, bills — and, in whatever currency, its orders, the settlements and decisions that name any of these, and
    /// the payments that decisions give a rate for.
    /// Also the carriers' words about the waybills of its shipments, where terms count from signing.
    /// Also the payments, bank lines too, that people gave to it or that come from a payer whose money is its own.
    pub documents: &'a [Document],
    /// (bank line, receipt) that are the same money, of what the decisions name.
    pub twins: &'a [(Id, Id)],
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
///
/// `gross − allocations to it − tolerated = open`. Two kinds of items are negative, are never chased, and make the sum of
/// all open amounts equal to the balance of the receivable accounts: credits that nothing took yet (a red invoice, a
/// return, an adjustment: `open = gross + allocations from it`), and the unbilled side of an invoice in front of its
/// goods (先票后货).
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
    /// A person's decision, across currencies; the amount is in the currency of the claim.
    AgreedRate,
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
            Self::AgreedRate => "agreed_rate",
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

/// Money of this party that no item took. Negative for a refund that was paid without a cause that is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    pub payment: Id,
    pub amount: Amount,
}

/// One item that money may be for, for a person to confirm or reject: not enough evidence to place it. A payment that
/// may be for several items together has a proposal for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    pub payment: Id,
    pub item: Id,
    pub amount: Amount,
    /// Of 70 that would have placed it.
    pub points: i32,
    pub explanation: String,
    /// What else it may be for.
    pub runner_up: Option<Id>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settlement {
    /// Sorted: due before expected, early before late.
    pub items: Vec<OpenItem>,
    /// In the order in which they were made. `from` is a payment, a bill or a credit; `item` an open item, or the
    /// payment that gave money back (a refund).
    pub allocations: Vec<Allocation>,
    pub leftovers: Vec<Leftover>,
    /// About leftovers; the money stays there until somebody decides.
    pub proposals: Vec<Proposal>,
    /// Deposits that wait for the goods of their own order: neither applied nor a leftover to be looked into.
    pub deposits: Vec<Leftover>,
    /// Dr unapplied or deposit / Cr the item's account, money that people gave to this customer, tolerated differences, credits moved to the account of the item
    /// that they reduce, tail differences between shipment and invoice, and goods that were unbilled at cutover.
    pub postings: Vec<Posting>,
}

/// The settlement of one party in one currency.
///
/// An adjustment or return posts to unbilled even if it names an invoice. If no red invoice has been written for it, the
/// settlement reduces the invoice (Dr unbilled / Cr billed); as soon as one is, the red invoice does that and the
/// settlement's transfer disappears. So both accounts net right, whichever comes and in whatever order.
pub fn settle(input: &SettleInput<'_>) -> Settlement {
    let view = View::of(input);
    let unbilled = Unbilled::of(&view, input.policy);
    let due = DueDates::new(&view, input.policy, input.terms);
    let items = Items::of(&Material::new(&view, &unbilled, &due, input), input);
    let purse = Purse::of(&view, input);
    let mut board = Board::new(input, items, purse);
    board.post_identified(&view);
    board.post_crossings();
    board.post_tails(&unbilled);
    let proposals = rungs::run(&mut board, &view);
    dishonoured::run(&mut board, &view);
    board.finish(proposals)
}
