package sqlite

import (
	"context"
	"database/sql"
	"sync"

	driver "modernc.org/sqlite"
)

// Bounds of the log, in pages of 4 KiB.
const (
	// copyPages were added to the log when it is time to copy it: what meets in a page by then is copied once.
	copyPages = 1000
	// beginAnew is how long the log may be before it is begun anew, for which commits wait.
	beginAnew = 4000
	// unaided is how long it gets before a commit copies it itself: the checkpointer does not get on.
	unaided = 16000
)

// checkpointer copies the log into the database file, on a connection and a goroutine of its own: what commits wait for
// is the log alone. The log is begun anew, in the place that it has on disk, by the first commit that finds all of it
// copied; while commits come all the time that is never so, and they wait for the last few pages.
//
//	commit   ─► log: write, sync ─► acknowledged        after every copyPages:
//	                  └────► checkpointer: sync the log, write the database file, sync it
//	                                       beyond beginAnew: again, for what came meanwhile, and commits wait
type checkpointer struct {
	pool    *sql.DB
	commits sync.Locker   // of the DB
	due     chan struct{} // holds one
	stop    context.CancelFunc
	done    chan struct{}
	pages   int // added to the log since due was sent last; under commits
}

// newCheckpointer starts one for the database at path.
func newCheckpointer(path string, commits sync.Locker) (*checkpointer, error) {
	pool, err := openPool(path, 1, 256, "_synchronous=FULL", "_pragma=wal_autocheckpoint(0)")
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &checkpointer{pool: pool, commits: commits, due: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	go c.run(ctx)
	return c, nil
}

// close ends it. What it had not copied is copied when the last connection of the database is closed.
func (c *checkpointer) close() error {
	c.stop()
	<-c.done
	return c.pool.Close()
}

func (c *checkpointer) run(ctx context.Context) {
	defer close(c.done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.due:
		}
		// An error (a full disk, say) harms nothing: commits go on while the log has room, and it is tried again when
		// it has grown by as much again.
		if log, err := c.copy(ctx); err == nil && log > beginAnew {
			c.commits.Lock()
			_, _ = c.copy(ctx) // what came meanwhile
			c.commits.Unlock()
		}
	}
}

// copy copies what the log holds at its beginning and no reader needs there, and returns how many pages the log had then.
func (c *checkpointer) copy(ctx context.Context) (log int, err error) {
	var busy, copied int // busy: another process copies
	err = c.pool.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &log, &copied)
	return log, err
}

// wrote takes note of what w has written to the log since the last time; the lock of commits is held.
func (c *checkpointer) wrote(w *sql.DB) {
	conn, err := w.Conn(context.Background())
	if err != nil {
		return // a commit has just gone through it; the next one will tell
	}
	defer conn.Close()
	_ = conn.Raw(func(dc any) error {
		pages, _, err := dc.(driver.DBStatus).Status(driver.DBStatusCacheWrite, true)
		c.pages += pages
		return err
	})
	if c.pages < copyPages {
		return
	}
	c.pages = 0
	select {
	case c.due <- struct{}{}:
	default: // it is at it
	}
}
