-- API keys: all but their secret. They are never deleted; see store.Keys.

-- +goose Up
CREATE TABLE keys (
	id      TEXT PRIMARY KEY,
	name    TEXT NOT NULL,
	scopes  INTEGER NOT NULL,
	hash    BLOB NOT NULL CHECK (length(hash) = 32),
	created INTEGER NOT NULL,           -- Unix milliseconds
	revoked INTEGER NOT NULL DEFAULT 0  -- 0 while it holds
) STRICT, WITHOUT ROWID;
