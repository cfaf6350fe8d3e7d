package main

import "nigh/core"

// cards keeps the JSON of cards that were shown, since a click shows most of them again and to write them is half of what a
// list's JSON costs. Records do not change, so nothing in it becomes wrong. It holds at most 2·maxCards bytes: when the
// young are so many, the old ones are forgotten and the young are the old.
type cards struct {
	young, old map[*core.Record][]byte
	bytes      int // of young
}

const maxCards = 256 << 10

// write appends the card of r to a.
func (c *cards) write(a *appender, r *core.Record) {
	a.sep()
	card, ok := c.young[r]
	if !ok {
		card, ok = c.old[r]
		if !ok {
			from := len(a.b)
			a.comma = false
			a.card(&r.Card)
			card = append([]byte(nil), a.b[from:]...)
			c.keep(r, card)
			return
		}
		c.keep(r, card)
	}
	a.b = append(a.b, card...)
}

func (c *cards) keep(r *core.Record, card []byte) {
	if c.bytes += len(card); c.bytes > maxCards || c.young == nil {
		c.young, c.old, c.bytes = map[*core.Record][]byte{}, c.young, len(card)
	}
	c.young[r] = card
}
