//! The one JSON object of `status` and `demo --once`, read back exactly.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

/// A field too many or too few is an error: other programs read this object.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    pub streams: Vec<Stream>,
    /// By book and currency.
    pub ledger: BTreeMap<String, BTreeMap<String, Totals>>,
    pub reminders: Reminders,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    pub source: String,
    pub stream: String,
    pub read: u64,
    pub applied: u64,
    pub unchanged: u64,
    pub ignored: u64,
    pub quarantined: u64,
}

/// Amounts are decimal strings; `deny_unknown_fields` and the type of each field pin the shape.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    pub shipped: Money,
    pub returned: Money,
    pub adjusted: Money,
    pub invoiced: Money,
    pub received: Money,
    pub unapplied: Money,
    pub deposits: Money,
    pub unidentified: Money,
    pub bills_held: Money,
    pub open: Money,
    pub overdue: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reminders {
    pub decided: u64,
    pub delivered: u64,
    pub deferred: u64,
    pub held: u64,
    pub superseded: u64,
    pub failed: u64,
    pub unknown: u64,
}

/// A decimal in a JSON string, never a JSON number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Money(pub Decimal);

impl Money {
    pub fn cents(cents: i64) -> Self {
        Self(Decimal::new(cents, 2))
    }
}

impl std::fmt::Debug for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Decimal::from_str_exact(&text).map(Money).map_err(serde::de::Error::custom)
    }
}

impl Figures {
    /// Reads the object and checks what must hold in every one of them.
    pub fn read(value: Value) -> Self {
        let figures: Self = serde_json::from_value(value).unwrap();
        for stream in &figures.streams {
            let sum = stream.applied + stream.unchanged + stream.ignored + stream.quarantined;
            assert_eq!(stream.read, sum, "nothing is lost: {stream:?}");
        }
        for (book, currencies) in &figures.ledger {
            for (currency, totals) in currencies {
                assert_eq!(totals.open, totals.expected_open(), "{book} {currency}: {totals:?}");
            }
        }
        figures
    }

    pub fn stream(&self, source: &str, stream: &str) -> &Stream {
        let found = self.streams.iter().find(|line| line.source == source && line.stream == stream);
        found.unwrap_or_else(|| panic!("no {source}/{stream} in {:?}", self.streams))
    }

    pub fn sum(&self, count: impl Fn(&Stream) -> u64) -> u64 {
        self.streams.iter().map(count).sum()
    }
}

impl Totals {
    /// What `open` must be by the figures beside it.
    fn expected_open(&self) -> Money {
        let applied = self.received.0 - self.unapplied.0 - self.deposits.0 - self.unidentified.0;
        Money(self.shipped.0 - self.returned.0 - self.adjusted.0 - applied)
    }
}
