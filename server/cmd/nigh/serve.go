package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nigh/core/text"
	"nigh/server"
	"nigh/server/access"
	"nigh/server/catalog"
	"nigh/server/crowd"
	"nigh/server/store/sqlite"
	"nigh/webapp"
)

// serveFlags are the flags of nigh serve.
type serveFlags struct {
	addr, data, policy, language, logFormat string

	readers readerFlags
	open    bool
	demo    bool
	crowd   int // simulated readers
	origins []string
	delay   time.Duration

	sockets, addressSockets int
	limits, proxies         []string
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
	flags.IntVar(&f.crowd, "readers", 0, fmt.Sprintf("with --demo: simulated readers who read along, up to %d; their names begin with %s, and what they do is kept as if they were real", crowd.MaxReaders, crowd.Prefix))
	flags.StringArrayVar(&f.origins, "origin", nil, "website whose pages may use this server, such as https://example.org; may be repeated")
	f.readers.register(cmd)
	flags.BoolVar(&f.open, "open", false, "everybody who reaches the server may read every reader's profile and change the catalog")
	flags.StringVar(&f.language, "language", "", "language of the items' texts, such as en or de, then others that some have (en,de); und for none (default the policy's, en)")
	flags.StringVar(&f.logFormat, "log-format", "text", "text or json")
	flags.IntVar(&f.sockets, "max-sockets", server.DefaultMaxSockets, "WebSockets open at a time")
	flags.IntVar(&f.addressSockets, "max-address-sockets", server.DefaultLimits().AddressSockets, "of these, from one address; -1 for no bound")
	flags.StringArrayVar(&f.limits, "limit", nil, limitHelp)
	flags.StringArrayVar(&f.proxies, "trusted-proxy", nil, "address or network of a proxy whose X-Forwarded-For says who asks; may be repeated")
	flags.DurationVar(&f.delay, "delay", 0, "hold every answer back, to see how a page bears it")
	_ = flags.MarkHidden("delay") // only fails for a flag that is not there
	return cmd
}

// limitHelp is the help of --limit.
var limitHelp = func() string {
	l := server.DefaultLimits()
	return "what may come a second, and at once: ops=100/2000, or ops=none; of " + strings.Join(l.Names(), ", ") + "; may be repeated"
}()

// readLimits returns the limits that flags set.
func readLimits(f serveFlags) (server.Limits, error) {
	l := server.DefaultLimits()
	for _, text := range f.limits {
		if err := l.Set(text); err != nil {
			return l, usageError{err}
		}
	}
	if f.addressSockets < -1 || f.addressSockets == 0 || f.sockets < 1 {
		return l, usagef("--max-sockets and --max-address-sockets are to be above 0, or the latter -1")
	}
	l.AddressSockets = f.addressSockets
	return l, nil
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
	if f.crowd != 0 && !f.demo {
		return usagef("simulated readers read the demo; add --demo, or leave --readers out")
	}
	if f.crowd < 0 || f.crowd > crowd.MaxReaders {
		return usagef("there cannot be %d simulated readers; choose --readers 0 to %d", f.crowd, crowd.MaxReaders)
	}
	limits, err := readLimits(f)
	if err != nil {
		return err
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
	if f.crowd > 0 {
		keys, err := db.Keys(ctx)
		if err != nil {
			return err
		}
		if len(keys) > 0 || readers != nil {
			return usagef("simulated readers have names, and this server asks who readers are; leave --readers out, or use a data folder without keys")
		}
	}
	var address string // known once Ready is called
	ready := make(chan struct{})
	s, err := server.New(server.Options{
		Catalog: server.Live(live), Logger: log,
		Addr: f.addr, Ready: func(url string) { address = url; close(ready); fmt.Fprintln(out, "nigh is at", url) },
		Simulated: f.crowd,
		Origins:   f.origins, Keys: db, Readers: readers, Open: f.open,
		TrustNames: f.readers.trustNames, NoAnonymous: f.readers.noAnonymous,
		MaxSockets: f.sockets, Limits: limits, TrustedProxies: f.proxies,
		Demo: f.demo, DemoItems: webapp.DemoCatalog(), Dist: webapp.Dist(),
		Sync:  server.Sync(live, f.delay),
		Delay: f.delay, Version: version(),
	})
	if err != nil {
		return err
	}
	if f.crowd == 0 {
		return s.Run(ctx)
	}
	reading, leave := context.WithCancel(ctx)
	left := make(chan struct{})
	go func() {
		defer close(left)
		select {
		case <-ready:
		case <-reading.Done():
			return
		}
		library := &crowd.HTTP{URL: address, Client: http.DefaultClient}
		if err := crowd.Run(reading, crowd.Options{Readers: f.crowd, Seed: uint64(time.Now().UnixNano()), Library: library, Logger: log}); err != nil {
			log.Warn("the simulated readers have left", "error", err)
		}
	}()
	err = s.Run(ctx)
	leave()
	<-left
	return err
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
