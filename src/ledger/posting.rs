//! Postings: a pure function of one document's own folded state. DESIGN 6, the table of events.
//!
//! Why never of another document: a document that comes, changes or goes must not move what another one posted.
//! Whatever needs two documents (who pays whom, what a red invoice reduces, price differences) is settlement.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::bill;
use super::shares::shares;
use super::{Account, AccountKind, BookPolicy, Document, Role};
use crate::domain::amount::{AmountError, MICROS_PER_UNIT};
use crate::domain::{Amount, Currency, FactKind, FieldMap, Id};

/// One transfer to be: debits one account and credits another, so it balances by construction. `amount` is positive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Posting {
    pub effective_on: Date,
    pub debit: Account,
    pub credit: Account,
    pub currency: Currency,
    pub amount: Amount,
}

#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum PostingError {
    #[error("field `{field}` is missing, so the document cannot be posted")]
    Missing { field: String },
    #[error("field `{field}`: {problem}")]
    Field { field: String, problem: String },
}

impl PostingError {
    pub(super) fn missing(field: &str) -> Self {
        Self::Missing { field: field.to_owned() }
    }

    pub(super) fn field(field: &str, problem: impl fmt::Display) -> Self {
        Self::Field { field: field.to_owned(), problem: problem.to_string() }
    }
}

/// What a booked document posts; empty for drafts, voids, stubs, evidence, and kinds that move no value.
///
/// Money whose `class` is not `customer` (own transfers, interest …) posts nothing: this is not the general ledger.
/// A stated bank fee posts nothing here either; it is granted to the item that the payment settles.
pub fn postings(document: &Document, policy: &BookPolicy) -> Result<Vec<Posting>, PostingError> {
    if document.role != Role::Booked || !document.is_live() {
        return Ok(Vec::new());
    }
    match document.kind {
        FactKind::Shipment if document.fields.text("nature") == Some("sale") => {
            if document.status() != "shipped" {
                return Ok(Vec::new());
            }
            let customer = customer(document)?;
            simple(document, policy, Account::of_party(AccountKind::Unbilled, customer), book(AccountKind::Sales))
        }
        FactKind::Return if document.fields.text("disposition").unwrap_or("refund") == "refund" => {
            let unbilled = Account::of_party(AccountKind::Unbilled, customer(document)?);
            simple(document, policy, book(AccountKind::Returns), unbilled)
        }
        FactKind::Invoice => invoice(document, policy),
        FactKind::Adjustment => {
            let unbilled = Account::of_party(AccountKind::Unbilled, customer(document)?);
            simple(document, policy, book(adjustment(document)?), unbilled)
        }
        FactKind::Payment => payment(document, policy),
        FactKind::Bill => bill::postings(document, policy),
        _ => Ok(Vec::new()),
    }
}

/// What an evidence payment posts while no booked receipt is paired with it: Dr bank / Cr unidentified.
///
/// Money out posts nothing until it is booked: most of it goes to suppliers.
pub fn evidence_postings(document: &Document, policy: &BookPolicy) -> Result<Vec<Posting>, PostingError> {
    let is_evidence = document.role == Role::Evidence && document.kind == FactKind::Payment && document.is_live();
    if !is_evidence || !is_customer_money(document) || is_outgoing(document) {
        return Ok(Vec::new());
    }
    simple(document, policy, book(AccountKind::Bank), book(AccountKind::Unidentified))
}

/// The transfers that turn what was posted into what should be: reversals (debit and credit exchanged, the old effective
/// date) of what is no longer true, then what is new. Equal postings cancel out, counted with multiplicity.
pub fn difference(posted: &[Posting], wanted: &[Posting]) -> Vec<Posting> {
    let mut surplus: BTreeMap<&Posting, usize> = BTreeMap::new();
    for posting in posted {
        *surplus.entry(posting).or_default() += 1;
    }
    let mut missing = Vec::new();
    for posting in wanted {
        match surplus.get_mut(posting) {
            Some(count) if *count > 0 => *count -= 1,
            _ => missing.push(posting.clone()),
        }
    }
    surplus
        .into_iter()
        .flat_map(|(posting, count)| std::iter::repeat_n(posting, count))
        .map(|posting| Posting { debit: posting.credit, credit: posting.debit, ..posting.clone() })
        .chain(missing)
        .collect()
}

fn book(kind: AccountKind) -> Account {
    Account::of_book(kind)
}

/// One transfer of the whole gross amount on the document's own date.
fn simple(
    document: &Document,
    policy: &BookPolicy,
    debit: Account,
    credit: Account,
) -> Result<Vec<Posting>, PostingError> {
    let Some(effective_on) = effective_on(document, policy)? else { return Ok(Vec::new()) };
    let gross = gross_of(document)?;
    transfers(document, [(effective_on, debit, credit, gross)])
}

pub(super) fn transfers(
    document: &Document,
    rows: impl IntoIterator<Item = (Date, Account, Account, Amount)>,
) -> Result<Vec<Posting>, PostingError> {
    let currency = document.currency().ok_or_else(|| PostingError::missing("currency"))?;
    Ok(rows
        .into_iter()
        .filter(|(_, _, _, amount)| amount.is_positive())
        .map(|(effective_on, debit, credit, amount)| Posting { effective_on, debit, credit, currency, amount })
        .collect())
}

