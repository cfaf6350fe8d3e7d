package core_test

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"testing"

	"nigh/core"
	"nigh/core/text"
	"nigh/core/wire"
)

// The golden pages are read and compared natively and in the browser: the same records, packed once by
// golden_notjs_test.go, must give the same lists to the bit. `make golden` rewrites them.
var (
	//go:embed testdata/demo.records
	demoRecords []byte
	//go:embed testdata/profiles.golden
	profilesPage string
	//go:embed testdata/similar.golden
	similarPage string
)

// demo is the demo catalog, as testdata/demo.records holds it: a welcome with the policy, then the records, each behind
// its length in four bytes.
type demo struct {
	index    *core.Index
	policy   core.Policy
	analyzer *text.Analyzer
	records  []*core.Record
	labels   map[core.PreferenceKind][]string
}

func readDemo(t testing.TB, b []byte) *demo {
	t.Helper()
	d := &demo{index: core.NewIndex(), labels: map[core.PreferenceKind][]string{}}
	for first := true; len(b) > 0; first = false {
		n := int(b[0])<<24 | int(b[1])<<16 | int(b[2])<<8 | int(b[3])
		entry := b[4 : 4+n]
		b = b[4+n:]
		if first {
			m, err := wire.Decode(entry)
			if err != nil {
				t.Fatal(err)
			}
			d.policy = m.(*wire.Welcome).Policy
			continue
		}
		r, err := wire.ReadRecord(entry)
		if err != nil {
			t.Fatal(err)
		}
		if !d.index.Put(r) {
			t.Fatalf("the index refuses %s", r.ID)
		}
		d.records = append(d.records, r)
		d.label(core.PreferText, r.Card.Title)
		d.label(core.PreferAuthor, r.Card.Author)
		d.label(core.PreferItem, string(r.ID))
		for _, tag := range r.Card.Tags {
			d.label(core.PreferTag, tag)
		}
		for _, c := range r.Card.Categories {
			d.label(core.PreferCategory, c)
		}
	}
	if len(d.records) < 600 {
		t.Fatalf("%d records, want the demo catalog", len(d.records))
	}
	d.analyzer = text.NewAnalyzer(d.policy.Language)
	return d
}

func (d *demo) label(k core.PreferenceKind, s string) {
	if s != "" && !slices.Contains(d.labels[k], s) {
		d.labels[k] = append(d.labels[k], s)
	}
}

// random is SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): the pages must not hang on a generator of Go's library.
type random uint64

func (r *random) next(n int) int {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return int((z ^ z>>31) % uint64(n))
}

func pick(r *random, of []string) string { return of[r.next(len(of))] }

// question makes the i-th random reader and what they ask, and describes both in a line.
func (d *demo) question(i int) (core.Query, string) {
	r := random(i)*7919 + 1
	line := &strings.Builder{}
	fmt.Fprintf(line, "profile %d:", i)
	policy := d.policy
	policy.Repeat = core.Repeat(r.next(3))
	q := core.Query{Policy: &policy, Hour: demoHour + core.Hour(r.next(2000)), Limit: 10}
	var h core.History
	at := int64(0)
	for range r.next(4) * r.next(25) {
		at += int64(r.next(1000))
		k := policy.Kinds[r.next(len(policy.Kinds))]
		n := d.records[r.next(len(d.records))].Num
		h = h.Record(core.Visit{Item: n, Strength: k.Strength(int64(r.next(11)) * 500), At: at})
	}
	fmt.Fprintf(line, " %d visits", len(h))
	var ps core.Preferences
	for range r.next(4) {
		k := core.PreferText + core.PreferenceKind(r.next(5))
		p := core.Preference{Kind: k, Key: pick(&r, d.labels[k]), Weight: int32(r.next(1024) - 256)}
		fmt.Fprintf(line, ", %s %q %d", k, p.Key, p.Weight)
		ps = ps.Set(p)
	}
	p := core.NewProfile(h, ps, &policy, d.analyzer, d.index.NumOf)
	q.Profile = &p
	if r.next(6) == 0 {
		c := pick(&r, d.labels[core.PreferCategory])
		q.Filter = (&core.Wanted{Labels: core.Labels{Categories: []string{c}}}).Filter()
		fmt.Fprintf(line, ", only %s", c)
	}
	if q.Matched = r.next(8) == 0; q.Matched {
		line.WriteString(", matched")
	}
	for range r.next(3) {
		q.Exclude = append(q.Exclude, d.records[r.next(len(d.records))].Num)
	}
	if q.Seed = core.Seed(line.String()); r.next(4) == 0 {
		policy.SeenAgainHours = int32(24 + r.next(1000))
		fmt.Fprintf(line, ", again after %d", policy.SeenAgainHours)
	}
	if r.next(6) == 0 {
		q.Filter.Not = append(q.Filter.Not, core.LabelFeature(core.KindTag, pick(&r, d.labels[core.PreferTag])))
		q.Filter.Since = demoHour - core.Hour(r.next(5000))
		fmt.Fprintf(line, ", since %d", q.Filter.Since)
	}
	fmt.Fprintf(line, ", repeat %d, hour %d\n", policy.Repeat, q.Hour)
	return q, line.String()
}

