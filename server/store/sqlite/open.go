package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	driver "modernc.org/sqlite"

	"nigh/server/store"
)

// FileName is the database's name in the data folder.
const FileName = "nigh.db"

// DB is a catalog's store in one SQLite database. See store.Store for what its methods promise.
type DB struct {
	name string // for messages: the folder, or "memory"

	// One connection writes and several read: in WAL mode neither waits for the other. In memory both are the same
	// pool of one connection, and keep holds the database alive if database/sql drops that one.
	write, read, keep *sql.DB
	memory            bool

	w writeStatements
	r readStatements

	commits      sync.Mutex // held by Commit; guards users and kinds
	users, kinds map[string]int64

	checkpointer *checkpointer // nil in memory, and where only keys are written

	lock *os.File // nil in memory
}

var _ store.Store = (*DB)(nil)

// Open opens the database in the folder dir and makes both where they are absent; an older database is migrated. Its
// errors wrap store.ErrLocked, store.ErrReadOnly or store.ErrNewer where these are the reason. ctx is for the opening
// alone.
func Open(ctx context.Context, dir string) (*DB, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find data folder %q: %w", dir, err)
	}
	db := &DB{name: abs}
	if err := db.open(ctx, abs); err != nil {
		db.Close() // the first error is the one to tell
		return nil, fmt.Errorf("open store in %s: %w", abs, err)
	}
	return db, nil
}

func (db *DB) open(ctx context.Context, dir string) error {
	if err := makeFolder(dir); err != nil {
		return unwritable(err, dir)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return err
	}
	db.lock = lock

	path := filepath.Join(dir, FileName)
	if err := probe(path); err != nil {
		return unwritable(err, dir)
	}
	// The timestamps of the log are nobody's business: fsync would write them with each commit, as much again. Where
	// there is no such call (macOS, Windows) it stays as it is.
	_, _ = driver.Fdatasync(true)
	// What is deleted is overwritten with zeros: an erased reader is not to be found in free pages.
	// The writer begins with the write lock (immediate): it never has to upgrade a read lock, which could fail.
	db.write, err = openPool(path, 1, 16<<10,
		"_journal_mode=WAL", "_synchronous=FULL", "_foreign_keys=1", "_txlock=immediate",
		fmt.Sprintf("_pragma=wal_autocheckpoint(%d)", unaided), "_pragma=journal_size_limit(67108864)", "_pragma=secure_delete(1)")
	if err != nil {
		return err
	}
	if err := db.checkFile(ctx, path); err != nil {
		return err
	}
	if err := db.born(ctx); err != nil {
		return explain(err, db.name)
	}
	db.read, err = openPool(path, max(4, 2*runtime.NumCPU()), 4<<10, "_query_only=1")
	if err != nil {
		return err
	}
	if err := db.prepare(ctx); err != nil {
		return err
	}
	db.checkpointer, err = newCheckpointer(path, &db.commits)
	return err
}

// OpenReadOnly opens the database in the folder dir to read it, whether or not another process (a running server) has
// it open and goes on writing: each walk sees one moment of it. Commit fails. The schema must be this nigh's.
func OpenReadOnly(ctx context.Context, dir string) (*DB, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find data folder %q: %w", dir, err)
	}
	db := &DB{name: abs}
	if err := db.openReadOnly(ctx, filepath.Join(abs, FileName)); err != nil {
		db.Close()
		return nil, fmt.Errorf("read store in %s: %w", abs, err)
	}
	return db, nil
}

func (db *DB) openReadOnly(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("there is no %s; name the data folder of a server", FileName)
		}
		return err
	}
	var err error
	// Not mode=ro: a reader takes part in the log's index (-shm), which it makes if no server has it open.
	db.read, err = openPool(path, 1, 8<<10, "mode=rw", "_query_only=1")
	if err != nil {
		return err
	}
	db.write = db.read // so that a Commit finds statements, and query_only refuses them
	if err := db.checkFile(ctx, path); err != nil {
		return err
	}
	if err := checkSchema(ctx, db.read); err != nil {
		return err
	}
	return db.prepare(ctx)
}

var memories atomic.Uint64 // names in-memory databases apart

// OpenMemory makes a database in memory, which Close forgets. It has one connection: a reader waits for a commit and
// a commit for readers, and a walk (EachItem and the like) collects its rows before it calls the first f.
func OpenMemory(ctx context.Context) (*DB, error) {
	db := &DB{name: "memory", memory: true}
	if err := db.openMemory(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("open store in memory: %w", err)
	}
	return db, nil
}

