package eval

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"nigh/core"
	"nigh/server/store"
)

func itemOf(i int) store.Item { return store.Item{ID: fmt.Sprint("item-", i)} }

// measureAll runs every protocol on the small logs of testdata.
func measureAll(t *testing.T, opt Options) []*Result {
	t.Helper()
	var out []*Result
	keep := func(r *Result, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	for _, repeats := range []string{"allow", "drop-current", "drop-seen"} {
		d, logs := readData(t, "", "train.csv", "test.csv")
		keep(Sessions(t.Context(), d, logs[0], logs[1], repeats, 20, opt))
	}
	for _, cold := range []float64{0, .2} {
		d, logs := readData(t, "items.jsonl", "ratings.csv")
		keep(Holdout(t.Context(), d, logs[0], cold, opt))
	}
	d, logs := readData(t, "items.jsonl", "ratings.csv")
	keep(Replay(t.Context(), d, logs[0], opt))
	d, _ = readData(t, "items.jsonl")
	keep(Similar(t.Context(), d, opt))
	return out
}

func TestGolden_Figures(t *testing.T) {
	var got bytes.Buffer
	for _, r := range measureAll(t, testOptions()) {
		if s := r.settings(); s != "" {
			fmt.Fprintf(&got, "%s\n", s)
		}
		if err := r.Figures(&got); err != nil {
			t.Fatal(err)
		}
	}
	checkGolden(t, "figures.txt", got.Bytes())
}

func TestProtocols_AreRepeatable(t *testing.T) {
	first, second := measureAll(t, testOptions()), measureAll(t, testOptions())
	for i := range first {
		a, b := metricsOf(first[i]), metricsOf(second[i])
		if a != b {
			t.Errorf("%s differs from run to run: %s and %s", first[i].Protocol, a, b)
		}
	}
}

// metricsOf is all of a result but times.
func metricsOf(r *Result) string {
	var out []any
	for _, o := range append([]Outcome{r.Outcome}, r.Baselines...) {
		out = append(out, o.Name, o.Metrics, o.Cold, o.Curves, o.Exposure)
	}
	data, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func TestResult_JSONHoldsWhatIsPromised(t *testing.T) {
	d, logs := readData(t, "items.jsonl", "ratings.csv")
	r, err := Holdout(t.Context(), d, logs[0], .2, testOptions("none"))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.JSON(&b); err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(b.Bytes(), []byte("\n")); n != 1 {
		t.Errorf("%d lines, want one", n)
	}
	var got struct {
		Protocol string
		N        int
		Metrics  map[string]float64
		Cold     map[string]float64
		Policy   struct{ Lambda float64 }
		Seconds  float64
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, m := range []string{"NDCG@10", "Recall@20", "HR@10"} {
		if _, ok := got.Metrics[m]; !ok {
			t.Errorf("metrics %v lack %s", got.Metrics, m)
		}
		if _, ok := got.Cold[m]; !ok {
			t.Errorf("cold %v lacks %s", got.Cold, m)
		}
	}
	if got.Protocol != "holdout" || got.N != r.N || got.Policy.Lambda != r.Policy.Lambda || got.Seconds <= 0 {
		t.Errorf("got %+v, want protocol, n, policy and seconds of the run", got)
	}
}

func TestSessions_CountsStepsByRepeatPolicy(t *testing.T) {
	d := NewData()
	train := mustLog(t, d, "s,a,view,1,1", "s,b,view,1,2", "s,c,view,1,3")
	test := mustLog(t, d, "t,a,view,1,10", "t,b,view,1,11", "t,a,view,1,12", "t,c,view,1,13", "u,a,view,1,14")
	for repeats, want := range map[string]int{
		"allow":        3, // a→b, ab→a, aba→c; u has one event
		"drop-current": 3,
		"drop-seen":    2, // ab→a is a repeat
	} {
		r, err := Sessions(t.Context(), d, train, test, repeats, 20, testOptions())
		if err != nil {
			t.Fatal(err)
		}
		if r.N != want {
			t.Errorf("%s: %d steps, want %d", repeats, r.N, want)
		}
	}
}

func TestSteps_DropWhatThePolicySays(t *testing.T) {
	d := NewData()
	test := mustLog(t, d, "t,a,view,1,10", "t,b,view,1,11", "t,c,view,1,12")
	a, b := d.nums["a"], d.nums["b"]
	steps := stepsOf(d, test, core.RepeatAllow)
	last := &steps[1]
	for _, c := range []struct {
		repeat core.Repeat
		a, b   bool
	}{{core.RepeatAllow, false, false}, {core.RepeatDropCurrent, false, true}, {core.RepeatDropSeen, true, true}} {
		drop := last.dropped(c.repeat)
		if drop(a) != c.a || drop(b) != c.b {
			t.Errorf("repeat %d after a, b: drops a %t, b %t; want %t, %t", c.repeat, drop(a), drop(b), c.a, c.b)
		}
	}
}

// TestSessions_LearnsNothingOfTheTest: a test log twice as long gives the same lists for its first half.
func TestSessions_LearnsNothingOfTheTest(t *testing.T) {
	d, logs := readData(t, "", "train.csv", "test.csv")
	tallyOf := func(test []Event) string {
		r, err := Sessions(t.Context(), d, logs[0], test, "allow", 20, testOptions())
		if err != nil {
			t.Fatal(err)
		}
		return metricsOf(r)
	}
	var twice []Event
	twice = append(twice, logs[1]...)
	for _, e := range logs[1] { // the same sessions again, by other readers, later
		e.User += int32(len(d.Users))
		twice = append(twice, e)
	}
	d.Users = append(d.Users, d.Users...)
	if a, b := tallyOf(logs[1]), tallyOf(twice); a != b {
		t.Errorf("the same sessions twice give %s, want as once: %s", b, a)
	}
}

func TestHoldout_SplitsEachReaderInTime(t *testing.T) {
	d := NewData()
	var lines []string
	for i := range 10 { // 8 learnt
		lines = append(lines, fmt.Sprintf("ten,i%d,rating,1,%d", i, 100+i))
	}
	for i := range 4 { // floor(3.2) = 3 learnt
		lines = append(lines, fmt.Sprintf("four,i%d,rating,5,%d", i, 50+2*i))
	}
	lines = append(lines, "one,i0,view,1,7") // floor(0.8) = 0 learnt
	lines = append(lines, "last,i0,view,1,500", "last,unknown,view,1,600")
	log := mustLog(t, d, lines...)
	s := splitHoldout(d, log, 0)
	if len(s.train) != 8+3+0+1 {
		t.Errorf("%d events learnt, want 12", len(s.train))
	}
	if !slices.IsSortedFunc(s.train, func(a, b lesson) int { return byTime(*a.Event, *b.Event) }) {
		t.Error("the training part is not in the order of time over all readers")
	}
	for _, l := range s.train {
		if l.strength != core.ProfileOne {
			t.Errorf("an event counts %d, want %d whatever its value", l.strength, core.ProfileOne)
		}
	}
	wanted := map[string]int{}
	for _, w := range s.readers {
		wanted[d.Users[w.user]] = len(w.wanted)
	}
	// i8, i9 are in nobody's training; i3 is in that of ten; i0 too; unknown nowhere
	if len(wanted) != 2 || wanted["four"] != 1 || wanted["one"] != 1 {
		t.Errorf("wanted = %v, want one item each of four and one", wanted)
	}
}

func TestHoldout_HidesColdItemsFromLearning(t *testing.T) {
	d, logs := readData(t, "items.jsonl", "ratings.csv")
	const cold = .3
	isCold := func(n core.ItemNum) bool { return Bucket(d.Items[n-1].ID) < 300 }
	s := splitHoldout(d, logs[0], cold)
	for _, l := range s.train {
		if isCold(l.Item) {
			t.Fatalf("%s is cold and was learnt", d.Items[l.Item-1].ID)
		}
	}
	n := 0
	for _, w := range s.readers {
		for m := range w.wanted {
			if isCold(m) != w.cold[m] {
				t.Errorf("%s: cold %t, want %t", d.Items[m-1].ID, w.cold[m], isCold(m))
			}
		}
		n += len(w.cold)
	}
	if n == 0 {
		t.Error("no cold item is wanted; the test shows nothing")
	}
	if len(splitHoldout(d, logs[0], 0).train) <= len(s.train) {
		t.Error("without cold items no more is learnt")
	}
}

func TestBucket_IsFNV1a(t *testing.T) {
	// FNV-1a, 64 bit, of "" is the offset basis, of "a" 0xaf63dc4c8601ec8c.
	if got, want := hashID("a"), uint64(0xaf63dc4c8601ec8c); got != want {
		t.Errorf("hash of a = %x, want %x", got, want)
	}
	if got, want := Bucket("a"), int(uint64(0xaf63dc4c8601ec8c)%1000); got != want {
		t.Errorf("Bucket(a) = %d, want %d", got, want)
	}
}

func TestReplay_SkipsWhatTheReaderHad(t *testing.T) {
	d := NewData()
	log := mustLog(t, d,
		"ann,a,view,1,1", // the first of a reader: learnt, not asked
		"ann,a,view,1,2", // had: skipped
		"ann,b,view,1,3", // asked
		"bob,a,view,1,4",
		"bob,b,view,1,5", // asked, and b stands first: ann went from a to b
	)
	r, err := Replay(t.Context(), d, log, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	if r.N != 2 || r.Data.Events != 4 {
		t.Errorf("%d asked, %d learnt; want 2 and 4", r.N, r.Data.Events)
	}
	// ann's list is empty (b is nobody's yet), bob's begins with b.
	if got := r.Metrics["MRR@20"]; got != .5 {
		t.Errorf("MRR@20 = %v, want 0.5", got)
	}
	if r.Learn == nil || r.Rank == nil || len(r.Baselines) != 3 {
		t.Errorf("learn, rank, baselines = %v, %v, %d; want times and 3", r.Learn, r.Rank, len(r.Baselines))
	}
}

func TestSimilar_JudgesByHiddenLabels(t *testing.T) {
	d := NewData()
	d.num(store.Item{ID: "a", Categories: []string{"x", "y"}, Tags: []string{"1", "2", "3"}})
	d.num(store.Item{ID: "b", Categories: []string{"x"}, Tags: []string{"1", "2"}})
	d.num(store.Item{ID: "c", Categories: []string{"y"}, Tags: []string{"4"}})
	d.num(store.Item{ID: "d"})
	p, j, tagged := judge(d, &d.Items[0], []core.ItemNum{2, 3, 4})
	if !near(p, .1) || !near(j, (2./3+0)/2) || !tagged { // 1 of 10; b shares 2 of 3 tags, c none of 4, d has none
		t.Errorf("judge = %v, %v, %t; want 0.1, 1/3, true", p, j, tagged)
	}
	if _, _, tagged := judge(d, &d.Items[0], []core.ItemNum{4}); tagged {
		t.Error("a list without tags was judged by tags")
	}
	if got := askedItems(d); len(got) != 1 || got[0] != 1 {
		t.Errorf("asked = %v, want item 1 alone: the others have fewer than 3 tags", got)
	}
}

// TestSimilar_HidesLabels: labels at random change the judgement, not the neighbours.
func TestSimilar_HidesLabels(t *testing.T) {
	lists := func(change func(*store.Item)) [][]core.ItemNum {
		d, _ := readData(t, "items.jsonl")
		asked := askedItems(d)
		for i := range d.Items {
			change(&d.Items[i])
		}
		r, err := newRun(t.Context(), d, testOptions(), "similar", "items")
		if err != nil {
			t.Fatal(err)
		}
		bare := make([]store.Item, len(d.Items))
		for i, it := range d.Items {
			bare[i] = textAlone(it)
		}
		r.addItems(bare)
		r.sys.Build(0)
		var out [][]core.ItemNum
		for _, n := range asked {
			out = append(out, r.sys.Similar(n, similarK, 0))
		}
		return out
	}
	a := lists(func(*store.Item) {})
	b := lists(func(it *store.Item) { it.Tags, it.Categories, it.Author = []string{"same"}, []string{"same"}, "same" })
	for i := range a {
		if !slices.Equal(a[i], b[i]) {
			t.Errorf("list %d = %v, want %v whatever the labels", i, b[i], a[i])
		}
	}
}

// TestProtocols_UseVectors: where all texts are alike, vectors tell what belongs together; and a new item by them.
func TestProtocols_UseVectors(t *testing.T) {
	d := NewData()
	for i := range 60 {
		group := i % 3
		it := store.Item{ID: fmt.Sprint("i", i), Title: "a title", Categories: []string{fmt.Sprint(group)}, Tags: []string{"1", "2", fmt.Sprint("g", group)}}
		it.Vector = store.Vector{.1, .1, .1}
		it.Vector[group] = 1 + float32(i)/100
		d.num(it)
	}
	res, err := Similar(t.Context(), d, testOptions("none"))
	if err != nil {
		t.Fatal(err)
	}
	if got := res.Metrics["P@10"]; got != 1 {
		t.Errorf("similar by vectors: P@10 = %v, want 1", got)
	}
	var lines []string
	for u := range 30 {
		for k := range 10 {
			lines = append(lines, fmt.Sprintf("u%d,i%d,view,1,%d", u, (u%3+3*(u+k))%60, 1000*u+k))
		}
	}
	log := mustLog(t, d, lines...)
	cold := func() float64 {
		res, err := Holdout(t.Context(), d, log, .3, testOptions("none"))
		if err != nil || res.ColdN == 0 {
			t.Fatalf("Holdout: %d readers with cold items, %v", res.ColdN, err)
		}
		return res.Cold["NDCG@10"]
	}
	with := cold()
	for i := range d.Items {
		d.Items[i].Vector = nil
	}
	if without := cold(); with <= without {
		t.Errorf("NDCG@10 of new items = %v with vectors, %v without; want more", with, without)
	}
}

func TestData_LeavesVectorsOutThatDoNotFit(t *testing.T) {
	d := NewData()
	for i, v := range []store.Vector{nil, {0, 0}, {1, 2}, {1, 2, 3}, {3, 4}} {
		d.num(store.Item{ID: fmt.Sprint(i), Vector: v})
	}
	d.fitVectors("items.jsonl")
	for i, want := range []int{0, 0, 2, 0, 2} {
		if got := len(d.Items[i].Vector); got != want {
			t.Errorf("vector %d has %d dimensions, want %d", i, got, want)
		}
	}
	if len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "2 vectors") {
		t.Errorf("notes = %q, want one about 2 vectors", d.Notes)
	}
}

func TestProtocols_RefuseWhatCannotBeMeasured(t *testing.T) {
	empty := NewData()
	one := NewData()
	single := mustLog(t, one, "ann,a,view,1,1")
	d, logs := readData(t, "", "train.csv", "test.csv")
	opt := testOptions("none")
	bad := testOptions("none")
	bad.Policy.Lambda = -1
	untextual := testOptions("none")
	untextual.Policy.ContentWeight = 0
	withItems, _ := readData(t, "items.jsonl")
	untagged := NewData()
	untagged.num(itemOf(1))
	for name, c := range map[string]struct {
		run  func() (*Result, error)
		want string
	}{
		"empty training log":    {func() (*Result, error) { return Sessions(t.Context(), empty, nil, nil, "allow", 20, opt) }, "training log holds no events"},
		"no test events":        {func() (*Result, error) { return Sessions(t.Context(), d, logs[0], nil, "allow", 20, opt) }, "no session with a step"},
		"sessions of one event": {func() (*Result, error) { return Sessions(t.Context(), one, single, single, "allow", 20, opt) }, "no session with a step"},
		"unknown repeat policy": {func() (*Result, error) { return Sessions(t.Context(), d, logs[0], logs[1], "never", 20, opt) }, `no repeat policy "never"`},
		"lists of nothing":      {func() (*Result, error) { return Sessions(t.Context(), d, logs[0], logs[1], "allow", 0, opt) }, "lists of 0 items"},
		"lists too long":        {func() (*Result, error) { return Sessions(t.Context(), d, logs[0], logs[1], "allow", 1000, opt) }, "lists of 1000 items"},
		"policy out of range":   {func() (*Result, error) { return Sessions(t.Context(), d, logs[0], logs[1], "allow", 20, bad) }, "lambda is -1"},
		"empty log":             {func() (*Result, error) { return Holdout(t.Context(), empty, nil, 0, opt) }, "log holds no events"},
		"one event":             {func() (*Result, error) { return Holdout(t.Context(), one, single, 0, opt) }, "no reader has anything"},
		"cold above 1":          {func() (*Result, error) { return Holdout(t.Context(), one, single, 2, opt) }, "--cold is 2"},
		"empty replay":          {func() (*Result, error) { return Replay(t.Context(), empty, nil, opt) }, "log holds no events"},
		"replay of one event":   {func() (*Result, error) { return Replay(t.Context(), one, single, opt) }, "nothing to predict"},
		"empty catalog":         {func() (*Result, error) { return Similar(t.Context(), empty, opt) }, "catalog is empty"},
		"no tags":               {func() (*Result, error) { return Similar(t.Context(), untagged, opt) }, "no item has three tags"},
		"no content":            {func() (*Result, error) { return Similar(t.Context(), withItems, untextual) }, "content_weight is 0"},
	} {
		if _, err := c.run(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error that says %q", name, err, c.want)
		}
	}
}

func TestProtocols_OneItem(t *testing.T) {
	d := NewData()
	train := mustLog(t, d, "s,a,view,1,1", "s,a,view,1,2")
	test := mustLog(t, d, "t,a,view,1,3", "t,a,view,1,4")
	r, err := Sessions(t.Context(), d, train, test, "allow", 20, testOptions())
	if err != nil || r.N != 1 || r.Metrics["HR@20"] != 1 {
		t.Errorf("one item = %v, %v; want one step, found: there is nothing else to list", r, err)
	}
}

func TestProtocols_EndWithTheirContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d, logs := readData(t, "items.jsonl", "ratings.csv")
	if _, err := Holdout(ctx, d, logs[0], 0, testOptions()); !errors.Is(err, context.Canceled) {
		t.Errorf("Holdout = %v, want context.Canceled", err)
	}
	if _, err := Replay(ctx, d, logs[0], testOptions()); !errors.Is(err, context.Canceled) {
		t.Errorf("Replay = %v, want context.Canceled", err)
	}
}
