package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"nigh/core"
	"nigh/core/wire"
	"nigh/server/store"
)

const guest1, guest2 = "browser-id-000001", "browser-id-000002"

// tagged makes ops on items with their numbers as values, to know them by.
func tagged(item string, values ...int64) (ops []wire.Op) {
	for _, v := range values {
		ops = append(ops, wire.Op{Event: true, Kind: "view", Item: item, ValueMilli: v, AtMillis: simStart + v})
	}
	return ops
}

// doings returns what the store holds of everybody: user and value of each event, ascending.
func (r *rig) doings() (out []string) {
	r.t.Helper()
	err := r.store.EachEvent(bg, 0, func(e store.StoredEvent) error {
		out = append(out, fmt.Sprint(e.User, " ", e.ValueMilli))
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

func (r *rig) apply(client, user string, first uint64, ops ...wire.Op) {
	r.t.Helper()
	if _, err := r.ApplyOps(bg, client, user, first, ops); err != nil {
		r.t.Fatalf("ApplyOps: %v", err)
	}
}

func TestMergeGuest_GivesAllToTheNamedReaderOnce(t *testing.T) {
	r := start(t)
	r.put(shelf(4, "sea", "space")...)
	r.apply("phone", "ada", 1, tagged("sea-0", 1, 2)...)
	r.apply("phone", "ada", 3, wire.Op{Preference: core.Preference{Kind: core.PreferTag, Key: "sea", Weight: 256}})
	r.apply(guest1, wire.Guest(guest1), 1, tagged("space-1", 3, 4)...)
	r.apply(guest1, wire.Guest(guest1), 3,
		wire.Op{Preference: core.Preference{Kind: core.PreferTag, Key: "sea", Weight: -256}},
		wire.Op{Preference: core.Preference{Kind: core.PreferTag, Key: "space", Weight: 512}})
	r.settle()
	before := r.index()
	for range 3 {
		if err := r.MergeGuest(bg, guest1, "ada"); err != nil {
			t.Fatal(err)
		}
	}
	wantIDs(t, "events", r.doings(), "ada 1", "ada 2", "ada 3", "ada 4")
	h, p, err := r.Profile(bg, "ada")
	want := core.Preferences{{Kind: core.PreferTag, Key: "sea", Weight: 256}, {Kind: core.PreferTag, Key: "space", Weight: 512}}
	if err != nil || len(h) != 2 || !slices.Equal(p, want) {
		t.Errorf("ada = %v %v, %v, want two items and her own wish for the sea", h, p, err)
	}
	if h, p, err := r.Profile(bg, wire.Guest(guest1)); err != nil || len(h)+len(p) != 0 {
		t.Errorf("the guest = %v %v, %v, want nothing", h, p, err)
	}
	r.settle()
	if !maps.Equal(r.index(), before) {
		t.Errorf("a merge changed records: it teaches nothing")
	}
	// Whoever learns all anew learns each once as well: of views alone, which item was seen how often is what heat says.
	r.stop()
	r.open()
	r.run()
	r.settle()
	r.wantWhole()
	after := r.index()
	for n, packed := range before {
		was, _ := wire.ReadRecord([]byte(packed))
		is, err := wire.ReadRecord([]byte(after[n]))
		if err != nil || was.Heat != is.Heat {
			t.Errorf("heat of %s = %d after a start, want %d as before the merge", was.ID, is.Heat, was.Heat)
		}
	}
	h2, p2, err := r.Profile(bg, "ada")
	if err != nil || !slices.Equal(h, h2) || !slices.Equal(p, p2) {
		t.Errorf("ada after a start = %v %v, %v, want %v %v", h2, p2, err, h, p)
	}
}

// A browser's id that was merged is spent: nobody else gets what was done under it, and nobody is anonymous by it.
func TestMergeGuest_LeaksNothingToTheNextReader(t *testing.T) {
	r := start(t)
	r.put(shelf(2, "sea")...)
	r.apply(guest1, wire.Guest(guest1), 1, tagged("sea-0", 1)...)
	for _, who := range []string{"ada", "bob", "ada"} {
		if err := r.MergeGuest(bg, guest1, who); err != nil {
			t.Fatal(err)
		}
	}
	wantIDs(t, "events after another reader merged the same browser", r.doings(), "ada 1")
	if _, err := r.LastOp(bg, guest1, wire.Guest(guest1)); !errors.Is(err, ErrOtherReader) {
		t.Errorf("the browser's id for an anonymous reader again = %v, want ErrOtherReader", err)
	}
	if _, err := r.ApplyOps(bg, guest1, wire.Guest(guest1), 2, tagged("sea-1", 2)); !errors.Is(err, ErrOtherReader) {
		t.Errorf("ops of the anonymous reader after the merge = %v, want ErrOtherReader", err)
	}
	// What ada does is hers, whatever browser she does it with: a named reader's client is no guest.
	r.apply("adas-own-browser-0", "ada", 1, tagged("sea-1", 3)...)
	if err := r.MergeGuest(bg, "adas-own-browser-0", "bob"); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, "events after a merge of a named reader's browser", r.doings(), "ada 1", "ada 3")
	for client, want := range map[string]uint64{guest1: 1, "adas-own-browser-0": 1} {
		if last, err := r.LastOp(bg, client, "ada"); last != want || err != nil {
			t.Errorf("ada's client %s after bob named it = %d, %v, want it hers with op %d", client, last, err, want)
		}
	}
	if err := r.EraseUser(bg, "ada"); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, "events after the account was erased", r.doings())
	if last, err := r.LastOp(bg, guest1, wire.Guest(guest1)); last != 0 || err != nil {
		t.Errorf("the browser's id after the account was erased = %d, %v, want one that was never here", last, err)
	}
	for client, into := range map[string]string{"short": "ada", guest2: "", guest1: "~" + guest2} {
		if err := r.MergeGuest(bg, client, into); err == nil {
			t.Errorf("MergeGuest(%q, %q) = nil, want it refused", client, into)
		}
	}
}

func TestMergeGuest_OfTwoDevicesAtOnce(t *testing.T) {
	r := start(t)
	r.put(shelf(2, "sea")...)
	r.apply(guest1, wire.Guest(guest1), 1, tagged("sea-0", 1)...)
	r.apply(guest2, wire.Guest(guest2), 1, tagged("sea-1", 2)...)
	errs := make(chan error)
	for i := range 8 {
		go func() { errs <- r.MergeGuest(bg, []string{guest1, guest2}[i%2], "ada") }()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	wantIDs(t, "events", r.doings(), "ada 1", "ada 2")
	if h, _, err := r.Profile(bg, "ada"); err != nil || len(h) != 2 {
		t.Errorf("ada's history = %v, %v, want both items", h, err)
	}
}

func TestMergeGuest_OfAFailedCommitLeavesNothing(t *testing.T) {
	r := start(t)
	r.put(shelf(2, "sea")...)
	r.apply(guest1, wire.Guest(guest1), 1, tagged("sea-0", 1)...)
	r.settle()
	r.store.fails.Store(1)
	if err := r.MergeGuest(bg, guest1, "ada"); !errors.Is(err, store.ErrReadOnly) {
		t.Fatalf("MergeGuest = %v, want the store's error", err)
	}
	if h, _, err := r.Profile(bg, wire.Guest(guest1)); err != nil || len(h) != 1 {
		t.Errorf("the guest = %v, %v, want it as it was", h, err)
	}
	if err := r.MergeGuest(bg, guest1, "ada"); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, "events", r.doings(), "ada 1")
}

// Over the wire: ops of the guest that had arrived without an acknowledgement are not applied again, the others are;
// and the other device of the reader is told.
func TestSession_MergesGuestsWithTheirOps(t *testing.T) {
	r := start(t)
	r.put(shelf(4, "sea")...)
	r.settle()
	page, pageOut, _ := r.hello(wire.Hello{Client: guest1})
	if err := page.Frame(bg, wire.Encode(&wire.Ops{First: 1, Ops: tagged("sea-0", 1, 2)})); err != nil {
		t.Fatal(err)
	}
	pageOut.take(t)
	phone, phoneOut, _ := r.hello(wire.Hello{Client: "phone", User: "ada"})
	s, out, _ := r.hello(wire.Hello{Client: "laptop", User: "ada"})
	for range 2 { // the answer of the first was lost
		if err := s.Frame(bg, wire.Encode(&wire.Merge{Client: guest1, First: 2, Ops: tagged("sea-1", 2, 3)})); err != nil {
			t.Fatal(err)
		}
	}
	wantIDs(t, "events", r.doings(), "ada 1", "ada 2", "ada 3")
	got := out.take(t)
	if m, ok := got[0].(*wire.Merged); !ok || m.Client != guest1 || m.Op != 3 {
		t.Errorf("answer = %+v, want Merged up to 3", got[0])
	}
	if i := slices.IndexFunc(got, func(m wire.Message) bool { _, ok := m.(*wire.Profile); return ok }); i < 0 || len(got[i].(*wire.Profile).History) != 2 {
		t.Errorf("answers = %v, want the profile with both items", kinds(got))
	}
	if err := phone.Refresh(bg); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, "what the other device is told", kinds(phoneOut.take(t)), "Profile")
	pageOut.take(t)
	// The page that is still open under the anonymous name: not one op more.
	if err := page.Frame(bg, wire.Encode(&wire.Ops{First: 3, Ops: tagged("sea-2", 9)})); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, "answer to the anonymous page", kinds(pageOut.take(t)), "Reset")
	out2 := &recorder{}
	if err := NewSession(r.Catalog, out2).Frame(bg, wire.Encode(&wire.Hello{Version: wire.Version, Client: guest1})); err == nil || out2.code != wire.CloseForbidden {
		t.Errorf("the anonymous page again: %v, code %d, want %d", err, out2.code, wire.CloseForbidden)
	}
	if err := s.Frame(bg, wire.Encode(&wire.Merge{Client: "laptop"})); err == nil {
		t.Errorf("a merge of the session's own client = nil, want it refused")
	}
	anonymous, _, _ := r.hello(wire.Hello{Client: guest2})
	if err := anonymous.Frame(bg, wire.Encode(&wire.Merge{Client: "another-browser-1"})); err != nil {
		t.Errorf("a merge into an anonymous reader = %v, want an error message alone", err)
	}
}

