-- What came in, what it says, what follows from it. Types are BIGINT (integers, micros, Unix microseconds, booleans),
-- TEXT (words, ISO dates, JSON) and BYTEA (ids of 16 bytes, hashes of 32, lists of ids).

-- One row a stream of a source, with everything that was ever counted. read = applied + unchanged + ignored + quarantined.
CREATE TABLE stream (
    id BYTEA PRIMARY KEY,
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    book TEXT NOT NULL,
    personal BIGINT NOT NULL,
    mapping BYTEA NOT NULL,
    read_count BIGINT NOT NULL,
    applied BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    ignored BIGINT NOT NULL,
    quarantined BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);

-- How far a stream is covered. kind: span (covered; name = first instant, micros), part (unfinished; name = from..to),
-- token (name empty; the token in resume), file (name = file id).
CREATE TABLE stream_progress (
    stream BYTEA NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    until BIGINT,
    done BIGINT NOT NULL,
    resume TEXT,
    PRIMARY KEY (stream, kind, name)
);

-- The text of every mapping that ever made facts, so that `why` can quote it.
CREATE TABLE mapping_text (
    id BYTEA PRIMARY KEY,
    body TEXT NOT NULL,
    first_used_at BIGINT NOT NULL
);

-- Raw payloads of one applied page; the format is described in segment.rs.
CREATE TABLE segment (
    id BYTEA PRIMARY KEY,
    stream BYTEA NOT NULL,
    observed_at BIGINT NOT NULL,
    stored_at BIGINT NOT NULL,
    records BIGINT NOT NULL,
    raw_bytes BIGINT NOT NULL,
    body BYTEA NOT NULL
);

-- Keys of encrypted frames, one a data subject; erasing a person is deleting the row's key and keeping the tombstone.
CREATE TABLE data_key (
    id BYTEA PRIMARY KEY,
    secret BYTEA,
    created_at BIGINT NOT NULL,
    erased_at BIGINT
);

-- Every distinct version of a record that was ever seen.
CREATE TABLE record_version (
    record BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    version TEXT,
    observed_at BIGINT NOT NULL,
    segment BYTEA NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (record, hash)
);

-- The winning version of a record, and the version whose facts are in the ledger (the last that was not quarantined).
-- outcome: 0 facts, 1 ignored, 2 quarantined.
CREATE TABLE record_head (
    record BYTEA PRIMARY KEY,
    stream BYTEA NOT NULL,
    record_key TEXT NOT NULL,
    hash BYTEA NOT NULL,
    version TEXT,
    observed_at BIGINT NOT NULL,
    outcome BIGINT NOT NULL,
    reason TEXT,
    mapping BYTEA NOT NULL,
    facts_hash BYTEA,
    facts_version TEXT,
    facts_observed_at BIGINT,
    documents BYTEA NOT NULL
);
CREATE INDEX record_by_stream ON record_head (stream, record);

-- What one record says about one document; body is NULL when it no longer says anything.
CREATE TABLE contribution (
    document BYTEA NOT NULL,
    record BYTEA NOT NULL,
    rank BIGINT NOT NULL,
    books BIGINT NOT NULL,
    body TEXT,
    PRIMARY KEY (document, record)
);

-- role: 0 booked, 1 evidence, 2 stub. name_key: the folded name of a party, the folded payer of a payment.
-- pair_group: payments of one book, currency and amount, among which the same money is looked for.
-- body is NULL when exactly one record speaks of the document: its contribution has the same content.
CREATE TABLE document (
    id BYTEA PRIMARY KEY,
    book TEXT NOT NULL,
    kind TEXT NOT NULL,
    numbering TEXT NOT NULL,
    number TEXT NOT NULL,
    role BIGINT NOT NULL,
    status TEXT NOT NULL,
    party BYTEA,
    currency TEXT,
    gross BIGINT,
    effective_on TEXT,
    salesperson TEXT,
    name_key TEXT,
    pair_group BYTEA,
    body TEXT
);
CREATE INDEX document_by_number ON document (number);
CREATE INDEX document_by_name ON document (name_key) WHERE name_key IS NOT NULL AND kind = 'party';
CREATE INDEX document_by_group ON document (pair_group) WHERE pair_group IS NOT NULL;

