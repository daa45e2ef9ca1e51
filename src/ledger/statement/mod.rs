//! The statement of account (对账单): what a customer and we should agree on about a period.
//!
//! Why from the journal and not from the documents: then a line stands for exactly what the ledger counted, on the day
//! on which it counted, and opening balance plus lines is the closing balance by construction. Documents only say in
//! words what a line was. It must not know how a statement is printed.
//!
//! The balance is what the customer owes less the customer's money that nothing took: invoicing and allocation do not
//! move it, which is why invoices stand apart.

mod answer;
mod lines;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use thiserror::Error;

use super::{Account, AccountKind, Aging, Document, OpenItem, Posting};
use crate::domain::amount::AmountError;
use crate::domain::{Amount, Currency, Id};

pub use answer::{Answer, Refusal, Said, answered, number, sent};

/// What is known about one customer in one book.
#[derive(Debug, Clone, Copy)]
pub struct StatementInput<'a> {
    pub party: Id,
    pub currency: Currency,
    pub from: Date,
    pub to: Date,
    /// Every transfer that touches one of the customer's accounts, with its cause, in whatever currency; reversals as
    /// they are posted, debit and credit exchanged.
    pub journal: &'a [(Id, Posting)],
    /// The causes that are documents, and the orders that these name.
    pub documents: &'a HashMap<Id, Document>,
    /// What the ledger keeps beside its journal as the balances of the customer's accounts today.
    pub balances: &'a [(Currency, AccountKind, Amount)],
    /// What is open today, in the statement's currency.
    pub items: &'a [OpenItem],
    pub as_of: Date,
}

/// What moved the balance, as a customer sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    Shipped,
    Returned,
    /// 扣款, 折让, tail differences, fees: the account says which.
    Deducted(AccountKind),
    Paid,
    /// An acceptance bill given, or dishonoured.
    Bill,
    /// Settled by money in another currency.
    OtherCurrency,
    /// Moved to or from another customer's account.
    OnBehalf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    Goods,
    Deductions,
    Money,
    /// Does not move the balance.
    Invoices,
}

/// One line; what is not known is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLine {
    pub on: Date,
    /// `None` for an invoice, which moves nothing.
    pub event: Option<Event>,
    /// The document it stands for; `None` for what the settlement itself found (tail differences, fees).
    pub document: Option<Id>,
    pub number: Box<str>,
    pub order_no: Option<Box<str>>,
    pub customer_order_no: Option<Box<str>>,
    pub part_no: Option<Box<str>>,
    pub brand: Option<Box<str>>,
    pub quantity: Option<Decimal>,
    pub unit_price: Option<Decimal>,
    /// What it adds to the balance; negative for what reduces it. Of an invoice: what it bills, negative for a red one.
    pub gross: Amount,
    /// What a deduction is about, whose account a payment came from.
    pub about: Option<Box<str>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub currency: Currency,
    pub from: Date,
    pub to: Date,
    /// Positions brought in at cutover belong to it, also when the cutover lies in the period.
    pub opening: Amount,
    /// By date and number; the lines of a document stay together.
    pub goods: Vec<StatementLine>,
    pub deductions: Vec<StatementLine>,
    pub money: Vec<StatementLine>,
    pub invoices: Vec<StatementLine>,
    pub totals: Totals,
    pub closing: Amount,
    /// What the closing balance consists of: each of the customer's accounts that is not zero, debit positive.
    pub accounts: Vec<(AccountKind, Amount)>,
    /// What is open on `as_of`, the earliest due date first; money that came after the period is taken off.
    pub items: Vec<OpenItem>,
    pub as_of: Date,
    pub aging: Aging,
}

/// Sums of the period; `opening + shipped − returned − deducted − paid = closing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    pub shipped: Amount,
    pub returned: Amount,
    pub deducted: Amount,
    pub paid: Amount,
    /// Blue less red; moves nothing.
    pub invoiced: Amount,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StatementError {
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// Lines, journal and kept balances must come to the same.
    #[error("the {what} come to {found}, the journal to {journal}")]
    Different { what: &'static str, found: String, journal: String },
}

/// Accounts that make up what a customer owes.
const OWN: [AccountKind; 4] =
    [AccountKind::Unbilled, AccountKind::Billed, AccountKind::Unapplied, AccountKind::Deposit];

impl StatementInput<'_> {
    fn is_own(&self, account: &Account) -> bool {
        account.party == Some(self.party) && OWN.contains(&account.kind)
    }

    /// What a transfer adds to the balance.
    fn effect(&self, posting: &Posting) -> Result<Amount, AmountError> {
        match (self.is_own(&posting.debit), self.is_own(&posting.credit)) {
            (true, false) => Ok(posting.amount),
            (false, true) => posting.amount.checked_neg(),
            _ => Ok(Amount::ZERO),
        }
    }

    fn journal(&self) -> impl Iterator<Item = &(Id, Posting)> {
        self.journal.iter().filter(|(_, posting)| posting.currency == self.currency)
    }
}

