-- Exactly one row: the policies that everything was last settled under.
CREATE TABLE settle_policy (
    id BIGINT NOT NULL PRIMARY KEY,
    fingerprint BYTEA NOT NULL
);
