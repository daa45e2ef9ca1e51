//! Values on their way to and from a database.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::{Amount, Currency, Hash, Id};
use crate::store::error::{Result, StoreError};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<usize> for Cell {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Cell {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<&Box<str>> for Cell {
    fn from(value: &Box<str>) -> Self {
        Self::Text(value.to_string())
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<u8>> for Cell {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<Id> for Cell {
    fn from(value: Id) -> Self {
        Self::Bytes(value.0.to_vec())
    }
}

impl From<Hash> for Cell {
    fn from(value: Hash) -> Self {
        Self::Bytes(value.0.to_vec())
    }
}

impl From<Amount> for Cell {
    fn from(value: Amount) -> Self {
        Self::Int(value.0)
    }
}

impl From<Currency> for Cell {
    fn from(value: Currency) -> Self {
        Self::Text(value.as_str().to_owned())
    }
}

impl From<Date> for Cell {
    fn from(value: Date) -> Self {
        Self::Text(value.to_string())
    }
}

impl From<Timestamp> for Cell {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.as_microsecond())
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One fetched row, read by column position; a wrong type is a bug or a foreign hand and names the statement.
#[derive(Debug, Clone)]
pub struct Row {
    sql: &'static str,
    cells: Vec<Cell>,
}

impl Row {
    pub(super) fn new(sql: &'static str, cells: Vec<Cell>) -> Self {
        Self { sql, cells }
    }

    /// All values, for comparing rows of two databases.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    fn wrong(&self, column: usize, wanted: &'static str) -> StoreError {
        StoreError::Column { sql: self.sql, column, wanted }
    }

    pub fn is_null(&self, column: usize) -> bool {
        matches!(self.cells.get(column), None | Some(Cell::Null))
    }

    fn optional<T>(&self, column: usize, read: impl Fn(&Self, usize) -> Result<T>) -> Result<Option<T>> {
        if self.is_null(column) { Ok(None) } else { read(self, column).map(Some) }
    }

    pub fn int(&self, column: usize) -> Result<i64> {
        match self.cells.get(column) {
            Some(Cell::Int(value)) => Ok(*value),
            _ => Err(self.wrong(column, "an integer")),
        }
    }

    pub fn opt_int(&self, column: usize) -> Result<Option<i64>> {
        self.optional(column, Self::int)
    }

    pub fn bool(&self, column: usize) -> Result<bool> {
        Ok(self.int(column)? != 0)
    }

    pub fn text(&self, column: usize) -> Result<&str> {
        match self.cells.get(column) {
            Some(Cell::Text(value)) => Ok(value),
            _ => Err(self.wrong(column, "a text")),
        }
    }

    pub fn opt_text(&self, column: usize) -> Result<Option<&str>> {
        if self.is_null(column) { Ok(None) } else { self.text(column).map(Some) }
    }

    pub fn bytes(&self, column: usize) -> Result<&[u8]> {
        match self.cells.get(column) {
            Some(Cell::Bytes(value)) => Ok(value),
            _ => Err(self.wrong(column, "bytes")),
        }
    }

    pub fn opt_bytes(&self, column: usize) -> Result<Option<&[u8]>> {
        if self.is_null(column) { Ok(None) } else { self.bytes(column).map(Some) }
    }

    pub fn id(&self, column: usize) -> Result<Id> {
        Id::from_slice(self.bytes(column)?).ok_or_else(|| self.wrong(column, "an id of 16 bytes"))
    }

    pub fn opt_id(&self, column: usize) -> Result<Option<Id>> {
        self.optional(column, Self::id)
    }

    pub fn hash(&self, column: usize) -> Result<Hash> {
        Hash::from_slice(self.bytes(column)?).ok_or_else(|| self.wrong(column, "a hash of 32 bytes"))
    }

    pub fn opt_hash(&self, column: usize) -> Result<Option<Hash>> {
        self.optional(column, Self::hash)
    }

    pub fn amount(&self, column: usize) -> Result<Amount> {
        self.int(column).map(Amount)
    }

    pub fn opt_amount(&self, column: usize) -> Result<Option<Amount>> {
        self.optional(column, Self::amount)
    }

    pub fn currency(&self, column: usize) -> Result<Currency> {
        Currency::parse(self.text(column)?).map_err(|_| self.wrong(column, "a currency"))
    }

    pub fn opt_currency(&self, column: usize) -> Result<Option<Currency>> {
        self.optional(column, Self::currency)
    }

    pub fn date(&self, column: usize) -> Result<Date> {
        self.text(column)?.parse().map_err(|_| self.wrong(column, "an ISO date"))
    }

    pub fn opt_date(&self, column: usize) -> Result<Option<Date>> {
        self.optional(column, Self::date)
    }

    pub fn instant(&self, column: usize) -> Result<Timestamp> {
        Timestamp::from_microsecond(self.int(column)?).map_err(|_| self.wrong(column, "an instant"))
    }

    pub fn opt_instant(&self, column: usize) -> Result<Option<Timestamp>> {
        self.optional(column, Self::instant)
    }

    /// Ids lying one behind the other in one column.
    pub fn ids(&self, column: usize) -> Result<Vec<Id>> {
        let bytes = self.bytes(column)?;
        if bytes.len() % 16 != 0 {
            return Err(self.wrong(column, "a list of ids"));
        }
        Ok(bytes.chunks_exact(16).filter_map(Id::from_slice).collect())
    }
}

/// The counterpart of [`Row::ids`].
impl FromIterator<Id> for Cell {
    fn from_iter<I: IntoIterator<Item = Id>>(ids: I) -> Self {
        Self::Bytes(ids.into_iter().flat_map(|id| id.0).collect())
    }
}
