package replica_test

import (
	"fmt"
	"testing"

	"nigh/core"
	"nigh/core/replica"
	"nigh/core/wire"
)

func TestMachine_WaitsLongerAfterEachFailureAndNotInStep(t *testing.T) {
	waits := map[int64]bool{}
	for seed := range uint64(20) {
		m := replica.New(replica.Config{Client: "c", Seed: seed * 977})
		now := int64(began)
		m.Step(replica.Start{}, now)
		for try, most := range []int64{250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000} {
			wake := int64(-1)
			for _, e := range m.Step(replica.Closed{Code: 1006}, now) {
				if w, ok := e.(replica.Wake); ok {
					wake = w.AtMillis - now
				}
			}
			if wake < most/2 || wake > most {
				t.Errorf("try %d: wait = %d ms, want %d to %d", try, wake, most/2, most)
			}
			waits[wake] = true
			if out := m.Step(replica.Tick{}, now+wake-1); connects(out) {
				t.Errorf("try %d: connects before its time", try)
			}
			now += wake
			if out := m.Step(replica.Tick{}, now); !connects(out) {
				t.Errorf("try %d: does not connect at its time", try)
			}
		}
	}
	if len(waits) < 100 {
		t.Errorf("%d different waits of 200: readers cut off together come back together", len(waits))
	}
}

func connects(out []replica.Effect) bool {
	for _, e := range out {
		if _, ok := e.(replica.Connect); ok {
			return true
		}
	}
	return false
}

// A server whose disk is full lets everybody in, and closes the connection when it is told of something.
func TestMachine_WaitsLongerWhileTheServerTakesNothing(t *testing.T) {
	b := newBench(t).live()
	b.step(like("boat"))
	closed := func() (wait int64) {
		t.Helper()
		b.step(replica.Closed{Code: wire.CloseGoingAway})
		wake, _ := effect[replica.Wake](b)
		wait = wake.AtMillis - b.now
		b.now = wake.AtMillis
		b.step(replica.Tick{}).step(replica.Opened{})
		seq := uint64(5)
		if _, at, _ := b.m.Position(); at > seq {
			seq = at
		}
		b.frame(welcome(seq, 0))
		if ops, ok := first[*wire.Ops](b); !ok || ops.First != 1 {
			t.Errorf("ops after the welcome = %+v, want op 1 again", ops)
		}
		b.frame(&wire.Delta{From: seq, To: seq + 1})
		want(t, "state", b.status.State, replica.Live)
		return wait
	}
	for try, most := range []int64{250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000} {
		if wait := closed(); wait < most/2 || wait > most {
			t.Errorf("try %d: wait = %d ms, want %d to %d", try, wait, most/2, most)
		}
	}
	want(t, "Pending", b.status.Pending, 1)
	b.frame(&wire.Ack{Op: 1})
	want(t, "Pending after room was made", b.status.Pending, 0)
	b.step(like("boat"))
	b.step(replica.Closed{Code: wire.CloseGoingAway})
	if wake, _ := effect[replica.Wake](b); wake.AtMillis-b.now > 250 {
		t.Errorf("wait after an acknowledgement = %d ms, want at most 250", wake.AtMillis-b.now)
	}
}

func TestMachine_ObeysCloseCodes(t *testing.T) {
	for code, again := range map[int]bool{
		1000: true, 1006: true, 1009: true, wire.CloseGoingAway: true, wire.CloseSlow: true, 4499: true,
		4500: false, wire.CloseVersion: false, wire.CloseForbidden: false, 4999: false, 5000: true,
	} {
		b := newBench(t).live()
		b.step(replica.Closed{Code: code})
		wake, _ := effect[replica.Wake](b)
		want(t, fmt.Sprint("tries again after ", code), wake.AtMillis != 0, again)
		b.step(replica.Closed{Code: 1006}) // the echo of it, if the shell sends one
		b.now += 100_000
		want(t, fmt.Sprint("a tick connects after ", code), connects(b.step(replica.Tick{}).effects), again)
	}
	b := newBench(t).live()
	b.step(replica.Closed{Code: wire.CloseForbidden})
	want(t, "Online connects after a final close", connects(b.step(replica.Online{}).effects), false)
	want(t, "Start connects after a final close", connects(b.step(replica.Start{}).effects), true)
	want(t, "a second Start connects", connects(b.step(replica.Start{}).effects), false)
}

