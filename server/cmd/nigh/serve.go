package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nigh/core/text"
	"nigh/server"
	"nigh/server/access"
	"nigh/server/catalog"
	"nigh/server/store/sqlite"
	"nigh/webapp"
)

// serveFlags are the flags of nigh serve.
type serveFlags struct {
	addr, data, policy, language, logFormat string

	readers readerFlags
	open    bool
	demo    bool
	origins []string
	delay   time.Duration
}

func newServeCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Run the server until it is told to stop (Ctrl-C, SIGTERM); it then ends within five seconds.

The catalog is in the data folder, which is made if it is not there. With --demo an empty catalog gets a library of
books and films, and the server shows pages to browse it.

A policy file says how the catalog learns and ranks; "nigh policy" prints the default as a start, "nigh tune" chooses one.
It may differ from one start to the next: what was learnt is made anew from the events, while lists are served already.

Who may what: a new server listens to this machine alone, and everybody on it may do everything. "nigh key create" makes
API keys; as soon as there is one, programs need theirs, readers are anonymous, and other machines may come in too.
Readers with a name, on all their devices, bring a token that the site signs: --readers-secret, --readers-key or
--readers-jwks say how it is checked. With --open everybody who reaches the server may do everything.`,
		Example: `  nigh serve --demo
  nigh serve --addr :8080 --data /var/lib/nigh --origin https://example.org --readers-secret /etc/nigh/secret`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), f, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.addr, "addr", "localhost:8080", "where to listen; :8080 is every network (see --open), :0 any free port")
	flags.StringVar(&f.data, "data", "./data", "folder of the catalog")
	flags.StringVar(&f.policy, "policy", "", policyHelp)
	flags.BoolVar(&f.demo, "demo", false, "show the demo, and fill an empty catalog with its works")
	flags.StringArrayVar(&f.origins, "origin", nil, "website whose pages may use this server, such as https://example.org; may be repeated")
	f.readers.register(cmd)
	flags.BoolVar(&f.open, "open", false, "everybody who reaches the server may read every reader's profile and change the catalog")
	flags.StringVar(&f.language, "language", "", "language of the items' texts, such as en or de, then others that some have (en,de); und for none (default the policy's, en)")
	flags.StringVar(&f.logFormat, "log-format", "text", "text or json")
	flags.DurationVar(&f.delay, "delay", 0, "hold every answer back, to see how a page bears it")
	_ = flags.MarkHidden("delay") // only fails for a flag that is not there
	return cmd
}

// serve picks the implementations and runs them until ctx is done.
func serve(ctx context.Context, f serveFlags, out, errOut io.Writer) (err error) {
	leanMemory()
	log, err := newLogger(f.logFormat, errOut)
	if err != nil {
		return err
	}
	tokens, err := f.readers.config()
	if err != nil {
		return err
	}
	if f.language != "" {
		for code := range strings.SplitSeq(f.language, ",") {
			if !knownLanguage(code) {
				return usagef("the language %q is not known; use a code such as en or de, with commas between several, or und for none", code)
			}
		}
	}
	policy, err := readPolicy(f.policy, nil)
	if err != nil {
		return err
	}
	if f.language == "" && !knownLanguage(policy.Language) {
		return usagef("policy file %s: the language %q is not known; use a code such as en or de, or und for none", f.policy, policy.Language)
	}
	db, err := sqlite.Open(ctx, f.data)
	if err != nil {
		return err
	}
	defer func() {
		if closed := db.Close(); closed != nil {
			err = errors.Join(err, fmt.Errorf("close store: %w", closed))
		}
	}()
	live, err := catalog.Open(ctx, db, catalog.Options{Logger: log, Language: f.language, Policy: &policy})
	if err != nil {
		return err
	}
	var readers *access.Tokens
	if tokens.Set() {
		tokens.Logger = log
		if readers, err = access.NewTokens(ctx, tokens); err != nil {
			return err
		}
	}
	s, err := server.New(server.Options{
		Catalog: server.Live(live), Logger: log,
		Addr: f.addr, Ready: func(url string) { fmt.Fprintln(out, "nigh is at", url) },
		Origins: f.origins, Keys: db, Readers: readers, Open: f.open,
		TrustNames: f.readers.trustNames, NoAnonymous: f.readers.noAnonymous,
		Demo: f.demo, DemoItems: webapp.DemoCatalog(), Dist: webapp.Dist(),
		Sync:  server.Sync(live, f.delay),
		Delay: f.delay, Version: version(),
	})
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

// knownLanguage tells whether texts can be read in a language, or are to be read in none.
func knownLanguage(code string) bool {
	return code == text.Undetermined || text.NewAnalyzer(code).Language() != text.Undetermined
}

func newLogger(format string, w io.Writer) (*slog.Logger, error) {
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, nil)), nil
	}
	return nil, usagef("there is no log format %q; use text or json", format)
}
