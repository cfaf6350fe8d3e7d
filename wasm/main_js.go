package main

import (
	"runtime"
	"syscall/js"
	"unsafe"

	"nigh/core"
	"nigh/core/replica"
	"nigh/core/wire"
)

func main() {
	module := object()
	module.Set("wire", wire.Version)
	module.Set("open", js.FuncOf(func(_ js.Value, args []js.Value) any { return open(args[0]) }))
	if ready := js.Global().Get("nighReady"); ready.Type() == js.TypeFunction {
		ready.Invoke(module)
	}
	select {} // the functions above live as long as the worker
}

// What every call makes or says: to look a class up, or to have a word decoded, takes as long each time as the ranking of
// a dozen items.
var (
	objectClass, arrayClass = js.Global().Get("Object"), js.Global().Get("Array")

	listType, statusType, profileType, storeType, recordedType = word("list"), word("status"), word("profile"), word("store"), word("recorded")
)

func word(s string) js.Value { return js.ValueOf(s) }

func object() js.Value { return objectClass.New() }

// open makes a replica and the object of its methods. Each takes what happened and the time, and returns the effects.
func open(config js.Value) js.Value {
	m := replica.New(replica.Config{
		Client:     text(config.Get("client")),
		User:       text(config.Get("user")),
		Token:      text(config.Get("token")),
		TokenLater: config.Get("renews").Truthy() && text(config.Get("token")) == "",
		Seed:       uint64(number(config.Get("seed"))),
		Budget:     uint64(max(0, number(config.Get("budget")))),
		Inflates:   config.Get("inflates").Truthy(),
		Stores:     config.Get("stores").Truthy(),
		Private:    config.Get("private").Truthy(),
	})
	var w writer
	out := object()
	method := func(name string, input func(args []js.Value) replica.Input) {
		out.Set(name, js.FuncOf(func(_ js.Value, args []js.Value) any {
			last := len(args) - 1
			defer collect()
			return effects(&w, m.Step(input(args[:last]), number(args[last])))
		}))
	}
	// What an earlier life left becomes an index in this call. Nearly all that it allocates stays, so to collect garbage
	// meanwhile gives nothing back, and takes a third of the time.
	out.Set("start", js.FuncOf(func(_ js.Value, args []js.Value) any {
		was := setGCPercent(-1)
		defer setGCPercent(was)
		return effects(&w, m.Step(replica.Start{}, number(args[0])))
	}))
	method("online", func([]js.Value) replica.Input { return replica.Online{} })
	method("opened", func([]js.Value) replica.Input { return replica.Opened{} })
	method("frame", func(a []js.Value) replica.Input {
		return replica.Frame{Bytes: bytes(a[0]), Size: int(number(a[1]))}
	})
	method("restore", func(a []js.Value) replica.Input {
		return replica.Restore{Entries: entries(a)}
	})
	method("merge", func(a []js.Value) replica.Input {
		return replica.Merge{Clients: texts(a[0]), Entries: entries(a[1:])}
	})
	method("storeLost", func([]js.Value) replica.Input { return replica.StoreLost{} })
	method("export", func([]js.Value) replica.Input { return replica.Export{} })
	method("closed", func(a []js.Value) replica.Input { return replica.Closed{Code: int(number(a[0]))} })
	method("tick", func([]js.Value) replica.Input { return replica.Tick{} })
	method("record", func(a []js.Value) replica.Input {
		return replica.Record{Kind: text(a[0]), Item: core.ItemID(text(a[1])), ValueMilli: thousandths(a[2]), Origin: origin(a[3:]), More: a[5].Truthy()}
	})
	method("prefer", func(a []js.Value) replica.Input {
		return replica.Prefer{Preference: core.Preference{
			Kind: preferenceKind(text(a[0])), Key: text(a[1]), Weight: preferenceWeight(a[2]),
		}, Origin: origin(a[3:])}
	})
	method("ask", func(a []js.Value) replica.Input { return replica.Ask{Question: question(a[0])} })
	method("token", func(a []js.Value) replica.Input { return replica.Token{Token: text(a[0])} })
	method("drop", func(a []js.Value) replica.Input { return replica.Drop{Name: text(a[0])} })
	return out
}

// entries are keys beside values.
func entries(a []js.Value) []replica.Entry {
	out := make([]replica.Entry, a[0].Length())
	for i := range out {
		out[i] = replica.Entry{Key: text(a[0].Index(i)), Value: bytes(a[1].Index(i))}
	}
	return out
}

func origin(a []js.Value) replica.Origin {
	return replica.Origin{Tab: text(a[0]), Number: uint64(number(a[1]))}
}

// bytes copies a Uint8Array.
func bytes(v js.Value) []byte {
	b := make([]byte, v.Get("length").Int())
	js.CopyBytesToGo(b, v)
	return b
}

func byteArray(b []byte) js.Value {
	v := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(v, b)
	return v
}

func array[T any](all []T, f func(T) any) js.Value {
	out := arrayClass.New(len(all))
	for i, v := range all {
		out.SetIndex(i, f(v))
	}
	return out
}

// text is v as a string; what is not one is empty.
func text(v js.Value) string {
	if v.Type() != js.TypeString {
		return ""
	}
	return v.String()
}

// number is v as an integer; what is not a number is 0.
func number(v js.Value) int64 {
	if v.Type() != js.TypeNumber {
		return 0
	}
	return int64(v.Float())
}

