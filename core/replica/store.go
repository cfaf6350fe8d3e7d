package replica

import (
	"slices"

	"nigh/core"
	"nigh/core/wire"
)

// What a machine leaves in its store, for one server, catalog and reader. The shell keeps a store for each of these; to
// it keys and values are opaque.
//
//	reader           whose ops these are, what is decided of them, the profile up to there, what tabs said last
//	op/<number>      an op that is not decided, with the client id and the tab that it came from
//	guest/<move>/…   reader and op/ of a store whose reader was anonymous and is this one now, until they are merged
//	policy           the last welcome: policy, and how far the server's clock is from ours
//	c/0/head         a catalog's position, and a sum over its blocks
//	c/0/log/<seq>    a delta, as it came
//	c/0/block/<n>    the records of 64 item numbers
//
// Numbers in keys are 16 hexadecimal digits, so that keys are in the order of numbers. c/0/ is the one shelf that there
// is; another one is another such prefix.

// Entry is a key of the store and what it holds.
type Entry struct {
	Key   string
	Value []byte
}

const (
	readerKey = "reader"
	policyKey = "policy"
	opPrefix  = "op/"
	catalog0  = "c/0/"

	guestPrefix = "guest/"
)

// schema is the version of what is stored. Ops of all versions so far are read; of another version the rest is synced
// again. What is a frame of core/wire in it is read as long as old frames are.
const schema = 1

// keeping gathers what the next Store is to do.
type keeping struct {
	on      bool // someone carries it out
	store   Store
	reader  bool // the entry of it is out of date
	policy  string
	catalog shelfStore
	bounds  storeBounds
}

func (k *keeping) put(key string, payload []byte) (sum uint64, size int) {
	if !k.on {
		return 0, 0
	}
	sealed, sum := seal(key, payload)
	k.store.Puts = append(k.store.Puts, Entry{key, sealed})
	return sum, len(sealed)
}

func (k *keeping) delete(key string) {
	if k.on {
		k.store.Puts = slices.DeleteFunc(k.store.Puts, func(e Entry) bool { return e.Key == key })
		k.store.Deletes = append(k.store.Deletes, key)
	}
}

func (k *keeping) clear(prefix string) {
	if k.on {
		k.store.Clear = append(k.store.Clear, prefix)
	}
}

// commit asks for all that is to be stored, as one transaction. It is called between changes, never within one.
func (m *Machine) commit() {
	k := &m.keeping
	if !k.on {
		return
	}
	if k.reader {
		k.reader = false
		k.put(readerKey, m.readerEntry())
	}
	if s := k.store; len(s.Clear)+len(s.Deletes)+len(s.Puts) > 0 {
		s.Durable = slices.ContainsFunc(s.Puts, func(e Entry) bool { return hasPrefix(e.Key, opPrefix) })
		k.store = Store{}
		m.emit(s.compact())
	}
}

// compact takes what was put after it was deleted out of what is to be deleted: a transaction deletes first.
func (s Store) compact() Store {
	if len(s.Deletes) == 0 {
		return s
	}
	put := make(map[string]bool, len(s.Puts))
	for _, e := range s.Puts {
		put[e.Key] = true
	}
	kept := s.Deletes[:0]
	for _, key := range s.Deletes {
		if !put[key] {
			kept = append(kept, key)
		}
	}
	s.Deletes = kept
	return s
}

func (m *Machine) keepReader() { m.keeping.reader = true }

// readerEntry: client, acked, baseOp, epoch of the profile's numbers, profile, tabs.
func (m *Machine) readerEntry() []byte {
	b := appendBytes(nil, []byte(m.cfg.Client))
	for _, v := range []uint64{m.acked, m.baseOp, m.epoch} {
		b = appendUint(b, v)
	}
	b = appendBytes(b, wire.Encode(&wire.Profile{History: m.base.history, Preferences: m.base.preferences}))
	b = appendUint(b, uint64(len(m.taken)))
	for _, o := range m.taken {
		b = appendUint(appendBytes(b, []byte(o.Tab)), o.Number)
	}
	return b
}

// readerState is what a reader's entry says.
type readerState struct {
	client               string
	acked, baseOp, epoch uint64
	base                 profile
	taken                []Origin
}

func readReader(b []byte) (s readerState, ok bool) {
	u := unpacker{b: b}
	s.client = string(u.bytes())
	s.acked, s.baseOp, s.epoch = u.uint(), u.uint(), u.uint()
	frame := u.bytes()
	for n := u.uint(); n > 0 && !u.bad; n-- {
		s.taken = append(s.taken, Origin{string(u.bytes()), u.uint()})
	}
	msg, err := wire.Decode(frame)
	p, isProfile := msg.(*wire.Profile)
	if !u.whole() || err != nil || !isProfile || s.client == "" || len(s.taken) > maxTabs ||
		len(p.History) > core.MaxHistory {
		return readerState{}, false
	}
	s.base = profile{p.History, p.Preferences}
	return s, true
}

func opKey(n uint64) string { return opPrefix + hex(n) }

