package eval

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"nigh/core"
	"nigh/core/learn"
	"nigh/server/store"
	"nigh/server/store/sqlite"
)

// chain makes sessions of six items in which the next one follows from the last alone, mostly.
func chain(t *testing.T, d *Data, sessions int) []Event {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	const items = 120
	var lines []string
	for s := range sessions {
		at := r.IntN(items)
		for i := range 6 {
			lines = append(lines, fmt.Sprintf("s%d,i%d,%s,,%d", s, at, []string{"view", "view", "like"}[r.IntN(3)], 1_700_000_000+600*s+i))
			if at = (at*7 + 13) % items; r.IntN(4) == 0 {
				at = r.IntN(items)
			}
		}
	}
	return mustLog(t, d, lines...)
}

// topics makes sessions of eight items of one topic, the order of which says nothing, with strangers in between.
func topics(t *testing.T, d *Data, sessions int) []Event {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	var lines []string
	for s := range sessions {
		topic := r.IntN(12)
		for i := range 8 {
			item := fmt.Sprint("t", topic, "-", r.IntN(30))
			if r.IntN(2) == 0 {
				item = fmt.Sprint("t", r.IntN(12), "-", r.IntN(30))
			}
			lines = append(lines, fmt.Sprintf("s%d,%s,view,,%d", s, item, 1_700_000_000+600*s+i))
		}
	}
	return mustLog(t, d, lines...)
}

// histories makes readers with thirty items each, of what they like and what comes after it.
func histories(t *testing.T, d *Data, readers int) []Event {
	t.Helper()
	r := rand.New(rand.NewPCG(5, 6))
	var lines []string
	for u := range readers {
		likes := r.IntN(5)
		for i := range 30 {
			lines = append(lines, fmt.Sprintf("u%d,h%d,view,,%d", u, (likes*40+r.IntN(40)+i)%200, 1_700_000_000+3600*i+u))
		}
	}
	slices.Sort(lines)
	return mustLog(t, d, lines...)
}