func (db *DB) openMemory(ctx context.Context) error {
	dsn := fmt.Sprintf("file:nigh-%d?mode=memory&cache=shared&_foreign_keys=1&_txlock=immediate&_error_rc=1",
		memories.Add(1))
	for _, pool := range []**sql.DB{&db.keep, &db.write} {
		c, err := driver.NewConnector(dsn)
		if err != nil {
			return err
		}
		*pool = sql.OpenDB(c)
		(*pool).SetMaxOpenConns(1)
		if err := (*pool).PingContext(ctx); err != nil {
			return err
		}
	}
	db.read = db.write
	if err := db.born(ctx); err != nil {
		return err
	}
	return db.prepare(ctx)
}

// openPool opens path with at most conns connections, each with a page cache of cacheKiB. It does not connect yet.
func openPool(path string, conns, cacheKiB int, params ...string) (*sql.DB, error) {
	params = append(params, "_busy_timeout=10000", "_error_rc=1", fmt.Sprintf("_pragma=cache_size(-%d)", cacheKiB))
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/nigh as file:///C:/nigh
	}
	// A URI: so a folder named "a?b%20c" is that very folder.
	u := url.URL{Scheme: "file", Path: slashed, RawQuery: strings.Join(params, "&")}
	c, err := driver.NewConnector(u.String())
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(c)
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	return pool, nil
}

// checkFile connects the writer and finds out whether the file is what it should be: a database, in WAL mode, of nigh
// or empty.
func (db *DB) checkFile(ctx context.Context, path string) error {
	var mode string
	if err := db.write.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return explain(err, db.name)
	}
	if mode != "wal" {
		return fmt.Errorf("the file system of %s cannot hold a write-ahead log (journal mode %q); use a folder on a local disk",
			db.name, mode)
	}
	var application, tables int
	err := db.write.QueryRowContext(ctx,
		"SELECT (SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema)").
		Scan(&application, &tables)
	if err != nil {
		return explain(err, db.name)
	}
	if application != applicationID && tables > 0 && !db.halfBorn(ctx) {
		return fmt.Errorf("%s is a database of another program; move it away or use another data folder", path)
	}
	return nil
}

// applicationID is "nigh" in ASCII, as the first migration sets it.
const applicationID = 0x6e696768

// halfBorn tells whether nothing is in the database but goose's list of no migrations: the process died at its birth.
func (db *DB) halfBorn(ctx context.Context) bool {
	var others int
	err := db.write.QueryRowContext(ctx,
		"SELECT count(*) FROM sqlite_schema WHERE tbl_name NOT IN ('goose_db_version', 'sqlite_sequence')").Scan(&others)
	return err == nil && others == 0
}

// born migrates the schema and gives a new store its epoch.
func (db *DB) born(ctx context.Context) error {
	if err := migrate(ctx, db.write); err != nil {
		return err
	}
	epoch, err := newEpoch()
	if err != nil {
		return err
	}
	_, err = db.write.ExecContext(ctx, "INSERT INTO meta (one, epoch) VALUES (1, ?) ON CONFLICT DO NOTHING", int64(epoch))
	if err != nil {
		return fmt.Errorf("write epoch: %w", err)
	}
	return nil
}

// newEpoch returns a random number of 1 to 2^53-1.
func newEpoch() (uint64, error) {
	for {
		var b [8]byte
		if _, err := rand.Read(b[:]); err != nil {
			return 0, fmt.Errorf("draw epoch: %w", err)
		}
		if e := binary.LittleEndian.Uint64(b[:]) >> 11; e != 0 {
			return e, nil
		}
	}
}

// Close writes the log back into the database file, closes it and lets another process have the folder.
func (db *DB) Close() error {
	var errs []error
	if db.checkpointer != nil {
		errs = append(errs, db.checkpointer.close())
		db.checkpointer = nil
	}
	if db.read != nil && db.read != db.write {
		errs = append(errs, db.read.Close()) // before the writer: the last connection removes the log
	}
	for _, pool := range []*sql.DB{db.write, db.keep} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	if db.lock != nil {
		errs = append(errs, db.lock.Close())
		db.lock = nil
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close store %s: %w", db.name, explain(err, db.name))
	}
	return nil
}
