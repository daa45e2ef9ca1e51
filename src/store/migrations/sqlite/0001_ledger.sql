-- What came in, what it says, what follows from it. Types are INTEGER (integers, micros, Unix microseconds, booleans),
-- TEXT (words, ISO dates, JSON) and BLOB (ids of 16 bytes, hashes of 32, lists of ids).

-- One row a stream of a source, with everything that was ever counted. read = applied + unchanged + ignored + quarantined.
CREATE TABLE stream (
    id BLOB NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    book TEXT NOT NULL,
    personal INTEGER NOT NULL,
    mapping BLOB NOT NULL,
    read_count INTEGER NOT NULL,
    applied INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    ignored INTEGER NOT NULL,
    quarantined INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How far a stream is covered. kind: span (covered; name = first instant, micros), part (unfinished; name = from..to),
-- token (name empty; the token in resume), file (name = file id).
CREATE TABLE stream_progress (
    stream BLOB NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    until INTEGER,
    done INTEGER NOT NULL,
    resume TEXT,
    PRIMARY KEY (stream, kind, name)
) STRICT, WITHOUT ROWID;

-- The text of every mapping that ever made facts, so that `why` can quote it.
CREATE TABLE mapping_text (
    id BLOB NOT NULL PRIMARY KEY,
    body TEXT NOT NULL,
    first_used_at INTEGER NOT NULL
) STRICT;

-- Raw payloads of one applied page; the format is described in segment.rs.
CREATE TABLE segment (
    id BLOB NOT NULL PRIMARY KEY,
    stream BLOB NOT NULL,
    observed_at INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    records INTEGER NOT NULL,
    raw_bytes INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- Keys of encrypted frames, one a data subject; erasing a person is deleting the row's key and keeping the tombstone.
CREATE TABLE data_key (
    id BLOB NOT NULL PRIMARY KEY,
    secret BLOB,
    created_at INTEGER NOT NULL,
    erased_at INTEGER
) STRICT, WITHOUT ROWID;

-- Every distinct version of a record that was ever seen.
CREATE TABLE record_version (
    record BLOB NOT NULL,
    hash BLOB NOT NULL,
    version TEXT,
    observed_at INTEGER NOT NULL,
    segment BLOB NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (record, hash)
) STRICT, WITHOUT ROWID;

-- The winning version of a record, and the version whose facts are in the ledger (the last that was not quarantined).
-- outcome: 0 facts, 1 ignored, 2 quarantined.
CREATE TABLE record_head (
    record BLOB NOT NULL PRIMARY KEY,
    stream BLOB NOT NULL,
    record_key TEXT NOT NULL,
    hash BLOB NOT NULL,
    version TEXT,
    observed_at INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    reason TEXT,
    mapping BLOB NOT NULL,
    facts_hash BLOB,
    facts_version TEXT,
    facts_observed_at INTEGER,
    documents BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX record_by_stream ON record_head (stream, record);

-- What one record says about one document; body is NULL when it no longer says anything.
CREATE TABLE contribution (
    document BLOB NOT NULL,
    record BLOB NOT NULL,
    rank INTEGER NOT NULL,
    books INTEGER NOT NULL,
    body TEXT,
    PRIMARY KEY (document, record)
) STRICT, WITHOUT ROWID;

-- role: 0 booked, 1 evidence, 2 stub. name_key: the folded name of a party, the folded payer of a payment.
-- pair_group: payments of one book, currency and amount, among which the same money is looked for.
-- body is NULL when exactly one record speaks of the document: its contribution has the same content.
CREATE TABLE document (
    id BLOB NOT NULL PRIMARY KEY,
    book TEXT NOT NULL,
    kind TEXT NOT NULL,
    numbering TEXT NOT NULL,
    number TEXT NOT NULL,
    role INTEGER NOT NULL,
    status TEXT NOT NULL,
    party BLOB,
    currency TEXT,
    gross INTEGER,
    effective_on TEXT,
    salesperson TEXT,
    name_key TEXT,
    pair_group BLOB,
    body TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX document_by_number ON document (number);
CREATE INDEX document_by_name ON document (name_key) WHERE name_key IS NOT NULL AND kind = 'party';
CREATE INDEX document_by_group ON document (pair_group) WHERE pair_group IS NOT NULL;

-- `document` names `target` (its customer, its lines' orders …). Rows are never removed: readers check the body.
CREATE TABLE link (
    target BLOB NOT NULL,
    document BLOB NOT NULL,
    PRIMARY KEY (target, document)
) STRICT, WITHOUT ROWID;

-- The journal. cause: a document, or a subject for what its settlement posts. (batch, cause) is one entry.
CREATE TABLE transfer (
    batch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    cause BLOB NOT NULL,
    book TEXT NOT NULL,
    currency TEXT NOT NULL,
    effective_on TEXT NOT NULL,
    posted_on TEXT NOT NULL,
    debit TEXT NOT NULL,
    debit_party BLOB,
    debit_order BLOB,
    credit TEXT NOT NULL,
    credit_party BLOB,
    credit_order BLOB,
    amount INTEGER NOT NULL,
    reversal INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (batch, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX transfer_by_cause ON transfer (cause);

-- One row a committed transaction that posted; hash is the chain's head after it (ledger::chain).
CREATE TABLE batch (
    number INTEGER PRIMARY KEY,
    recorded_at INTEGER NOT NULL,
    transfers INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;

-- Exactly one row; its lock is taken last in a transaction, so commit order = chain order = time order.
CREATE TABLE chain_head (
    id INTEGER PRIMARY KEY,
    number INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;

-- Debit minus credit of every account, kept beside the journal; `verify` compares.
CREATE TABLE balance (
    id BLOB NOT NULL PRIMARY KEY,
    book TEXT NOT NULL,
    currency TEXT NOT NULL,
    account TEXT NOT NULL,
    party BLOB,
    ordered BLOB,
    amount INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX balance_by_party ON balance (party) WHERE party IS NOT NULL;

-- How much flowed from one kind of account to another, per book and currency: the totals are sums of a few of these.
CREATE TABLE flow (
    id BLOB NOT NULL PRIMARY KEY,
    book TEXT NOT NULL,
    currency TEXT NOT NULL,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL,
    amount INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One customer in one book and currency. It waits for settlement while settle_generation > settled, and for a decision
-- while remind_generation > decided or wake_at has come. party is 16 zero bytes for what belongs to nobody yet.
CREATE TABLE subject (
    id BLOB NOT NULL PRIMARY KEY,
    book TEXT NOT NULL,
    party BLOB NOT NULL,
    currency TEXT NOT NULL,
    settle_generation INTEGER NOT NULL,
    settled INTEGER NOT NULL,
    remind_generation INTEGER NOT NULL,
    decided INTEGER NOT NULL,
    wake_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX subject_by_party ON subject (party);
CREATE INDEX subject_to_settle ON subject (id) WHERE settle_generation > settled;
CREATE INDEX subject_to_decide ON subject (id) WHERE remind_generation > decided;
CREATE INDEX subject_to_wake ON subject (wake_at) WHERE wake_at IS NOT NULL;

-- Payments of one book, currency and amount that must be paired again while generation > paired.
CREATE TABLE pair_group (
    id BLOB NOT NULL PRIMARY KEY,
    book TEXT NOT NULL,
    generation INTEGER NOT NULL,
    paired INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX pair_group_dirty ON pair_group (id) WHERE generation > paired;

-- The bank line (evidence) that is the same money as a booked receipt.
CREATE TABLE pairing (
    evidence BLOB NOT NULL PRIMARY KEY,
    booked BLOB NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Money that came in and belongs to nobody yet: booked without a customer, or seen by the bank and not booked.
CREATE TABLE unplaced (
    payment BLOB NOT NULL PRIMARY KEY,
    book TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount INTEGER NOT NULL,
    paid_on TEXT NOT NULL,
    number TEXT NOT NULL,
    booked INTEGER NOT NULL,
    payer TEXT,
    payer_key TEXT,
    remittance TEXT,
    salesperson TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX unplaced_by_book ON unplaced (book, currency);

-- The settlement of a subject as it stands; replaced as a whole.
CREATE TABLE open_item (
    subject BLOB NOT NULL,
    id BLOB NOT NULL,
    document BLOB NOT NULL,
    number TEXT NOT NULL,
    kind TEXT NOT NULL,
    issued_on TEXT NOT NULL,
    due_on TEXT NOT NULL,
    due_missing TEXT,
    gross INTEGER NOT NULL,
    open INTEGER NOT NULL,
    orders BLOB NOT NULL,
    salesperson TEXT,
    disputed INTEGER NOT NULL,
    PRIMARY KEY (subject, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE allocation (
    subject BLOB NOT NULL,
    position INTEGER NOT NULL,
    source BLOB NOT NULL,
    item BLOB NOT NULL,
    amount INTEGER NOT NULL,
    tolerated INTEGER NOT NULL,
    effective_on TEXT NOT NULL,
    rung TEXT NOT NULL,
    explanation TEXT NOT NULL,
    PRIMARY KEY (subject, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX allocation_by_source ON allocation (source);
CREATE INDEX allocation_by_item ON allocation (item);
CREATE TABLE leftover (
    subject BLOB NOT NULL,
    payment BLOB NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (subject, payment)
) STRICT, WITHOUT ROWID;

-- Records that could not be mapped or applied. state: open, fixed (a later version or mapping went through), discarded.
CREATE TABLE quarantine (
    record BLOB NOT NULL PRIMARY KEY,
    stream BLOB NOT NULL,
    record_key TEXT NOT NULL,
    hash BLOB NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    reason TEXT NOT NULL,
    mapping_place TEXT,
    mapping BLOB NOT NULL,
    state TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX quarantine_by_stream ON quarantine (stream) WHERE state = 'open';

-- Who works on what. fence grows with every change of holder; a writer shows the fence it was given.
CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    fence INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO chain_head (id, number, recorded_at, hash)
VALUES (1, 0, 0, x'0000000000000000000000000000000000000000000000000000000000000000');
