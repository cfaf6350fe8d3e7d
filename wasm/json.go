package main

import (
	"nigh/core"
	"nigh/core/replica"
)

// appender writes JSON; encoding/json would bring reflection into the module (0.2 MB brotli).
type appender struct {
	b     []byte
	comma bool // a comma is due before the next value
}

func (a *appender) sep() {
	if a.comma {
		a.b = append(a.b, ',')
	}
	a.comma = true
}

func (a *appender) open(c byte)  { a.sep(); a.b = append(a.b, c); a.comma = false }
func (a *appender) close(c byte) { a.b = append(a.b, c); a.comma = true }
func (a *appender) raw(s string) { a.sep(); a.b = append(a.b, s...) }

// key writes a name; of ours none needs escaping.
func (a *appender) key(k string) {
	a.sep()
	a.b = append(append(append(a.b, '"'), k...), '"', ':')
	a.comma = false
}

const hex = "0123456789abcdef"

// string writes s as a JSON string. Bytes that are not UTF-8 stay as they are: the string crosses to JavaScript through a
// decoder that replaces them.
func (a *appender) string(s string) {
	a.sep()
	a.b = append(a.b, '"')
	for {
		i := 0
		for i < len(s) && !escaped[s[i]] {
			i++
		}
		a.b = append(a.b, s[:i]...)
		if i == len(s) {
			break
		}
		if c := s[i]; c < ' ' {
			a.b = append(a.b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		} else {
			a.b = append(a.b, '\\', c)
		}
		s = s[i+1:]
	}
	a.b = append(a.b, '"')
}

// escaped tells which bytes may not stand in a JSON string as they are.
var escaped = func() (t [256]bool) {
	for c := range ' ' {
		t[c] = true
	}
	t['"'], t['\\'] = true, true
	return t
}()

func (a *appender) int(v int64) {
	a.sep()
	if v < 0 {
		a.b = append(a.b, '-')
	}
	u := uint64(v)
	if v < 0 {
		u = -u
	}
	var digits [20]byte
	i := len(digits)
	for {
		i--
		digits[i] = byte('0' + u%10)
		if u /= 10; u == 0 {
			break
		}
	}
	a.b = append(a.b, digits[i:]...)
}

func (a *appender) bool(v bool) {
	if v {
		a.raw("true")
	} else {
		a.raw("false")
	}
}

// score writes a score of One as 1, with four decimals, rounded towards zero.
func (a *appender) score(v int64) {
	a.sep()
	u := uint64(v)
	if v < 0 {
		a.b = append(a.b, '-')
		u = -u
	}
	a.comma = false
	a.int(int64(u / core.One))
	a.b = append(a.b, '.')
	frac := u % core.One * 10000 / core.One
	for div := uint64(1000); div > 0; div /= 10 {
		a.b = append(a.b, byte('0'+frac/div%10))
	}
}

func (a *appender) strings(k string, all []string) {
	a.key(k)
	a.open('[')
	for _, s := range all {
		a.string(s)
	}
	a.close(']')
}

func (a *appender) text(k, v string)         { a.key(k); a.string(v) }
func (a *appender) number(k string, v int64) { a.key(k); a.int(v) }

// writer writes effects, each into the memory of the one before: what a method returns is good until the next call.
type writer struct {
	a     appender
	cards cards
}

// maxKept bounds the memory that waits for the next effect.
const maxKept = 256 << 10

func (w *writer) begin() *appender {
	if cap(w.a.b) > maxKept {
		w.a.b = nil
	}
	w.a = appender{b: w.a.b[:0]}
	return &w.a
}

func (w *writer) list(l *replica.List) []byte {
	a := w.begin()
	a.open('{')
	a.text("question", l.Question)
	source := "local"
	if l.Server {
		source = "server"
	}
	a.text("source", source)
	a.key("agrees")
	if l.Compared {
		a.bool(l.Agrees)
	} else {
		a.raw("null")
	}
	v := l.Version
	a.key("version")
	a.open('{')
	a.number("epoch", int64(v.Epoch))
	a.number("seq", int64(v.Seq))
	a.number("learned", int64(v.Learned))
	a.number("op", int64(v.Op))
	a.number("policy", int64(v.Policy))
	a.number("hour", int64(v.Hour))
	a.close('}')
	a.key("items")
	a.open('[')
	for i := range l.Items {
		w.item(&l.Items[i], l.Bare)
	}
	a.close(']')
	a.text("next", l.Next)
	if l.About != nil {
		a.key("about")
		w.cards.write(a, l.About)
	}
	a.close('}')
	return a.b
}

func (w *writer) item(it *replica.Listed, bare bool) {
	a := &w.a
	a.open('{')
	a.text("id", string(it.Record.ID))
	a.key("score")
	a.score(it.Score)
	if bare {
		a.close('}')
		return
	}
	a.key("reasons")
	a.open('[')
	for _, r := range it.Reasons {
		value, title := r.Label, ""
		if r.Item != nil {
			value, title = string(r.Item.ID), r.Item.Card.Title
		}
		a.open('{')
		a.text("kind", r.Feature.Kind().String())
		a.text("value", value)
		a.text("title", title)
		a.key("score")
		a.score(r.Score)
		a.close('}')
	}
	a.close(']')
	a.key("card")
	w.cards.write(a, it.Record)
	a.close('}')
}

func (a *appender) card(c *core.Card) {
	a.open('{')
	a.text("title", c.Title)
	a.text("summary", c.Summary)
	a.text("url", c.URL)
	a.text("image", c.Image)
	a.text("author", c.Author)
	a.strings("tags", c.Tags)
	a.strings("categories", c.Categories)
	a.key("attributes")
	a.open('{')
	for _, at := range c.Attributes {
		a.string(at.Name)
		a.b = append(a.b, ':')
		a.comma = false
		a.string(at.Value)
	}
	a.close('}')
	a.close('}')
}

func (w *writer) status(s *replica.Status) []byte {
	a := w.begin()
	a.open('{')
	a.text("state", s.State.String())
	a.number("items", int64(s.Items))
	a.number("allItems", int64(s.AllItems))
	a.number("shelves", int64(s.Shelves))
	a.number("allShelves", int64(s.AllShelves))
	a.number("bytes", int64(s.Bytes))
	a.number("epoch", int64(s.Epoch))
	a.number("seq", int64(s.Seq))
	a.number("pending", int64(s.Pending))
	a.number("sent", int64(s.Sent))
	a.number("bytesIn", s.BytesIn)
	a.number("bytesOut", s.BytesOut)
	a.number("agreed", s.Agreed)
	a.number("differed", s.Differ)
	a.text("error", s.Error)
	a.close('}')
	return a.b
}

func (w *writer) profile(p *replica.ProfileChanged) []byte {
	a := w.begin()
	a.open('{')
	a.key("history")
	a.open('[')
	for i, v := range p.History {
		a.open('{')
		a.text("item", string(p.IDs[i]))
		a.key("strength")
		a.score(int64(v.Strength) * (core.One / core.ProfileOne))
		a.number("at", v.At)
		a.close('}')
	}
	a.close(']')
	a.key("preferences")
	a.open('[')
	for _, q := range p.Preferences {
		a.open('{')
		a.text("kind", q.Kind.String())
		a.text("key", q.Key)
		a.key("weight")
		a.score(int64(q.Weight) * (core.One / core.ProfileOne))
		a.close('}')
	}
	a.close(']')
	a.close('}')
	return a.b
}

// exported tells of the client and its ops; the profile goes by itself.
func (w *writer) exported(e *replica.Exported) []byte {
	a := w.begin()
	a.open('{')
	a.text("client", e.Client)
	a.key("ops")
	a.open('[')
	for _, op := range e.Ops {
		a.open('{')
		a.number("at", op.AtMillis)
		if op.Event {
			a.text("kind", op.Kind)
			a.text("item", op.Item)
			a.number("valueMilli", op.ValueMilli)
		} else {
			a.text("prefer", op.Preference.Kind.String())
			a.text("key", op.Preference.Key)
			a.key("weight")
			a.score(int64(op.Preference.Weight) * (core.One / core.ProfileOne))
		}
		a.close('}')
	}
	a.close(']')
	a.close('}')
	return a.b
}

// preferenceKind is the kind of a name; 0, which a replica refuses, for any other.
func preferenceKind(name string) core.PreferenceKind {
	for k := core.PreferText; k <= core.PreferItem; k++ {
		if k.String() == name {
			return k
		}
	}
	return 0
}
