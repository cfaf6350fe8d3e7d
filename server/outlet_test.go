package server

import (
	"bytes"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"nigh/core/wire"
)

// heldOutlet is an outlet whose crew never comes.
func heldOutlet() *outlet { return &outlet{crew: &crew{}, all: &atomic.Int64{}} }

// A client that reads nothing is cut off when its bound of bytes is passed; nobody waits for it, and what was queued
// for it is let go.
func TestOutlet_CutsWhoDoesNotRead(t *testing.T) {
	out := heldOutlet()
	frame := make([]byte, 100<<10)
	for range 10 {
		out.Send(frame)
	}
	if out.code != 0 || out.bytes != 10*len(frame) {
		t.Fatalf("after 10 frames: code %d, %d bytes, want 0 and all of them", out.code, out.bytes)
	}
	out.Send(frame)
	if out.code != wire.CloseSlow || out.bytes != 0 || out.queue != nil {
		t.Errorf("after 11 frames: code %d, %d bytes, %d frames, want %d and nothing", out.code, out.bytes, len(out.queue), wire.CloseSlow)
	}
	out.Send(frame)
	out.Close(wire.CloseGoingAway, "later")
	if _, _, done := out.take(nil); !done || out.code != wire.CloseSlow {
		t.Errorf("done = %v, code %d, want the close alone", done, out.code)
	}
	one := heldOutlet()
	one.Send(make([]byte, 2*maxQueued)) // larger than the bound, but there is nothing else
	if one.code != 0 {
		t.Error("a large frame to a client that has read everything was not taken")
	}
}

// When all clients together have too much to read, those are cut off that lag.
func TestOutlet_CutsTheLaggardsWhenAllHaveTooMuch(t *testing.T) {
	slow, quick := heldOutlet(), heldOutlet()
	slow.all.Store(maxAll)
	quick.all = slow.all
	frame := make([]byte, maxLag/2)
	for range 2 {
		slow.Send(frame)
		quick.Send(frame)
		quick.take(nil)
	}
	slow.Send(frame)
	quick.Send(frame)
	if slow.code != wire.CloseSlow || quick.code != 0 {
		t.Errorf("codes = %d, %d, want %d for who lags and 0 for who reads", slow.code, quick.code, wire.CloseSlow)
	}
	if got, want := slow.all.Load(), int64(maxAll+len(frame)); got != want { // quick's last one
		t.Errorf("all = %d, want %d", got, want)
	}
}

// What comes while a snapshot is on a slow line has a bound of its own; what came behind it does not count afterwards.
func TestOutlet_BearsDeltasBehindASnapshot(t *testing.T) {
	out := heldOutlet()
	out.SendShared([][]byte{make([]byte, 5<<20), make([]byte, 1<<20)})
	delta := make([]byte, 512<<10)
	for range 16 {
		out.Send(delta)
	}
	if out.code != 0 || out.bytes != 0 || out.behind != 16*len(delta) {
		t.Fatalf("code %d, %d bytes, %d behind, want 0, 0 and 8 MiB", out.code, out.bytes, out.behind)
	}
	for range 2 {
		if _, large, _ := out.take(nil); large == nil {
			t.Fatal("take = no snapshot")
		}
	}
	out.Send(delta)
	out.Send(delta)
	if out.code != 0 || out.bytes != 2*len(delta) {
		t.Errorf("behind the snapshot: code %d, %d bytes, want 0 and 1 MiB", out.code, out.bytes)
	}
	out.Send(delta)
	if out.code != wire.CloseSlow {
		t.Errorf("code = %d, want %d: the bound of bytes holds again", out.code, wire.CloseSlow)
	}
	late := heldOutlet()
	late.SendShared([][]byte{{1}})
	for range 17 {
		late.Send(delta)
	}
	if late.code != wire.CloseSlow {
		t.Errorf("code after 8.5 MiB behind a snapshot = %d, want %d", late.code, wire.CloseSlow)
	}
}

func TestOutlet_PutsFramesTogetherInTheirOrder(t *testing.T) {
	out := heldOutlet()
	out.Send([]byte("a"))
	out.Send(make([]byte, 300))
	out.Send(make([]byte, mergeBytes))
	out.Send([]byte("z"))
	merged, large, _ := out.take(nil)
	want := append([]byte{0x82, 1, 'a', 0x82, 126, 1, 44}, make([]byte, 300)...) // 300 = 1·256 + 44
	want = append(want, 0x82, 126, 0x80, 0)                                      // 32 KiB
	if !bytes.Equal(merged, want) || len(large) != mergeBytes {
		t.Errorf("take = %d bytes (%x…), and %d, want %d and the large frame", len(merged), merged[:8], len(large), len(want))
	}
	if merged, large, _ = out.take(nil); string(merged) != "\x82\x01z" || large != nil {
		t.Errorf("then %q, %d, want the last frame", merged, len(large))
	}
	if _, _, done := out.take(nil); !done || out.working {
		t.Error("the outlet goes on with nothing queued")
	}
}

// A frame longer than 64 KiB has its length in eight bytes.
func TestAppendHead_StatesTheLength(t *testing.T) {
	for n, want := range map[int]string{
		0: "\x82\x00", 125: "\x82\x7d", 126: "\x82\x7e\x00\x7e", 65535: "\x82\x7e\xff\xff", 65536: "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00",
	} {
		if got := appendHead(nil, n); string(got) != want {
			t.Errorf("appendHead(%d) = %x, want %x", n, got, want)
		}
	}
}

// An outlet on a connection that cannot be tried without waiting writes all the same.
func TestOutlet_WritesToAConnectionThatOnlyWaits(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	out := &outlet{line: &line{Conn: ours, within: time.Hour}, crew: &crew{most: 1}, all: &atomic.Int64{}, fail: func() {}}
	for i := range 100 {
		out.Send([]byte{byte(i)})
	}
	for i := range 100 {
		got := make([]byte, 3)
		if _, err := theirs.Read(got); err != nil || !bytes.Equal(got, []byte{0x82, 1, byte(i)}) {
			t.Fatalf("frame %d = %x, %v", i, got, err)
		}
	}
}

// counting is a task that counts itself.
type counting struct{ c chan int }

func (c *counting) work() { c.c <- 1 }

func TestCrew_DoesEachTaskOnceAndLeaves(t *testing.T) {
	c := &crew{most: 3}
	done := &counting{make(chan int, 5000)}
	for range 5000 {
		c.add(done)
	}
	for range 5000 {
		<-done.c
	}
	waitFor(t, "the crew's end", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.working == 0 && c.next == 0 && len(c.queue) == 0
	})
}