func tune(t *testing.T, d *Data, log []Event, change func(*TuneOptions)) *Tuning {
	t.Helper()
	opt := TuneOptions{Policy: learn.DefaultPolicy(), Rounds: 1}
	if change != nil {
		change(&opt)
	}
	res, err := Tune(t.Context(), d, log, opt)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestTune_FindsHowFastThePastFades(t *testing.T) {
	for _, c := range []struct {
		name string
		log  func(*testing.T, *Data, int) []Event
		from float64 // where it begins
		is   func(p float64) bool
		want string
	}{
		// The last item tells all: the rest of the past is noise.
		{"chain", chain, 0.65, func(p float64) bool { return p >= 1.7 }, "1.7 and more"},
		// Every item tells the same of the topic.
		{"topics", topics, 2.5, func(p float64) bool { return p <= 0.5 }, "0.5 and less"},
	} {
		d := NewData()
		res := tune(t, d, c.log(t, d, 1000), func(o *TuneOptions) { o.Repeats, o.Policy.RecencyPower = "drop-seen", c.from })
		if p := res.Policy.RecencyPower; !c.is(p) {
			t.Errorf("%s: recency_power = %v, want %s: %+v", c.name, p, c.want, res.Changes)
		}
		if g := res.Final.Gains[1]; g.Difference < 2*g.Error {
			t.Errorf("%s: the gain on the final part is %+v, want one that is no chance", c.name, g)
		}
	}
}

func TestTune_ChoosesWhatMayComeAgain(t *testing.T) {
	d := NewData()
	var lines []string
	for s := range 300 { // everybody goes back and forth between two items
		for i := range 6 {
			lines = append(lines, fmt.Sprintf("s%d,i%d,view,,%d", s, 2*(s%40)+i%2, 1_700_000_000+60*s+i))
		}
	}
	res := tune(t, d, mustLog(t, d, lines...), nil)
	if res.Policy.Repeat == "drop-seen" || res.Final.Rows[0].Metrics["HR@20"] > 0.3 || res.Final.Rows[len(res.Final.Rows)-1].Metrics["HR@20"] < 0.9 {
		t.Errorf("repeat = %q, final %+v; want items to come again, and to be hit", res.Policy.Repeat, res.Final.Rows)
	}
	if name := res.Final.Rows[1].Name; name != "default, "+res.Policy.Repeat {
		t.Errorf("second row = %q, want what the repeat policy alone is worth", name)
	}
}

// What happened in the final part has no influence on the choice, nor on the figures that it was made by.
func TestTune_DoesNotLookAtTheFinalPart(t *testing.T) {
	for _, c := range []struct {
		protocol string
		log      func(*testing.T, *Data, int) []Event
		n        int
		final    func(log []Event, i int) bool
	}{
		{"sessions", chain, 300, func(log []Event, i int) bool { return i >= len(log)*92/100 }},
		{"replay", chain, 120, func(log []Event, i int) bool { return i >= len(log)*9/10 }},
		{"holdout", histories, 60, func(log []Event, i int) bool { // the log is in order of time, round by round of readers
			before := 0
			for j := range i {
				if log[j].User == log[i].User {
					before++
				}
			}
			return before >= 24
		}},
	} {
		d := NewData()
		log := c.log(t, d, c.n)
		want := tune(t, d, log, func(o *TuneOptions) { o.Protocol = c.protocol })

		d = NewData()
		log = c.log(t, d, c.n)
		changed := 0
		for i := range log {
			if c.final(log, i) {
				log[i].Item = 1 + log[i].Item*31%core.ItemNum(len(d.Items))
				changed++
			}
		}
		got := tune(t, d, log, func(o *TuneOptions) { o.Protocol = c.protocol })
		if changed == 0 || jsonOf(t, got.Final.Rows[0]) == jsonOf(t, want.Final.Rows[0]) {
			t.Fatalf("%s: %d events changed, and the final part is still %+v; the test needs more", c.protocol, changed, got.Final)
		}
		if g, w := jsonOf(t, got.Policy), jsonOf(t, want.Policy); g != w {
			t.Errorf("%s: with another final part the policy is\n%s, want\n%s", c.protocol, g, w)
		}
		if g, w := jsonOf(t, got.Validation), jsonOf(t, want.Validation); g != w {
			t.Errorf("%s: with another final part the validation is\n%s, want\n%s", c.protocol, g, w)
		}
	}
}

// The final part's figures are those that nigh eval gives for it.
func TestTune_JudgesAsEvalDoes(t *testing.T) {
	d := NewData()
	log := histories(t, d, 60)
	res := tune(t, d, log, func(o *TuneOptions) { o.Protocol, o.Rounds = "holdout", 1 })
	for i, p := range []learn.Policy{learn.DefaultPolicy(), res.Policy} {
		want, err := Holdout(t.Context(), d, log, 0, Options{Policy: p, Baselines: []string{"none"}})
		if err != nil {
			t.Fatal(err)
		}
		sameMetrics(t, "holdout", res.Final.Rows[i*(len(res.Final.Rows)-1)].Metrics, want.Metrics)
	}

	d = NewData()
	log = chain(t, d, 500)
	res = tune(t, d, log, func(o *TuneOptions) { o.Repeats, o.Rounds = "drop-current", 1 })
	at := log[0].At
	for i := range log { // the first event of the first session of the last tenth
		if d.Users[log[i].User] == "s450" {
			at = log[i].At
			break
		}
	}
	i := slices.IndexFunc(log, func(e Event) bool { return e.At >= at })
	want, err := Sessions(t.Context(), d, log[:i], log[i:], "drop-current", 20, Options{Policy: res.Policy, Baselines: []string{"none"}})
	if err != nil {
		t.Fatal(err)
	}
	sameMetrics(t, "sessions", res.Final.Rows[len(res.Final.Rows)-1].Metrics, want.Metrics)
	if res.Final.N != want.N {
		t.Errorf("sessions: %d steps, want %d", res.Final.N, want.N)
	}
}

func TestReplayExam_MarksAsReplayDoes(t *testing.T) {
	d, logs := readData(t, "items.jsonl", "ratings.csv")
	want, err := Replay(t.Context(), d, logs[0], testOptions("none"))
	if err != nil {
		t.Fatal(err)
	}
	base := NewSystem(learn.DefaultPolicy(), nil)
	base.AddItems(1, d.Items)
	s := &search{base: base, exam: newReplayExam(d, nil, lessonsOf(logs[0]))}
	m := means(s.evaluate(t.Context(), learn.DefaultPolicy(), nil).marks)
	sameMetrics(t, "replay", map[string]float64{"HR@20": m[0], "MRR@20": m[1]}, want.Metrics)
}

func sameMetrics(t *testing.T, what string, got, want map[string]float64) {
	t.Helper()
	for name, v := range want {
		if math.Abs(got[name]-v) > 1e-12 || v == 0 {
			t.Errorf("%s: %s = %v, want %v, above 0", what, name, got[name], v)
		}
	}
}

func TestTune_GivesTheSameOnAnyNumberOfWorkers(t *testing.T) {
	var first string
	for _, workers := range []int{1, 2, 5} {
		d := NewData()
		res := tune(t, d, chain(t, d, 200), func(o *TuneOptions) { o.Workers, o.Rounds = workers, 1 })
		res.Seconds = 0
		if got := jsonOf(t, res); first == "" {
			first = got
		} else if got != first {
			t.Errorf("with %d workers\n%s, want\n%s", workers, got, first)
		}
	}
}

// A sitting that reuses what was learnt gives the marks of one that learns anew.
func TestSearch_ReranksAsIfItHadLearnt(t *testing.T) {
	d := NewData()
	log := chain(t, d, 200)
	p, err := cut(d, log, "sessions", 0, true)
	if err != nil {
		t.Fatal(err)
	}
	base := NewSystem(learn.DefaultPolicy(), nil)
	base.AddItems(1, d.Items)
	s := &search{base: base, exam: p.choose, weights: [2]float64{1, 1}}
	now := learn.DefaultPolicy()
	incumbent := s.evaluate(t.Context(), now, nil)
	for _, set := range []string{"repeat=allow", "self_weight=1", "prior_weight=0.03"} {
		if err := learn.SetPolicy(&now, set); err != nil {
			t.Fatal(err)
		}
		if !sameLearning(now, incumbent.policy) {
			t.Fatalf("%s counts as learning", set)
		}
		again, anew := s.evaluate(t.Context(), now, incumbent), s.evaluate(t.Context(), now, nil)
		n := len(again.marks) // it may have been given up
		if n == 0 || !slices.Equal(again.marks, anew.marks[:n]) {
			t.Errorf("%s: marks of the ranking alone differ from those of learning anew", set)
		}
	}
	now.Sigma = 0.9
	if sameLearning(now, incumbent.policy) {
		t.Error("sigma counts as ranking alone")
	}
}

func TestTune_SaysWhatALogLacks(t *testing.T) {
	for _, c := range []struct {
		name, protocol string
		lines          []string
		want           string
	}{
		{"one event", "auto", []string{"a,x,view,,1700000000"}, "too small to choose by"},
		{"one reader", "auto", []string{"a,x,view,,1700000000", "a,y,view,,1700000001", "a,z,view,,1700000002"}, "too small to choose by"},
		{"one reader", "holdout", []string{"a,x,view,,1700000000", "a,y,view,,1700000001"}, "too small to choose by"},
		{"one reader", "replay", []string{"a,x,view,,1700000000", "a,y,view,,1700000001"}, "too small to choose by"},
		{"all at once", "sessions", []string{"a,x,view,,1700000000", "b,x,view,,1700000000", "c,x,view,,1700000000"}, "too small to choose by"},
		{"protocol", "similar", []string{"a,x,view,,1700000000"}, `no protocol "similar"`},
	} {
		d := NewData()
		_, err := Tune(t.Context(), d, mustLog(t, d, c.lines...), TuneOptions{Policy: learn.DefaultPolicy(), Protocol: c.protocol})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, %s: %v, want it to say %q", c.name, c.protocol, err, c.want)
		}
	}
	if _, err := Tune(t.Context(), NewData(), nil, TuneOptions{Policy: learn.DefaultPolicy()}); err == nil {
		t.Error("an empty log: no error")
	}
	d := NewData()
	if _, err := Tune(t.Context(), d, histories(t, d, 20), TuneOptions{Policy: learn.DefaultPolicy(), Repeats: "allow"}); err == nil || !strings.Contains(err.Error(), "--repeats is for") {
		t.Errorf("holdout with --repeats: %v, want it refused", err)
	}
}

