-- What is kept and why it looks like this: see doc.go of the package.

-- +goose Up

-- "nigh" in ASCII: open.go refuses a database that another program made.
PRAGMA application_id = 1852401512;

-- The counters of the store, one row. They only rise (but items), so that a number, a position or a row is never
-- given twice, whatever is deleted; and nobody has to count ten million events.
CREATE TABLE meta (
	one      INTEGER PRIMARY KEY CHECK (one = 1),
	epoch    INTEGER NOT NULL CHECK (epoch > 0),
	last_seq INTEGER NOT NULL DEFAULT 0,
	last_num INTEGER NOT NULL DEFAULT 0,
	last_row INTEGER NOT NULL DEFAULT 0,
	items    INTEGER NOT NULL DEFAULT 0,
	events   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE items (
	num    INTEGER PRIMARY KEY,
	id     TEXT NOT NULL UNIQUE,
	item   TEXT NOT NULL, -- JSON without id and vector
	vector BLOB           -- float32, little-endian
) STRICT;

-- The log of changes: a tombstone has no record. Its order is (seq, num), which is this index and the row id.
CREATE TABLE records (
	num     INTEGER PRIMARY KEY,
	seq     INTEGER NOT NULL,
	id      TEXT NOT NULL,
	deleted INTEGER NOT NULL,
	record  BLOB
) STRICT;
CREATE INDEX records_seq ON records (seq);

CREATE TABLE neighbours (
	num  INTEGER PRIMARY KEY,
	data BLOB NOT NULL
) STRICT;

CREATE TABLE users (
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE kinds (
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
) STRICT;

-- num is no foreign key: events outlive their item.
CREATE TABLE events (
	row   INTEGER PRIMARY KEY,
	num   INTEGER NOT NULL,
	user  INTEGER NOT NULL REFERENCES users,
	kind  INTEGER NOT NULL REFERENCES kinds,
	value INTEGER NOT NULL, -- thousandths
	at    INTEGER NOT NULL  -- Unix milliseconds
) STRICT;
-- Ends in the row id: a reader's events by time, ties by row.
CREATE INDEX events_user ON events (user, at);

CREATE TABLE event_keys (
	key TEXT PRIMARY KEY,
	row INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE preferences (
	user   INTEGER NOT NULL REFERENCES users,
	kind   INTEGER NOT NULL,
	key    TEXT NOT NULL,
	weight INTEGER NOT NULL,
	PRIMARY KEY (user, kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE clients (
	id      TEXT PRIMARY KEY,
	user    TEXT NOT NULL,
	last_op INTEGER NOT NULL -- the bits of an unsigned number
) STRICT, WITHOUT ROWID;
