package core

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestHistory_RecordKeepsItsLaws(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var h History
		last := map[ItemNum]int64{} // time of each item's last event
		times := 1 + rnd.Int64N(1000)
		for range rnd.IntN(700) {
			v := Visit{Item: ItemNum(1 + rnd.IntN(1+rnd.IntN(400))), Strength: int32(rnd.IntN(9) - 4), At: rnd.Int64N(times)}
			before := slices.Clone(h)
			old, had := h.Find(v.Item)
			got := h.Record(v)
			if !slices.Equal(h, before) {
				t.Fatalf("seed %d: Record changed its receiver", seed)
			}
			if here := slices.Clone(h).RecordHere(v); !slices.Equal(here, got) {
				t.Fatalf("seed %d: RecordHere = %v, want what Record returns, %v", seed, here, got)
			}
			h = got
			last[v.Item] = max(last[v.Item], v.At)
			if len(h) > MaxHistory {
				t.Fatalf("seed %d: %d visits, want at most %d", seed, len(h), MaxHistory)
			}
			seen := map[ItemNum]bool{}
			for i, w := range h {
				if seen[w.Item] {
					t.Fatalf("seed %d: item %d stands twice", seed, w.Item)
				}
				if seen[w.Item] = true; i > 0 && h[i-1].At < w.At {
					t.Fatalf("seed %d: visit %d is later than the one before it", seed, i)
				}
				if w.At > last[w.Item] {
					t.Fatalf("seed %d: item %d is of %d, want at most %d", seed, w.Item, w.At, last[w.Item])
				}
			}
			now, has := h.Find(v.Item)
			if !has && len(h) < MaxHistory {
				t.Fatalf("seed %d: the visit got lost", seed)
			}
			if has {
				if at := max(v.At, old.At); now.At != at {
					t.Fatalf("seed %d: the visit is of %d, want %d", seed, now.At, at)
				}
				want := v.Strength
				if had && abs(int64(old.Strength)) > abs(int64(want)) {
					want = old.Strength
				}
				if now.Strength != want {
					t.Fatalf("seed %d: strength = %d after %d and %d, want %d", seed, now.Strength, old.Strength, v.Strength, want)
				}
			}
			if rnd.IntN(20) == 0 {
				if h = h.Forget(v.Item); slices.ContainsFunc(h, func(w Visit) bool { return w.Item == v.Item }) {
					t.Fatalf("seed %d: Forget left the item", seed)
				}
				delete(last, v.Item)
			}
			at := rnd.Int64N(times)
			want := slices.DeleteFunc(slices.Clone(h), func(w Visit) bool { return w.At > at })
			if got := h.Before(at); !slices.Equal(got, want) {
				t.Fatalf("seed %d: Before(%d) has %d visits, want %d", seed, at, len(got), len(want))
			}
		}
	}
}

func TestHistory_RecordBoundsWhatIsTooLong(t *testing.T) {
	var h History
	for n := range ItemNum(MaxHistory + 50) { // as a stranger's frame may hold
		h = append(h, Visit{Item: n + 1, At: 100})
	}
	for _, at := range []int64{0, 100, 200} {
		if got := len(h.Record(Visit{Item: 9999, At: at})); got != MaxHistory {
			t.Errorf("at %d: %d visits, want %d", at, got, MaxHistory)
		}
	}
}

func TestPreferences_SetKeepsItsLaws(t *testing.T) {
	keys := []string{"", "a", "b", "sea", "Sea", "ж"}
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		var ps Preferences
		model := map[Preference]int32{} // key: with weight 0
		for range 200 {
			p := Preference{Kind: PreferenceKind(1 + rnd.IntN(5)), Key: keys[rnd.IntN(len(keys))], Weight: int32(rnd.Uint32()) >> rnd.IntN(32)}
			if rnd.IntN(3) == 0 {
				p.Weight = 0
			}
			ps = ps.Set(p)
			key := p
			if key.Weight = 0; p.Weight == 0 {
				delete(model, key)
			} else {
				model[key] = min(max(p.Weight, -MaxPreferenceWeight), MaxPreferenceWeight)
			}
			if len(ps) != len(model) {
				t.Fatalf("seed %d: %d preferences, want %d", seed, len(ps), len(model))
			}
			for i, q := range ps {
				key := q
				if key.Weight = 0; model[key] != q.Weight {
					t.Fatalf("seed %d: %v, want weight %d", seed, q, model[key])
				}
				if i > 0 && (ps[i-1].Kind > q.Kind || ps[i-1].Kind == q.Kind && ps[i-1].Key >= q.Key) {
					t.Fatalf("seed %d: %v stands behind %v", seed, q, ps[i-1])
				}
			}
		}
	}
}

func TestPreferences_SetIsBounded(t *testing.T) {
	var ps Preferences
	for i := range MaxPreferences + 20 {
		ps = ps.Set(Preference{PreferTag, string(rune('a' + i)), 1})
	}
	if len(ps) != MaxPreferences {
		t.Errorf("%d preferences, want %d", len(ps), MaxPreferences)
	}
	if got := ps.Set(Preference{PreferTag, "a", 7}); len(got) != MaxPreferences || got[0].Weight != 7 {
		t.Errorf("a full list does not take a new weight: %v", got[0])
	}
	over := append(slices.Clone(ps), Preference{PreferItem, "x", 1}, Preference{PreferItem, "y", 1})
	if got := over.Set(Preference{PreferTag, "a", 0}); len(got) != len(over)-1 {
		t.Errorf("%d preferences after one of %d was taken out, want one less", len(got), len(over))
	}
}

func TestStrength_Table(t *testing.T) {
	rating := EventKind{Name: "rating", Weight: 768, Neutral: 2500, Full: 5000}
	rank := EventKind{Name: "rank", Weight: 256, Neutral: 10_000, Full: 1000} // 1 is best
	for _, c := range []struct {
		k     EventKind
		value int64
		want  int32
	}{
		{EventKind{Weight: 256}, 0, 256},
		{EventKind{Weight: -768}, 4000, -768}, // no scale: the value is not looked at
		{rating, 0, 0},                        // no value: met, and nothing said
		{rating, 5000, 768},
		{rating, 3750, 384}, // half the way
		{rating, 2500, 0},
		{rating, 1250, -384},
		{rating, 1, -767}, // -2499/2500
		{rating, 9000, 768},
		{rating, -9000, -768},
		{rating, math.MaxInt64, 768},
		{rating, math.MinInt64, -768},
		{rank, 1000, 256},
		{rank, 10_000, 0},
		{rank, 19_000, -256},
		{rank, math.MaxInt64, -256},
		{rank, math.MinInt64, 256},
		{EventKind{Weight: math.MinInt32, Neutral: math.MaxInt32, Full: math.MinInt32}, math.MinInt64, math.MinInt32},
	} {
		if got := c.k.Strength(c.value); got != c.want {
			t.Errorf("%+v: Strength(%d) = %d, want %d", c.k, c.value, got, c.want)
		}
	}
}
