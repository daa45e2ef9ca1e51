//! Exact money: an integer of 10⁻⁶ units, and the currency it is counted in.
//!
//! Why integers: a float loses cents and a database decimal differs between engines; an `i64` of micros is the same
//! everywhere and holds nine thousand billion units. Every operation is checked; nothing wraps and nothing rounds
//! unless a function says so in its name.

use std::fmt;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How many micros make one unit of a currency.
pub const MICROS_PER_UNIT: i64 = 1_000_000;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AmountError {
    #[error("amount is outside what can be stored (±9,223,372,036,854 units)")]
    Overflow,
    #[error("amount {value} has more decimals than {currency} allows ({allowed})")]
    TooPrecise { value: Decimal, currency: Currency, allowed: u32 },
    #[error("`{0}` is not a known currency code")]
    UnknownCurrency(String),
}

/// Money in micros (10⁻⁶ units) of a currency that is kept beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Amount(pub i64);

impl Amount {
    pub const ZERO: Self = Self(0);

    /// Whole units, for tests and constants.
    pub const fn units(units: i64) -> Self {
        Self(units * MICROS_PER_UNIT)
    }

    pub fn checked_add(self, other: Self) -> Result<Self, AmountError> {
        self.0.checked_add(other.0).map(Self).ok_or(AmountError::Overflow)
    }

    pub fn checked_sub(self, other: Self) -> Result<Self, AmountError> {
        self.0.checked_sub(other.0).map(Self).ok_or(AmountError::Overflow)
    }

    pub fn checked_neg(self) -> Result<Self, AmountError> {
        self.0.checked_neg().map(Self).ok_or(AmountError::Overflow)
    }

    /// Sum of many, or `Overflow`.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, AmountError> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The exact value of `decimal`, refused when it has more decimals than the currency's minor unit.
    pub fn exact(decimal: Decimal, currency: Currency) -> Result<Self, AmountError> {
        let normalized = decimal.normalize();
        let allowed = currency.minor_digits();
        if normalized.scale() > allowed {
            return Err(AmountError::TooPrecise { value: normalized, currency, allowed });
        }
        Self::from_micros(normalized)
    }

    /// `decimal` rounded half away from zero (四舍五入) to the currency's minor unit.
    pub fn rounded(decimal: Decimal, currency: Currency) -> Result<Self, AmountError> {
        let strategy = rust_decimal::RoundingStrategy::MidpointAwayFromZero;
        Self::from_micros(decimal.round_dp_with_strategy(currency.minor_digits(), strategy))
    }

    fn from_micros(decimal: Decimal) -> Result<Self, AmountError> {
        decimal
            .checked_mul(Decimal::from(MICROS_PER_UNIT))
            .and_then(|micros| micros.to_i64())
            .map(Self)
            .ok_or(AmountError::Overflow)
    }

    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.0, 6)
    }

    /// `-1234.50`: the currency's minor digits always shown, no thousands separators. The form of JSON and exports.
    pub fn plain(self, currency: Currency) -> String {
        let digits = currency.minor_digits().max(self.to_decimal().normalize().scale());
        format!("{:.*}", digits as usize, self.to_decimal())
    }

    /// `-1,234.50`: for people.
    pub fn grouped(self, currency: Currency) -> String {
        let plain = self.plain(currency);
        let (sign, digits) = plain.strip_prefix('-').map_or(("", plain.as_str()), |rest| ("-", rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let mut grouped = String::with_capacity(plain.len() + plain.len() / 3);
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        if fraction.is_empty() { format!("{sign}{grouped}") } else { format!("{sign}{grouped}.{fraction}") }
    }
}

/// An ISO 4217 code from the table below; an unknown code is an error, never a guess.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// Code and minor digits. `CNH` (offshore) is kept apart from `CNY` on purpose: banks book them on separate accounts.
const CURRENCIES: &[(&[u8; 3], u32)] = &[
    (b"AUD", 2),
    (b"CAD", 2),
    (b"CHF", 2),
    (b"CNH", 2),
    (b"CNY", 2),
    (b"EUR", 2),
    (b"GBP", 2),
    (b"HKD", 2),
    (b"JPY", 0),
    (b"KRW", 0),
    (b"MOP", 2),
    (b"SGD", 2),
    (b"THB", 2),
    (b"TWD", 2),
    (b"USD", 2),
    (b"VND", 0),
];

impl Currency {
    pub const CNY: Self = Self(*b"CNY");
    pub const HKD: Self = Self(*b"HKD");
    pub const USD: Self = Self(*b"USD");

    /// Accepts exactly an upper-case ISO code; names such as 人民币 are translated by the mapping, where it is visible.
    pub fn parse(code: &str) -> Result<Self, AmountError> {
        CURRENCIES
            .iter()
            .find(|(known, _)| known.as_slice() == code.as_bytes())
            .map(|(known, _)| Self(**known))
            .ok_or_else(|| AmountError::UnknownCurrency(code.chars().take(16).collect()))
    }

    /// Every currency that is known.
    pub fn all() -> impl Iterator<Item = Self> {
        CURRENCIES.iter().map(|(code, _)| Self(**code))
    }

    pub fn minor_digits(self) -> u32 {
        CURRENCIES.iter().find(|(code, _)| **code == self.0).map_or(2, |(_, digits)| *digits)
    }

    /// The smallest amount that is paid, in micros: a cent, a fen, a yen.
    pub fn minor_unit(self) -> Amount {
        (0..self.minor_digits()).fold(Amount(MICROS_PER_UNIT), |unit, _| Amount(unit.0 / 10))
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Currency {
    type Error = AmountError;
    fn try_from(code: String) -> Result<Self, AmountError> {
        Self::parse(&code)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_show_the_minor_digits_of_their_currency() {
        assert_eq!(Amount(1_234_500_000).plain(Currency::CNY), "1234.50");
        assert_eq!(Amount(-1_234_567_500_000).grouped(Currency::CNY), "-1,234,567.50");
        assert_eq!(Amount::units(999).grouped(Currency::parse("JPY").unwrap()), "999");
    }

    #[test]
    fn a_fraction_of_a_cent_is_refused_and_an_overflow_never_wraps() {
        let tenth_of_a_cent = Decimal::new(1, 3);
        assert!(matches!(Amount::exact(tenth_of_a_cent, Currency::CNY), Err(AmountError::TooPrecise { .. })));
        assert_eq!(Amount(i64::MAX).checked_add(Amount(1)), Err(AmountError::Overflow));
        assert_eq!(Amount::exact(Decimal::MAX, Currency::CNY), Err(AmountError::Overflow));
    }

    #[test]
    fn an_unknown_currency_is_named() {
        assert_eq!(Currency::parse("RMB").unwrap_err().to_string(), "`RMB` is not a known currency code");
    }

    proptest! {
        #[test]
        fn cents_survive_the_way_through_text(cents in -1_000_000_000_000_i64..1_000_000_000_000) {
            let amount = Amount(cents * 10_000);
            let text = amount.plain(Currency::CNY);
            let back = Amount::exact(Decimal::from_str_exact(&text).unwrap(), Currency::CNY).unwrap();
            prop_assert_eq!(amount, back);
        }
    }
}
