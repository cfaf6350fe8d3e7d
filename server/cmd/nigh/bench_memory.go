package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"time"

	"github.com/spf13/cobra"

	"nigh/core"
	"nigh/core/learn"
	"nigh/server/bench"
	"nigh/server/catalog"
	"nigh/server/store/sqlite"
)

func newBenchMemoryCommand() *cobra.Command {
	var f benchFlags
	opt := bench.MemoryOptions{}
	cmd := &cobra.Command{
		Use:   "memory",
		Short: "What a catalog and a long log take; events imported a second",
		Long: `Make a catalog and a log up, import both into a data folder as nigh import does, open it as nigh serve does, and tell what
is resident when all is learnt, and again after a reader was erased, for which all is learnt a second time. The yardsticks
are a bare table, and all pairs of the log in a plain map. With the default sizes it takes some ten minutes and 3 GB on disk.`,
		Example: `  nigh bench memory
  nigh bench memory --items 10000 --events 1000000 --json`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkSizes(opt.Items, opt.Events); err != nil {
				return err
			}
			opt.Progress = benchProgress(cmd)
			opt.Nigh = nighProcess
			r, err := bench.Memory(cmd.Context(), opt)
			return f.show(cmd, r, err)
		},
	}
	sizeFlags(cmd, &opt.Items, &opt.Events)
	cmd.Flags().StringVar(&opt.Folder, "folder", "", "where to keep the files and the data folder, and to use them again (default: a temporary one)")
	f.register(cmd)
	return cmd
}

func sizeFlags(cmd *cobra.Command, items, events *int) {
	cmd.Flags().IntVar(items, "items", 100_000, "items of the catalog")
	cmd.Flags().IntVar(events, "events", 10_000_000, "events of the log")
}

func checkSizes(items, events int) error {
	if items < 100 || items > core.MaxItems || events < 100 {
		return usagef("--items is to be from 100 to %d, --events from 100", core.MaxItems)
	}
	return nil
}

// nighProcess runs this program with arguments and returns what it said and what it had resident at most.
func nighProcess(ctx context.Context, args ...string) (out []byte, peak int64, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, 0, err
	}
	cmd := exec.CommandContext(ctx, self, args...)
	var said, failed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &failed
	if err := cmd.Run(); err != nil {
		text, _ := io.ReadAll(io.LimitReader(&failed, 4000))
		return nil, 0, fmt.Errorf("%w: %s", err, bytes.TrimSpace(text))
	}
	return said.Bytes(), peakResident(cmd.ProcessState), nil
}

// newBenchHoldCommand is the process of bench memory that holds the catalog.
func newBenchHoldCommand() *cobra.Command {
	var data, user string
	cmd := &cobra.Command{
		Use:    "hold",
		Short:  "Open a data folder as nigh serve does and tell what that takes, as bench memory does",
		Hidden: true,
		Args:   usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			held, err := hold(cmd.Context(), data, user)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(held)
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "the data folder")
	cmd.Flags().StringVar(&user, "erase", "", "the reader to erase")
	return cmd
}

// hold opens a catalog, waits until it has learnt, erases a reader, and waits again.
func hold(ctx context.Context, data, user string) (held bench.MemoryHeld, err error) {
	leanMemory()
	start := time.Now()
	db, err := sqlite.Open(ctx, data)
	if err != nil {
		return held, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	policy := learn.DefaultPolicy()
	c, err := catalog.Open(ctx, db, catalog.Options{Logger: slog.New(slog.DiscardHandler), Policy: &policy})
	if err != nil {
		return held, err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- c.Run(run) }()
	defer func() { stop(); err = errors.Join(err, <-done) }()
	look := func(h *bench.Held) error {
		if err := c.Settle(ctx); err != nil {
			return err
		}
		*h = bench.Holds()
		h.Seconds = time.Since(start).Seconds()
		return nil
	}
	if err := look(&held.Start); err != nil {
		return held, err
	}
	bench.ForgetPeak()
	start = time.Now()
	if err := c.EraseUser(ctx, user); err != nil {
		return held, err
	}
	return held, look(&held.Erasure)
}

// newBenchPairsCommand is the process of bench memory that counts pairs in a map.
func newBenchPairsCommand() *cobra.Command {
	var items, events int
	cmd := &cobra.Command{
		Use:    "pairs",
		Short:  "Count the pairs of a made-up log in a map and tell what that takes, as bench memory does",
		Hidden: true,
		Args:   usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkSizes(items, events); err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(bench.Pairs(items, events, learn.DefaultPolicy().Window))
		},
	}
	sizeFlags(cmd, &items, &events)
	return cmd
}
