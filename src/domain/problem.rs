//! What is wrong with a record: said by mapping or ledger, kept by the store, read by the person who mends it.

/// Why a record waits in quarantine, for the person who mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field of the fact; `record` when the record as a whole is unreadable.
    pub field: Box<str>,
    /// What the record said, at most 200 characters.
    pub value: Box<str>,
    pub reason: Box<str>,
    /// `file:line` of the mapping, when a mapping said it.
    pub at: Option<Box<str>>,
}
