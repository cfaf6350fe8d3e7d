package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"nigh/server/eval"
	"nigh/server/ingest"
)

// evalFlags are the flags of all eval commands.
type evalFlags struct {
	policy    string
	set       []string
	names     map[string]string
	baselines []string
	json      bool
	report    string
	required  []string // flags that must be given
}

func newEvalCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "eval",
		Short: "Measure how good the recommendations are, on a log",
		Long: `Measure how good the recommendations are, on a log, beside what people use today: popularity, item-kNN, session-kNN
and EASE. Nothing is served and nothing is written but the report.

Events are CSV, JSON or JSON Lines with the fields user, item, kind, value and at; items are any source that "nigh import
items" reads. Any of them may be compressed with gzip.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newEvalSessionsCommand(), newEvalHoldoutCommand(), newEvalReplayCommand(), newEvalSimilarCommand())
	return cmd
}

func newEvalSessionsCommand() *cobra.Command {
	var f evalFlags
	var train, test, items, repeats string
	var k int
	cmd := &cobra.Command{
		Use:   "sessions --train FILE --test FILE",
		Short: "The next item, session by session",
		Long: `Learn all of the training log, then let every beginning of a session of the test log predict its next item. A user of
the logs is a session. HR@k is the share of steps whose list of k holds the next item, MRR@k the mean of 1/place.

--repeats says what lists may hold: allow, everything; drop-current, all but the session's last item; drop-seen, nothing
of the session, and steps to an item that the session had already do not count.`,
		Example: `  nigh eval sessions --train march.csv --test april.csv
  nigh eval sessions --train march.csv --test april.csv --repeats drop-seen -k 10 --set lambda=5 --set recency_power=1`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd, func(ctx context.Context, d *eval.Data, opt eval.Options, read ingest.Options) (*eval.Result, error) {
				if items != "" {
					if err := d.ReadItems(ctx, items, read); err != nil {
						return nil, err
					}
				}
				past, err := d.ReadLog(ctx, train, read)
				if err != nil {
					return nil, err
				}
				next, err := d.ReadLog(ctx, test, read)
				if err != nil {
					return nil, err
				}
				return eval.Sessions(ctx, d, past, next, repeats, k, opt)
			})
		},
	}
	cmd.Flags().StringVar(&train, "train", "", "the log to learn (required)")
	cmd.Flags().StringVar(&test, "test", "", "the log to predict (required)")
	cmd.Flags().StringVar(&items, "items", "", "the catalog, for content; without it items are what the logs name")
	cmd.Flags().StringVar(&repeats, "repeats", "allow", "allow, drop-current or drop-seen")
	cmd.Flags().IntVarP(&k, "length", "k", 20, "length of the lists")
	f.register(cmd, "train", "test")
	return cmd
}

func newEvalHoldoutCommand() *cobra.Command {
	var f evalFlags
	var items, events string
	var cold float64
	cmd := &cobra.Command{
		Use:   "holdout --events FILE [--items SOURCE]",
		Short: "The last fifth of every reader",
		Long: `Learn the first four fifths of every reader's events and recommend to each reader what is in their last fifth. Every event
counts as one contact, whatever its kind and value; what the reader had is not listed again. NDCG@10, Recall@20 (hits of
as many as could be) and HR@10 are means over readers.

