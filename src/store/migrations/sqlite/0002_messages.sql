-- Reminders: decisions that somebody should be told something, the messages that carry them, and the way out.

-- state: open (to be told), held (wanted, not to be told now), delivered, superseded, failed, unknown.
-- opening: how often it was opened; a reminder that is withdrawn and wanted again is opened once more.
CREATE TABLE reminder (
    id BLOB NOT NULL PRIMARY KEY,
    subject BLOB NOT NULL,
    book TEXT NOT NULL,
    party BLOB NOT NULL,
    currency TEXT NOT NULL,
    rule TEXT NOT NULL,
    document BLOB NOT NULL,
    number TEXT NOT NULL,
    level TEXT NOT NULL,
    occurrence TEXT NOT NULL,
    audience TEXT NOT NULL,
    recipient TEXT,
    state TEXT NOT NULL,
    reason TEXT,
    opening INTEGER NOT NULL,
    delivery BLOB,
    decided_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX reminder_active ON reminder (subject) WHERE state IN ('open', 'held');

-- One message. state: pending, published, sending (its bytes are stored, a call may have happened), deferred, held,
-- delivered, superseded, failed, unknown. uncertain: the outcome of some call is not known.
CREATE TABLE delivery (
    id BLOB NOT NULL PRIMARY KEY,
    recipient TEXT NOT NULL,
    language TEXT NOT NULL,
    audience TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    body BLOB,
    attempts INTEGER NOT NULL,
    uncertain INTEGER NOT NULL,
    first_sent_at INTEGER,
    server_message TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    claimed_by TEXT,
    claimed_until INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_unfinished ON delivery (state) WHERE finished_at IS NULL;

-- The reminders that a message carries, in the order of its text. dropped: why a line is no longer in it.
CREATE TABLE delivery_line (
    delivery BLOB NOT NULL,
    position INTEGER NOT NULL,
    reminder BLOB NOT NULL,
    dropped TEXT,
    PRIMARY KEY (delivery, position)
) STRICT, WITHOUT ROWID;

-- Messages for the broker. A row is done when its delivery is terminal, not when it is published; a row with no
-- delivery behind it (a withdrawal) is done when published.
CREATE TABLE outbox (
    message BLOB NOT NULL PRIMARY KEY,
    routing_key TEXT NOT NULL,
    body BLOB NOT NULL,
    not_before INTEGER NOT NULL,
    published_at INTEGER,
    terminal INTEGER NOT NULL,
    has_delivery INTEGER NOT NULL,
    claimed_until INTEGER,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_to_publish ON outbox (not_before) WHERE published_at IS NULL AND terminal = 0;
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL AND terminal = 0;

-- Messages that were consumed; a finished one is never acted on again.
CREATE TABLE inbox (
    message BLOB NOT NULL PRIMARY KEY,
    first_seen_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT, WITHOUT ROWID;

-- How much of a quota was used in one window; shared by all processes.
CREATE TABLE budget (
    app TEXT NOT NULL,
    member TEXT NOT NULL,
    window_start INTEGER NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (app, member, window_start)
) STRICT, WITHOUT ROWID;

-- Exactly one row: the policy that everything was last decided under.
CREATE TABLE remind_policy (
    id INTEGER NOT NULL PRIMARY KEY,
    fingerprint BLOB NOT NULL
) STRICT, WITHOUT ROWID;
