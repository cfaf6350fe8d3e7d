package main

import (
	"github.com/spf13/cobra"

	"nigh/server/bench"
	"nigh/webapp"
)

func newBenchSyncCommand() *cobra.Command {
	var f benchFlags
	var items, events string
	made := 0
	opt := bench.SyncOptions{}
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "A client's first sync: bytes an item, time to the last checkpoint",
		Long: `Serve a catalog from a temporary folder and let clients without one come: how many bytes each item takes on the wire, and how
long it is until the client may show the catalog. The yardsticks are the same records as gzipped JSON, and as many bytes
written to a TCP connection.`,
		Example: `  nigh bench sync
  nigh bench sync --items films.jsonl --events ratings.csv --json`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if opt.Rounds < 1 || made < 1 {
				return usagef("--rounds and --made are to be above 0")
			}
			if items == "" && events == "" {
				works, err := bench.ReadWorks(cmd.Context(), webapp.DemoCatalog())
				if err != nil {
					return err
				}
				opt.Items, opt.Events = bench.DemoLike(works, made, 10*made)
			} else if opt.Items, opt.Events, err = readBench(cmd.Context(), items, events); err != nil {
				return err
			}
			opt.Progress = benchProgress(cmd)
			r, err := bench.Sync(cmd.Context(), opt)
			return f.show(cmd, r, err)
		},
	}
	cmd.Flags().StringVar(&items, "items", "", "the catalog (default: items made of the demo's works)")
	cmd.Flags().StringVar(&events, "events", "", "what readers did, learnt before")
	cmd.Flags().IntVar(&made, "made", 10_000, "how many items are made of the demo's works")
	cmd.Flags().IntVar(&opt.Rounds, "rounds", 5, "clients that come after the first")
	f.register(cmd)
	return cmd
}