--cold 0.1 takes a tenth of the items, chosen by a hash of their ids, out of what is learnt, as if they were new, and tells
how often these are found by their texts alone.`,
		Example: `  nigh eval holdout --items films.jsonl --events ratings.csv
  nigh eval holdout --items films.jsonl --events ratings.csv --cold 0.1 --report films.html`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd, func(ctx context.Context, d *eval.Data, opt eval.Options, read ingest.Options) (*eval.Result, error) {
				if items != "" {
					if err := d.ReadItems(ctx, items, read); err != nil {
						return nil, err
					}
				}
				log, err := d.ReadLog(ctx, events, read)
				if err != nil {
					return nil, err
				}
				return eval.Holdout(ctx, d, log, cold, opt)
			})
		},
	}
	cmd.Flags().StringVar(&events, "events", "", "the log (required)")
	cmd.Flags().StringVar(&items, "items", "", "the catalog, for content; without it items are what the log names")
	cmd.Flags().Float64Var(&cold, "cold", 0, "share of the items to treat as new, 0 to 1")
	f.register(cmd, "events")
	return cmd
}

func (f *evalFlags) register(cmd *cobra.Command, required ...string) {
	fl := cmd.Flags()
	fl.StringVar(&f.policy, "policy", "", "policy file, JSON; fields it leaves out keep their default")
	fl.StringArrayVar(&f.set, "set", nil, "change one field of the policy: --set lambda=5 --set kinds.like.weight=3")
	fl.StringToStringVar(&f.names, "map", nil, "names that fields have in the files: user=session,item=page")
	fl.StringSliceVar(&f.baselines, "baselines", []string{"auto"}, strings.Join(eval.BaselineNames, ", ")+"; auto: what fits the size; or none")
	fl.BoolVar(&f.json, "json", false, "print one JSON object instead of a table")
	fl.StringVar(&f.report, "report", "", "write charts to this file, .html or .svg")
	f.required = required
}

// measure is a protocol with its files.
type measure func(context.Context, *eval.Data, eval.Options, ingest.Options) (*eval.Result, error)

// run measures and prints.
func (f *evalFlags) run(cmd *cobra.Command, measure measure) error {
	for _, name := range f.required {
		if cmd.Flag(name).Value.String() == "" {
			return usagef("--%s is missing; see %s --help", name, cmd.CommandPath())
		}
	}
	policy, err := readPolicy(f.policy, f.set)
	if err != nil {
		return err
	}
	switch ext := filepath.Ext(f.report); {
	case f.report == "" || ext == ".html" || ext == ".svg":
	default:
		return usagef("a report is HTML or SVG, not %q; name it FILE.html or FILE.svg", f.report)
	}
	prog := newEvalProgress(cmd.ErrOrStderr())
	d := eval.NewData()
	res, err := measure(cmd.Context(), d,
		eval.Options{Policy: policy, Baselines: f.baselines, Progress: prog.tell},
		ingest.Options{Map: f.names, Stdin: cmd.InOrStdin(), Notice: func(p ingest.Place, text string) {
			d.Notes = append(d.Notes, p.String()+": "+text)
		}})
	prog.end()
	if err != nil {
		return err
	}
	if f.report != "" {
		if err := writeReport(f.report, res); err != nil {
			return err
		}
	}
	if f.json {
		return res.JSON(cmd.OutOrStdout())
	}
	return res.Table(cmd.OutOrStdout())
}

// writeReport writes the charts to a file, HTML or SVG by its extension.
func writeReport(file string, res *eval.Result) error {
	write := res.HTML
	if filepath.Ext(file) == ".svg" {
		write = res.SVG
	}
	var out strings.Builder
	if err := write(&out); err != nil {
		return fmt.Errorf("draw the report: %w", err)
	}
	if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func newEvalReplayCommand() *cobra.Command {
	var f evalFlags
	var items, events string
	cmd := &cobra.Command{
		Use:   "replay --events FILE [--items SOURCE]",
		Short: "The log as it happened",
		Long: `Go through the log as it happened: before each event of a reader on an item that is new to them, rank 20 items, then learn
the event. HR@20 and MRR@20 tell where the item stood; the time of ranking and of learning one event, with all records
that it changes, stands beside them.`,
		Example: `  nigh eval replay --events clicks.csv.gz --items pages.jsonl`,
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd, func(ctx context.Context, d *eval.Data, opt eval.Options, read ingest.Options) (*eval.Result, error) {
				if items != "" {
					if err := d.ReadItems(ctx, items, read); err != nil {
						return nil, err
					}
				}
				log, err := d.ReadLog(ctx, events, read)
				if err != nil {
					return nil, err
				}
				return eval.Replay(ctx, d, log, opt)
			})
		},
	}
	cmd.Flags().StringVar(&events, "events", "", "the log (required)")
	cmd.Flags().StringVar(&items, "items", "", "the catalog, for content; without it items are what the log names")
	f.register(cmd, "events")
	return cmd
}

func newEvalSimilarCommand() *cobra.Command {
	var f evalFlags
	var items string
	cmd := &cobra.Command{
		Use:   "similar --items SOURCE",
		Short: "Texts alone",
		Long: `Rank 10 neighbours of 1,000 items by title and description alone and compare what is hidden: P@10 is the share of neighbours
of the same first category, J@10 how alike the tags are (Jaccard). The items need tags, three for those that are asked for.

The first row is what is served, from quantised records; "content" is what the texts gave before that; "all-terms" is the
cosine of all weighted words.`,
		Example: `  nigh eval similar --items packages.jsonl.gz`,
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd, func(ctx context.Context, d *eval.Data, opt eval.Options, read ingest.Options) (*eval.Result, error) {
				if err := d.ReadItems(ctx, items, read); err != nil {
					return nil, err
				}
				return eval.Similar(ctx, d, opt)
			})
		},
	}
	cmd.Flags().StringVar(&items, "items", "", "the catalog (required)")
	f.register(cmd, "items")
	return cmd
}