// porter is a door that knows one token.
type porter struct{ until time.Time }

func (p *porter) Enter(_ context.Context, h *wire.Hello) (Pass, error) { return p.check(h.Token) }
func (p *porter) Renew(_ context.Context, _ Pass, token string) (Pass, error) {
	return p.check(token)
}

func (p *porter) check(token string) (Pass, error) {
	switch token {
	case "ada", "bob":
		return Pass{Reader: token, Until: p.until}, nil
	case "old":
		return Pass{}, ErrTokenEnded
	case "broken":
		return Pass{}, errors.New("the disk is gone")
	}
	return Pass{}, fmt.Errorf("%w: no such token", ErrForbidden)
}

func TestSession_EndsWithItsToken(t *testing.T) {
	r := start(t)
	at := func(seconds int) time.Time { return time.Unix(1_800_000_000+int64(seconds), 0) }
	door := &porter{until: at(100)}
	open := func(token string) (*Session, *recorder, error) {
		out := &recorder{}
		s := NewSession(r.Catalog, out).Through(door)
		t.Cleanup(s.Close)
		err := s.Frame(bg, wire.Encode(&wire.Hello{Version: wire.Version, Client: "c-" + token, User: token, Token: token}))
		return s, out, err
	}
	for token, code := range map[string]int{"old": wire.CloseExpired, "eve": wire.CloseForbidden, "broken": wire.CloseGoingAway} {
		if s, out, err := open(token); err == nil || out.code != code || !s.Tick(at(0)).IsZero() {
			t.Errorf("hello with the token %q: %v, code %d, want %d", token, err, out.code, code)
		}
	}
	s, out, err := open("ada")
	if err != nil {
		t.Fatal(err)
	}
	out.take(t)
	tick := func(seconds int) []string {
		s.Tick(at(seconds))
		return kinds(out.take(t))
	}
	wantIDs(t, "61 seconds before the end", tick(39))
	wantIDs(t, "a minute before the end", tick(40), "Expiry")
	wantIDs(t, "later", tick(60))
	door.until = at(200)
	if err := s.Frame(bg, wire.Encode(&wire.Renew{Token: "ada"})); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, "when the first would have ended", tick(100))
	wantIDs(t, "a minute before the end of the fresh one", tick(140), "Expiry")
	if out.code != 0 {
		t.Errorf("closed with %d before the end", out.code)
	}
	wantIDs(t, "at the end", tick(200))
	if out.code != wire.CloseExpired {
		t.Errorf("code at the end = %d, want %d", out.code, wire.CloseExpired)
	}
	for token, code := range map[string]int{"bob": wire.CloseForbidden, "old": wire.CloseExpired, "": wire.CloseForbidden} {
		s, out, err := open("ada")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Frame(bg, wire.Encode(&wire.Renew{Token: token})); err == nil || out.code != code {
			t.Errorf("renewed with %q: %v, code %d, want %d", token, err, out.code, code)
		}
	}
}
