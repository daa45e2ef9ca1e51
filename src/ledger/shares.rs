//! Whose money a payment is: the shares of its customers and orders.
//!
//! Why apart: postings and settlement must never disagree on it, so both read it from here.

use super::posting::{PostingError, amount_of, gross_of};
use super::{Account, AccountKind, Document};
use crate::domain::{Amount, Id};

/// One part of a payment that belongs to one customer and, for a deposit, to one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    /// `None`: nobody knows whose money it is.
    pub customer: Option<Id>,
    /// `cash:unapplied`, `cash:deposit` or `cash:unidentified`.
    pub account: Account,
    /// Index of the line that says so; `None` for what the lines leave over.
    pub line: Option<usize>,
    pub amount: Amount,
}

/// The shares of a payment. A line without a customer belongs to the customer of the header, and so does what the lines
/// leave over. Lines may add up to the gross amount plus the stated bank fee (finance books what was owed, the bank
/// what arrived); the fee then shortens the last lines. More than that is refused.
pub(super) fn shares(payment: &Document) -> Result<Vec<Share>, PostingError> {
    let gross = gross_of(payment)?;
    let fee = payment.fields.amount("fee").unwrap_or_default().max(Amount::ZERO);
    let header = payment.fields.reference("customer");
    let deposit = payment.fields.text("purpose") == Some("deposit");
    let header_order = payment.fields.reference("order_no");
    let account = |customer: Option<Id>, order: Option<Id>| match customer {
        None => Account::of_book(AccountKind::Unidentified),
        Some(party) if deposit => Account::deposit(party, order),
        Some(party) => Account::of_party(AccountKind::Unapplied, party),
    };
    let mut left = gross;
    let mut beyond = Amount::ZERO;
    let mut shares = Vec::new();
    for (index, line) in payment.lines.iter().enumerate() {
        let Some(stated) = amount_of(&line.fields, "gross", payment)? else { continue };
        let amount = stated.min(left);
        beyond = beyond
            .checked_add(stated)
            .and_then(|sum| sum.checked_sub(amount))
            .map_err(|error| PostingError::field("gross", error))?;
        if amount.is_zero() {
            continue;
        }
        left = Amount(left.0 - amount.0);
        let customer = line.fields.reference("customer").or(header);
        let order = line.fields.reference("order_no").or(header_order);
        shares.push(Share { customer, account: account(customer, order), line: Some(index), amount });
    }
    if beyond > fee {
        return Err(PostingError::field("gross", "the lines add up to more than the payment and its fee"));
    }
    if left.is_positive() {
        shares.push(Share { customer: header, account: account(header, header_order), line: None, amount: left });
    }
    Ok(shares)
}
