-- What a payment may be for, where the evidence is not enough to place it; the money is a leftover until a person decides.
CREATE TABLE proposal (
    subject BLOB NOT NULL,
    position INTEGER NOT NULL,
    payment BLOB NOT NULL,
    item BLOB NOT NULL,
    amount INTEGER NOT NULL,
    points INTEGER NOT NULL,
    explanation TEXT NOT NULL,
    runner_up BLOB,
    PRIMARY KEY (subject, position)
) STRICT, WITHOUT ROWID;
-- Allocation weighs evidence now: everybody is settled again, and what changes is posted as a difference.
UPDATE subject SET settle_generation = settle_generation + 1;
