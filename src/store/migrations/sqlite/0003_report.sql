-- Which evidence was paired with a booked document: `ledger why` asks for it from either side.
CREATE INDEX pairing_by_booked ON pairing (booked);
-- The views for reports and BI tools live on PostgreSQL only: docs/reporting.md. On SQLite the ledger's commands answer.
