package replica

import "nigh/core/wire"

// Guest is who a reader was in this browser before they signed in.
type Guest struct {
	Client string    // its id: random, and used for no other reader
	First  uint64    // number of the first of Ops
	Ops    []wire.Op // what it was not told to be decided, in order; may be none
}

// guest is a Guest whom the server has not told to be merged.
type guest struct {
	Guest
	prefix string // of the keys of what the store holds of them, "" for nothing
}

// takeGuests takes up what readers who were anonymous here left in their own stores. It came into this one in the
// transaction that took it out of theirs; keys are sorted.
func (m *Machine) takeGuests(entries []Entry) {
	for len(entries) > 0 {
		key, n := entries[0].Key, len(guestPrefix)
		for n < len(key) && key[n] != '/' {
			n++
		}
		n = min(n+1, len(key))
		prefix := key[:n]
		was := New(Config{})
		for len(entries) > 0 && hasPrefix(entries[0].Key, prefix) {
			was.restores = append(was.restores, Entry{entries[0].Key[n:], entries[0].Value})
			entries = entries[1:]
		}
		was.restore() // torn ops and missing numbers are what they are to a next life
		if was.cfg.Client == "" {
			m.keeping.clear(prefix)
			continue
		}
		first, ops := was.Outbox()
		m.addGuest(guest{Guest{was.cfg.Client, first, ops}, prefix})
	}
}

// addGuest adds a guest, or what is known of one who was only named so far.
func (m *Machine) addGuest(g guest) {
	for i, have := range m.guests {
		if have.Client == g.Client {
			if len(have.Ops) == 0 && have.prefix == "" {
				m.guests[i] = g
			}
			return
		}
	}
	m.guests = append(m.guests, g)
}

// merge takes up guests of whom the shell learnt while the machine was running.
func (m *Machine) merge(in Merge) {
	if m.cfg.Private {
		return
	}
	sortEntries(in.Entries)
	m.takeGuests(in.Entries)
	for _, client := range in.Clients {
		m.addGuest(guest{Guest: Guest{Client: client}})
	}
	if m.welcomed {
		m.mergeGuests()
	}
}

// start asks for a connection, or for the token that it needs first.
func (m *Machine) start() {
	if m.tokenless {
		m.retryAt = m.now
		m.emit(NeedToken{})
		return
	}
	m.connect()
}

// token takes a fresh token: for the next connection, and for this one.
func (m *Machine) token(token string) {
	m.cfg.Token = token
	if (m.state == Syncing || m.state == Live) && !m.cfg.Private {
		m.send(&wire.Renew{Token: token})
	}
	if !m.tokenless {
		return
	}
	m.tokenless = false
	switch {
	case m.state != Offline || m.retryAt == 0: // not started, or given up for another reason
	case m.now >= m.retryAt:
		m.connect()
	default: // not sooner than without: a server whose clock is ahead may find this one's time over too
		m.emit(Wake{m.retryAt})
	}
}

// mergeGuests asks the server to make what guests did the reader's. It is said on each connection until it is
// acknowledged: the server does it once.
func (m *Machine) mergeGuests() {
	for _, g := range m.guests {
		ops := g.Ops
		for first := g.First; ; {
			n := batchLen(ops)
			m.send(&wire.Merge{Client: g.Client, First: first, Ops: ops[:n]})
			first += uint64(n)
			if ops = ops[n:]; len(ops) == 0 {
				break
			}
		}
	}
}

// merged is told that a guest is the reader's, up to an op.
func (m *Machine) merged(msg *wire.Merged) {
	if m.state == Live {
		m.tries = 0
	}
	for i := range m.guests {
		g := &m.guests[i]
		if g.Client != msg.Client {
			continue
		}
		for len(g.Ops) > 0 && g.First <= msg.Op {
			g.First++
			g.Ops = g.Ops[1:]
		}
		if len(g.Ops) == 0 {
			if g.prefix != "" {
				m.keeping.clear(g.prefix)
			}
			m.guests = append(m.guests[:i:i], m.guests[i+1:]...)
			m.emit(GuestMerged{msg.Client})
		}
		return
	}
}

// batchLen is how many of ops fit in one frame.
func batchLen(ops []wire.Op) (n int) {
	for size := 0; n < len(ops) && n < wire.MaxOps && size < wire.MaxClientFrame/2; n++ {
		size += len(ops[n].Item) + len(ops[n].Kind) + len(ops[n].Preference.Key) + 40
	}
	return n
}
