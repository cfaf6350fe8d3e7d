package main

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"nigh/core"
	"nigh/core/replica"
	"nigh/core/wire"
)

// hostile are texts that break careless JSON, and ones that only look as if they did.
var hostile = []string{
	"", `"`, `\`, `\\"`, "\x00\x01\x1f\x7f", "\b\f\n\r\t", "</script><script>", "\u2028\u2029", "ж東🚀", "a\xffb\xc3", "__proto__", `{"a":1}`, "\ufeff",
}

func TestString_IsWhatTheStandardLibraryReads(t *testing.T) {
	check := func(s string) {
		t.Helper()
		a := &appender{}
		a.string(s)
		var got string
		if err := json.Unmarshal(a.b, &got); err != nil {
			t.Fatalf("%q as %s: %v", s, a.b, err)
		}
		// What is not UTF-8 is left to the decoder on the other side: both replace it.
		if want := strings.ToValidUTF8(s, "\ufffd"); got != s && string([]rune(got)) != string([]rune(s)) {
			t.Fatalf("%q arrives as %q, want %q", s, got, want)
		}
	}
	for _, s := range hostile {
		check(s)
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 3000 {
		b := make([]byte, rnd.IntN(20))
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		check(string(b))
		check(hostile[rnd.IntN(len(hostile))] + hostile[rnd.IntN(len(hostile))])
	}
}

func TestNumbers_AreExact(t *testing.T) {
	for _, v := range []int64{0, 1, -1, 9, 10, -10, 1 << 53, math.MaxInt64, math.MinInt64} {
		a := &appender{}
		a.int(v)
		if got, want := string(a.b), strconv.FormatInt(v, 10); got != want {
			t.Errorf("int(%d) = %s, want %s", v, got, want)
		}
	}
	for _, c := range []struct {
		v    int64
		want string
	}{
		{0, "0.0000"}, {core.One, "1.0000"}, {-core.One, "-1.0000"}, {core.One / 2, "0.5000"}, {core.One - 1, "0.9999"},
		{1, "0.0000"}, {-core.One / 4, "-0.2500"}, {7, "0.0001"}, {12*core.One + core.One/16, "12.0625"},
		{math.MaxInt64, "140737488355327.9999"}, {math.MinInt64, "-140737488355328.0000"},
	} {
		a := &appender{}
		a.score(c.v)
		if got := string(a.b); got != c.want {
			t.Errorf("score(%d) = %s, want %s", c.v, got, c.want)
		}
	}
}

// read parses b into a tree; numbers stay text.
func read(t *testing.T, b []byte) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	var out map[string]any
	if err := d.Decode(&out); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	if d.More() {
		t.Fatalf("something behind the value: %s", b)
	}
	return out
}

// tree is an object of JSON, list an array.
type (
	tree = map[string]any
	list = []any
)

func num(s string) json.Number { return json.Number(s) }

func TestListJSON_IsTheWholeList(t *testing.T) {
	for _, s := range hostile {
		if strings.Contains(s, "\xff") {
			continue
		}
		rec := &core.Record{ID: core.ItemID(s), Card: core.Card{
			Title: s, Summary: s, URL: "/u", Image: "/i", Author: s, Tags: []string{s, "b"}, Categories: nil,
			Attributes: []core.Attribute{{Name: s, Value: s}, {Name: s + "2", Value: ""}},
		}}
		got := read(t, new(writer).list(&replica.List{
			Question: s, Server: true, Compared: true, Agrees: true, Next: s, About: rec,
			Version: replica.Version{Epoch: 1<<53 - 1, Seq: 2, Learned: 3, Op: 4, Policy: 5, Hour: 6},
			Items: []replica.Listed{
				{Record: rec, Score: core.One, Reasons: []replica.Reason{
					{Reason: core.Reason{Feature: core.ItemFeature(1), Score: core.One / 2}, Item: rec},
					{Reason: core.Reason{Feature: core.LabelFeature(core.KindTag, "x"), Label: s, Score: 1}},
					{Reason: core.Reason{Score: 1}},
					{Reason: core.Reason{Feature: core.Boosted, Score: core.One}},
					{Reason: core.Reason{Feature: core.Pinned}},
					{Reason: core.Reason{Feature: core.New}},
				}},
				{Record: &core.Record{ID: "bare"}, Score: -core.One},
			},
		}))
		card := tree{"title": s, "summary": s, "url": "/u", "image": "/i", "author": s, "tags": list{s, "b"}, "categories": list{},
			"attributes": tree{s: s, s + "2": ""}}
		empty := tree{"title": "", "summary": "", "url": "", "image": "", "author": "", "tags": list{}, "categories": list{}, "attributes": tree{}}
		want := tree{
			"question": s, "source": "server", "agrees": true, "next": s, "about": card,
			"version": tree{"epoch": num("9007199254740991"), "seq": num("2"), "learned": num("3"), "op": num("4"), "policy": num("5"), "hour": num("6")},
			"items": list{
				tree{"id": s, "score": num("1.0000"), "card": card, "reasons": list{
					tree{"kind": "item", "value": s, "title": s, "score": num("0.5000")},
					tree{"kind": "tag", "value": s, "title": "", "score": num("0.0000")},
					tree{"kind": "popular", "value": "", "title": "", "score": num("0.0000")},
					tree{"kind": "boosted", "value": "", "title": "", "score": num("1.0000")},
					tree{"kind": "pinned", "value": "", "title": "", "score": num("0.0000")},
					tree{"kind": "new", "value": "", "title": "", "score": num("0.0000")},
				}},
				tree{"id": "bare", "score": num("-1.0000"), "card": empty, "reasons": list{}},
			},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("list =\n%v, want\n%v", got, want)
		}
	}
	bare := read(t, new(writer).list(&replica.List{Bare: true, Items: []replica.Listed{{Record: &core.Record{ID: "a"}, Score: core.One}, {Record: &core.Record{ID: "b"}}}}))
	if want := (list{tree{"id": "a", "score": num("1.0000")}, tree{"id": "b", "score": num("0.0000")}}); !reflect.DeepEqual(bare["items"], want) {
		t.Errorf("items of a bare list = %v, want %v", bare["items"], want)
	}
	got := read(t, new(writer).list(&replica.List{}))
	if got["agrees"] != nil || got["source"] != "local" || len(got["items"].(list)) != 0 || got["about"] != nil {
		t.Errorf("an empty list = %v", got)
	}
}

