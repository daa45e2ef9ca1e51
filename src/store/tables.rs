//! The tables that are written many rows at a time, as the engine needs to know them. Columns are in the order in which
//! the row builders beside each user of the table push them.

use super::engine::CellType::{Bytes, Int, Text};
use super::engine::{OnConflict, Table};

pub const MAPPING_TEXT: Table = Table {
    name: "mapping_text",
    columns: &[("id", Bytes), ("body", Text), ("first_used_at", Int)],
    key: &["id"],
    on_conflict: OnConflict::Nothing,
};

pub const STREAM: Table = Table {
    name: "stream",
    columns: &[
        ("id", Bytes),
        ("source", Text),
        ("stream", Text),
        ("book", Text),
        ("personal", Int),
        ("mapping", Bytes),
        ("read_count", Int),
        ("applied", Int),
        ("unchanged", Int),
        ("ignored", Int),
        ("quarantined", Int),
        ("seen_at", Int),
    ],
    key: &["id"],
    on_conflict: OnConflict::Set(
        "book = excluded.book, personal = excluded.personal, mapping = excluded.mapping, \
         read_count = stream.read_count + excluded.read_count, applied = stream.applied + excluded.applied, \
         unchanged = stream.unchanged + excluded.unchanged, ignored = stream.ignored + excluded.ignored, \
         quarantined = stream.quarantined + excluded.quarantined, seen_at = excluded.seen_at",
    ),
};

pub const STREAM_PROGRESS: Table = Table {
    name: "stream_progress",
    columns: &[("stream", Bytes), ("kind", Text), ("name", Text), ("until", Int), ("done", Int), ("resume", Text)],
    key: &["stream", "kind", "name"],
    on_conflict: OnConflict::Update,
};

pub const SEGMENT: Table = Table {
    name: "segment",
    columns: &[
        ("id", Bytes),
        ("stream", Bytes),
        ("observed_at", Int),
        ("stored_at", Int),
        ("records", Int),
        ("raw_bytes", Int),
        ("body", Bytes),
        ("mapping", Bytes),
    ],
    key: &["id"],
    on_conflict: OnConflict::Nothing,
};

pub const DATA_KEY: Table = Table {
    name: "data_key",
    columns: &[("id", Bytes), ("secret", Bytes), ("created_at", Int)],
    key: &["id"],
    // A subject that was erased and writes again gets a new key; what the old one sealed stays closed.
    on_conflict: OnConflict::Set("secret = COALESCE(data_key.secret, excluded.secret)"),
};

pub const RECORD_VERSION: Table = Table {
    name: "record_version",
    columns: &[
        ("record", Bytes),
        ("hash", Bytes),
        ("version", Text),
        ("observed_at", Int),
        ("segment", Bytes),
        ("position", Int),
    ],
    key: &["record", "hash"],
    // Seen again later: only the instant moves, the bytes stay where they are.
    on_conflict: OnConflict::Set("observed_at = excluded.observed_at"),
};

pub const RECORD_HEAD: Table = Table {
    name: "record_head",
    columns: &[
        ("record", Bytes),
        ("stream", Bytes),
        ("record_key", Text),
        ("hash", Bytes),
        ("version", Text),
        ("observed_at", Int),
        ("outcome", Int),
        ("reason", Text),
        ("mapping", Bytes),
        ("facts_hash", Bytes),
        ("facts_version", Text),
        ("facts_observed_at", Int),
        ("documents", Bytes),
    ],
    key: &["record"],
    on_conflict: OnConflict::Update,
};

pub const KEPT_VERSION: Table = Table {
    name: "kept_version",
    columns: &[
        ("record", Bytes),
        ("hash", Bytes),
        ("version", Text),
        ("observed_at", Int),
        ("complete", Int),
        ("rank", Int),
        ("books", Int),
        ("body", Text),
    ],
    key: &["record", "hash"],
    on_conflict: OnConflict::Update,
};

pub const KEPT_FOR: Table = Table {
    name: "kept_for",
    columns: &[("document", Bytes), ("record", Bytes)],
    key: &["document", "record"],
    on_conflict: OnConflict::Nothing,
};

pub const CONTRIBUTION: Table = Table {
    name: "contribution",
    columns: &[("document", Bytes), ("record", Bytes), ("rank", Int), ("books", Int), ("body", Text)],
    key: &["document", "record"],
    on_conflict: OnConflict::Update,
};

pub const DOCUMENT: Table = Table {
    name: "document",
    columns: &[
        ("id", Bytes),
        ("book", Text),
        ("kind", Text),
        ("numbering", Text),
        ("number", Text),
        ("role", Int),
        ("status", Text),
        ("party", Bytes),
        ("currency", Text),
        ("gross", Int),
        ("effective_on", Text),
        ("salesperson", Text),
        ("name_key", Text),
        ("pair_group", Bytes),
        ("body", Text),
    ],
    key: &["id"],
    on_conflict: OnConflict::Update,
};

pub const LINK: Table = Table {
    name: "link",
    columns: &[("target", Bytes), ("document", Bytes)],
    key: &["target", "document"],
    on_conflict: OnConflict::Nothing,
};

pub const PARTY_CLUE: Table = Table {
    name: "party_clue",
    columns: &[("clue", Text), ("party", Bytes)],
    key: &["clue", "party"],
    on_conflict: OnConflict::Nothing,
};