fn invoice(document: &Document, policy: &BookPolicy) -> Result<Vec<Posting>, PostingError> {
    let party = customer(document)?;
    let billed = Account::of_party(AccountKind::Billed, party);
    let unbilled = Account::of_party(AccountKind::Unbilled, party);
    match document.fields.text("nature").unwrap_or("blue") {
        "red" => simple(document, policy, unbilled, billed),
        "opening" => simple(document, policy, billed, book(AccountKind::Opening)),
        _ => simple(document, policy, billed, unbilled),
    }
}

fn adjustment(document: &Document) -> Result<AccountKind, PostingError> {
    match document.fields.text("reason") {
        Some("allowance") => Ok(AccountKind::Allowance),
        Some("rebate") => Ok(AccountKind::Rebate),
        Some("price_difference") => Ok(AccountKind::PriceDifference),
        Some("rounding") => Ok(AccountKind::Rounding),
        Some("write_off") => Ok(AccountKind::WriteOff),
        Some(other) => Err(PostingError::field("reason", format_args!("`{other}` is not a reason"))),
        None => Err(PostingError::missing("reason")),
    }
}

/// Money in: Dr bank (of an opening position: opening) / Cr unapplied, deposit or unidentified, one transfer an account. Money out: the other way round.
fn payment(document: &Document, policy: &BookPolicy) -> Result<Vec<Posting>, PostingError> {
    if !is_customer_money(document) {
        return Ok(Vec::new());
    }
    let Some(effective_on) = effective_on(document, policy)? else { return Ok(Vec::new()) };
    let mut by_account: BTreeMap<Account, Amount> = BTreeMap::new();
    for share in shares(document)? {
        // The shares add up to the gross amount, so their sum cannot overflow.
        by_account.entry(share.account).or_default().0 += share.amount.0;
    }
    let bank = book(if is_opening(document) { AccountKind::Opening } else { AccountKind::Bank });
    let out = is_outgoing(document);
    let rows = by_account.into_iter().map(|(account, amount)| {
        if out { (effective_on, account, bank, amount) } else { (effective_on, bank, account, amount) }
    });
    transfers(document, rows)
}

pub(super) fn is_customer_money(payment: &Document) -> bool {
    matches!(payment.fields.text("class"), None | Some("customer"))
}

pub(super) fn is_outgoing(payment: &Document) -> bool {
    payment.fields.text("direction") == Some("out")
}

fn customer(document: &Document) -> Result<Id, PostingError> {
    document.party().ok_or_else(|| PostingError::missing("customer"))
}

/// A claim, or money of a customer, that was open at cutover.
pub(super) fn is_opening(document: &Document) -> bool {
    document.fields.text("nature") == Some("opening")
}

/// The day on which a document counts; `None` before cutover. An opening position counts from cutover on.
pub(super) fn effective_on(document: &Document, policy: &BookPolicy) -> Result<Option<Date>, PostingError> {
    let date = document.effective_on().ok_or_else(|| PostingError::missing("date"))?;
    Ok(match policy.cutover {
        Some(cutover) if date < cutover => is_opening(document).then_some(cutover),
        _ => Some(date),
    })
}

/// Larger amounts are refused, so that sums over the few documents that name each other cannot overflow.
const POSTED_MAX: Amount = Amount(i64::MAX / 4);

/// The gross amount: the header's, else the sum of the lines; never negative, whole minor units.
pub(super) fn gross_of(document: &Document) -> Result<Amount, PostingError> {
    if let Some(gross) = amount_of(&document.fields, "gross", document)? {
        return Ok(gross);
    }
    let currency = document.currency().ok_or_else(|| PostingError::missing("currency"))?;
    let mut sum = None;
    for line in &document.lines {
        if let Some(gross) = line.fields.amount("gross") {
            let total = checked(gross, "gross", currency)?.checked_add(sum.unwrap_or_default());
            sum = Some(total.map_err(|error| PostingError::field("gross", error))?);
        }
    }
    let gross = sum.ok_or_else(|| PostingError::missing("gross"))?;
    if gross > POSTED_MAX { Err(PostingError::field("gross", AmountError::Overflow)) } else { Ok(gross) }
}

/// An amount that may be posted, see [`checked`]; `None` when the field is absent or empty.
pub(super) fn amount_of(fields: &FieldMap, name: &str, document: &Document) -> Result<Option<Amount>, PostingError> {
    let Some(amount) = fields.amount(name) else { return Ok(None) };
    let currency = document.currency().ok_or_else(|| PostingError::missing("currency"))?;
    checked(amount, name, currency).map(Some)
}

/// Not negative, not too large, no fraction of the currency's minor unit.
fn checked(amount: Amount, field: &str, currency: Currency) -> Result<Amount, PostingError> {
    let shown = || amount.plain(currency);
    if amount.is_negative() {
        let problem = format!("{} is negative; the kind of the document gives the sign", shown());
        return Err(PostingError::field(field, problem));
    }
    if amount > POSTED_MAX {
        return Err(PostingError::field(field, AmountError::Overflow));
    }
    if amount.0 % (MICROS_PER_UNIT / 10_i64.pow(currency.minor_digits())) != 0 {
        let problem = format!("{} has a fraction of {currency}'s minor unit", shown());
        return Err(PostingError::field(field, problem));
    }
    Ok(amount)
}

#[cfg(test)]
mod tests;