-- `document` names `target` (its customer, its lines' orders …). Rows are never removed: readers check the body.
CREATE TABLE link (
    target BYTEA NOT NULL,
    document BYTEA NOT NULL,
    PRIMARY KEY (target, document)
);

-- The journal. cause: a document, or a subject for what its settlement posts. (batch, cause) is one entry.
CREATE TABLE transfer (
    batch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    cause BYTEA NOT NULL,
    book TEXT NOT NULL,
    currency TEXT NOT NULL,
    effective_on TEXT NOT NULL,
    posted_on TEXT NOT NULL,
    debit TEXT NOT NULL,
    debit_party BYTEA,
    debit_order BYTEA,
    credit TEXT NOT NULL,
    credit_party BYTEA,
    credit_order BYTEA,
    amount BIGINT NOT NULL,
    reversal BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (batch, seq)
);
CREATE INDEX transfer_by_cause ON transfer (cause);

-- One row a committed transaction that posted; hash is the chain's head after it (ledger::chain).
CREATE TABLE batch (
    number BIGINT PRIMARY KEY,
    recorded_at BIGINT NOT NULL,
    transfers BIGINT NOT NULL,
    hash BYTEA NOT NULL
);

-- Exactly one row; its lock is taken last in a transaction, so commit order = chain order = time order.
CREATE TABLE chain_head (
    id BIGINT PRIMARY KEY,
    number BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    hash BYTEA NOT NULL
);

-- Debit minus credit of every account, kept beside the journal; `verify` compares.
CREATE TABLE balance (
    id BYTEA PRIMARY KEY,
    book TEXT NOT NULL,
    currency TEXT NOT NULL,
    account TEXT NOT NULL,
    party BYTEA,
    ordered BYTEA,
    amount BIGINT NOT NULL
);
CREATE INDEX balance_by_party ON balance (party) WHERE party IS NOT NULL;

-- How much flowed from one kind of account to another, per book and currency: the totals are sums of a few of these.
CREATE TABLE flow (
    id BYTEA PRIMARY KEY,
    book TEXT NOT NULL,
    currency TEXT NOT NULL,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL,
    amount BIGINT NOT NULL
);

-- One customer in one book and currency. It waits for settlement while settle_generation > settled, and for a decision
-- while remind_generation > decided or wake_at has come. party is 16 zero bytes for what belongs to nobody yet.
CREATE TABLE subject (
    id BYTEA PRIMARY KEY,
    book TEXT NOT NULL,
    party BYTEA NOT NULL,
    currency TEXT NOT NULL,
    settle_generation BIGINT NOT NULL,
    settled BIGINT NOT NULL,
    remind_generation BIGINT NOT NULL,
    decided BIGINT NOT NULL,
    wake_at BIGINT
);
CREATE INDEX subject_by_party ON subject (party);
CREATE INDEX subject_to_settle ON subject (id) WHERE settle_generation > settled;
CREATE INDEX subject_to_decide ON subject (id) WHERE remind_generation > decided;
CREATE INDEX subject_to_wake ON subject (wake_at) WHERE wake_at IS NOT NULL;

-- Payments of one book, currency and amount that must be paired again while generation > paired.
CREATE TABLE pair_group (
    id BYTEA PRIMARY KEY,
    book TEXT NOT NULL,
    generation BIGINT NOT NULL,
    paired BIGINT NOT NULL
);
CREATE INDEX pair_group_dirty ON pair_group (id) WHERE generation > paired;

-- The bank line (evidence) that is the same money as a booked receipt.
CREATE TABLE pairing (
    evidence BYTEA PRIMARY KEY,
    booked BYTEA NOT NULL,
    reason TEXT NOT NULL
);

-- Money that came in and belongs to nobody yet: booked without a customer, or seen by the bank and not booked.
CREATE TABLE unplaced (
    payment BYTEA PRIMARY KEY,
    book TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL,
    paid_on TEXT NOT NULL,
    number TEXT NOT NULL,
    booked BIGINT NOT NULL,
    payer TEXT,
    payer_key TEXT,
    remittance TEXT,
    salesperson TEXT
);
CREATE INDEX unplaced_by_book ON unplaced (book, currency);

-- The settlement of a subject as it stands; replaced as a whole.
CREATE TABLE open_item (
    subject BYTEA NOT NULL,
    id BYTEA NOT NULL,
    document BYTEA NOT NULL,
    number TEXT NOT NULL,
    kind TEXT NOT NULL,
    issued_on TEXT NOT NULL,
    due_on TEXT NOT NULL,
    due_missing TEXT,
    gross BIGINT NOT NULL,
    open BIGINT NOT NULL,
    orders BYTEA NOT NULL,
    salesperson TEXT,
    disputed BIGINT NOT NULL,
    PRIMARY KEY (subject, id)
);
CREATE TABLE allocation (
    subject BYTEA NOT NULL,
    position BIGINT NOT NULL,
    source BYTEA NOT NULL,
    item BYTEA NOT NULL,
    amount BIGINT NOT NULL,
    tolerated BIGINT NOT NULL,
    effective_on TEXT NOT NULL,
    rung TEXT NOT NULL,
    explanation TEXT NOT NULL,
    PRIMARY KEY (subject, position)
);
CREATE INDEX allocation_by_source ON allocation (source);
CREATE INDEX allocation_by_item ON allocation (item);
CREATE TABLE leftover (
    subject BYTEA NOT NULL,
    payment BYTEA NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (subject, payment)
);

-- Records that could not be mapped or applied. state: open, fixed (a later version or mapping went through), discarded.
CREATE TABLE quarantine (
    record BYTEA PRIMARY KEY,
    stream BYTEA NOT NULL,
    record_key TEXT NOT NULL,
    hash BYTEA NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    reason TEXT NOT NULL,
    mapping_place TEXT,
    mapping BYTEA NOT NULL,
    state TEXT NOT NULL,
    since BIGINT NOT NULL
);
CREATE INDEX quarantine_by_stream ON quarantine (stream) WHERE state = 'open';

-- Who works on what. fence grows with every change of holder; a writer shows the fence it was given.
CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    fence BIGINT NOT NULL,
    until BIGINT NOT NULL
);

INSERT INTO chain_head (id, number, recorded_at, hash)
VALUES (1, 0, 0, '\x0000000000000000000000000000000000000000000000000000000000000000');
