package replica_test

import (
	"fmt"
	"strings"
	"testing"

	"nigh/core"
	"nigh/core/learn"
	"nigh/core/replica"
	"nigh/core/wire"
)

// bench is a machine with a clock and everything that it asked for.
type bench struct {
	t       *testing.T
	m       *replica.Machine
	now     int64
	effects []replica.Effect
	status  replica.Status
	profile replica.ProfileChanged
	lists   map[string]replica.List
}

const began = 1_767_225_600_000

func newBench(t *testing.T) *bench {
	return &bench{
		t: t, now: began, lists: map[string]replica.List{},
		m: replica.New(replica.Config{Client: "c", User: "ada", Seed: 7}),
	}
}

// step tells the machine something and keeps what it asks for.
func (b *bench) step(in replica.Input) *bench {
	b.t.Helper()
	b.effects = b.m.Step(in, b.now)
	for _, e := range b.effects {
		switch e := e.(type) {
		case replica.Status:
			b.status = e
		case replica.List:
			b.lists[e.Question] = e
		case replica.ProfileChanged:
			b.profile = e
		}
	}
	return b
}

func (b *bench) frame(m wire.Message) *bench {
	b.t.Helper()
	return b.step(replica.Frame{Bytes: wire.Encode(m)})
}

// open connects, and returns the hello.
func (b *bench) open() *wire.Hello {
	b.t.Helper()
	if b.status.State == replica.Offline {
		b.step(replica.Start{})
	}
	b.step(replica.Opened{})
	hello, ok := first[*wire.Hello](b)
	if !ok {
		b.t.Fatalf("effects of Opened = %s, want hello", b.kinds())
	}
	return hello
}

// live brings the machine to a catalog of three items at position 5 of epoch 1.
func (b *bench) live() *bench {
	b.t.Helper()
	b.open()
	b.frame(welcome(5, 0))
	b.frame(snapshot(5, item(1, "sea", "sea"), item(2, "boat", "sea"), item(3, "moon", "space")))
	b.frame(&wire.Profile{})
	if b.status.State != replica.Live {
		b.t.Fatalf("state = %v, want live", b.status.State)
	}
	return b
}

var policy = func() core.Policy { p := learn.DefaultPolicy(); return *p.Compile() }()

func welcome(seq, lastOp uint64) *wire.Welcome {
	return &wire.Welcome{Version: wire.Version, Epoch: 1, Seq: seq, LastOp: lastOp, NowMillis: began, Policy: policy}
}

// item is the columnar form of one record.
func item(n core.ItemNum, id, tag string) []byte {
	return wire.AppendRecords(nil, []*core.Record{{
		Num: n, ID: core.ItemID(id), Heat: core.Heat(n),
		Features: []core.Weighted{{Feature: core.LabelFeature(core.KindTag, tag), Weight: core.WeightOne}},
		Card:     core.Card{Title: id, Tags: []string{tag}},
	}})
}

func snapshot(seq uint64, records ...[]byte) *wire.Snapshot {
	return &wire.Snapshot{
		Epoch: 1, Seq: seq, Learned: 1, Last: true, Items: uint64(len(records)), Sum: wire.Sum(wire.SumStart, records), Records: records,
	}
}

// first returns the first message of a type among the frames that the last step sent.
func first[M wire.Message](b *bench) (m M, ok bool) {
	b.t.Helper()
	for _, e := range b.effects {
		if s, isSend := e.(replica.Send); isSend {
			msg, err := wire.Decode(s.Bytes)
			if err != nil {
				b.t.Fatalf("the machine sent a torn frame: %v", err)
			}
			if m, ok = msg.(M); ok {
				return m, true
			}
		}
	}
	return m, false
}

func effect[E replica.Effect](b *bench) (e E, ok bool) {
	for _, any := range b.effects {
		if e, ok = any.(E); ok {
			return e, true
		}
	}
	return e, false
}

// kinds names the effects of the last step, frames by their messages.
func (b *bench) kinds() string {
	var out []string
	for _, e := range b.effects {
		name := strings.TrimPrefix(fmt.Sprintf("%T", e), "replica.")
		if s, ok := e.(replica.Send); ok {
			m, _ := wire.Decode(s.Bytes)
			name = strings.TrimPrefix(fmt.Sprintf("%T", m), "*wire.")
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

func (b *bench) ids(question string) string {
	var out []string
	for _, l := range b.lists[question].Items {
		out = append(out, string(l.Record.ID))
	}
	return strings.Join(out, " ")
}

func (b *bench) history() string {
	var out []string
	for _, id := range b.profile.IDs {
		out = append(out, string(id))
	}
	return strings.Join(out, " ")
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}
