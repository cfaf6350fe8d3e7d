package replica

// SmallStore makes a machine fold its log early: after some bytes of it, some bytes of blocks at a time.
func SmallStore(m *Machine, log, fold int) { m.keeping.bounds = storeBounds{log, fold} }

// Seal gives a payload the form of a stored value.
func Seal(key string, payload []byte) Entry {
	b, _ := seal(key, payload)
	return Entry{key, b}
}
