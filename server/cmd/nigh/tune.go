package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"nigh/core/learn"
	"nigh/server/eval"
	"nigh/server/ingest"
	"nigh/server/store/sqlite"
)

// tuneFlags are the flags of nigh tune.
type tuneFlags struct {
	events, items, data string
	names               map[string]string
	policy              string
	set                 []string
	protocol, repeats   string
	minutes             float64
	rounds              int
	out                 string
	force, json         bool
}

// defaultMinutes bounds a search that was given no bound.
const defaultMinutes = 20

func newTuneCommand() *cobra.Command {
	var f tuneFlags
	cmd := &cobra.Command{
		Use:   "tune --events FILE | --data DIR",
		Short: "Choose the policy on a log, and write it",
		Long: `Choose the policy that predicts a log best: how fast a reader's past fades, how much is needed to believe that one item
leads to another, what texts and popularity weigh, what a like counts against a view, and what may come again. The log
is a file, with the catalog beside it, or what a server has seen, from its data folder; the server may be running.

A policy is chosen by how it predicts one part of the log after learning what was before, and judged on a last part that
choosing has not seen: that second gain is the one to believe. Protocols are those of nigh eval: sessions, the next item
of a session; holdout, the last of what each reader with a long history had; replay, the next new item of every reader.
auto takes holdout if most events are of readers with 20 and more, else sessions.

In sessions, --repeats auto chooses too what may come again, and every step counts; with a value it is given, and what
counts is as in nigh eval sessions.

Diversity, and what standing wishes count, are not chosen: they are not there for being hit.`,
		Example: `  nigh tune --events clicks.csv.gz --items pages.jsonl --out policy.json
  nigh tune --data /var/lib/nigh --policy policy.json --minutes 5 --out better.json
  nigh serve --policy better.json`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.events, "events", "", "the log")
	fl.StringVar(&f.items, "items", "", "the catalog, for content; without it items are what the log names")
	fl.StringVar(&f.data, "data", "", "data folder of a server, instead of files; it is only read")
	fl.StringToStringVar(&f.names, "map", nil, "names that fields have in the files: user=session,item=page")
	fl.StringVar(&f.policy, "policy", "", "the present policy, to start from and to compare with (default: the built-in one)")
	fl.StringArrayVar(&f.set, "set", nil, setHelp)
	fl.StringVar(&f.protocol, "protocol", "auto", "sessions, holdout, replay or auto")
	fl.StringVar(&f.repeats, "repeats", "auto", "for sessions: allow, drop-current, drop-seen or auto")
	fl.Float64Var(&f.minutes, "minutes", 0, fmt.Sprintf("how long to search (default %d, without --rounds)", defaultMinutes))
	fl.IntVar(&f.rounds, "rounds", 0, fmt.Sprintf("how many rounds to search, without limit of time, so that a second run finds the same (at most %d)", eval.MaxRounds))
	fl.StringVar(&f.out, "out", "", "file to write the chosen policy to")
	fl.BoolVar(&f.force, "force", false, "write over the file that --out names")
	fl.BoolVar(&f.json, "json", false, "print one JSON object instead of a table")
	return cmd
}

func (f *tuneFlags) check(cmd *cobra.Command) error {
	switch {
	case f.events == "" && f.data == "":
		return usagef("neither --events nor --data is given; see %s --help", cmd.CommandPath())
	case f.events != "" && f.data != "":
		return usagef("--events and --data exclude each other; leave one of them out")
	case f.data != "" && (f.items != "" || len(f.names) > 0):
		return usagef("--items and --map are for files, a data folder has its own; leave them out")
	case cmd.Flags().Changed("minutes") && cmd.Flags().Changed("rounds"):
		return usagef("--minutes and --rounds exclude each other; leave one of them out")
	case cmd.Flags().Changed("minutes") && !(f.minutes > 0 && f.minutes <= 1e5):
		return usagef("--minutes is %v; give a number above 0", f.minutes)
	case cmd.Flags().Changed("rounds") && (f.rounds < 1 || f.rounds > eval.MaxRounds):
		return usagef("--rounds is %d; give 1 to %d", f.rounds, eval.MaxRounds)
	}
	return f.free()
}