func TestStatusAndProfileJSON_AreWhole(t *testing.T) {
	got := read(t, new(writer).status(&replica.Status{
		State: replica.Live, Items: 1, AllItems: 10, Shelves: 11, AllShelves: 12, Bytes: 13, Epoch: 2, Seq: 3, Pending: 4, Sent: 5, BytesIn: 6, BytesOut: 7, Agreed: 8, Differ: 9, Error: `"`,
	}))
	want := tree{
		"state": replica.Live.String(), "items": num("1"), "allItems": num("10"), "shelves": num("11"), "allShelves": num("12"), "bytes": num("13"), "epoch": num("2"), "seq": num("3"), "pending": num("4"), "sent": num("5"),
		"bytesIn": num("6"), "bytesOut": num("7"), "agreed": num("8"), "differed": num("9"), "error": `"`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("status = %v, want %v", got, want)
	}
	got = read(t, new(writer).profile(&replica.ProfileChanged{
		History:     core.History{{Item: 1, Strength: -384, At: 77}, {Item: 2, Strength: 256, At: 76}},
		IDs:         []core.ItemID{"a", `"b`},
		Preferences: core.Preferences{{Kind: core.PreferTag, Key: "sea\n", Weight: 128}},
	}))
	want = tree{
		"history": list{
			tree{"item": "a", "strength": num("-1.5000"), "at": num("77")},
			tree{"item": `"b`, "strength": num("1.0000"), "at": num("76")},
		},
		"preferences": list{tree{"kind": "tag", "key": "sea\n", "weight": num("0.5000")}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("profile = %v, want %v", got, want)
	}
	if got := read(t, new(writer).profile(&replica.ProfileChanged{})); len(got) != 2 {
		t.Errorf("an empty profile = %v", got)
	}
}

func TestExportedJSON_IsWhole(t *testing.T) {
	got := read(t, new(writer).exported(&replica.Exported{Client: `c"`, Ops: []wire.Op{
		{Event: true, Kind: "like", Item: "a\"", ValueMilli: -1500, AtMillis: 7},
		{AtMillis: 8, Preference: core.Preference{Kind: core.PreferTag, Key: "sea", Weight: -128}},
	}}))
	want := tree{"client": `c"`, "ops": list{
		tree{"at": num("7"), "kind": "like", "item": `a"`, "valueMilli": num("-1500")},
		tree{"at": num("8"), "prefer": "tag", "key": "sea", "weight": num("-0.5000")},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("exportedJSON = %v, want %v", got, want)
	}
}

func TestPreferenceKind_KnowsItsNames(t *testing.T) {
	for name, want := range map[string]core.PreferenceKind{
		"text": core.PreferText, "tag": core.PreferTag, "category": core.PreferCategory, "author": core.PreferAuthor, "item": core.PreferItem,
		"none": 0, "": 0, "Tag": 0, "terms": 0,
	} {
		if got := preferenceKind(name); got != want {
			t.Errorf("preferenceKind(%q) = %d, want %d", name, got, want)
		}
	}
}
