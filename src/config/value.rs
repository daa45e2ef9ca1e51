//! Values that the configuration writes as text and the code wants as types. An error here gets its caret from the
//! deserializer, so these functions only say what is wrong.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::domain::Amount;
use crate::domain::amount::MICROS_PER_UNIT;
use crate::ledger::Terms;

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer)
}

fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(deserializer: D) -> Result<T, D::Error> {
    text(deserializer)?.trim().parse().map_err(D::Error::custom)
}

pub(super) fn terms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Terms, D::Error> {
    parsed(deserializer)
}

pub(super) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let text = text(deserializer)?;
    let date = text.trim().parse().map_err(|_| D::Error::custom(format!("`{text}` is no day; write \"2026-01-31\"")));
    date.map(Some)
}

/// An IANA name; the name is kept beside the zone because connectors get it as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    pub name: Box<str>,
    pub zone: TimeZone,
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = text(deserializer)?;
        let zone = TimeZone::get(&name).map_err(|_| {
            D::Error::custom(format!("`{name}` is no time zone; use an IANA name such as Asia/Shanghai"))
        })?;
        Ok(Self { name: name.into(), zone })
    }
}

/// A tolerance has no currency: it holds in each, in its own units.
pub(super) fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
    let text = text(deserializer)?;
    let micros = Decimal::from_str_exact(text.trim())
        .ok()
        .filter(|decimal| !decimal.is_sign_negative())
        .and_then(|decimal| decimal.checked_mul(Decimal::from(MICROS_PER_UNIT)))
        .filter(Decimal::is_integer)
        .and_then(|micros| micros.to_i64());
    micros.map(Amount).ok_or_else(|| D::Error::custom(format!("`{text}` is no amount; write \"0.05\"")))
}

/// Shorter would be a busy loop against somebody's ERP.
const SHORTEST: Duration = Duration::from_secs(1);
/// Longer is a source that is switched off; `enabled = false` says so.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How often something happens: `30s`, `5m`, `1h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval(pub Duration);

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = text(deserializer)?;
        let duration = text.trim().parse::<SignedDuration>().ok().and_then(|parsed| Duration::try_from(parsed).ok());
        duration
            .filter(|duration| (SHORTEST..=LONGEST).contains(duration))
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no interval from 1s to 7d; write \"5m\"")))
    }
}