// demoHour is when the demo's events end: in June 2026.
const demoHour core.Hour = 495_000

func profilesOf(d *demo) string {
	var page strings.Builder
	var s core.Scratch
	for i := range 200 {
		q, line := d.question(i)
		page.WriteString(line)
		for _, place := range d.index.Rank(&s, q) {
			fmt.Fprintf(&page, "  %d %s", place.Score, d.index.Get(place.Num).ID)
			for _, why := range d.index.Explain(place.Num, q, 1) {
				fmt.Fprintf(&page, " %d %x", why.Score, uint64(why.Feature))
			}
			page.WriteByte('\n')
		}
	}
	return page.String()
}

// known are works whose neighbours a person can judge.
var known = []core.ItemID{
	"moby-dick", "dune", "blade-runner", "the-c-programming-language", "spirited-away", "casablanca", "nosferatu",
	"foundation", "treasure-island", "fahrenheit-451", "the-left-hand-of-darkness", "the-mythical-man-month",
}

func similarOf(t testing.TB, d *demo) string {
	var page strings.Builder
	var s core.Scratch
	for _, id := range known {
		r := d.index.Lookup(id)
		if r == nil {
			t.Fatalf("the demo catalog has no %s", id)
		}
		fmt.Fprintf(&page, "more like %s\n", r.Card.Title)
		p := core.ItemProfile(r.Num)
		policy := d.policy
		policy.Repeat = core.RepeatDropSeen
		q := core.Query{Profile: &p, Policy: &policy, Hour: demoHour, Limit: 8, Matched: true}
		for _, place := range d.index.Rank(&s, q) {
			rec := d.index.Get(place.Num)
			fmt.Fprintf(&page, "  %d.%04d %s (%s; %s)\n", place.Score/core.One, place.Score%core.One*10_000/core.One,
				rec.Card.Title, rec.Card.Author, strings.Join(rec.Card.Tags, ", "))
		}
	}
	return page.String()
}

// compare reports the first line in which two pages differ.
func compare(t *testing.T, name, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("%s, line %d:\n got %s\nwant %s\nif the change is a better one: make golden", name, i+1, g[i], w[i])
		}
	}
	t.Fatalf("%s has %d lines, want %d; if the change is a better one: make golden", name, len(g), len(w))
}

func TestGolden_ListsOfRandomProfiles(t *testing.T) {
	compare(t, "profiles.golden", profilesOf(readDemo(t, records(t))), page(t, "profiles.golden", profilesPage, profilesOf))
}

func TestGolden_MoreLikeKnownWorks(t *testing.T) {
	similar := func(d *demo) string { return similarOf(t, d) }
	compare(t, "similar.golden", similar(readDemo(t, records(t))), page(t, "similar.golden", similarPage, similar))
}
