-- The candidates of records of which more than one version, or one that needs others, may be in force: whole facts, one a
-- line. A record whose last version was applied as it came has none.
CREATE TABLE kept_version (
    record BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    version TEXT,
    observed_at BIGINT NOT NULL,
    complete BIGINT NOT NULL,
    rank BIGINT NOT NULL,
    books BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (record, hash)
);

-- The record keeps versions that speak of the document: when the document changes they are looked at again.
CREATE TABLE kept_for (
    document BYTEA NOT NULL,
    record BYTEA NOT NULL,
    PRIMARY KEY (document, record)
);
CREATE INDEX kept_for_by_record ON kept_for (record);
