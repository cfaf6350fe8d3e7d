package main

import (
	"errors"
	"fmt"
	"strings"

	"nigh/core"
	"nigh/server/catalog"
	"nigh/server/store"
)

// refused makes an outcome of why the catalog refuses a row; nil is a row that went in.
func refused(err error) outcome {
	if err == nil {
		return outcome{}
	}
	if in, ok := errors.AsType[*catalog.InputError](err); ok {
		return outcome{reason: fieldOfRow(in.Field + " " + in.Reason), hint: in.Hint}
	}
	return outcome{reason: err.Error()}
}

// fieldOfRow makes "item.title is…" the "title is…" that a row of a file has.
func fieldOfRow(reason string) string {
	for _, prefix := range []string{"item.", "event."} {
		if rest, ok := strings.CutPrefix(reason, prefix); ok {
			return rest
		}
	}
	return reason
}

// checkLimits tells which items no catalog takes. dimensions is the length of the first vector so far, 0 before: others
// must have the same. Whether that is the one of the vectors in the catalog only putting tells.
func checkLimits(items []store.Item, dimensions *int) []outcome {
	out := make([]outcome, len(items))
	for i := range items {
		out[i] = refused(catalog.CheckItem(&items[i]))
		if n := len(items[i].Vector); n > 0 && out[i].reason == "" {
			if *dimensions == 0 {
				*dimensions = n
			}
			if n != *dimensions {
				out[i] = outcome{reason: fmt.Sprintf("vector has %d dimensions, the first one has %d", n, *dimensions), hint: "use one model for all"}
			}
		}
	}
	return out
}

// checkKnown tells which events no catalog takes under policy, and which are of items that there are not. A nil policy
// leaves kinds unchecked: the catalog's own is not known here. known keeps the answers of exists.
func checkKnown(events []store.Event, policy *core.Policy, known map[string]bool, exists func(id string) (bool, error)) ([]outcome, error) {
	out := make([]outcome, len(events))
	for i := range events {
		ev := &events[i]
		p := policy
		if p == nil {
			p = &core.Policy{Kinds: []core.EventKind{{Name: ev.Kind}}}
		}
		if out[i] = refused(catalog.CheckEvent(ev, p)); out[i].reason != "" {
			continue
		}
		there, asked := known[ev.Item]
		if !asked {
			var err error
			if there, err = exists(ev.Item); err != nil {
				return nil, err
			}
			known[ev.Item] = there
		}
		if !there {
			out[i] = outcome{reason: "there is no item " + ev.Item, hint: "import the items first"}
		}
	}
	return out, nil
}
