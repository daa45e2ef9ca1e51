//! Credit (信用额度): what customers and groups of customers may owe, and what they owe against it.
//!
//! Why balances of the journal and not open items: a limit is about money at risk, and goods that are neither invoiced
//! nor due are at risk too. Only the book's own currency is measured; other currencies stand beside it, because adding
//! them would need a rate that nobody agreed. A group is made here, when it is asked for, and changes nothing: balances,
//! terms and documents stay its members' own. It must not know where limits come from, nor what anybody does about them.

use std::collections::{BTreeMap, BTreeSet};

use super::{AccountKind, Document};
use crate::domain::amount::AmountError;
use crate::domain::text::{fold_name, simplified};
use crate::domain::{Amount, Currency, Id};

/// What stands against one customer or group in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Goods and claims less money that we hold for them, applied to nothing yet or as a deposit. An invoice ahead of its
    /// goods (先票后货) is a claim and negative goods: together nothing, as it should be while nothing has left. Negative:
    /// we hold more than is owed.
    pub used: Amount,
    /// Acceptance bills in hand. Not part of `used`: what they paid is paid in the ERP's list and in ours until one is
    /// dishonoured, and then it is owed again.
    pub bills_held: Amount,
    /// Bills passed on, which may come back. Nobody reports what became of them, so they stay here past their maturity.
    pub bills_transferred: Amount,
}

impl Figures {
    pub const fn is_zero(&self) -> bool {
        self.used.is_zero() && self.bills_held.is_zero() && self.bills_transferred.is_zero()
    }
}

/// Wide sums: whether a total fits must not depend on the order in which it is added up.
#[derive(Default)]
struct Sums {
    used: i128,
    bills_held: i128,
    bills_transferred: i128,
}

impl Sums {
    fn figures(&self) -> Result<Figures, AmountError> {
        let amount = |sum: i128| i64::try_from(sum).map(Amount).map_err(|_| AmountError::Overflow);
        Ok(Figures {
            used: amount(self.used)?,
            bills_held: amount(self.bills_held)?,
            bills_transferred: amount(self.bills_transferred)?,
        })
    }
}

/// The figures of each currency in which there are any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exposure(BTreeMap<Currency, Figures>);

impl Exposure {
    /// From debit balances of one customer's accounts; accounts that are no risk are passed over.
    pub fn of(balances: impl IntoIterator<Item = (Currency, AccountKind, Amount)>) -> Result<Self, AmountError> {
        let mut sums: BTreeMap<Currency, Sums> = BTreeMap::new();
        for (currency, account, balance) in balances {
            let sums = sums.entry(currency).or_default();
            match account {
                // Money has credit balances, so that adding it up takes it off.
                AccountKind::Unbilled | AccountKind::Billed | AccountKind::Unapplied | AccountKind::Deposit => {
                    sums.used += i128::from(balance.0);
                }
                AccountKind::BillsHeld => sums.bills_held += i128::from(balance.0),
                AccountKind::BillsTransferred => sums.bills_transferred += i128::from(balance.0),
                _ => {}
            }
        }
        Self::from_sums(sums)
    }

    /// Of all together: what one member has too much is not taken from another's debt by law, but the limit was given to
    /// all of them.
    pub fn sum<'e>(exposures: impl IntoIterator<Item = &'e Self>) -> Result<Self, AmountError> {
        let mut sums: BTreeMap<Currency, Sums> = BTreeMap::new();
        for (currency, figures) in exposures.into_iter().flat_map(|exposure| &exposure.0) {
            let sums = sums.entry(*currency).or_default();
            sums.used += i128::from(figures.used.0);
            sums.bills_held += i128::from(figures.bills_held.0);
            sums.bills_transferred += i128::from(figures.bills_transferred.0);
        }
        Self::from_sums(sums)
    }

    fn from_sums(sums: BTreeMap<Currency, Sums>) -> Result<Self, AmountError> {
        let mut exposure = BTreeMap::new();
        for (currency, sums) in sums {
            let figures = sums.figures()?;
            if !figures.is_zero() {
                exposure.insert(currency, figures);
            }
        }
        Ok(Self(exposure))
    }

    pub fn is_nothing(&self) -> bool {
        self.0.is_empty()
    }
}

/// A limit, if there is one, and what stands against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The book's own.
    pub currency: Currency,
    pub limit: Option<Amount>,
    exposure: Exposure,
    /// What may still be owed; negative: so much too much. Nothing without a limit.
    pub free: Option<Amount>,
}

impl Line {
    fn new(currency: Currency, limit: Option<Amount>, exposure: Exposure) -> Result<Self, AmountError> {
        let used = exposure.0.get(&currency).copied().unwrap_or_default().used;
        let free = limit.map(|limit| limit.checked_sub(used)).transpose()?;
        Ok(Self { currency, limit, exposure, free })
    }

