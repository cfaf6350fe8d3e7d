package catalog

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"nigh/core"
	"nigh/core/wire"
)

// recorder is an Outlet that keeps everything.
type recorder struct {
	mu     sync.Mutex
	frames [][]byte
	code   int
	reason string
}

func (o *recorder) Send(frame []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.frames = append(o.frames, frame)
}

func (o *recorder) SendShared(frames [][]byte) {
	for _, f := range frames {
		o.Send(f)
	}
}

func (o *recorder) Close(code int, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.code == 0 {
		o.code, o.reason = code, reason
	}
}

// take returns what came since the last take.
func (o *recorder) take(t *testing.T) (out []wire.Message) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range o.frames {
		m, err := wire.Decode(f)
		if err != nil {
			t.Fatalf("frame: %v", err)
		}
		out = append(out, m)
	}
	o.frames = nil
	return out
}

// live is a client without a machine: it does things, one op after the other, while the session is refreshed beside.
func (o *recorder) live(t *testing.T, c *Catalog, client string, ops int) {
	s := NewSession(c, o)
	user := "u" + client[1:]
	if err := s.Frame(bg, wire.Encode(&wire.Hello{Version: wire.Version, Client: client, User: user})); err != nil {
		t.Error(err)
		return
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-s.Watch().C():
				if err := s.Refresh(bg); err != nil {
					t.Error(err)
				}
			case <-stop:
				return
			}
		}
	})
	for n := range ops {
		frame := wire.Encode(&wire.Ops{First: uint64(n + 1), Ops: []wire.Op{
			{Event: true, Kind: "view", Item: fmt.Sprint("item-", n%40), AtMillis: c.now().UnixMilli()}}})
		if n%10 == 0 {
			if err := s.Frame(bg, wire.Encode(&wire.Ask{Name: fmt.Sprint(n % 3), Limit: 5})); err != nil {
				t.Error(err)
			}
		}
		if err := s.Frame(bg, frame); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
	s.Close()
}

// hello opens a session and returns what it answers.
func (r *rig) hello(h wire.Hello) (*Session, *recorder, []wire.Message) {
	r.t.Helper()
	out := &recorder{}
	s := NewSession(r.Catalog, out)
	h.Version = wire.Version
	if err := s.Frame(bg, wire.Encode(&h)); err != nil {
		r.t.Fatalf("hello: %v", err)
	}
	r.t.Cleanup(s.Close)
	return s, out, out.take(r.t)
}

func kinds(ms []wire.Message) []string {
	out := []string{}
	for _, m := range ms {
		out = append(out, strings.TrimPrefix(fmt.Sprintf("%T", m), "*wire."))
	}
	return out
}

func TestSession_AnswersHelloWithWelcomeStateAndProfile(t *testing.T) {
	r := start(t)
	r.put(shelf(3, "sea")...)
	r.did("ada", "like", "sea-1")
	r.settle()
	_, _, got := r.hello(wire.Hello{Client: "c", User: "ada"})
	wantIDs(t, "answer to a new client", kinds(got), "Welcome", "Shelves", "Snapshot", "Snapshot", "Delta", "Profile")
	w := got[0].(*wire.Welcome)
	if s := got[2].(*wire.Snapshot); s.Seq < w.Seq || s.Epoch != w.Epoch {
		t.Errorf("snapshot of %d, %d after a welcome to %d, %d", s.Epoch, s.Seq, w.Epoch, w.Seq)
	}
	if p := got[5].(*wire.Profile); len(p.History) != 1 {
		t.Errorf("profile = %+v, want ada's like", p)
	}
	all := []wire.Held{{Shelf: wire.Whole, Seq: w.Seq}}
	_, _, got = r.hello(wire.Hello{Client: "d", User: "ada", Epoch: w.Epoch, Seq: w.Seq, Shelves: all})
	wantIDs(t, "answer to one who is up to date", kinds(got), "Welcome", "Shelves", "Delta", "Profile")
	_, _, got = r.hello(wire.Hello{Client: "e", Epoch: w.Epoch + 1, Seq: w.Seq})
	wantIDs(t, "answer to one of another epoch", kinds(got), "Welcome", "Reset", "Shelves", "Snapshot", "Snapshot", "Delta", "Profile")
	if got[5].(*wire.Delta).From != 0 {
		t.Error("the first delta of another epoch does not begin at 0")
	}
	_, _, got = r.hello(wire.Hello{Client: "f", Epoch: w.Epoch, Seq: w.Seq + 9})
	wantIDs(t, "answer to one from the future", kinds(got), "Welcome", "Reset", "Shelves", "Snapshot", "Snapshot", "Delta", "Profile")
}