func TestTune_EndsWhenToldAndWhenTheTimeIsUp(t *testing.T) {
	d := NewData()
	log := chain(t, d, 300)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Tune(ctx, d, log, TuneOptions{Policy: learn.DefaultPolicy(), Progress: func(step string, _, _ int) {
		if strings.Contains(step, "sigma") {
			cancel()
		}
	}})
	if err == nil || ctx.Err() == nil {
		t.Errorf("Tune = %v after its context ended, want its error", err)
	}
	d = NewData()
	res := tune(t, d, chain(t, d, 300), func(o *TuneOptions) { o.Budget = time.Nanosecond })
	if !res.TimeUp || len(res.Changes) != 0 || !strings.Contains(strings.Join(res.Notes, "\n"), "more --minutes") {
		t.Errorf("with no time: %+v, want the present policy and a note", res)
	}
}

func TestTune_TakesTheProtocolThatResemblesTheLog(t *testing.T) {
	for want, logIn := range map[string]func(*testing.T, *Data, int) []Event{"sessions": chain, "holdout": histories} {
		d := NewData()
		log := logIn(t, d, 60)
		for range 3000 { // one bot makes no histories
			log = append(log, log[len(log)-1])
		}
		if got := protocolOf(d, log); got != want {
			t.Errorf("protocol = %s, want %s", got, want)
		}
	}
}