    /// In the book's own currency.
    pub fn figures(&self) -> Figures {
        self.exposure.0.get(&self.currency).copied().unwrap_or_default()
    }

    /// In the others, which no limit measures.
    pub fn beside(&self) -> impl Iterator<Item = (Currency, Figures)> {
        let others = self.exposure.0.iter().filter(|(currency, _)| **currency != self.currency);
        others.map(|(currency, figures)| (*currency, *figures))
    }

    /// Owing exactly the limit is within it; without a limit nobody is over.
    pub fn is_over(&self) -> bool {
        self.free.is_some_and(Amount::is_negative)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    pub book: Box<str>,
    pub party: Id,
    pub code: Box<str>,
    pub name: Box<str>,
    /// As its system writes it.
    pub group: Option<Box<str>>,
    /// What its system says that the whole group may owe.
    pub group_limit: Option<Amount>,
    pub line: Line,
}

impl Customer {
    /// A party key with its balances; `currency` is the book's own.
    pub fn of(party: &Document, exposure: Exposure, currency: Currency) -> Result<Self, AmountError> {
        let group = party.fields.text("group").filter(|group| !folded(group).is_empty());
        Ok(Self {
            book: party.book.clone(),
            party: party.id,
            code: party.number.clone(),
            name: party.fields.text("name").unwrap_or_default().into(),
            group: group.map(Into::into),
            group_limit: party.fields.amount("group_limit"),
            line: Line::new(currency, party.fields.amount("credit_limit"), exposure)?,
        })
    }

    fn place(&self) -> (bool, &str, &str, Id) {
        (!self.line.is_over(), &self.book, &self.code, self.party)
    }
}

/// Customers of one book that say they belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub book: Box<str>,
    /// As the member with the first code writes it.
    pub name: Box<str>,
    /// The limits that members state, each once, the smallest first: it counts.
    pub stated: Vec<Amount>,
    pub line: Line,
    /// Those over their own limit first, then by code.
    pub members: Vec<Customer>,
}

impl Group {
    fn of(mut members: Vec<Customer>) -> Result<Option<Self>, AmountError> {
        members.sort_by(|a, b| (&a.code, a.party).cmp(&(&b.code, b.party)));
        let Some(first) = members.first() else { return Ok(None) };
        let (book, currency) = (first.book.clone(), first.line.currency);
        let name = first.group.clone().unwrap_or_default();
        let stated: BTreeSet<Amount> = members.iter().filter_map(|member| member.group_limit).collect();
        let exposure = Exposure::sum(members.iter().map(|member| &member.line.exposure))?;
        let line = Line::new(currency, stated.first().copied(), exposure)?;
        members.sort_by(|a, b| a.place().cmp(&b.place()));
        Ok(Some(Self { book, name, stated: stated.into_iter().collect(), line, members }))
    }

    /// Members state different limits; somebody should mend the masters.
    pub fn limits_differ(&self) -> bool {
        self.stated.len() > 1
    }

    /// It is over its limit, or a member is over its own.
    pub fn is_over(&self) -> bool {
        self.line.is_over() || self.members.iter().any(|member| member.line.is_over())
    }
}

/// Groups with their members, then everybody else; those who are over first, then by book and name or code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Credit {
    pub groups: Vec<Group>,
    pub customers: Vec<Customer>,
}

impl Credit {
    pub fn of(all: impl IntoIterator<Item = Customer>) -> Result<Self, AmountError> {
        let mut customers = Vec::new();
        let mut members: BTreeMap<(Box<str>, String), Vec<Customer>> = BTreeMap::new();
        for customer in all {
            match &customer.group {
                Some(group) => members.entry((customer.book.clone(), folded(group))).or_default().push(customer),
                None => customers.push(customer),
            }
        }
        let mut groups = Vec::with_capacity(members.len());
        for members in members.into_values() {
            groups.extend(Group::of(members)?);
        }
        groups.sort_by(|a, b| (!a.is_over(), &a.book, &a.name).cmp(&(!b.is_over(), &b.book, &b.name)));
        customers.sort_by(|a, b| a.place().cmp(&b.place()));
        Ok(Self { groups, customers })
    }

    /// The customers of this code, each with its whole group.
    pub fn about(mut self, code: &str) -> Self {
        self.groups.retain(|group| group.members.iter().any(|member| &*member.code == code));
        self.customers.retain(|customer| &*customer.code == code);
        self
    }

    /// Groups of which something is over a limit, and customers that are.
    pub fn over(mut self) -> Self {
        self.groups.retain(Group::is_over);
        self.customers.retain(|customer| customer.line.is_over());
        self
    }

    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.customers.is_empty()
    }
}

/// How two members are known to mean one group: by width, white space, case and 繁简 their systems differ.
fn folded(group: &str) -> String {
    simplified(&fold_name(group))
}

#[cfg(test)]
mod tests;
