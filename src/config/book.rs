//! One own company (账套): its zone and its policy. `[book]` holds for all, `[books.NAME]` lays its keys over it.

use std::sync::Arc;

use jiff::civil::Date;
use serde::Deserialize;

use super::value::{self, Zone};
use crate::domain::{Amount, Currency};
use crate::ledger::{BookPolicy, DepositUse, ReceivableBasis, Terms};

/// The book of a configuration that names none.
pub const DEFAULT_BOOK: &str = "main";

/// The keys as they stand in the file; every one has its default in `config/bihuan.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BookKeys {
    name: Box<str>,
    time_zone: Zone,
    currency: Currency,
    receivable_basis: ReceivableBasis,
    #[serde(deserialize_with = "value::terms")]
    default_terms: Terms,
    trust_source_due: bool,
    #[serde(deserialize_with = "value::amount")]
    bank_fee_tolerance: Amount,
    #[serde(deserialize_with = "value::amount")]
    rounding_tolerance: Amount,
    deposit_use: DepositUse,
    oldest_first: bool,
    pairing_days: u16,
    combination_items: u8,
    #[serde(default, deserialize_with = "value::date")]
    cutover: Option<Date>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// Leads every id, account and document; never changes once records are in.
    pub key: Box<str>,
    /// What messages show.
    pub name: Box<str>,
    /// Decides business days and due dates.
    pub time_zone: Zone,
    /// In which its credit limits are; settlement does not depend on it, so it is no part of the policy.
    pub currency: Currency,
    pub policy: BookPolicy,
}

impl Book {
    /// For a book whose keys were wrong, so that the sources that name it are checked all the same.
    pub(super) fn stand_in(key: &str) -> Self {
        let time_zone = Zone { name: "UTC".into(), zone: jiff::tz::TimeZone::UTC };
        Self { key: key.into(), name: key.into(), time_zone, currency: Currency::CNY, policy: BookPolicy::default() }
    }

    pub(super) fn new(key: &str, keys: BookKeys) -> Self {
        let name = if keys.name.is_empty() { key.into() } else { keys.name };
        let policy = BookPolicy {
            receivable_basis: keys.receivable_basis,
            cutover: keys.cutover,
            default_terms: keys.default_terms,
            trust_source_due: keys.trust_source_due,
            bank_fee_tolerance: keys.bank_fee_tolerance,
            rounding_tolerance: keys.rounding_tolerance,
            deposit_use: keys.deposit_use,
            oldest_first: keys.oldest_first,
            pairing_days: keys.pairing_days,
            combination_items: keys.combination_items,
            time_zone: keys.time_zone.zone.clone(),
            // The calendar is a file of its own; whoever opens the store adds it.
            working_days: Arc::default(),
        };
        Self { key: key.into(), name, time_zone: keys.time_zone, currency: keys.currency, policy }
    }
}
