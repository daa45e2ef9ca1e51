-- The rules by which ids were computed for what links name beside documents (waybills); no row: shipments and events that
-- are there already were never linked by them.
CREATE TABLE link_rules (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL
);