// thousandths and preferenceWeight are where numbers of the page become integers; what is not finite is 0.
func thousandths(v js.Value) int64 { return scaled(v, 1000, 1<<50) }

func preferenceWeight(v js.Value) int32 {
	return int32(scaled(v, core.ProfileOne, core.MaxPreferenceWeight))
}

func scaled(v js.Value, by, most float64) int64 {
	if v.Type() != js.TypeNumber {
		return 0
	}
	f := v.Float() * by
	switch {
	case f != f:
		return 0
	case f > most:
		return int64(most)
	case f < -most:
		return -int64(most)
	case f < 0:
		return int64(f - 0.5)
	}
	return int64(f + 0.5)
}

func question(v js.Value) replica.Question {
	q := replica.Question{
		Name: text(v.Get("name")), Similar: core.ItemID(text(v.Get("similar"))), Limit: int(number(v.Get("limit"))),
		After: text(v.Get("after")), Bare: v.Get("bare").Truthy(),
	}
	if !filtered(v, &q) {
		return q
	}
	w := core.Wanted{
		Labels: labels(v), Any: labels(v.Get("any")), All: labels(v.Get("all")), Not: labels(v.Get("not")),
		Since: hour(v.Get("since")), Until: hour(v.Get("until")),
	}
	q.Filter = w.Filter()
	for _, id := range texts(v.Get("exclude")) {
		q.Exclude = append(q.Exclude, core.ItemID(id))
	}
	return q
}

// filtered tells whether a question has more parts than those that q has of it. Most have not, and then a dozen look-ups
// across the border need not be made: together they took as long as the sum of a ranking.
func filtered(v js.Value, q *replica.Question) bool {
	parts := 1 // its name
	for _, has := range []bool{q.Similar != "", q.Limit != 0, q.After != "", q.Bare} {
		if has {
			parts++
		}
	}
	return objectClass.Call("keys", v).Length() > parts
}

func labels(v js.Value) (l core.Labels) {
	if v.Type() != js.TypeObject {
		return l
	}
	l = core.Labels{Categories: texts(v.Get("categories")), Tags: texts(v.Get("tags")), Authors: texts(v.Get("authors"))}
	if a := v.Get("attributes"); a.Type() == js.TypeObject {
		l.Attributes = map[string][]string{}
		for _, name := range texts(objectClass.Call("keys", a)) {
			l.Attributes[name] = texts(a.Get(name))
		}
	}
	return l
}

// hour is the hour that a time in Unix milliseconds lies in; 0, no bound, for what is no number.
func hour(v js.Value) core.Hour {
	if v.Type() != js.TypeNumber {
		return 0
	}
	return core.Hour(min(max(number(v)/3_600_000, 1), 1<<32-1))
}

func texts(v js.Value) []string {
	if v.Type() != js.TypeObject {
		return nil
	}
	var out []string
	for i := range v.Length() {
		out = append(out, text(v.Index(i)))
	}
	return out
}

// lent is b as a string, for a call that decodes it before it returns: b is written over by the next one.
func lent(b []byte) string {
	given += len(b)
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// given is what JavaScript holds for values of ours, about, in bytes: all that effects told since the last collection, for
// only that lets them go. See collect.
var given int

const (
	mostGiven = 16 << 20
	eachGiven = 2 << 10 // what a call and its values are beside texts
)

// collect runs a collection when JavaScript holds much for us. Of its own accord one comes when the module's memory has
// doubled, and a list costs the module a few kB, the page ten times that.
func collect() {
	if given += eachGiven; given > mostGiven {
		given = 0
		runtime.GC()
	}
}

// effects gives effects the form of the SDK's types.
func effects(w *writer, in []replica.Effect) js.Value {
	out := arrayClass.New()
	for i, e := range in {
		o := object()
		switch e := e.(type) {
		case replica.Connect:
			o.Set("type", "connect")
		case replica.Send:
			o.Set("type", "send")
			o.Set("bytes", byteArray(e.Bytes))
		case replica.Close:
			o.Set("type", "close")
			o.Set("code", e.Code)
			o.Set("reason", e.Reason)
		case replica.Wake:
			o.Set("type", "wake")
			o.Set("at", e.AtMillis)
		case replica.Store:
			key := func(s string) any { return s }
			o.Set("type", storeType)
			o.Set("clear", array(e.Clear, key))
			o.Set("deletes", array(e.Deletes, key))
			o.Set("keys", array(e.Puts, func(p replica.Entry) any { return p.Key }))
			o.Set("values", array(e.Puts, func(p replica.Entry) any { return byteArray(p.Value) }))
			o.Set("durable", e.Durable)
		case replica.Recorded:
			o.Set("type", recordedType)
			o.Set("tab", e.Origin.Tab)
			o.Set("number", float64(e.Origin.Number))
			o.Set("fault", e.Fault)
		case replica.Exported:
			o.Set("type", "exported")
			o.Set("json", lent(w.exported(&e)))
		case replica.NeedToken:
			o.Set("type", "token")
		case replica.GuestMerged:
			o.Set("type", "merged")
			o.Set("client", e.Client)
		case replica.List:
			o.Set("type", listType)
			o.Set("json", lent(w.list(&e)))
		case replica.Status:
			o.Set("type", statusType)
			o.Set("json", lent(w.status(&e)))
		case replica.ProfileChanged:
			o.Set("type", profileType)
			o.Set("json", lent(w.profile(&e)))
		}
		out.SetIndex(i, o)
	}
	return out
}
