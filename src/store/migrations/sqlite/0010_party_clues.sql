-- What party keys say about who they are, folded for comparing: the index by which identity finds whom to compare.
CREATE TABLE party_clue (
    clue TEXT NOT NULL,
    party BLOB NOT NULL,
    PRIMARY KEY (clue, party)
) STRICT, WITHOUT ROWID;
CREATE INDEX party_clue_party ON party_clue (party);
-- The rules of folding that the clues were made by; no row: they were never made for the keys that are there.
CREATE TABLE clue_rules (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;
