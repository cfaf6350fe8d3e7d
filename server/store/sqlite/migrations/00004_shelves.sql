-- What clients of a part of a catalog need to catch up: when an item changed its shelf last, and from which position on
-- tombstones are kept.

-- +goose Up
ALTER TABLE records ADD COLUMN moved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE meta ADD COLUMN horizon INTEGER NOT NULL DEFAULT 0;
CREATE INDEX records_deleted ON records (seq) WHERE deleted <> 0;
