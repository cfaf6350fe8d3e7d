package main

import (
	"context"
	"io"
	"log/slog"
	"math"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"nigh/server/ingest"
	"nigh/server/store"
)

// importFlags are the flags of both import commands.
type importFlags struct {
	server, key     string
	data, language  string
	policy          string
	format, baseURL string
	names           map[string]string
	strict          bool
}

func newImportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Bring in content, or what readers did",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newImportItemsCommand(), newImportEventsCommand())
	return cmd
}

func newImportItemsCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "items SOURCE…",
		Short: "Import items from files, feeds and folders of Markdown",
		Long: `Import items from JSON Lines, JSON, CSV, RSS, Atom, JSON Feed, or a folder of Markdown with front matter (Jekyll, Hugo).
A source is a file, a folder, an http or https URL, or - for standard input; any of them may be compressed with gzip.

An item that is there already is replaced. A row that cannot be read or is refused is reported with its place, and the
rest goes in. The fields of CSV and JSON are id, title, description, url, image, author, language, tags, categories,
attributes.NAME, published_at, expires_at, hidden, pinned, boost and vector; in one cell of CSV, a list splits at | or else at ;.`,
		Example: `  nigh import items books.jsonl films.csv.gz
  nigh import items films.csv --map id=Nr,title=Name,attributes.year=Year
  nigh import items https://example.org/feed.xml --server http://localhost:8080
  nigh import items ./my-jekyll-site --base-url https://example.org`,
		Args: usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, sources []string) error {
			return f.run(cmd, sources, true)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.baseURL, "base-url", "", "address of the site, put before the paths of Markdown pages and relative links of feeds")
	return cmd
}

func newImportEventsCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "events FILE…",
		Short: "Import what readers did, from JSON Lines, JSON or CSV",
		Long: `Import events from JSON Lines, JSON or CSV: a file, an http or https URL, or - for standard input; any of them may be
compressed with gzip. The fields are user, item, kind (view if there is none), value, at (RFC 3339, or Unix seconds with
decimals) and id.

An event without id gets one made of its content, so a file imported twice counts each event once. The items must be in
the catalog before.

Events go in by their times, those of all files together, whatever order they stand in: what readers did is learnt as it
happened. So all are read first; above 200,000 they are sorted in temporary files. Those without a time come last.`,
		Example: `  nigh import events clicks.csv
  zcat log.json.gz | nigh import events - --format jsonl --map user=session,item=page`,
		Args: usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, sources []string) error {
			return f.run(cmd, sources, false)
		},
	}
	f.register(cmd)
	return cmd
}

func (f *importFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.server, "server", "", "address of a running server to import into, instead of a data folder")
	flags.StringVar(&f.key, "key", "", "API key for the server (default: the environment's NIGH_KEY, which no list of processes shows)")
	flags.StringVar(&f.data, "data", "./data", "data folder to import into, while no server uses it")
	flags.StringVar(&f.format, "format", "", "jsonl, json, csv, feed or markdown (default: by extension, then by content)")
	flags.StringToStringVar(&f.names, "map", nil, "names that the source has for fields: FIELD=NAME,…")
	flags.BoolVar(&f.strict, "strict", false, "check everything first, and write nothing if a row is bad")
	flags.StringVar(&f.language, "language", "", "language of the items' texts in a data folder, such as en or de, or several (en,de) (default the policy's, English); the same as of nigh serve")
	flags.StringVar(&f.policy, "policy", "", "policy file of a data folder; the same as of nigh serve")
}

// run turns the flags into an importJob and does it.
func (f *importFlags) run(cmd *cobra.Command, sources []string, items bool) error {
	for _, name := range []string{"data", "language", "policy"} {
		if f.server != "" && cmd.Flags().Changed(name) {
			return usagef("--server and --%s exclude each other; leave one of them out", name)
		}
	}
	format, err := ingest.ParseFormat(f.format)
	if err != nil {
		return usagef("--format: %w", err)
	}
	if err := ingest.CheckMap(f.names, items); err != nil {
		return usagef("--map: %w", err)
	}
	stdin := 0
	for _, s := range sources {
		if s == "-" {
			stdin++
		}
	}
	if stdin > 1 {
		return usagef("standard input is named %d times; name - once", stdin)
	}
	job := importJob{
		sources: sources,
		strict:  f.strict,
		read: ingest.Options{
			Format: format, Map: f.names, BaseURL: f.baseURL,
			Stdin: cmd.InOrStdin(), UserAgent: "nigh/" + version(),
		},
		out: cmd.OutOrStdout(), errOut: cmd.ErrOrStderr(),
		open: func(ctx context.Context) (sink, error) { return f.openSink(ctx, items, cmd.ErrOrStderr()) },
	}
	if items {
		return importAll(cmd.Context(), job, itemKind)
	}
	return importAll(cmd.Context(), job, eventKind)
}

// openSink picks where the rows go.
func (f *importFlags) openSink(ctx context.Context, items bool, errOut io.Writer) (sink, error) {
	if f.server == "" {
		policy, err := readPolicy(f.policy, nil)
		if err != nil {
			return nil, err
		}
		return openDataSink(ctx, f.data, f.language, policy, !items, slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: slog.LevelWarn})))
	}
	key := f.key
	if key == "" {
		key = os.Getenv("NIGH_KEY")
	}
	return newServerSink(f.server, strings.TrimSpace(key))
}

// itemKind and eventKind are the two kinds of rows.
var (
	itemKind = rowKind[store.Item]{
		one: "item", many: "items", read: ingest.Items,
		put: sink.putItems, check: sink.checkItems,
		id: func(it *store.Item) string { return it.ID },
		bytes: func(it *store.Item) int {
			n := 200 + len(it.Title) + len(it.Description) + len(it.URL) + len(it.Image) + 12*len(it.Vector)
			for _, l := range it.Tags {
				n += len(l) + 3
			}
			return n
		},
	}
	eventKind = rowKind[store.Event]{
		one: "event", many: "events", read: ingest.Events,
		put: sink.putEvents, check: sink.checkEvents,
		id:    func(ev *store.Event) string { return ev.User + " " + ev.Kind + " " + ev.Item },
		bytes: func(ev *store.Event) int { return 120 + len(ev.User) + len(ev.Item) + len(ev.ID) },
		when: func(ev *store.Event) int64 {
			if ev.At.IsZero() { // it happens when it comes in
				return math.MaxInt64
			}
			return ev.At.UnixMilli()
		},
	}
)