func TestMachine_GivesUpAConnectionThatIsSilent(t *testing.T) {
	silent := func(what string, b *bench, wait int64) {
		t.Helper()
		b.now += wait - 1
		b.step(replica.Tick{})
		want(t, what+": state before its time", b.status.State == replica.Offline, false)
		b.now++
		b.step(replica.Tick{})
		want(t, what+": state", b.status.State, replica.Offline)
		c, _ := effect[replica.Close](b)
		want(t, what+": code", c.Code, wire.CloseTimeout)
	}
	b := newBench(t)
	silent("no connection", b.step(replica.Start{}), 10_000)
	b = newBench(t)
	b.open()
	silent("no welcome", b, 15_000)
	b = newBench(t)
	b.open()
	b.frame(welcome(5, 0))
	silent("no catalog", b, 15_000)
	b = newBench(t).live()
	b.step(like("boat"))
	b.now += 10_000
	b.frame(&wire.Delta{From: 5, To: 6}) // it is busy, not silent
	silent("no acknowledgement", b, 15_000)
	b = newBench(t).live()
	b.now += 10_000_000
	b.step(replica.Tick{})
	want(t, "state with nothing expected", b.status.State, replica.Live)
}

func TestMachine_IsNotHeldUpByAClockThatIsSetBack(t *testing.T) {
	b := newBench(t).live()
	b.step(replica.Closed{Code: 1006})
	wake, _ := effect[replica.Wake](b)
	b.now -= 3_600_000
	b.step(replica.Tick{})
	b.now += wake.AtMillis - began
	want(t, "connects after the same wait", connects(b.step(replica.Tick{}).effects), true)
}

func TestMachine_KeepsAtMostItsBoundOfOps(t *testing.T) {
	b := newBench(t)
	b.step(replica.Start{})
	for range replica.MaxOutbox + 5 {
		b.step(replica.Record{Kind: "view", Item: "boat"})
	}
	want(t, "Pending", b.status.Pending, replica.MaxOutbox)
	want(t, "tells of it", b.status.Error != "", true)
	b.open()
	b.frame(welcome(0, 0))
	next := uint64(1)
	for _, e := range b.effects {
		if s, ok := e.(replica.Send); ok {
			if len(s.Bytes) > wire.MaxClientFrame {
				t.Errorf("a frame of %d bytes, want at most %d", len(s.Bytes), wire.MaxClientFrame)
			}
			m, err := wire.Decode(s.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			ops := m.(*wire.Ops)
			want(t, "first op of a frame", ops.First, next)
			next += uint64(len(ops.Ops))
		}
	}
	want(t, "ops sent", next-1, replica.MaxOutbox)
}

func TestMachine_RefusesWhatNoServerTakes(t *testing.T) {
	b := newBench(t).live()
	long := make([]byte, 1100)
	for _, in := range []replica.Input{
		replica.Record{Kind: "like"}, replica.Record{Item: "boat"}, replica.Record{Kind: "like", Item: core.ItemID(long)},
		replica.Prefer{Preference: core.Preference{Kind: core.PreferTag}}, replica.Prefer{Preference: core.Preference{Kind: 9, Key: "x"}},
		replica.Prefer{Preference: core.Preference{Kind: core.PreferText, Key: string(long)}},
	} {
		b.step(in)
		want(t, fmt.Sprintf("Pending after %.60v", in), b.status.Pending, 0)
		want(t, "tells of it", b.status.Error != "", true)
	}
}