func TestSession_ClosesWhoBreaksTheProtocol(t *testing.T) {
	r := start(t)
	if _, err := r.ApplyOps(bg, "bobs", "bob", 1, []wire.Op{{Preference: core.Preference{Kind: 1, Key: "sea", Weight: 1}}}); err != nil {
		t.Fatal(err)
	}
	hello := &wire.Hello{Version: wire.Version, Client: "c"}
	for name, tc := range map[string]struct {
		frames []wire.Message
		code   int
	}{
		"ask before hello":     {[]wire.Message{&wire.Ask{Name: "you"}}, wire.CloseProtocol},
		"hello twice":          {[]wire.Message{hello, hello}, wire.CloseProtocol},
		"a message of servers": {[]wire.Message{hello, &wire.Ack{}}, wire.CloseProtocol},
		"another version":      {[]wire.Message{&wire.Hello{Version: 99, Client: "c"}}, wire.CloseVersion},
		"no client id":         {[]wire.Message{&wire.Hello{Version: wire.Version}}, wire.CloseForbidden},
		"a client id of 65":    {[]wire.Message{&wire.Hello{Version: wire.Version, Client: strings.Repeat("x", 65)}}, wire.CloseForbidden},
		"another's client id":  {[]wire.Message{&wire.Hello{Version: wire.Version, Client: "bobs", User: "ada"}}, wire.CloseForbidden},
		"101 ops":              {[]wire.Message{hello, &wire.Ops{First: 1, Ops: make([]wire.Op, 101)}}, wire.CloseProtocol},
	} {
		out := &recorder{}
		s := NewSession(r.Catalog, out)
		var err error
		for _, m := range tc.frames {
			err = s.Frame(bg, wire.Encode(m))
		}
		if err == nil || out.code != tc.code {
			t.Errorf("%s: error %v, code %d, want code %d", name, err, out.code, tc.code)
		}
		s.Close()
		if err := s.Frame(bg, wire.Encode(hello)); err == nil {
			t.Errorf("%s: a frame after Close = nil, want an error", name)
		}
	}
	s := NewSession(r.Catalog, &recorder{})
	if err := s.Frame(bg, []byte{0xc1}); err == nil {
		t.Error("a torn frame = nil, want an error")
	}
	if n := len(r.feed.subs); n != 0 {
		t.Errorf("%d subscribers are left, want none after all are closed", n)
	}
}

func TestSession_AppliesOpsOnceAndRefusesForGood(t *testing.T) {
	r := start(t)
	r.put(shelf(3, "sea")...)
	r.settle()
	s, out, _ := r.hello(wire.Hello{Client: "c", User: "ada"})
	ops := func(first uint64, ops ...wire.Op) []wire.Message {
		t.Helper()
		if err := s.Frame(bg, wire.Encode(&wire.Ops{First: first, Ops: ops})); err != nil {
			t.Fatal(err)
		}
		return out.take(t)
	}
	at := r.clock.Load()
	like := wire.Op{Event: true, Kind: "like", Item: "sea-1", AtMillis: at}
	got := ops(1, like, wire.Op{Event: true, Kind: "like", Item: "none", AtMillis: at}, wire.Op{Preference: core.Preference{Kind: 9, Key: "x"}})
	ack := got[0].(*wire.Ack)
	if ack.Op != 3 || len(ack.Refused) != 2 || ack.Refused[0].Op != 2 || ack.Refused[1].Op != 3 {
		t.Errorf("ack = %+v, want 3 with 2 and 3 refused", ack)
	}
	wantIDs(t, "answer to ops that the client applies alike", kinds(got), "Ack")
	wantIDs(t, "answer to the same ops again", kinds(ops(1, like, like, like)), "Ack", "Profile")
	wantIDs(t, "answer to ops behind a gap", kinds(ops(9, like)), "Reset")
	ahead := like
	ahead.AtMillis = at + 3_600_000
	wantIDs(t, "answer to an op of a fast clock", kinds(ops(4, ahead)), "Ack", "Profile")
	if info, err := r.store.Info(bg); err != nil || info.Events != 2 {
		t.Errorf("events in the store = %d, %v, want 2", info.Events, err)
	}
	for i := range core.MaxPreferences {
		ops(uint64(5+i), wire.Op{Preference: core.Preference{Kind: 1, Key: fmt.Sprint("word", i), Weight: 256}})
	}
	n := uint64(5 + core.MaxPreferences)
	if ack := ops(n, wire.Op{Preference: core.Preference{Kind: 1, Key: "one more", Weight: 256}})[0].(*wire.Ack); len(ack.Refused) != 1 {
		t.Errorf("preference %d = %+v, want it refused", core.MaxPreferences+1, ack)
	}
	if ack := ops(n+1, wire.Op{Preference: core.Preference{Kind: 1, Key: "word1", Weight: 512}})[0].(*wire.Ack); len(ack.Refused) != 0 {
		t.Errorf("a change of a preference = %+v, want it taken", ack)
	}
}

func TestSession_TellsOfOtherDevicesBeforeItAnswers(t *testing.T) {
	r := start(t)
	r.put(shelf(3, "sea", "space")...)
	r.settle()
	s, out, _ := r.hello(wire.Hello{Client: "c", User: "ada"})
	if err := s.Frame(bg, wire.Encode(&wire.Ask{Name: "you", Limit: 4})); err != nil {
		t.Fatal(err)
	}
	out.take(t)
	r.did("ada", "like", "sea-1")
	if err := s.Refresh(bg); err != nil {
		t.Fatal(err)
	}
	got := kinds(out.take(t))
	if i, j := slices.Index(got, "Profile"), slices.Index(got, "Recs"); i < 0 || j < i {
		t.Errorf("after a like on another device = %v, want Profile, then Recs", got)
	}
	for i := range maxAsks + 3 {
		if err := s.Frame(bg, wire.Encode(&wire.Ask{Name: fmt.Sprint("q", i)})); err != nil {
			t.Fatal(err)
		}
	}
	if got := kinds(out.take(t)); got[len(got)-1] != "Error" {
		t.Errorf("answer to question %d = %v, want an error", maxAsks+4, got)
	}
}
