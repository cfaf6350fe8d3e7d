package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks to finish; from then on a second one ends the process as it would without us.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main with everything that varies as an argument. It returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	root := newRootCommand()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	printError(errOut, err)
	return exitCode(err)
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "nigh",
		Short:         "Content recommendations that react to every click and keep working offline",
		Version:       version(),
		Args:          usageArgs(cobra.NoArgs),
		SilenceErrors: true, // run prints them, with their hint
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("nigh {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{withHint(err, "see "+cmd.CommandPath()+" --help")}
	})
	root.AddCommand(newServeCommand(), newImportCommand(), newEvalCommand(), newTuneCommand(), newPolicyCommand(), newBenchCommand(),
		newKeyCommand(), newTokenCommand())
	return root
}

// version names the build: the module's version, or the commit that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}

// hinted is an error with the next step for the person who reads it.
type hinted struct {
	err  error
	hint string
}

func (e hinted) Error() string { return e.err.Error() }
func (e hinted) Unwrap() error { return e.err }
func (e hinted) Hint() string  { return e.hint }

// withHint adds to err what the reader of it can do.
func withHint(err error, hint string) error { return hinted{err, hint} }

// usageError is a command line that makes no sense; nothing was done.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usagef makes a usageError. What follows the last "; " of it is its hint.
func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// usageArgs makes the errors of a check of arguments usage errors.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{withHint(err, "see "+cmd.CommandPath()+" --help")}
		}
		return nil
	}
}

// errToldAlready: what went wrong is on the terminal already; only the exit code is left to give.
var errToldAlready = errors.New("some of it failed")

func exitCode(err error) int {
	if _, ok := errors.AsType[usageError](err); ok {
		return 2
	}
	return 1
}

// printError writes `error: …` and, if there is one, `hint: …`. The hint is what the error's Hint method gives, or
// what its text has after the last "; ": messages of this project end in the next step.
func printError(w io.Writer, err error) {
	if errors.Is(err, errToldAlready) {
		return
	}
	text, hint := err.Error(), ""
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		hint = h.Hint()
		text = strings.TrimSuffix(text, "; "+hint)
	} else if i := strings.LastIndex(text, "; "); i > 0 {
		text, hint = text[:i], text[i+2:]
	}
	fmt.Fprintln(w, "error:", text)
	if hint != "" {
		fmt.Fprintln(w, "hint:", hint)
	}
}
