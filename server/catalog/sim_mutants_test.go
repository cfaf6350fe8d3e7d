package catalog

import (
	"slices"
	"strings"
	"testing"

	"nigh/core/wire"
	"nigh/server/store"
)

// saboteur breaks a promise on purpose, at the edge of the real code: in a frame on its way up or down, or in a batch
// on its way into the store. The simulation must find out.
type saboteur struct {
	up     func(c *conn, frame []byte) []byte
	down   func(c *conn, frame []byte) []byte // nil loses the frame
	commit func(l *ledger, b *store.Batch)
}

// down and up make saboteurs of one type of message.
func down[M wire.Message](change func(c *conn, m M) wire.Message) saboteur {
	return saboteur{down: changed(change)}
}

func up[M wire.Message](change func(c *conn, m M) wire.Message) saboteur {
	return saboteur{up: changed(change)}
}

func changed[M wire.Message](change func(c *conn, m M) wire.Message) func(*conn, []byte) []byte {
	return func(c *conn, frame []byte) []byte {
		m, err := wire.Decode(frame)
		if err != nil {
			return frame
		}
		mine, ok := m.(M)
		if !ok {
			return frame
		}
		if out := change(c, mine); out != nil {
			return wire.Encode(out)
		}
		return nil
	}
}

func TestSimulation_CatchesSabotage(t *testing.T) {
	for name, tc := range map[string]struct {
		sabotage saboteur
		law      string // a part of what the simulation says
	}{
		"acknowledges what it did not store": {saboteur{commit: func(l *ledger, b *store.Batch) {
			if len(b.Events) > 0 && b.Events[0].Op.Client != "" && l.w.pick(4) == 0 {
				b.Events = nil
			}
		}}, "was acknowledged and is in the store 0 times"},
		"applies ops again that were sent again": {up(func(c *conn, m *wire.Ops) wire.Message {
			last, err := c.w.c.LastOp(bg, c.d.name, c.d.user)
			if err == nil {
				m.First = last + 1
			}
			return m
		}), "in the store 2 times"},
		"welcomes with an op too many": {down(func(c *conn, m *wire.Welcome) wire.Message {
			if c.w.chance(2) && m.LastOp > 0 { // until all is calm, when the truth comes too late
				m.LastOp = min(m.LastOp+1, uint64(len(c.d.done)))
			}
			return m
		}), "in the store 0 times"},
		"hides that a delta is missing": {down(func(c *conn, m *wire.Delta) wire.Message {
			if m.From == m.To || c.session.catching {
				return m
			}
			m.Records, m.Weights, m.Deleted, m.Checkpoints = nil, nil, nil, nil
			return m
		}), "nothing half-applied is shown"},
		"leaves a record out of a snapshot, and out of its checksum": {down(func(c *conn, m *wire.Snapshot) wire.Message {
			if len(m.Records) > 0 && m.After == 0 {
				all, _ := wire.ReadRecords(m.Records[0])
				c.lost = wire.RecordSum(wire.AppendRecord(nil, all[0]))
				m.Records = columns(all[1:])
			}
			if m.Last && c.lost != 0 {
				m.Items, m.Sum, c.lost = m.Items-1, m.Sum-c.lost, 0
			}
			return m
		}), "nothing half-applied is shown"},
		"does not tell what was refused": {down(func(_ *conn, m *wire.Ack) wire.Message {
			m.Refused = nil
			return m
		}), "knows"},
		"does not tell what other devices did": {down(func(c *conn, m *wire.Profile) wire.Message {
			if c.w.pick(2) == 0 {
				return nil
			}
			return m
		}), ""},
		"ranks otherwise than the device": {down(func(_ *conn, m *wire.Recs) wire.Message {
			if n := len(m.Items); n > 1 {
				m.Items[0], m.Items[n-1] = m.Items[n-1], m.Items[0]
			}
			return m
		}), "lists that could be compared were equal"},
		"merges a guest and keeps it": {saboteur{commit: func(l *ledger, b *store.Batch) {
			b.Merged = nil
		}}, "what was done before a sign-in"},
		"merges a guest into whom it pleases": {saboteur{commit: func(l *ledger, b *store.Batch) {
			for i := range b.Merged {
				b.Merged[i].Into = "eve"
			}
		}}, ""},
		"forgets which ops of a guest it has": {saboteur{commit: func(l *ledger, b *store.Batch) {
			if len(b.Merged) > 0 {
				clear(b.Clients)
			}
		}}, ""},
		"numbers a guest's ops anew": {up(func(c *conn, m *wire.Merge) wire.Message {
			if client, err := c.w.store.Client(bg, m.Client); err == nil {
				m.First = client.LastOp + 1
			}
			return m
		}), "what was done before a sign-in"},
		"calls old weights new": {down(func(_ *conn, m *wire.Delta) wire.Message {
			if len(m.Weights) > 0 {
				m.Weights, m.Checkpoints = nil, nil
			}
			return m
		}), "nothing half-applied is shown"},
		"sends more than there is room for": {up(func(_ *conn, m *wire.Hello) wire.Message {
			m.Budget *= 2
			return m
		}), "no device holds more than it has room for"},
		"does not let go of what leaves": {down(func(c *conn, m *wire.Shelves) wire.Message {
			all := append(slices.Clone(m.Keep), m.Enter...)
			for _, h := range c.d.m.Shelves() {
				if h.UpTo == 0 && !slices.ContainsFunc(all, func(id wire.Shelf) bool { return id.Contains(h.Shelf) || h.Shelf.Contains(id) }) {
					m.Keep = append(m.Keep, h.Shelf)
				}
			}
			return m
		}), "holds"},
		"leaves a shelf out of a delta, and its checkpoint": {down(func(_ *conn, m *wire.Delta) wire.Message {
			if m.Part {
				return nil
			}
			if m.Records == nil && m.Weights == nil {
				m.Checkpoints = nil
			}
			return m
		}), "nothing half-applied is shown"},
		"does not say that an item left its shelf": {down(func(_ *conn, m *wire.Delta) wire.Message {
			m.Deleted = nil
			m.Checkpoints = slices.DeleteFunc(m.Checkpoints, func(p wire.Checkpoint) bool { return true })
			return m
		}), "nothing half-applied is shown"},
		"calls a snapshot newer than it is": {down(func(_ *conn, m *wire.Snapshot) wire.Message {
			m.Seq++
			return m
		}), "nothing half-applied is shown"},
		"keeps cards to itself": {down(func(_ *conn, m *wire.Cards) wire.Message {
			m.Records = nil
			return m
		}), "what is shown is what the server answers"},
		"does not tell damps again": {down(func(_ *conn, m *wire.Cards) wire.Message {
			if !m.Reset {
				m.Records = nil
			}
			return m
		}), "what a device holds has the server's score"},
	} {
		t.Run(name, func(t *testing.T) {
			const most = 400
			for seed := uint64(1); seed <= most; seed++ {
				err := story{seed: seed}.run(&tc.sabotage)
				if err == nil {
					continue
				}
				if !strings.Contains(err.Error(), tc.law) {
					continue // found out by another law first
				}
				t.Logf("seed %d: %.200v", seed, err)
				return
			}
			t.Errorf("%d seeds found nothing, want a fault with %q", most, tc.law)
		})
	}
}
