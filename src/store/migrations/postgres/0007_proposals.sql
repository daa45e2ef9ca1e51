-- What a payment may be for, where the evidence is not enough to place it; the money is a leftover until a person decides.
CREATE TABLE proposal (
    subject BYTEA NOT NULL,
    position BIGINT NOT NULL,
    payment BYTEA NOT NULL,
    item BYTEA NOT NULL,
    amount BIGINT NOT NULL,
    points BIGINT NOT NULL,
    explanation TEXT NOT NULL,
    runner_up BYTEA,
    PRIMARY KEY (subject, position)
);
-- Allocation weighs evidence now: everybody is settled again, and what changes is posted as a difference.
UPDATE subject SET settle_generation = settle_generation + 1;
