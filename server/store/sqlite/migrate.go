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
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithDisableGlobalRegistry(true), goose.WithSlog(slog.New(slog.DiscardHandler)))
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
