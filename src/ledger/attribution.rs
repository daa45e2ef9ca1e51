//! Whose money a payment is after people spoke: 到款认领 (money of nobody becomes a customer's) and 委托付款 (money that one
//! customer paid for another).
//!
//! Why apart from the payment's own postings: a document posts from its own state only, and a person's word is a document
//! of its own. The customer who gets the money posts the move; the one who loses it only has less. Both compute the same
//! moves from the same decisions, so they cannot disagree. It must not know what the money then pays.

use std::collections::BTreeSet;

use super::decision::action;
use super::posting::{is_customer_money, is_outgoing};
use super::shares::shares;
use super::{Account, AccountKind, Document, Role};
use crate::domain::text::fold_name;
use crate::domain::{Amount, FactKind, Id};

/// Part of a payment that people gave to a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    pub from: Account,
    pub customer: Id,
    /// `cash:unapplied` or `cash:deposit` of the customer.
    pub to: Account,
    pub amount: Amount,
    pub decision: Id,
}

/// What a decision about the payer's name and that payer's payments have in common, so that each finds the other.
fn payer_id(book: &str, payer: &str) -> Id {
    Id::from_parts(&[b"payer", book.as_bytes(), fold_name(payer).as_bytes()])
}

/// The payer by whose name a payment and a decision find each other; money whose customer is known has none.
pub fn payer_of(document: &Document) -> Option<Id> {
    let counts = match document.kind {
        FactKind::Payment => document.party().is_none(),
        FactKind::Decision => true,
        _ => false,
    };
    let payer = document.fields.text("payer").filter(|payer| counts && !payer.trim().is_empty())?;
    Some(payer_id(&document.book, payer))
}

/// What people gave to whom of one payment. `decisions` are those that nobody took back, in the order in which they were
/// made: a later one gets what the earlier ones left.
///
/// A decision about the payment itself may take any part of it, the part of nobody first; `about` tells the payment that a
/// decision is about, which is the receipt if a bank line has become one: a word about the bank line then takes only
/// what the receipt leaves without a customer, because finance has looked since. What is still nobody's goes to the one
/// customer whom people named for this payer; if they named several, to none.
pub fn moves(payment: &Document, decisions: &[&Document], about: &dyn Fn(&Document) -> Option<Id>) -> Vec<Move> {
    let mut parts = parts(payment);
    let mut moves = Vec::new();
    for decision in decisions.iter().filter(|decision| is_identification(decision)) {
        let named = decision.fields.reference("payment_no");
        if named.is_some() && about(decision) == Some(payment.id) {
            let limit = decision.fields.amount("gross").map_or(i64::MAX, |gross| gross.0);
            let only_nobodys = named != Some(payment.id);
            take(&mut parts, payment, decision, limit, only_nobodys, &mut moves);
        }
    }
    if let Some(decision) = remembered(payment, decisions) {
        take(&mut parts, payment, decision, i64::MAX, true, &mut moves);
    }
    moves
}

pub fn is_identification(decision: &Document) -> bool {
    action(decision) == "identify" && decision.fields.reference("customer").is_some()
}

/// The decision that speaks for the payer's name, if all that do name the same customer.
fn remembered<'a>(payment: &Document, decisions: &[&'a Document]) -> Option<&'a Document> {
    let payer = payer_of(payment)?;
    let about_payer = |decision: &&&Document| is_identification(decision) && payer_of(decision) == Some(payer);
    let speaking: Vec<&Document> = decisions.iter().filter(about_payer).copied().collect();
    let customers: BTreeSet<Option<Id>> =
        speaking.iter().map(|decision| decision.fields.reference("customer")).collect();
    speaking.first().copied().filter(|_| customers.len() == 1)
}

/// What the payment put where, the money of nobody first.
fn parts(payment: &Document) -> Vec<(Account, i64)> {
    if payment.kind != FactKind::Payment || !payment.is_live() || !is_customer_money(payment) {
        return Vec::new();
    }
    let nobody = Account::of_book(AccountKind::Unidentified);
    if payment.role == Role::Evidence {
        let gross = payment.gross().filter(|gross| gross.is_positive() && !is_outgoing(payment));
        return gross.map(|gross| (nobody, gross.0)).into_iter().collect();
    }
    let mut parts: Vec<(Account, i64)> = Vec::new();
    for share in shares(payment).unwrap_or_default() {
        match parts.iter_mut().find(|(account, _)| *account == share.account) {
            Some((_, amount)) => *amount += share.amount.0,
            None => parts.push((share.account, share.amount.0)),
        }
    }
    parts.sort_by_key(|(account, _)| (*account != nobody, *account));
    parts
}

fn take(
    parts: &mut [(Account, i64)],
    payment: &Document,
    decision: &Document,
    limit: i64,
    only_nobodys: bool,
    moves: &mut Vec<Move>,
) {
    let Some(customer) = decision.fields.reference("customer") else { return };
    let order = decision.fields.reference("order_no").or_else(|| payment.fields.reference("order_no"));
    let to = match payment.fields.text("purpose") {
        Some("deposit") => Account::deposit(customer, order),
        _ => Account::of_party(AccountKind::Unapplied, customer),
    };
    let mut wanted = limit;
    for (from, left) in parts.iter_mut() {
        let is_taken = from.kind == AccountKind::Unidentified || !only_nobodys;
        if !is_taken || from.party == Some(customer) {
            continue;
        }
        let amount = wanted.min(*left);
        if amount > 0 {
            wanted -= amount;
            *left -= amount;
            moves.push(Move { from: *from, customer, to, amount: Amount(amount), decision: decision.id });
        }
    }
}
