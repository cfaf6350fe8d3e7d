package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/spf13/cobra"

	"nigh/server/bench"
)

func newBenchFanoutCommand() *cobra.Command {
	var f benchFlags
	opt := bench.FanoutOptions{}
	cmd := &cobra.Command{
		Use:   "fanout",
		Short: "A change of the catalog to thousands of readers",
		Long: `Connect readers to the channel, from another process, and edit items: deliveries a second while many changes are on their
way, and how long a change takes from the disk to the first and to the last reader. The yardstick is a loop that writes as
many bytes to plain TCP connections, one write each; the two take turns.`,
		Example: `  nigh bench fanout
  nigh bench fanout --clients 5000 --for 5s --json`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, n := range opt.Clients {
				if n < 1 {
					return usagef("--clients are to be above 0")
				}
			}
			if opt.Bytes < bench.MinDelta || opt.Bytes > bench.MaxDelta || opt.InFlight < 1 || opt.Rounds < 1 || opt.For <= 0 {
				return usagef("--bytes is to be from %d to %d, --in-flight, --rounds and --for above 0", bench.MinDelta, bench.MaxDelta)
			}
			opt.Progress, opt.Crowd = benchProgress(cmd), crowdProcess
			r, err := bench.Fanout(cmd.Context(), opt)
			return f.show(cmd, r, err)
		},
	}
	cmd.Flags().IntSliceVar(&opt.Clients, "clients", []int{1000}, "readers; several numbers are several cases")
	cmd.Flags().IntVar(&opt.Bytes, "bytes", 512, "bytes of a delta, about")
	cmd.Flags().IntVar(&opt.InFlight, "in-flight", 50, "changes on their way at the same time")
	cmd.Flags().IntVar(&opt.Rounds, "rounds", 3, "how often nigh and the yardstick take turns")
	cmd.Flags().DurationVar(&opt.For, "for", time.Second, "how long each turn is")
	f.register(cmd)
	return cmd
}

func newBenchIdleCommand() *cobra.Command {
	var f benchFlags
	opt := bench.IdleOptions{}
	cmd := &cobra.Command{
		Use:   "idle",
		Short: "Memory of a reader who says nothing",
		Long: `Connect readers to the channel, from another process, and measure what each adds to the server's resident memory. The
yardstick is a bare WebSocket with a goroutine that reads and one that waits to write.`,
		Example: `  nigh bench idle
  nigh bench idle --clients 10000 --json`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opt.Clients < 1 {
				return usagef("--clients is to be above 0")
			}
			opt.Progress, opt.Crowd = benchProgress(cmd), crowdProcess
			r, err := bench.Idle(cmd.Context(), opt)
			return f.show(cmd, r, err)
		},
	}
	cmd.Flags().IntVar(&opt.Clients, "clients", 5000, "readers")
	f.register(cmd)
	return cmd
}

func newBenchResumeCommand() *cobra.Command {
	var f benchFlags
	opt := bench.ResumeOptions{}
	cmd := &cobra.Command{
		Use:   "resume",
		Short: "Readers who come back: one who missed edits, thousands who were cut off",
		Long: `Have a reader miss edits, in catalogs of several sizes, and count the bytes that bring them up to date; the yardstick is a
reader who was there all the time. Then cut thousands of readers off at once, in another process, and measure until all are
live again; the yardstick is as many bare WebSockets that connect as fast as they can.`,
		Example: `  nigh bench resume
  nigh bench resume --items 10000 --clients 0`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, n := range opt.Items {
				if n < opt.Edits {
					return usagef("--items are to be as many as --edits at least")
				}
			}
			if opt.Edits < 1 || opt.Clients < 0 {
				return usagef("--edits is to be above 0, --clients not below")
			}
			opt.Progress, opt.Crowd = benchProgress(cmd), crowdProcess
			r, err := bench.Resume(cmd.Context(), opt)
			return f.show(cmd, r, err)
		},
	}
	cmd.Flags().IntSliceVar(&opt.Items, "items", []int{2000, 8000}, "items of the catalogs")
	cmd.Flags().IntVar(&opt.Edits, "edits", 100, "edits that the reader misses")
	cmd.Flags().IntVar(&opt.Clients, "clients", 1000, "readers that are cut off at once; 0 for none")
	f.register(cmd)
	return cmd
}

