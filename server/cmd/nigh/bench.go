package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/spf13/cobra"

	"nigh/core"
	"nigh/server/bench"
	"nigh/server/ingest"
	"nigh/server/store"
)

func newBenchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure how fast nigh is on this machine",
		Long: `Measure how fast nigh is on this machine. Each figure stands beside a yardstick that was measured in the same run, and the
ratio of the two says more than either: × 3 means that nigh does three while the yardstick does one.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBenchRankCommand(), newBenchLearnCommand(), newBenchImportCommand(), newBenchServeCommand(), newBenchSyncCommand(),
		newBenchLoadCommand(), newBenchMemoryCommand(), newBenchHoldCommand(), newBenchPairsCommand())
	return cmd
}

// benchFlags are the flags of all bench commands.
type benchFlags struct{ json bool }

func (f *benchFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object instead of a table")
}

// show prints what was measured.
func (f *benchFlags) show(cmd *cobra.Command, r *bench.Result, err error) error {
	switch {
	case err != nil:
		return err
	case f.json:
		return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
	}
	return r.Table(cmd.OutOrStdout())
}

// benchProgress tells what is done now, a line each.
func benchProgress(cmd *cobra.Command) bench.Progress {
	return func(step string) { fmt.Fprintln(cmd.ErrOrStderr(), step) }
}

func newBenchRankCommand() *cobra.Command {
	var f benchFlags
	opt := bench.RankOptions{}
	cmd := &cobra.Command{
		Use:   "rank",
		Short: "One ranking, among 1,000 to 100,000 items",
		Long: `Rank 20 places for a reader with a history, in made-up catalogs. The yardsticks are a scan that holds every record against
the reader's profile, and a plain pass over the bytes that such a scan reads.`,
		Example: `  nigh bench rank
  nigh bench rank --sizes 1000000 --json`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, n := range opt.Sizes {
				if n < 100 || n > core.MaxItems {
					return usagef("--sizes are to be from 100 to %d", core.MaxItems)
				}
			}
			if opt.History < 1 || opt.History > core.MaxHistory || opt.Questions < 1 || opt.Scans < 1 {
				return usagef("--history is to be from 1 to %d, --questions and --scans from 1", core.MaxHistory)
			}
			opt.Progress = benchProgress(cmd)
			r, err := bench.Rank(cmd.Context(), opt)
			return f.show(cmd, r, err)
		},
	}
	cmd.Flags().IntSliceVar(&opt.Sizes, "sizes", []int{1000, 10_000, 100_000}, "items of the catalogs")
	cmd.Flags().IntVar(&opt.History, "history", 50, "items in a reader's history")
	cmd.Flags().IntVar(&opt.Questions, "questions", 5000, "rankings that are timed")
	cmd.Flags().IntVar(&opt.Scans, "scans", 20, "how often each yardstick is measured")
	f.register(cmd)
	return cmd
}

func newBenchLearnCommand() *cobra.Command {
	var f benchFlags
	var items, events, policy string
	var set []string
	opt := bench.LearnOptions{}
	cmd := &cobra.Command{
		Use:   "learn",
		Short: "Events learnt a second; an event to the changed list",
		Long: `Learn a log, each event with all that it changes, so that the next ranking sees it; the yardstick counts the same pairs in a
map. Then start a server, send it events and ask until the list shows them, and tell the parts of that: the two calls, and
of the server what a call waits for (wait, stage, commit, remember) and what is done in between (learn, refine, relate,
flush; publish is within these). The yardstick inserts a row into SQLite and syncs it, by turns with the events.`,
		Example: `  nigh bench learn
  nigh bench learn --events clicks.csv --set recency_power=1`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if opt.Clicks < 1 {
				return usagef("--clicks is to be above 0")
			}
			if opt.Policy, err = readPolicy(policy, set); err != nil {
				return err
			}
			switch {
			case events == "":
				opt.Items, opt.Events = bench.Synthetic(10_000, 50_000)
			default:
				if opt.Events, err = bench.ReadEvents(cmd.Context(), events, ingest.Options{}); err != nil {
					return err
				}
			}
			if items != "" {
				if opt.Items, err = bench.ReadItems(cmd.Context(), items, ingest.Options{}); err != nil {
					return err
				}
			}
			leanMemory() // as nigh serve
			opt.Progress = benchProgress(cmd)
			r, err := bench.Learn(cmd.Context(), opt)
			return f.show(cmd, r, err)
		},
	}
	cmd.Flags().StringVar(&events, "events", "", "the log, in order of time (default: 50,000 made-up events)")
	cmd.Flags().StringVar(&items, "items", "", "the catalog (default: what the log names, without texts)")
	cmd.Flags().StringVar(&policy, "policy", "", policyHelp)
	cmd.Flags().StringArrayVar(&set, "set", nil, setHelp)
	cmd.Flags().IntVar(&opt.Clicks, "clicks", 1000, "events that are followed through a server")
	cmd.Flags().IntVar(&opt.Catalog, "catalog", 10_000, "items of that server, at most; 0 is all")
	f.register(cmd)
	return cmd
}