// keepOp: client, number, tab, its number, the op as a frame.
func (m *Machine) keepOp(n numbered) {
	if !m.keeping.on {
		return
	}
	b := appendBytes(nil, []byte(m.cfg.Client))
	b = appendUint(b, n.n)
	b = appendUint(appendBytes(b, []byte(n.origin.Tab)), n.origin.Number)
	m.keeping.put(opKey(n.n), append(b, wire.Encode(&wire.Ops{First: n.n, Ops: []wire.Op{n.op}})...))
}

func (m *Machine) dropOp(n uint64) { m.keeping.delete(opKey(n)) }

func readOp(b []byte) (n numbered, client string, ok bool) {
	u := unpacker{b: b}
	client = string(u.bytes())
	n.n = u.uint()
	n.origin = Origin{string(u.bytes()), u.uint()}
	if u.bad {
		return n, "", false
	}
	msg, err := wire.Decode(u.b)
	ops, isOps := msg.(*wire.Ops)
	if err != nil || !isOps || ops.First != n.n || len(ops.Ops) != 1 || n.n == 0 || client == "" || faultOf(ops.Ops[0]) != "" {
		return n, "", false
	}
	n.op = ops.Ops[0]
	return n, client, true
}

// keepPolicy keeps what a welcome says beside the ops: a policy for lists without a connection, and the server's clock.
func (m *Machine) keepPolicy() {
	if !m.keeping.on {
		return
	}
	w := wire.Encode(&wire.Welcome{Policy: *m.policy, NowMillis: m.skew})
	if string(w) != m.keeping.policy {
		m.keeping.policy = string(w)
		m.keeping.put(policyKey, w)
	}
}

func readPolicy(b []byte) (policy *core.Policy, skew int64, ok bool) {
	msg, err := wire.Decode(b)
	w, isWelcome := msg.(*wire.Welcome)
	if err != nil || !isWelcome {
		return nil, 0, false
	}
	return &w.Policy, w.NowMillis, true
}

// A value is sealed: schema, payload, and a sum over key, schema and payload (eight bytes, the lowest first). A value
// that is torn, of another schema or under another value's key does not open.

func seal(key string, payload []byte) (sealed []byte, sum uint64) {
	b := make([]byte, 0, len(payload)+9)
	b = append(append(b, schema), payload...)
	sum = sumOf(key, b)
	for s, i := sum, 0; i < 8; i++ {
		b = append(b, byte(s))
		s >>= 8
	}
	return b, sum
}

func unseal(e Entry) (payload []byte, sum uint64, ok bool) {
	n := len(e.Value) - 8
	if n < 1 || e.Value[0] != schema {
		return nil, 0, false
	}
	for i := 7; i >= 0; i-- {
		sum = sum<<8 | uint64(e.Value[n+i])
	}
	return e.Value[1:n], sum, sum == sumOf(e.Key, e.Value[:n])
}

// sumOf is FNV-1a, of which it takes eight bytes at a time, the lowest first: a start sums all that is stored. Behind
// each step the high half comes down, where a multiplication alone never brings it.
func sumOf(key string, b []byte) uint64 {
	sum := wire.Sum(wire.SumStart, [][]byte{[]byte(key)})
	for ; len(b) >= 8; b = b[8:] {
		word := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		sum = (sum ^ word) * 1099511628211
		sum ^= sum >> 32
	}
	return wire.Sum(sum, [][]byte{b})
}

const hexDigits = "0123456789abcdef"

//go:noinline
func hex(n uint64) string {
	var b [16]byte
	for i := 15; i >= 0; i-- {
		b[i] = hexDigits[n&15]
		n >>= 4
	}
	return string(b[:])
}

// unhex reads what hex wrote.
func unhex(s string) (n uint64, ok bool) {
	if len(s) != 16 {
		return 0, false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		default:
			return 0, false
		}
		n = n<<4 | uint64(c)
	}
	return n, true
}

// The small functions of packing are not to be inlined: each place would cost the module some hundred bytes.

//go:noinline
func appendUint(b []byte, v uint64) []byte {
	for ; v >= 0x80; v >>= 7 {
		b = append(b, byte(v)|0x80)
	}
	return append(b, byte(v))
}

//go:noinline
func appendBytes(b, v []byte) []byte { return append(appendUint(b, uint64(len(v))), v...) }

// unpacker reads from the front of b; after the first fault everything it returns is zero.
type unpacker struct {
	b   []byte
	bad bool
}

//go:noinline
func (u *unpacker) uint() (v uint64) {
	for shift := 0; shift < 64 && len(u.b) > 0; shift += 7 {
		c := u.b[0]
		u.b = u.b[1:]
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v
		}
	}
	u.bad, u.b = true, nil
	return 0
}

//go:noinline
func (u *unpacker) bytes() []byte {
	n := u.uint()
	if n > uint64(len(u.b)) {
		u.bad, u.b = true, nil
		return nil
	}
	v := u.b[:n]
	u.b = u.b[n:]
	return v
}

// whole tells whether all was read, and nothing is behind it.
func (u *unpacker) whole() bool { return !u.bad && len(u.b) == 0 }
