//! The money of one party: payments, its shares of payments made for several, deposits, bills, and refunds paid.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::SettleInput;
use super::rate::{self, Crossing};
use super::view::{Counted, View};
use crate::domain::{FactKind, Id, IdMap};
use crate::ledger::bill;
use crate::ledger::posting::is_outgoing;
use crate::ledger::shares::shares;
use crate::ledger::{Account, AccountKind, BookPolicy, Document, Role};

/// What one payment put into one account of the party.
pub(super) struct Money<'a> {
    pub document: &'a Document,
    pub effective_on: Date,
    pub account: Account,
    pub total: i64,
    pub left: i64,
    /// The bank charge that the payer's bank took, as the source states it.
    pub fee: i64,
    /// A deposit of an order that is still open: kept for that order.
    pub is_reserved: bool,
    /// Reserved by a person for an order that may be another than the deposit's.
    pub is_pinned: bool,
    /// What its lines name, each with the share that is meant for it.
    pub named: Vec<(Id, i64)>,
}

impl Money<'_> {
    fn add(&mut self, amount: i64) {
        self.total += amount;
        self.left += amount;
    }

    pub fn is_untouched(&self) -> bool {
        self.left == self.total
    }

    /// Money that is not kept for an order.
    pub fn is_free(&self) -> bool {
        self.left > 0 && !self.is_reserved
    }

    pub fn order(&self) -> Option<Id> {
        self.account.order.filter(|_| !self.is_pinned)
    }
}

#[derive(Default)]
pub(super) struct Purse<'a> {
    /// Sorted by (date, id, account).
    pub money: Vec<Money<'a>>,
    /// Refunds paid to the customer, sorted the same way.
    pub refunds: Vec<Money<'a>>,
    /// Indexes into `money` by the payment's id.
    pub by_payment: IdMap<Vec<usize>>,
    /// What left for another currency, or came from one.
    pub crossings: Vec<Crossing>,
}

impl<'a> Purse<'a> {
    pub fn of(view: &View<'a>, input: &SettleInput<'a>) -> Self {
        let party = input.party;
        let mut purse = Self::default();
        for counted in &view.money {
            match counted.document.kind {
                FactKind::Bill => purse.money.extend(of_bill(counted, party, input.policy)),
                _ => {
                    let list = if is_outgoing(counted.document) { &mut purse.refunds } else { &mut purse.money };
                    list.extend(payment(counted, party, view));
                }
            }
        }
        purse.crossings = rate::convert(&mut purse.money, view, input);
        for (index, money) in purse.money.iter().enumerate() {
            purse.by_payment.entry(money.document.id).or_default().push(index);
        }
        purse
    }

    /// Parts `amount` from this money, so that no rung but the order's own sees it.
    pub fn keep(&mut self, money: usize, amount: i64) {
        let source = &mut self.money[money];
        source.left -= amount;
        source.total -= amount;
        let kept = Money {
            document: source.document,
            effective_on: source.effective_on,
            account: source.account,
            total: amount,
            left: amount,
            fee: 0,
            is_reserved: true,
            is_pinned: true,
            named: Vec::new(),
        };
        self.by_payment.entry(kept.document.id).or_default().push(self.money.len());
        self.money.push(kept);
    }
}

pub(super) fn payment<'a>(counted: &Counted<'a>, party: Id, view: &View<'a>) -> Vec<Money<'a>> {
    let document = counted.document;
    let mut by_account: BTreeMap<Account, Money<'a>> = BTreeMap::new();
    let moves = view.moves.get(&document.id).map_or([].as_slice(), Vec::as_slice);
    let booked = if document.role == Role::Booked { shares(document).unwrap_or_default() } else { Vec::new() };
    for share in booked {
        if share.customer != Some(party) {
            continue;
        }
        let fields = share.line.and_then(|line| document.lines.get(line)).map_or(&document.fields, |line| &line.fields);
        let money = by_account.entry(share.account).or_insert_with(|| none_yet(counted, share.account, view));
        money.add(share.amount.0);
        // A deposit names its order as the one it is kept for, which is no reason to pay now.
        let names = ["invoice_no", "shipment_no", "order_no"];
        let names = if share.account.order.is_some() { &names[..2] } else { &names[..] };
        let named = names.iter().find_map(|field| fields.reference(field));
        money.named.extend(named.map(|named| (named, share.amount.0)));
    }
    for part in moves {
        if let Some(money) = by_account.get_mut(&part.from) {
            money.add(-part.amount.0);
        }
        if part.customer == party {
            by_account.entry(part.to).or_insert_with(|| none_yet(counted, part.to, view)).add(part.amount.0);
        }
    }
    by_account.into_values().filter(|money| money.total > 0).collect()
}

fn none_yet<'a>(counted: &Counted<'a>, account: Account, view: &View<'_>) -> Money<'a> {
    Money {
        document: counted.document,
        effective_on: counted.effective_on,
        account,
        total: 0,
        left: 0,
        fee: counted.document.fields.amount("fee").map_or(0, |fee| fee.0.max(0)),
        is_reserved: is_reserved(account, view),
        is_pinned: false,
        named: Vec::new(),
    }
}

/// A deposit waits for its own order until that order is closed; one that names no order is free.
fn is_reserved(account: Account, view: &View<'_>) -> bool {
    let is_closed = |order| view.orders.get(&order).is_some_and(|order| order.status() == "closed");
    account.kind == AccountKind::Deposit && account.order.is_some_and(|order| !is_closed(order))
}

/// A bill pays when it is received; what a dishonoured one paid is owed again.
fn of_bill<'a>(counted: &Counted<'a>, party: Id, policy: &BookPolicy) -> Option<Money<'a>> {
    let document = counted.document;
    let pays = !bill::is_opening(document, policy) && bill::dishonoured_on(document).is_none();
    (document.party() == Some(party) && pays).then(|| Money {
        document,
        effective_on: counted.effective_on,
        account: Account::of_party(AccountKind::Unapplied, party),
        total: counted.gross,
        left: counted.gross,
        fee: 0,
        is_reserved: false,
        is_pinned: false,
        named: document.fields.reference("invoice_no").map(|invoice| (invoice, counted.gross)).into_iter().collect(),
    })
}