impl Event {
    pub const fn section(self) -> Section {
        match self {
            Self::Shipped | Self::Returned => Section::Goods,
            Self::Deducted(_) => Section::Deductions,
            Self::Paid | Self::Bill | Self::OtherCurrency | Self::OnBehalf => Section::Money,
        }
    }
}

impl Statement {
    /// The statement of one customer in one currency. Fails when the ledger contradicts itself.
    pub fn of(input: &StatementInput<'_>) -> Result<Self, StatementError> {
        let mut opening = Amount::ZERO;
        let mut closing = Amount::ZERO;
        let mut accounts = [Amount::ZERO; OWN.len()];
        for (_, posting) in input.journal().filter(|(_, posting)| posting.effective_on <= input.to) {
            let effect = input.effect(posting)?;
            closing = closing.checked_add(effect)?;
            if posting.effective_on < input.from || is_brought_in(posting) {
                opening = opening.checked_add(effect)?;
            }
            for (kind, sum) in OWN.iter().zip(&mut accounts) {
                *sum = sum.checked_add(on_account(input, posting, *kind)?)?;
            }
        }
        let [goods, deductions, money] = lines::moving(input)?;
        let invoices = lines::invoices(input)?;
        let totals = Totals::of(&goods, &deductions, &money, &invoices)?;
        check(closing, totals.movement()?.checked_add(opening)?, "opening balance and lines", input.currency)?;
        check(whole_journal(input)?, kept(input)?, "kept balances", input.currency)?;
        let mut items: Vec<OpenItem> = input.items.iter().filter(|item| !item.open.is_zero()).cloned().collect();
        items.sort_by_key(|item| (item.due.date(), item.id));
        Ok(Self {
            currency: input.currency,
            from: input.from,
            to: input.to,
            opening,
            goods,
            deductions,
            money,
            invoices,
            totals,
            closing,
            accounts: OWN.into_iter().zip(accounts).filter(|(_, amount)| !amount.is_zero()).collect(),
            aging: Aging::of(&items, input.as_of)?,
            items,
            as_of: input.as_of,
        })
    }

    /// Lines that move the balance, in the order in which they are read.
    pub fn sections(&self) -> [(Section, &[StatementLine]); 4] {
        [
            (Section::Goods, &self.goods),
            (Section::Deductions, &self.deductions),
            (Section::Money, &self.money),
            (Section::Invoices, &self.invoices),
        ]
    }
}

impl Totals {
    fn of(
        goods: &[StatementLine],
        deductions: &[StatementLine],
        money: &[StatementLine],
        invoices: &[StatementLine],
    ) -> Result<Self, AmountError> {
        let sum = |lines: &[StatementLine]| Amount::sum(lines.iter().map(|line| line.gross));
        let of = |event| Amount::sum(goods.iter().filter(|line| line.event == Some(event)).map(|line| line.gross));
        Ok(Self {
            shipped: of(Event::Shipped)?,
            returned: of(Event::Returned)?.checked_neg()?,
            deducted: sum(deductions)?.checked_neg()?,
            paid: sum(money)?.checked_neg()?,
            invoiced: sum(invoices)?,
        })
    }

    fn movement(&self) -> Result<Amount, AmountError> {
        let less = Amount::sum([self.returned, self.deducted, self.paid])?;
        self.shipped.checked_sub(less)
    }
}

/// What was open before the ledger began.
fn is_brought_in(posting: &Posting) -> bool {
    [posting.debit, posting.credit].iter().any(|account| account.kind == AccountKind::Opening)
}

/// What a transfer adds to one kind of account of the customer, debit positive.
fn on_account(input: &StatementInput<'_>, posting: &Posting, kind: AccountKind) -> Result<Amount, AmountError> {
    let is_it = |account: &Account| account.kind == kind && input.is_own(account);
    let debit = if is_it(&posting.debit) { posting.amount } else { Amount::ZERO };
    let credit = if is_it(&posting.credit) { posting.amount } else { Amount::ZERO };
    debit.checked_sub(credit)
}

fn whole_journal(input: &StatementInput<'_>) -> Result<Amount, AmountError> {
    input.journal().try_fold(Amount::ZERO, |sum, (_, posting)| sum.checked_add(input.effect(posting)?))
}

fn kept(input: &StatementInput<'_>) -> Result<Amount, AmountError> {
    let own = input.balances.iter().filter(|(currency, kind, _)| *currency == input.currency && OWN.contains(kind));
    Amount::sum(own.map(|(_, _, amount)| *amount))
}

fn check(journal: Amount, found: Amount, what: &'static str, currency: Currency) -> Result<(), StatementError> {
    if journal == found {
        return Ok(());
    }
    Err(StatementError::Different { what, found: found.plain(currency), journal: journal.plain(currency) })
}
