-- The candidates of records of which more than one version, or one that needs others, may be in force: whole facts, one a
-- line. A record whose last version was applied as it came has none.
CREATE TABLE kept_version (
    record BLOB NOT NULL,
    hash BLOB NOT NULL,
    version TEXT,
    observed_at INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    books INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (record, hash)
) STRICT, WITHOUT ROWID;

-- The record keeps versions that speak of the document: when the document changes they are looked at again.
CREATE TABLE kept_for (
    document BLOB NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (document, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_for_by_record ON kept_for (record);