pub const TRANSFER: Table = Table {
    name: "transfer",
    columns: &[
        ("batch", Int),
        ("seq", Int),
        ("cause", Bytes),
        ("book", Text),
        ("currency", Text),
        ("effective_on", Text),
        ("posted_on", Text),
        ("debit", Text),
        ("debit_party", Bytes),
        ("debit_order", Bytes),
        ("credit", Text),
        ("credit_party", Bytes),
        ("credit_order", Bytes),
        ("amount", Int),
        ("reversal", Int),
        ("hash", Bytes),
    ],
    key: &[],
    on_conflict: OnConflict::Nothing,
};

pub const BALANCE: Table = Table {
    name: "balance",
    columns: &[
        ("id", Bytes),
        ("book", Text),
        ("currency", Text),
        ("account", Text),
        ("party", Bytes),
        ("ordered", Bytes),
        ("amount", Int),
    ],
    key: &["id"],
    on_conflict: OnConflict::Update,
};

pub const FLOW: Table = Table {
    name: "flow",
    columns: &[("id", Bytes), ("book", Text), ("currency", Text), ("debit", Text), ("credit", Text), ("amount", Int)],
    key: &["id"],
    on_conflict: OnConflict::Update,
};

const SUBJECT_COLUMNS: &[(&str, super::engine::CellType)] = &[
    ("id", Bytes),
    ("book", Text),
    ("party", Bytes),
    ("currency", Text),
    ("settle_generation", Int),
    ("settled", Int),
    ("remind_generation", Int),
    ("decided", Int),
];

/// Marks subjects for settlement.
pub const SUBJECT_TO_SETTLE: Table = Table {
    name: "subject",
    columns: SUBJECT_COLUMNS,
    key: &["id"],
    on_conflict: OnConflict::Set("settle_generation = subject.settle_generation + 1"),
};

/// Marks subjects for a decision.
pub const SUBJECT_TO_DECIDE: Table = Table {
    name: "subject",
    columns: SUBJECT_COLUMNS,
    key: &["id"],
    on_conflict: OnConflict::Set("remind_generation = subject.remind_generation + 1"),
};

pub const PAIR_GROUP: Table = Table {
    name: "pair_group",
    columns: &[("id", Bytes), ("book", Text), ("generation", Int), ("paired", Int)],
    key: &["id"],
    on_conflict: OnConflict::Set("generation = pair_group.generation + 1"),
};

pub const PAIRING: Table = Table {
    name: "pairing",
    columns: &[("evidence", Bytes), ("booked", Bytes), ("reason", Text)],
    key: &["evidence"],
    on_conflict: OnConflict::Update,
};

pub const UNPLACED: Table = Table {
    name: "unplaced",
    columns: &[
        ("payment", Bytes),
        ("book", Text),
        ("currency", Text),
        ("amount", Int),
        ("paid_on", Text),
        ("number", Text),
        ("booked", Int),
        ("payer", Text),
        ("payer_key", Text),
        ("remittance", Text),
        ("salesperson", Text),
    ],
    key: &["payment"],
    on_conflict: OnConflict::Update,
};

pub const OPEN_ITEM: Table = Table {
    name: "open_item",
    columns: &[
        ("subject", Bytes),
        ("id", Bytes),
        ("document", Bytes),
        ("number", Text),
        ("kind", Text),
        ("issued_on", Text),
        ("due_on", Text),
        ("due_missing", Text),
        ("gross", Int),
        ("open", Int),
        ("orders", Bytes),
        ("salesperson", Text),
        ("disputed", Int),
    ],
    key: &["subject", "id"],
    on_conflict: OnConflict::Update,
};

pub const ALLOCATION: Table = Table {
    name: "allocation",
    columns: &[
        ("subject", Bytes),
        ("position", Int),
        ("source", Bytes),
        ("item", Bytes),
        ("amount", Int),
        ("tolerated", Int),
        ("effective_on", Text),
        ("rung", Text),
        ("explanation", Text),
    ],
    key: &["subject", "position"],
    on_conflict: OnConflict::Update,
};

pub const LEFTOVER: Table = Table {
    name: "leftover",
    columns: &[("subject", Bytes), ("payment", Bytes), ("amount", Int)],
    key: &["subject", "payment"],
    on_conflict: OnConflict::Update,
};

pub const PROPOSAL: Table = Table {
    name: "proposal",
    columns: &[
        ("subject", Bytes),
        ("position", Int),
        ("payment", Bytes),
        ("item", Bytes),
        ("amount", Int),
        ("points", Int),
        ("explanation", Text),
        ("runner_up", Bytes),
    ],
    key: &["subject", "position"],
    on_conflict: OnConflict::Update,
};

pub const QUARANTINE: Table = Table {
    name: "quarantine",
    columns: &[
        ("record", Bytes),
        ("stream", Bytes),
        ("record_key", Text),
        ("hash", Bytes),
        ("field", Text),
        ("value", Text),
        ("reason", Text),
        ("mapping_place", Text),
        ("mapping", Bytes),
        ("state", Text),
        ("since", Int),
    ],
    key: &["record"],
    // The same version looked at again has waited since it came.
    on_conflict: OnConflict::Set(
        "stream = excluded.stream, record_key = excluded.record_key, field = excluded.field, value = excluded.value, \
         reason = excluded.reason, mapping_place = excluded.mapping_place, mapping = excluded.mapping, \
         state = excluded.state, hash = excluded.hash, \
         since = CASE WHEN quarantine.hash = excluded.hash THEN quarantine.since ELSE excluded.since END",
    ),
};