func newBenchImportCommand() *cobra.Command {
	var f benchFlags
	var items string
	opt := bench.ImportOptions{}
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Items a second, on disk and related to all others",
		Long: `Import items into a temporary folder, each related to all others, as nigh import does. The yardstick is SQLite's search
engine FTS5, which indexes the same texts and is asked for as many neighbours of some of them.`,
		Example: `  nigh bench import
  nigh bench import --items packages.jsonl.gz`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if opt.Asked < 1 {
				return usagef("--asked is to be above 0")
			}
			if opt.Items, _, err = readBench(cmd.Context(), items, ""); err != nil {
				return err
			}
			opt.Progress = benchProgress(cmd)
			r, err := bench.Import(cmd.Context(), opt)
			return f.show(cmd, r, err)
		},
	}
	cmd.Flags().StringVar(&items, "items", "", "the items (default: 10,000 made-up ones)")
	cmd.Flags().IntVar(&opt.Asked, "asked", 200, "items that FTS5 finds the neighbours of")
	f.register(cmd)
	return cmd
}

func newBenchServeCommand() *cobra.Command {
	var f benchFlags
	var items, events string
	opt := bench.ServeOptions{}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Answers a second of POST /v1/recommendations",
		Long: `Serve a catalog from a temporary folder and ask for recommendations as fast as it answers, from a process of its own on the
same machine. The yardstick is a bare HTTP server that answers as many bytes under the same load.`,
		Example: `  nigh bench serve
  nigh bench serve --items films.jsonl --events ratings.csv --connections 8`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opt.Connections < 1 || opt.For <= 0 || opt.History < 0 {
				return usagef("--connections, --for and --history are to be above 0")
			}
			var err error
			if opt.Items, opt.Events, err = readBench(cmd.Context(), items, events); err != nil {
				return err
			}
			leanMemory() // as nigh serve
			opt.Progress, opt.Loader = benchProgress(cmd), loadProcess
			r, err := bench.Serve(cmd.Context(), opt)
			return f.show(cmd, r, err)
		},
	}
	cmd.Flags().StringVar(&items, "items", "", "the catalog (default: 10,000 made-up items)")
	cmd.Flags().StringVar(&events, "events", "", "what readers did, learnt before")
	cmd.Flags().IntVar(&opt.History, "history", 10, "items in the history of each question")
	cmd.Flags().IntVar(&opt.Connections, "connections", 8, "connections that ask at the same time")
	cmd.Flags().BoolVar(&opt.Gzip, "gzip", false, "ask for compressed answers")
	cmd.Flags().DurationVar(&opt.For, "for", 5*time.Second, "how long to measure")
	f.register(cmd)
	return cmd
}

// readBench reads a catalog and its log, or makes a catalog up where none is named.
func readBench(ctx context.Context, items, events string) ([]store.Item, []store.Event, error) {
	if items == "" && events != "" {
		return nil, nil, usagef("--events needs the items that they are about; name them with --items")
	}
	if items == "" {
		all, log := bench.Synthetic(10_000, 50_000)
		return all, log, nil
	}
	all, err := bench.ReadItems(ctx, items, ingest.Options{})
	if err != nil || events == "" {
		return all, nil, err
	}
	log, err := bench.ReadEvents(ctx, events, ingest.Options{})
	return all, log, err
}

// newBenchLoadCommand is the other process of bench serve: it reads a load from standard input and prints its figures.
func newBenchLoadCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "load",
		Short:  "Put a load on a server, as bench serve does",
		Hidden: true,
		Args:   usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var l bench.Load
			if err := json.NewDecoder(bufio.NewReader(cmd.InOrStdin())).Decode(&l); err != nil {
				return usagef("read the load: %w", err)
			}
			got, err := l.Run(cmd.Context())
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(got)
		},
	}
}

// loadProcess puts a load on from a process of its own.
func loadProcess(ctx context.Context, l bench.Load) (got bench.LoadFigures, err error) {
	self, err := os.Executable()
	if err != nil {
		return got, err
	}
	in, err := json.Marshal(l)
	if err != nil {
		return got, err
	}
	cmd := exec.CommandContext(ctx, self, "bench", "load")
	cmd.Stdin = bytes.NewReader(in)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		text, _ := io.ReadAll(io.LimitReader(&said, 4000))
		return got, errors.Join(err, errors.New(string(bytes.TrimSpace(text))))
	}
	return got, json.Unmarshal(out.Bytes(), &got)
}
