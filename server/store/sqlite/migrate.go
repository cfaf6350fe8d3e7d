package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"

	"nigh/server/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema to the newest version known; each migration is one transaction. It refuses, and does not
// touch, a schema that is newer than that.
func migrate(ctx context.Context, db *sql.DB) error {
	p, err := newProvider(db)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	has, known, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if has > known {
		return fmt.Errorf("%w: its schema has version %d, this nigh knows up to %d; install the newer nigh or restore a backup",
			store.ErrNewer, has, known)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate schema from version %d to %d: %w", has, known, err)
	}
	return nil
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithDisableGlobalRegistry(true), goose.WithSlog(slog.New(slog.DiscardHandler)))
}

// checkSchema refuses a schema that is not the newest version known, and touches nothing.
func checkSchema(ctx context.Context, db *sql.DB) error {
	var has, known int64
	p, err := newProvider(db)
	if err == nil {
		for _, s := range p.ListSources() {
			known = max(known, s.Version)
		}
		err = db.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&has)
	}
	switch {
	case err != nil:
		return fmt.Errorf("read schema version: %w", err)
	case has > known:
		return fmt.Errorf("%w: its schema has version %d, this nigh knows up to %d; install the newer nigh", store.ErrNewer, has, known)
	case has < known:
		return fmt.Errorf("its schema has version %d, this nigh's is %d; start this nigh's server on it once", has, known)
	}
	return nil
}
