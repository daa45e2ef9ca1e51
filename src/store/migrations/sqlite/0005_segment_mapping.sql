-- The mapping that a page was applied with, so that a superseded version can be mapped again as it was. NULL: stored
-- before this column was.
ALTER TABLE segment ADD COLUMN mapping BLOB;