func TestTune_GivesABotNoMoreSayThanABusyReader(t *testing.T) {
	d := NewData()
	log := chain(t, d, 200)
	want := tune(t, d, log, nil)
	for _, s := range []string{"s165", "s195"} { // one in the validation, one in the final part
		u := d.users[s]
		i := slices.IndexFunc(log, func(e Event) bool { return e.User == u })
		flood := make([]Event, 5000)
		for j := range flood {
			flood[j] = Event{User: u, Item: 1 + core.ItemNum(j%3), Kind: "view", At: log[i].At}
		}
		log = slices.Insert(log, i+1, flood...)
	}
	got := tune(t, d, log, nil)
	for i, n := range []int{got.Validation.N - want.Validation.N, got.Final.N - want.Final.N} {
		if n != maxSteps-5 {
			t.Errorf("part %d: a session of 5,006 events asks %d questions more than before, want %d", i, n, maxSteps-5)
		}
	}
}

func TestTune_NamesKindsThatThePolicyDoesNot(t *testing.T) {
	d := NewData()
	log := chain(t, d, 200)
	for i := range log {
		if log[i].Kind == "like" {
			log[i].Kind = "play"
		}
	}
	res := tune(t, d, log, nil)
	if res.Policy.Kinds["play"].Weight <= 0 || !strings.Contains(strings.Join(res.Notes, "\n"), `kind "play"`) {
		t.Errorf("kinds = %v, notes %v; want play in both", res.Policy.Kinds, res.Notes)
	}
}

func TestSpace_IsWithinBounds(t *testing.T) {
	for _, d := range space {
		if d.joint != nil {
			for _, q := range d.candidates(&shape{}, learn.DefaultPolicy(), 1) {
				if err := q.Validate(); err != nil {
					t.Error(err)
				}
			}
			continue
		}
		p := learn.DefaultPolicy()
		now, ok := learn.PolicyField(p, d.field)
		if !ok || len(d.grid)+len(d.words) < 2 || !slices.IsSorted(d.grid) {
			t.Errorf("%s is no field, or its grid %v is none", d.field, d.grid)
		}
		for _, v := range d.grid {
			if err := learn.SetPolicy(&p, fmt.Sprint(d.field, "=", v)); err != nil {
				t.Error(err)
			}
		}
		if v, ok := now.(float64); ok {
			for _, g := range d.around(v, false) {
				if g == v || g < d.grid[0] && g < v || g > d.grid[len(d.grid)-1] && g > v {
					t.Errorf("%s: beside %v is %v, outside %v", d.field, v, g, d.grid)
				}
			}
		}
	}
	d := dimension{grid: []float64{1, 4, 16}, log: true}
	for v, want := range map[float64][]float64{1: {2, 4}, 4: {1, 2, 8, 16}, 16: {4, 8}, 2: {1, 1.4, 2.8, 4}, 0.5: {0.71, 1}, 64: {16, 32}} {
		if got := d.around(v, false); !slices.Equal(got, want) {
			t.Errorf("beside %v of %v is %v, want %v", v, d.grid, got, want)
		}
	}
}

func TestReadStore_LeavesOutWhatCannotBePredicted(t *testing.T) {
	db, err := sqlite.OpenMemory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	event := func(n int, kind string, at int64) store.NewEvent {
		return store.NewEvent{StoredEvent: store.StoredEvent{Num: core.ItemNum(n), User: "ada", Kind: kind, AtMillis: at}}
	}
	err = db.Commit(t.Context(), store.Batch{
		Items: []store.StoredItem{{Num: 2, Item: store.Item{ID: "a"}}, {Num: 5, Item: store.Item{ID: "b"}}},
		Events: []store.NewEvent{event(5, "view", 3000), event(2, "like", 1000), event(5, "forget", 4000), event(3, "view", 1000),
			event(2, "view", 1000), event(2, "view", 9000)},
	})
	if err != nil {
		t.Fatal(err)
	}
	d := NewData()
	log, err := d.ReadStore(t.Context(), db, time.UnixMilli(5000))
	want := []Event{{Item: 1, Kind: "like", At: 1000}, {Item: 1, Kind: "view", At: 1000}, {Item: 2, Kind: "view", At: 3000}}
	if err != nil || !slices.Equal(log, want) || d.Given != 2 || len(d.Notes) != 3 {
		t.Errorf("ReadStore = %v, %v, %d items, notes %q; want %v of 2 items, and 3 notes", log, err, d.Given, d.Notes, want)
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
