package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"nigh/core/learn"
)

func newPolicyCommand() *cobra.Command {
	var set []string
	cmd := &cobra.Command{
		Use:   "policy [FILE]",
		Short: "Print a policy file: the default, or what a file makes of it",
		Long: `Print the policy that nigh learns and ranks by, as a file for --policy: the default one, or FILE laid over it. FILE may
hold a few fields only; what it leaves out keeps its default. A field that there is not, or a value out of its range,
is an error that names it.

What the fields mean stands in core/learn/policy.go; "nigh tune" chooses them on a log.`,
		Example: `  nigh policy > policy.json
  nigh policy policy.json --set kinds.play.weight=2
  nigh serve --policy policy.json`,
		Args: usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			file := ""
			if len(args) == 1 {
				file = args[0]
			}
			p, err := readPolicy(file, set)
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(learn.EncodePolicy(p))
			return err
		},
	}
	cmd.Flags().StringArrayVar(&set, "set", nil, setHelp)
	return cmd
}

// What the flags of several commands say.
const (
	policyHelp = "policy file, JSON (see nigh policy); fields it leaves out keep their default"
	setHelp    = "change one field of the policy: --set lambda=5 --set kinds.like.weight=3"
)

// readPolicy returns the policy of a file ("" for the default), changed by assignments. What is wrong with them is a
// usage error.
func readPolicy(file string, set []string) (learn.Policy, error) {
	p := learn.DefaultPolicy()
	if file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return p, usageError{withHint(fmt.Errorf("read policy: %w", err), "check the path; nigh policy prints a file to start from")}
		}
		if p, err = learn.DecodePolicy(data); err != nil {
			return p, usagef("policy file %s: %w", file, err)
		}
	}
	for _, s := range set {
		if err := learn.SetPolicy(&p, s); err != nil {
			return p, usageError{err}
		}
	}
	return p, nil
}
