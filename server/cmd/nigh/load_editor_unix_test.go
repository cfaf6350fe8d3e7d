//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"nigh/server/store"
)

// editor puts, changes and deletes items over REST, one at a time or many in a body. Each item goes from state to state,
// and state says what it is then.
type editor struct {
	t     *testing.T
	name  string
	bulk  bool
	turn  int
	items [30]struct{ tried, acked int } // states
}

// state is the title of an item in its n-th state, "" for gone. Every fifth one is a deletion.
func state(n int) string {
	if n%5 == 0 {
		return ""
	}
	return fmt.Sprint("Story in its state ", n)
}

func (e *editor) id(i int) string { return fmt.Sprint(e.name, "-", i) }

func (e *editor) work(ctx context.Context, url string, acked func(rows int)) {
	for {
		e.turn++
		i := e.turn % len(e.items)
		next := e.items[i].tried + 1
		switch {
		case state(next) == "":
			e.items[i].tried = next
			if !e.send(ctx, http.MethodDelete, url+"/v1/items/"+e.id(i), nil) {
				return
			}
		case e.bulk:
			if !e.fill(ctx, url) {
				return
			}
			acked(len(e.items))
			continue
		default:
			e.items[i].tried = next
			if !e.send(ctx, http.MethodPut, url+"/v1/items/"+e.id(i), store.Item{ID: e.id(i), Title: state(next)}) {
				return
			}
		}
		e.items[i].acked = next
		acked(1)
	}
}

// fill brings all items that are not about to be deleted to their next state.
func (e *editor) fill(ctx context.Context, url string) bool {
	var items []store.Item
	var which []int
	for i := range e.items {
		if title := state(e.items[i].tried + 1); title != "" {
			e.items[i].tried++
			items, which = append(items, store.Item{ID: e.id(i), Title: title}), append(which, i)
		}
	}
	if !e.send(ctx, http.MethodPost, url+"/v1/items", items) {
		return false
	}
	for _, i := range which {
		e.items[i].acked = e.items[i].tried
	}
	return true
}

// send tells whether the server acknowledged.
func (e *editor) send(ctx context.Context, method, url string, body any) bool {
	var b bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&b).Encode(body); err != nil {
			e.t.Error(err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, url, &b)
	if err != nil {
		e.t.Error(err)
		return false
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return false // killed, or about to stop
	}
	defer res.Body.Close()
	if method == http.MethodDelete {
		return res.StatusCode == http.StatusNoContent || res.StatusCode == http.StatusNotFound
	}
	return res.StatusCode < 300 && json.NewDecoder(res.Body).Decode(&struct{}{}) == nil
}

// check finds each item in its last acknowledged state, or in one that it was sent to after that. It returns how many
// states were acknowledged.
func (e *editor) check(titles map[string]string) (total int) {
	for i, it := range e.items {
		found := false
		for n := it.acked; n <= it.tried; n++ {
			found = found || state(n) == titles[e.id(i)]
		}
		if !found {
			e.t.Errorf("%s is %q, want its state %d, or one up to %d", e.id(i), titles[e.id(i)], it.acked, it.tried)
		}
		total += it.acked
	}
	return total
}
