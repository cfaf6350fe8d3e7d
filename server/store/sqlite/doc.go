// Package sqlite keeps a catalog in one SQLite database (modernc.org/sqlite: no C, one binary), for one process.
//
// It promises what store.Store says; storetest.Run proves it. Read first: Open, then migrations/00001_first_light.sql
// (the tables), then commit.go (the one transaction that writes).
//
//	DIR/nigh.lock    flock: who has the folder; the number of the process is in it
//	DIR/nigh.db      the database        ┐ one connection writes, several read;
//	DIR/nigh.db-wal  its log, while open ┘ neither waits for the other
//
//	items   num, id, JSON, vector             events      row, num, user, kind, value, at
//	records num, seq, id, deleted, bytes      event_keys  key, row
//	neighbours  num, bytes                    users, kinds  name
//	meta    epoch, counters, policy: one row  preferences, clients
//	keys    id, name, scopes, hash: beside the catalog, and never deleted
//
// # Decisions
//
//   - WAL with synchronous=FULL: a commit is one fsync of the log, and what it acknowledged survives the death of
//     process and machine. TestDB_KeepsWhatItAcknowledgedWhenKilled kills a process to see it, "make kills" the whole
//     server under load.
//     It is fdatasync where there is one: the time of a file's last change would be written besides, into the file
//     system's own log. The log lies where it lay before, so that a commit changes nothing but its bytes: on ext4 0.13 ms
//     of 1.2 where it grows and its times are written.
//   - The log is copied into the database file beside the commits (checkpoint.go), every 4 MB. Within a commit, as SQLite
//     would do it every 16 MB, all that wait for the disk wait for thousands of pages more.
//   - An item is JSON text, not columns: nothing searches in it, and a new field needs no migration. Its id is a column
//     (any bytes, sorted bytewise), its vector a blob (4 bytes a dimension instead of a dozen).
//   - The counters are a row that each commit rewrites, not max() and count(): so a number, a position and a row are
//     never given twice, whatever was deleted, and opening does not count ten million events.
//   - Readers and kinds of event are numbers in events: a name would be in each event and again in the index. A name
//     is looked up in its table, the last 16,384 are remembered.
//   - Idempotency keys have their own table without row ids: a partial index would hold each key a second time.
//   - Ops need no row each. Commit refuses an op that is not above its client's last one, and a last op that falls;
//     together that is "each (client, number) at most once", over events and preferences alike.
//   - Erasing a reader scans the tables of keys and clients, which have no index by row and by reader: each commit would
//     pay for it, and erasing is seldom. What is deleted is overwritten (secure_delete) in the database file; the log
//     holds older copies of its pages until it is begun anew or removed by Close. A page that was split before may keep
//     a row in its unused part; "VACUUM", with the server stopped, leaves nothing.
//   - A merge of readers rewrites the reader's number in their events and in the index by reader, and no row, key or
//     counter: a thousand events take 7 ms.
//   - Keys are written without the lock file, by "nigh key" beside a running server: one row at a time, for which SQLite's
//     own locks are enough. Whoever changes the schema takes the lock.
//   - A lock file of our own, because SQLite's locks say "busy" only at the first write, after a wait, and not who.
//     The file stays when the process goes: removing it would let two processes lock two files of one name.
//   - In memory (tests) there is one connection, for SQLite's shared cache would make readers and writer fail each
//     other; walks collect their rows first, so that their f can use it.
//   - No context is watched inside a commit: Commit asks it between its steps. So no cancellation can come
//     between SQLite's commit and our knowing of it.
//
// # Figures
//
// Two shared cores under load, readers chosen at random from 100,000 (go test -bench . measures again):
//
//	commit 200 events             4.7 ms: 43,000 events a second; 7.0 ms: 28,000 if each has a random key
//	commit 1 event                0.25 ms
//	60,000 items, batches of 1000 1.6 s, with records of 400 bytes and neighbours
//	erase a reader among 500,000 keys  60 ms, of the scan: 1.2 s among ten million
//	EachEvent                     1.7 µs an event: 17 s for ten million
//	EachItem, EachRecord          6 µs, 1.6 µs each
//	Item, UserEvents, Info        10 to 20 µs
//	on disk                       55 bytes an event, 107 with a key of 36 bytes: ten million are 0.5 to 1.1 GB
//
// The file is an ordinary database: "sqlite3 -readonly DIR/nigh.db" reads it while the server runs. To back it up then,
// use the shell's ".backup"; the bare file lacks what is in the log.
package sqlite
