-- Exactly one row: the policies that everything was last settled under.
CREATE TABLE settle_policy (
    id INTEGER NOT NULL PRIMARY KEY,
    fingerprint BLOB NOT NULL
) STRICT, WITHOUT ROWID;