func newBenchOpsCommand() *cobra.Command {
	var f benchFlags
	opt := bench.OpsOptions{}
	cmd := &cobra.Command{
		Use:   "ops",
		Short: "What readers do, until it is on disk and acknowledged",
		Long: `Send what readers do over the channel, from another process: as fast as can be, in frames of 100, and one by one at a pace.
Each is acknowledged when it is on disk. The yardstick is the store alone: synced commits of 200 events, and of one.`,
		Example: `  nigh bench ops
  nigh bench ops --clients 200 --pace 2000 --for 10s`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opt.Clients < 1 || opt.Pace < 1 || opt.Items < 1 || opt.Rounds < 1 || opt.For <= 0 {
				return usagef("--clients, --pace, --items, --rounds and --for are to be above 0")
			}
			opt.Progress, opt.Crowd = benchProgress(cmd), crowdProcess
			r, err := bench.Ops(cmd.Context(), opt)
			return f.show(cmd, r, err)
		},
	}
	cmd.Flags().IntVar(&opt.Clients, "clients", 64, "readers that send")
	cmd.Flags().IntVar(&opt.Pace, "pace", 2000, "ops a second where they are sent at a pace")
	cmd.Flags().IntVar(&opt.Items, "items", 1000, "items of the catalog")
	cmd.Flags().IntVar(&opt.Rounds, "rounds", 3, "how often nigh and the yardstick take turns")
	cmd.Flags().DurationVar(&opt.For, "for", time.Second, "how long each turn is")
	f.register(cmd)
	return cmd
}

func newBenchSoakCommand() *cobra.Command {
	var f benchFlags
	opt := bench.SoakOptions{}
	cmd := &cobra.Command{
		Use:   "soak",
		Short: "Readers who come and go for an hour: memory stays flat",
		Long: `Have readers come, ask, act and go, and items change, in one process; it fails if heap or goroutines of the last quarter are
more than those of the first.`,
		Example: `  nigh bench soak --for 1m`,
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opt.For <= 0 || opt.Clients < 1 || opt.Items < 1 {
				return usagef("--for, --clients and --items are to be above 0")
			}
			opt.Progress = benchProgress(cmd)
			r, err := bench.Soak(cmd.Context(), opt)
			if r == nil {
				return err
			}
			return errors.Join(err, f.show(cmd, r, nil))
		},
	}
	cmd.Flags().DurationVar(&opt.For, "for", time.Minute, "how long")
	cmd.Flags().IntVar(&opt.Clients, "clients", 50, "readers at a time")
	cmd.Flags().IntVar(&opt.Items, "items", 500, "items of the catalog")
	f.register(cmd)
	return cmd
}

// newBenchCrowdCommand is the other process of the benches of the channel: it reads orders from standard input.
func newBenchCrowdCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "crowd",
		Short:  "Be thousands of readers, as bench fanout orders",
		Hidden: true,
		Args:   usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return bench.RunCrowd(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
}

// crowdProcess starts this binary again as a crowd.
func crowdProcess(ctx context.Context) (io.ReadWriteCloser, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "bench", "crowd")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &crowdPipes{out, in, cmd}, cmd.Start()
}

// crowdPipes are the process's standard input and output; Close ends it.
type crowdPipes struct {
	io.ReadCloser
	in  io.WriteCloser
	cmd *exec.Cmd
}

func (p *crowdPipes) Write(b []byte) (int, error) { return p.in.Write(b) }

func (p *crowdPipes) Close() error { return errors.Join(p.in.Close(), p.cmd.Wait()) }
