//! The accounts of the ledger. DESIGN 6.

use crate::domain::Id;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountKind {
    /// Shipped, not invoiced; negative means 先票后货.
    Unbilled,
    Billed,
    /// Money of a known customer that no claim has taken yet (a credit balance).
    Unapplied,
    /// 预收 for one order.
    Deposit,
    BillsHeld,
    BillsTransferred,
    /// Money whose owner is not known.
    Unidentified,
    Bank,
    Sales,
    Returns,
    Opening,
    FxClearing,
    Allowance,
    Rebate,
    PriceDifference,
    Rounding,
    WriteOff,
    BankFee,
    DiscountInterest,
}

impl AccountKind {
    pub const ALL: &[Self] = &[
        Self::Unbilled,
        Self::Billed,
        Self::Unapplied,
        Self::Deposit,
        Self::BillsHeld,
        Self::BillsTransferred,
        Self::Unidentified,
        Self::Bank,
        Self::Sales,
        Self::Returns,
        Self::Opening,
        Self::FxClearing,
        Self::Allowance,
        Self::Rebate,
        Self::PriceDifference,
        Self::Rounding,
        Self::WriteOff,
        Self::BankFee,
        Self::DiscountInterest,
    ];

    /// The stable name: stored and exported.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unbilled => "receivable:unbilled",
            Self::Billed => "receivable:billed",
            Self::Unapplied => "cash:unapplied",
            Self::Deposit => "cash:deposit",
            Self::BillsHeld => "bills:held",
            Self::BillsTransferred => "bills:transferred",
            Self::Unidentified => "cash:unidentified",
            Self::Bank => "bank",
            Self::Sales => "sales",
            Self::Returns => "returns",
            Self::Opening => "opening",
            Self::FxClearing => "fx:clearing",
            Self::Allowance => "adjustment:allowance",
            Self::Rebate => "adjustment:rebate",
            Self::PriceDifference => "adjustment:price_difference",
            Self::Rounding => "adjustment:rounding",
            Self::WriteOff => "adjustment:write_off",
            Self::BankFee => "adjustment:bank_fee",
            Self::DiscountInterest => "adjustment:discount_interest",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// What a customer owes.
    pub const fn is_receivable(self) -> bool {
        matches!(self, Self::Unbilled | Self::Billed)
    }

    /// Reductions of what is owed that are neither goods back nor money.
    pub const fn is_adjustment(self) -> bool {
        matches!(
            self,
            Self::Allowance | Self::Rebate | Self::PriceDifference | Self::Rounding | Self::WriteOff | Self::BankFee
        )
    }
}

/// One account of a book and currency (both are kept by the posting).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    pub kind: AccountKind,
    /// The party key, for accounts that a customer owns.
    pub party: Option<Id>,
    /// The order, for deposits.
    pub order: Option<Id>,
}

impl Account {
    pub const fn of_book(kind: AccountKind) -> Self {
        Self { kind, party: None, order: None }
    }

    pub const fn of_party(kind: AccountKind, party: Id) -> Self {
        Self { kind, party: Some(party), order: None }
    }

    pub const fn deposit(party: Id, order: Option<Id>) -> Self {
        Self { kind: AccountKind::Deposit, party: Some(party), order }
    }
}
