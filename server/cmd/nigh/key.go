package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"nigh/server/access"
	"nigh/server/store"
	"nigh/server/store/sqlite"
)

// maxKeyName is how many bytes the name of a key has at most.
const maxKeyName = 100

func newKeyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make, list and revoke API keys",
		Long: `API keys are for programs that talk to a server: your site's backend, an import. What a key may do, its scopes say:

  read    any reader's recommendations, and items as they were given
  events  record what any reader did
  write   add, change and remove items
  admin   erase readers

The data folder keeps no key, only what it takes to know one again. All of this works while a server runs, which asks
for keys as soon as there is one: see "Who may what" in the README.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newKeyCreateCommand(), newKeyListCommand(), newKeyRevokeCommand())
	return cmd
}

const dataHelp = "folder of the catalog"

func newKeyCreateCommand() *cobra.Command {
	var data, name, scope string
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a key, and show it this once",
		Example: `  nigh key create --name shop --scope read,events
  NIGH_KEY=$(nigh key create --name import --scope write) nigh import items posts/ --server https://nigh.example.org`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			scopes, err := access.ParseScope(scope)
			if err != nil {
				return usagef("--scope: %w", err)
			}
			if name = strings.TrimSpace(name); name == "" || len(name) > maxKeyName || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
				return usagef("--name takes 1 to %d bytes on one line; say what the key is for, such as --name shop", maxKeyName)
			}
			text, key := access.NewKey(name, scopes, time.Now())
			err = withKeys(cmd.Context(), data, func(keys store.Keys) error { return keys.AddKey(cmd.Context(), key) })
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "This is the key %s, for %s (%v). It is not kept and not shown again.\n", key.ID, name, scopes)
			_, err = fmt.Fprintln(cmd.OutOrStdout(), text)
			return err
		},
	}
	cmd.Flags().StringVar(&data, "data", "./data", dataHelp)
	cmd.Flags().StringVar(&name, "name", "", "what the key is for")
	cmd.Flags().StringVar(&scope, "scope", "", "what it may do: some of read,events,write,admin")
	return cmd
}

func newKeyListCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the keys that there are and were",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withKeys(cmd.Context(), data, func(keys store.Keys) error {
				all, err := keys.Keys(cmd.Context())
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "ID\tNAME\tSCOPES\tMADE\tREVOKED")
				for _, k := range all {
					revoked := "-"
					if !k.Revoked.IsZero() {
						revoked = day(k.Revoked)
					}
					fmt.Fprintf(w, "%s\t%s\t%v\t%s\t%s\n", k.ID, k.Name, access.Scope(k.Scopes), day(k.Created), revoked)
				}
				return w.Flush()
			})
		},
	}
	cmd.Flags().StringVar(&data, "data", "./data", dataHelp)
	return cmd
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

func newKeyRevokeCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "revoke ID",
		Short: "Make a key worthless, within a second",
		Long: `Make a key worthless. A running server refuses it within a second or two, and ends the connections that it opened. The ID
is what the key has behind nigh_, and what "nigh key list" shows; the whole key will do too.`,
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			id := args[0]
			if access.IsKey(id) { // pasted whole
				id, _, _ = strings.Cut(strings.TrimPrefix(id, "nigh_"), "_")
			}
			err := withKeys(cmd.Context(), data, func(keys store.Keys) error { return keys.RevokeKey(cmd.Context(), id, time.Now()) })
			if errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("there is no key %q; nigh key list shows those that there are", id)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&data, "data", "./data", dataHelp)
	return cmd
}

// withKeys gives f the keys of a data folder, whether or not a server uses it.
func withKeys(ctx context.Context, dir string, f func(store.Keys) error) (err error) {
	db, err := sqlite.OpenKeys(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return f(db)
}
