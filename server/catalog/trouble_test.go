package catalog

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"nigh/core"
	"nigh/core/wire"
	"nigh/server/store"
)

// What a client is told of a full disk is what a reader may know; its op is not acknowledged, and taken when there is room.
func TestSession_KeepsNothingBackAndTellsNothingWhenTheDiskIsFull(t *testing.T) {
	r := start(t)
	r.put(shelf(3, "sea")...)
	r.settle()
	hello := wire.Encode(&wire.Hello{Version: wire.Version, Client: "c1", User: "ada"})
	op := wire.Encode(&wire.Ops{First: 1, Ops: []wire.Op{{Event: true, Kind: "like", Item: "sea-1"}}})
	acks := func(o *recorder) (n int) {
		for _, m := range o.take(t) {
			if _, ok := m.(*wire.Ack); ok {
				n++
			}
		}
		return n
	}

	out := &recorder{}
	s := NewSession(r.Catalog, out)
	if err := s.Frame(bg, hello); err != nil {
		t.Fatal(err)
	}
	r.store.fails.Store(1)
	if err := s.Frame(bg, op); err == nil || acks(out) != 0 {
		t.Errorf("an op on a full disk = %v, want an error and no acknowledgement", err)
	}
	s.Close()
	want := "the server cannot write to its disk; nothing is lost, it is sent again later"
	if out.code != wire.CloseGoingAway || out.reason != want {
		t.Errorf("closed with %d %q, want %d %q", out.code, out.reason, wire.CloseGoingAway, want)
	}

	out = &recorder{}
	s = NewSession(r.Catalog, out)
	defer s.Close()
	if err := s.Frame(bg, hello); err != nil {
		t.Fatal(err)
	}
	if err := s.Frame(bg, op); err != nil || acks(out) != 1 {
		t.Errorf("the same op when there is room = %v, want its acknowledgement", err)
	}
	if h, _, err := r.Profile(bg, "ada"); err != nil || len(h) != 1 {
		t.Errorf("history = %v, %v, want the one item", h, err)
	}
}

func TestCatalog_LogsARowOfFailedCommitsNowAndThen(t *testing.T) {
	r := start(t)
	r.put(shelf(1, "sea")...)
	r.settle()
	r.stop()
	r.open()
	var log bytes.Buffer
	r.log = slog.New(slog.NewTextHandler(&log, nil))
	r.run()
	record := func() error {
		_, err := r.RecordEvents(bg, []store.Event{{User: "ada", Item: "sea-0", Kind: "view"}})
		return err
	}
	r.store.fails.Store(1000)
	for range 100 {
		if record() == nil {
			t.Fatal("a commit did not fail")
		}
	}
	r.clock.Add(tellEvery.Milliseconds())
	record()
	r.store.fails.Store(0)
	if err := record(); err != nil {
		t.Fatal(err)
	}
	r.settle()
	r.stop() // log is the owner's
	var got []string
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "commits") && !strings.Contains(line, "learned") {
			_, line, _ = strings.Cut(line, "msg=")
			got = append(got, strings.TrimSpace(line))
		}
	}
	failed := `"a commit failed; nothing of it was kept, and its callers know" error="the disk is full: the data folder cannot be written" commits=`
	want := []string{failed + "1", failed + "100", `"commits succeed again" failed=101`}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("log:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A new client is brought up to the last position that is on disk, while what is live cannot be committed.
func TestSnapshot_HoldsWhatIsCommittedWhenTheDiskIsFull(t *testing.T) {
	r := start(t)
	r.put(shelf(5, "sea")...)
	r.settle()
	learned := func(b store.Batch) bool { return len(b.Records) > 0 && len(b.Items) == 0 }
	r.store.full.Store(&learned)
	for _, user := range []string{"ada", "bob", "eve"} {
		r.did(user, "like", "sea-0", "sea-1", "sea-2")
	}
	if err := r.Settle(bg); err == nil {
		t.Fatal("what was learnt was committed")
	}
	held := map[core.ItemNum][]byte{}
	if err := r.store.EachRecord(bg, 0, func(s store.StoredRecord) error {
		held[s.Num] = slices.Clone(s.Record)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	shelves, err := r.snapshot(bg, wire.Whole)
	if err != nil {
		t.Fatalf("snapshot on a full disk = %v, want what is committed", err)
	}
	n, behind := 0, 0
	for _, s := range shelves.shelves {
		for _, rec := range s.records {
			n++
			packed := wire.AppendRecord(nil, rec)
			if !bytes.Equal(packed, held[rec.Num]) {
				t.Errorf("the snapshot's record of %s is not the store's", rec.ID)
			}
			if !bytes.Equal(packed, wire.AppendRecord(nil, r.sides.current().Get(rec.Num))) {
				behind++
			}
		}
	}
	if n != 5 || behind == 0 {
		t.Errorf("%d records, %d of them behind what is live, want 5 and some", n, behind)
	}
	r.store.full.Store(nil)
	r.settle()
	r.wantWhole()
}
