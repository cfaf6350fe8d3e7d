package server

import (
	"context"
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"nigh/server/access"
	"nigh/server/store"
)

// need says who may use a route of a closed server: whoever has a key with the scope; readers too, if readers is set,
// each as themselves alone (the handlers ask Caller.Be for whom they act).
type need struct {
	scope   access.Scope
	readers bool
}

// needs is the one table from operation to what it needs. A route that is not here is public: pages, files, the API's
// description, health. TestNeeds_CoverEveryOperation holds it whole.
var needs = map[string]need{
	"put-item":         {scope: access.Write},
	"put-items":        {scope: access.Write},
	"delete-item":      {scope: access.Write},
	"get-item":         {scope: access.Read}, // as it was given: hidden ones and vectors too
	"list-items":       {scope: access.Read},
	"record-events":    {access.Events, true},
	"erase-user":       {access.Admin, true},
	"recommend":        {access.Read, true},
	"recommend-simply": {access.Read, true},
	"recipe":           {access.Read, true},
	"similar-items":    {access.Read, true},
	"live":             {access.Read, true},
	"sync":             {access.Read | access.Events, true},
}

// callerKey is where the guard leaves who asks.
type callerKey struct{}

// callerOf returns who asks. Behind the guard there always is an answer; elsewhere, nobody in particular.
func callerOf(ctx context.Context) access.Caller {
	c, _ := ctx.Value(callerKey{}).(access.Caller)
	return c
}

// may returns why the caller may not use an operation at all. For whom they act is still to be asked.
func (g *Guard) may(c access.Caller, operation string) error {
	n := needs[operation]
	switch {
	case !n.readers:
		return c.May(n.scope)
	case c.Key != "":
		return c.May(n.scope)
	case c.Anonymous() && g.noAnonymous && !c.Trusted:
		return access.ErrNone
	}
	return nil
}

// refuse answers those who may not use an operation.
func (g *Guard) refuse(operation string) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if err := g.may(callerOf(ctx.Context()), operation); err != nil {
			_, w := humago.Unwrap(ctx)
			writeProblem(w, err)
			return
		}
		next(ctx)
	}
}

// The names of the ways in, in the API's description.
const keyScheme, readerScheme = "key", "reader"

// security is a row of needs in OpenAPI's words, which have no "or nobody in particular" but the empty choice.
func security(operation string) []map[string][]string {
	n := needs[operation]
	out := []map[string][]string{{keyScheme: strings.Split(n.scope.String(), ",")}}
	if n.readers {
		out = append(out, map[string][]string{readerScheme: {}}, map[string][]string{})
	}
	return out
}

// actAs returns for whom a caller acts who names a reader, or nobody: a reader's token speaks for its reader.
func actAs(ctx context.Context, operation, reader string) (string, error) {
	c := callerOf(ctx)
	if reader == "" {
		reader = c.Reader
	}
	return reader, c.Be(reader, needs[operation].scope)
}

// actAsAll is actAs for the readers of events.
func actAsAll(ctx context.Context, operation string, events []store.Event) error {
	for i := range events {
		user, err := actAs(ctx, operation, events[i].User)
		if err != nil {
			return fmt.Errorf("event of %q: %w", clip(events[i].User), err)
		}
		events[i].User = user
	}
	return nil
}
