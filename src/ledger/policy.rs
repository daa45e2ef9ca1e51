//! What a company decided about its own receivables; comes from the config, per book.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::terms::Terms;
use crate::domain::{Amount, Hash, WorkingDays};

/// What an open item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceivableBasis {
    /// Invoices (claims), and the unbilled remainder of shipments as not yet due.
    #[default]
    Invoices,
    /// Shipments; an invoice only moves them from unbilled to billed.
    Shipments,
}

/// Which goods of its order a deposit (预收) pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepositUse {
    /// The first that leave, until it is used up.
    #[default]
    FirstGoods,
    /// Each shipment the same part of its value.
    ProRata,
    /// The last ones: until then every shipment is paid in full by other money.
    LastGoods,
}

/// One book's policy. Every field has a default in `config/bihuan.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookPolicy {
    pub receivable_basis: ReceivableBasis,
    /// Documents before this date are history and post nothing; opening positions carry what was open.
    pub cutover: Option<Date>,
    /// Terms of a customer whose own are unknown.
    pub default_terms: Terms,
    /// A due date from the ERP wins over the terms.
    pub trust_source_due: bool,
    /// A payment short by at most this is taken as short by a bank fee (posted to `adjustment:bank_fee`).
    pub bank_fee_tolerance: Amount,
    /// A difference of at most this is rounding.
    pub rounding_tolerance: Amount,
    pub deposit_use: DepositUse,
    /// Money that no rung placed pays the oldest items first.
    pub oldest_first: bool,
    /// A bank line pairs with a receipt that finance booked at most so many days before or after it.
    pub pairing_days: u16,
    /// How many open items the exact-combination rung looks at; bounds its work.
    pub combination_items: u8,
    /// Decides on which day something happened of which only the instant is known.
    pub time_zone: TimeZone,
    /// Days to which a due date may roll (顺延); shared, because a policy is copied for every batch.
    pub working_days: Arc<WorkingDays>,
}

/// Goes up when a new version settles the same documents otherwise under the same policy.
const RECIPE: u32 = 2;

impl BookPolicy {
    /// Differs as soon as anything differs that settlement depends on beside the documents, of any book.
    pub fn fingerprint<'b>(books: impl IntoIterator<Item = (&'b str, Self)>) -> Hash {
        let mut texts: Vec<String> = books.into_iter().map(|(book, policy)| format!("{book}: {policy:?}")).collect();
        texts.sort_unstable();
        texts.push(format!("recipe {RECIPE}"));
        Hash::of_parts(&texts.iter().map(String::as_bytes).collect::<Vec<_>>())
    }
}

impl Default for BookPolicy {
    fn default() -> Self {
        Self {
            receivable_basis: ReceivableBasis::Invoices,
            cutover: None,
            default_terms: Terms::default(),
            trust_source_due: true,
            bank_fee_tolerance: Amount::units(50),
            rounding_tolerance: Amount(50_000),
            deposit_use: DepositUse::FirstGoods,
            oldest_first: true,
            pairing_days: 5,
            combination_items: 12,
            time_zone: TimeZone::UTC,
            working_days: Arc::default(),
        }
    }
}
