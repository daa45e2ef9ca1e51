//! One own company: its zone, its cutover, its rules about receivables.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use toml::Spanned;

use super::layer::Mistakes;
use crate::domain::{Amount, Currency};
use crate::ledger::{BookPolicy, ReceivableBasis, Terms};

/// `[book.NAME]`.
#[derive(Debug, Clone)]
pub struct BookSettings {
    /// Decides what a business day is.
    pub time_zone: TimeZone,
    pub policy: BookPolicy,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BookLayer {
    time_zone: Option<Spanned<String>>,
    cutover: Option<Spanned<String>>,
    receivable_basis: Option<ReceivableBasis>,
    default_terms: Option<Spanned<String>>,
    trust_source_due: Option<bool>,
    bank_fee_tolerance: Option<Spanned<String>>,
    rounding_tolerance: Option<Spanned<String>>,
    oldest_first: Option<bool>,
    pairing_days: Option<u16>,
    combination_items: Option<u8>,
}

impl BookLayer {
    /// Lays this layer over `book`; what it does not name stays.
    pub(super) fn apply(&self, book: &mut BookSettings, mistakes: &mut Mistakes<'_>) {
        if let Some(name) = &self.time_zone {
            match TimeZone::get(name.get_ref()) {
                Ok(zone) => book.time_zone = zone,
                Err(_) => mistakes.at(
                    name.span(),
                    format!("`{}` is not a known time zone", name.get_ref()),
                    "use an IANA name such as Asia/Shanghai",
                ),
            }
        }
        let policy = &mut book.policy;
        if let Some(date) = &self.cutover {
            match date.get_ref().parse::<Date>() {
                Ok(date) => policy.cutover = Some(date),
                Err(_) => {
                    mistakes.at(date.span(), format!("`{}` is not a date", date.get_ref()), "write it as 2026-01-01")
                }
            }
        }
        if let Some(terms) = &self.default_terms {
            match Terms::parse(terms.get_ref()) {
                Ok(terms) => policy.default_terms = terms,
                Err(error) => mistakes.at(terms.span(), error.to_string(), "see docs/glossary.md"),
            }
        }
        for (given, slot) in [
            (&self.bank_fee_tolerance, &mut policy.bank_fee_tolerance),
            (&self.rounding_tolerance, &mut policy.rounding_tolerance),
        ] {
            if let Some(amount) = given {
                match parse_amount(amount.get_ref()) {
                    Some(parsed) => *slot = parsed,
                    None => mistakes.at(
                        amount.span(),
                        format!("`{}` is not an amount of zero or more", amount.get_ref()),
                        "write it as \"50.00\"",
                    ),
                }
            }
        }
        policy.receivable_basis = self.receivable_basis.unwrap_or(policy.receivable_basis);
        policy.trust_source_due = self.trust_source_due.unwrap_or(policy.trust_source_due);
        policy.oldest_first = self.oldest_first.unwrap_or(policy.oldest_first);
        policy.pairing_days = self.pairing_days.unwrap_or(policy.pairing_days);
        policy.combination_items = self.combination_items.unwrap_or(policy.combination_items);
    }
}

/// Tolerances are units of whatever currency they meet; two decimals are enough for all of them.
fn parse_amount(text: &str) -> Option<Amount> {
    let amount = Amount::exact(rust_decimal::Decimal::from_str_exact(text).ok()?, Currency::CNY).ok()?;
    (!amount.is_negative()).then_some(amount)
}
