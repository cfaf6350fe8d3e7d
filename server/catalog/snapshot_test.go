package catalog

import (
	"bytes"
	"maps"
	"testing"

	"nigh/core"
	"nigh/core/wire"
	"nigh/server/deflate"
)

func TestSnapshot_IsMadeOnceAndServesWhileLittleHasHappened(t *testing.T) {
	r := start(t)
	r.limits.snapshotChunk = 20_000
	for _, prefix := range []string{"sea", "space", "jazz", "go"} {
		r.put(shelf(60, prefix)...)
	}
	r.settle()
	first, _, err := r.Snapshot(bg)
	if err != nil || len(first) < 2 {
		t.Fatalf("Snapshot = %d frames, %v, want several", len(first), err)
	}
	again := func() []*Frame {
		t.Helper()
		frames, seq, err := r.Snapshot(bg)
		if err != nil {
			t.Fatal(err)
		}
		whole, _, _, err := r.CatchUp(bg, 0) // the twin: all that is committed, from the store
		if err != nil {
			t.Fatal(err)
		}
		twin := &follower{t: t, index: core.NewIndex()}
		twin.apply(whole)
		if f := fromSnapshot(t, frames); f.position != seq || seq != twin.position || !maps.Equal(f.records(), twin.records()) {
			t.Errorf("%d frames lead to position %d, said %d, and %d items; want %d and what the store holds", len(frames), f.position, seq, f.index.Len(), twin.position)
		}
		return frames
	}
	if got := again(); len(got) != len(first) || got[0] != first[0] {
		t.Error("the same position has two snapshots")
	}
	r.put(book("new", "sea"))
	got := again()
	if len(got) != len(first)+1 || got[0] != first[0] {
		t.Errorf("after an edit: %d frames, want the %d from before and a delta", len(got), len(first))
	}
	if next := again(); next[len(next)-1] != got[len(got)-1] {
		t.Error("the same delta was made twice")
	}
	if err := r.DeleteItem(bg, "sea-1"); err != nil {
		t.Fatal(err)
	}
	without := again()
	for _, f := range without {
		if f == first[0] {
			t.Error("what was deleted is sent to a new client")
		}
	}
	r.put(shelf(100, "more")...)
	if got := again(); got[0] == without[0] {
		t.Error("the old snapshot serves though a quarter of the catalog is new")
	}
}

func TestFrame_KeepsOneFormAndMakesTheOther(t *testing.T) {
	plain := bytes.Repeat([]byte("the sea "), 500)
	f := NewFrame(plain)
	deflated := f.For(true)
	if len(deflated) > len(plain)/10 || f.Size() != len(plain) {
		t.Errorf("deflated %d bytes of %d, Size = %d", len(deflated), len(plain), f.Size())
	}
	if f.plain != nil {
		t.Error("the plain form is kept though nobody asked for it")
	}
	if got := f.For(false); !bytes.Equal(got, plain) {
		t.Errorf("plain again = %d bytes, want %d", len(got), len(plain))
	}
	if got := f.For(true); &got[0] != &deflated[0] {
		t.Error("it was deflated twice")
	}
	if small := NewFrame([]byte("small")); string(small.For(true)) != "small" || string(small.For(false)) != "small" {
		t.Error("a small frame is not what it was")
	}
}

// Who inflates and who does not get the same frames, in the same order.
func TestSession_DeflatesForThoseWhoInflate(t *testing.T) {
	r := start(t)
	r.put(shelf(40, "sea")...)
	r.settle()
	var got [2][][]byte
	var sessions [2]*Session
	var outs [2]*recorder
	for i := range sessions {
		outs[i] = &recorder{}
		sessions[i] = NewSession(r.Catalog, outs[i])
		defer sessions[i].Close()
		if err := sessions[i].Frame(bg, wire.Encode(&wire.Hello{Version: wire.Version, Client: string(rune('a' + i)), User: "ada", Inflates: i == 1})); err != nil {
			t.Fatal(err)
		}
	}
	r.put(shelf(30, "space")...)
	r.settle()
	for i, out := range outs {
		out.mu.Lock()
		got[i] = out.frames
		out.mu.Unlock()
	}
	if len(got[0]) != len(got[1]) {
		t.Fatalf("%d frames for one, %d for the other", len(got[0]), len(got[1]))
	}
	smaller := 0
	for i, plain := range got[0] {
		if _, deflated, _ := wire.Deflated(plain); deflated {
			t.Errorf("frame %d is deflated for a client that does not inflate", i)
		}
		inflated, err := deflate.Inflate(got[1][i])
		if err != nil || !bytes.Equal(inflated, plain) && i > 0 { // the welcome tells the time
			t.Errorf("frame %d = %d bytes, %v, want %d", i, len(inflated), err, len(plain))
		}
		if _, deflated, _ := wire.Deflated(got[1][i]); deflated != (len(plain) >= deflate.Least) {
			t.Errorf("frame %d of %d bytes is deflated: %v", i, len(plain), deflated)
		} else if deflated {
			smaller++
		}
	}
	if smaller < 2 {
		t.Errorf("%d deflated frames, want a snapshot and deltas", smaller)
	}
}
