//! What of a store can be compared, as a table, and how two rows of it are.

use std::collections::BTreeMap;

use super::{Comparison, Difference};
use crate::domain::Amount;
use crate::store::engine::{Cell, Row};

/// A hash is recognised by its beginning.
const HASH_SHOWN: usize = 6;

#[derive(Clone, Copy)]
pub enum Show {
    Plain,
    Money,
}

/// Rows of one kind: how they are read, by what they are matched and named, and what of them is compared.
pub struct Part {
    what: &'static str,
    /// Between two ids, `$1` and `$2`.
    pub sql: &'static str,
    /// The first columns match rows of both sides; the next ones name the row to a person.
    keys: usize,
    names: usize,
    values: &'static [(&'static str, Show)],
}

use Show::{Money, Plain};

pub const PARTS: &[Part] = &[
    Part {
        what: "版本 record version",
        sql: "SELECT h.record, s.source, s.stream, h.record_key, h.hash, h.version, h.outcome, h.documents \
              FROM record_head h JOIN stream s ON s.id = h.stream WHERE h.record >= $1 AND h.record <= $2",
        keys: 1,
        names: 3,
        values: &[("hash", Plain), ("version", Plain), ("outcome", Plain), ("documents", Plain)],
    },
    Part {
        what: "隔离 quarantine",
        sql: "SELECT q.record, s.source, s.stream, q.record_key, q.field FROM quarantine q \
              JOIN stream s ON s.id = q.stream WHERE q.record >= $1 AND q.record <= $2 AND q.state <> 'fixed'",
        keys: 1,
        names: 3,
        values: &[("field", Plain)],
    },
    Part {
        what: "配对 pair",
        sql: "SELECT p.evidence, d.book, d.number, p.booked FROM pairing p JOIN document d ON d.id = p.evidence \
              WHERE p.evidence >= $1 AND p.evidence <= $2",
        keys: 1,
        names: 2,
        values: &[("booked", Plain)],
    },
    Part {
        what: "待认领 unidentified money",
        sql: "SELECT payment, book, number, currency, amount, paid_on, booked FROM unplaced \
              WHERE payment >= $1 AND payment <= $2",
        keys: 1,
        names: 2,
        values: &[("currency", Plain), ("amount", Money), ("paid_on", Plain), ("booked", Plain)],
    },
    Part {
        what: "未清项 open item",
        sql: "SELECT i.subject, i.id, s.book, i.number, s.currency, i.kind, i.issued_on, i.due_on, i.due_missing, \
              i.gross, i.open, i.orders, i.salesperson, i.disputed FROM open_item i JOIN subject s ON s.id = i.subject \
              WHERE i.subject >= $1 AND i.subject <= $2",
        keys: 2,
        names: 3,
        values: &[
            ("kind", Plain),
            ("issued_on", Plain),
            ("due_on", Plain),
            ("waits_for", Plain),
            ("gross", Money),
            ("open", Money),
            ("orders", Plain),
            ("salesperson", Plain),
            ("disputed", Plain),
        ],
    },
    Part {
        what: "核销 allocation",
        sql: "SELECT a.subject, a.source, a.item, d.book, d.number, i.number, a.amount, a.tolerated, a.effective_on, \
              a.rung FROM allocation a JOIN document d ON d.id = a.source \
              LEFT JOIN open_item i ON i.subject = a.subject AND i.id = a.item \
              WHERE a.subject >= $1 AND a.subject <= $2",
        keys: 3,
        names: 3,
        values: &[("amount", Money), ("tolerated", Money), ("effective_on", Plain), ("rung", Plain)],
    },
    Part {
        what: "未核销 left over",
        sql: "SELECT l.subject, l.payment, d.book, d.number, l.amount FROM leftover l \
              JOIN document d ON d.id = l.payment WHERE l.subject >= $1 AND l.subject <= $2",
        keys: 2,
        names: 2,
        values: &[("amount", Money)],
    },
];

/// Rows with one key, of both stores.
type Sides<'r> = (Vec<&'r [Cell]>, Vec<&'r [Cell]>);

impl Part {
    pub fn compare(&self, ours: &[Row], theirs: &[Row], found: &mut Comparison) {
        let mut rows: BTreeMap<&[Cell], Sides<'_>> = BTreeMap::new();
        for row in ours {
            rows.entry(&row.cells()[..self.keys]).or_default().0.push(&row.cells()[self.keys..]);
        }
        for row in theirs {
            rows.entry(&row.cells()[..self.keys]).or_default().1.push(&row.cells()[self.keys..]);
        }
        for (mut ours, mut theirs) in rows.into_values() {
            ours.sort_unstable();
            theirs.sort_unstable();
            if ours == theirs {
                continue;
            }
            for index in 0..ours.len().max(theirs.len()) {
                self.compare_row(ours.get(index).copied(), theirs.get(index).copied(), found);
            }
        }
    }

    fn compare_row(&self, ours: Option<&[Cell]>, theirs: Option<&[Cell]>, found: &mut Comparison) {
        let names = ours.or(theirs).map_or(&[][..], |row| &row[..self.names]);
        let which = names.iter().map(|cell| shown(cell, Plain)).collect::<Vec<_>>().join(" ");
        let (Some(ours), Some(theirs)) = (ours, theirs) else {
            let whole = |row: Option<&[Cell]>| row.map(|row| self.whole(&row[self.names..]));
            let (stored, rebuilt) = (whole(ours), whole(theirs));
            return found.add(Difference { what: self.what, which, field: String::new(), stored, rebuilt });
        };
        differing(self.what, &which, self.values, (&ours[self.names..], &theirs[self.names..]), found);
    }

    fn whole(&self, values: &[Cell]) -> String {
        let values = self.values.iter().zip(values);
        values.map(|((name, show), cell)| format!("{name} {}", shown(cell, *show))).collect::<Vec<_>>().join(", ")
    }
}

/// Adds every column in which two rows differ.
pub fn differing(
    what: &'static str,
    which: &str,
    columns: &[(&'static str, Show)],
    (ours, theirs): (&[Cell], &[Cell]),
    found: &mut Comparison,
) {
    for (((name, show), ours), theirs) in columns.iter().zip(ours).zip(theirs) {
        if ours != theirs {
            let (stored, rebuilt) = (Some(shown(ours, *show)), Some(shown(theirs, *show)));
            found.add(Difference { what, which: which.to_owned(), field: (*name).to_owned(), stored, rebuilt });
        }
    }
}

pub fn shown(cell: &Cell, show: Show) -> String {
    match (cell, show) {
        (Cell::Null, _) => "—".to_owned(),
        (Cell::Int(micros), Money) => money(Amount(*micros)),
        (Cell::Int(number), Plain) => number.to_string(),
        (Cell::Text(text), _) => text.clone(),
        (Cell::Bytes(bytes), _) if bytes.is_empty() => "—".to_owned(),
        (Cell::Bytes(bytes), _) => {
            let shown: String = bytes.iter().take(HASH_SHOWN).map(|byte| format!("{byte:02x}")).collect();
            shown + "…"
        }
    }
}

pub fn money(amount: Amount) -> String {
    amount.to_decimal().normalize().to_string()
}