// free tells whether the file of --out may be written.
func (f *tuneFlags) free() error {
	if f.out == "" {
		return nil
	}
	switch info, err := os.Stat(f.out); {
	case err == nil && info.IsDir():
		return usagef("--out %s is a folder; name a file", f.out)
	case err == nil && !f.force:
		return usagef("%s is there already; write over it with --force, or choose another name", f.out)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return usageError{fmt.Errorf("--out: %w", err)}
	}
	if info, err := os.Stat(filepath.Dir(f.out)); err != nil || !info.IsDir() {
		return usagef("the folder of %s is not there; make it first", f.out)
	}
	return nil
}

func (f *tuneFlags) run(cmd *cobra.Command) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	policy, err := readPolicy(f.policy, f.set)
	if err != nil {
		return err
	}
	opt := eval.TuneOptions{Policy: policy, Protocol: f.protocol, Repeats: f.repeats, Rounds: f.rounds}
	if f.minutes == 0 && f.rounds == 0 {
		f.minutes = defaultMinutes
	}
	opt.Budget = time.Duration(math.Ceil(f.minutes * float64(time.Minute)))
	prog := newEvalProgress(cmd.ErrOrStderr())
	opt.Progress = prog.tell
	d := eval.NewData()
	log, err := f.read(cmd, d)
	var res *eval.Tuning
	if err == nil {
		res, err = eval.Tune(cmd.Context(), d, log, opt)
	}
	prog.end()
	if cmd.Context().Err() != nil {
		return withHint(errors.New("interrupted; nothing was written"), "--minutes bounds how long it searches")
	}
	if err != nil {
		return err
	}
	if f.out != "" {
		if err := f.write(res.Policy); err != nil {
			return err
		}
	}
	if f.json {
		return res.JSON(cmd.OutOrStdout())
	}
	if err := res.Table(cmd.OutOrStdout()); err != nil {
		return err
	}
	if f.out != "" {
		fmt.Fprintf(cmd.OutOrStdout(), "wrote %s; serve it with nigh serve --policy %s\n", f.out, f.out)
	}
	return nil
}

// read reads the log, from files or from a store.
func (f *tuneFlags) read(cmd *cobra.Command, d *eval.Data) ([]eval.Event, error) {
	ctx := cmd.Context()
	if f.data != "" {
		return readData(ctx, d, f.data)
	}
	read := ingest.Options{Map: f.names, Stdin: cmd.InOrStdin(), Notice: func(p ingest.Place, text string) {
		d.Notes = append(d.Notes, p.String()+": "+text)
	}}
	if f.items != "" {
		if err := d.ReadItems(ctx, f.items, read); err != nil {
			return nil, err
		}
	}
	return d.ReadLog(ctx, f.events, read)
}

func readData(ctx context.Context, d *eval.Data, dir string) (log []eval.Event, err error) {
	db, err := sqlite.OpenReadOnly(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return d.ReadStore(ctx, db, time.Now())
}

// write writes the policy file whole or not at all.
func (f *tuneFlags) write(p learn.Policy) error {
	if err := f.free(); err != nil { // it may have come while we searched
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(f.out), ".nigh-policy-*")
	if err == nil {
		_, err = tmp.Write(learn.EncodePolicy(p))
		err = errors.Join(err, tmp.Chmod(0o644), tmp.Sync(), tmp.Close())
		if err == nil {
			err = os.Rename(tmp.Name(), f.out)
		}
		if err != nil {
			_ = os.Remove(tmp.Name()) // the first error is the one to tell
		}
	}
	if err != nil {
		return fmt.Errorf("write the policy to %s: %w", f.out, err)
	}
	return nil
}
