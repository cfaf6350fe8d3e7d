package core

import (
	"math"
	"testing"
)

func TestWeight_IsALogarithmicScale(t *testing.T) {
	for i, got := range octave {
		if want := uint32(math.Round(math.Exp2(float64(i)/16) * One)); got != want {
			t.Errorf("octave[%d] = %d, want %d", i, got, want)
		}
	}
	for c := 1; c < 256; c++ {
		got, want := float64(Weight(c).Value()), math.Exp2(float64(c-1)/16-12)*One
		if most := max(1, want/One); math.Abs(got-want) > most { // the octave's rounding, doubled with each further one
			t.Errorf("Weight(%d).Value() = %v, want %v", c, got, want)
		}
	}
	for _, c := range []struct {
		w    Weight
		want int32
	}{{0, 0}, {1, One / 4096}, {177, One / 2}, {WeightOne, One}, {209, 2 * One}, {255, 961_552}} {
		if got := c.w.Value(); got != c.want {
			t.Errorf("Weight(%d).Value() = %d, want %d", c.w, got, c.want)
		}
	}
}

func TestQuantizeWeight_TakesTheNearestCode(t *testing.T) {
	check := func(v int64) {
		got := QuantizeWeight(v)
		best := int64(math.MaxInt64)
		for c := range 256 {
			best = min(best, abs(v-int64(Weight(c).Value())))
		}
		if d := abs(v - int64(got.Value())); d != best {
			t.Fatalf("QuantizeWeight(%d) = %d, off by %d, want one that is off by %d", v, got, d, best)
		}
		if most := int64(weightValue[255]); v >= 16 && v <= most {
			if d := abs(v - int64(got.Value())); (d-1)*1000 > v*22 {
				t.Fatalf("QuantizeWeight(%d) = %d, off by %d, want at most 2.2 %% and 1", v, got, d)
			}
		}
	}
	for v := range int64(70_000) {
		check(v)
	}
	for v := int64(70_000); v < 1_200_000; v += 97 {
		check(v)
	}
	for _, c := range []struct {
		v    int64
		want Weight
	}{
		{math.MinInt64, 0}, {-1, 0}, {0, 0}, {7, 0}, {8, 1}, {16, 1}, {One, WeightOne}, {math.MaxInt64, 255},
	} {
		if got := QuantizeWeight(c.v); got != c.want {
			t.Errorf("QuantizeWeight(%d) = %d, want %d", c.v, got, c.want)
		}
	}
	// A weight survives being read and made again; where two codes have one value, the lower stands for both.
	for c := range 256 {
		if got := QuantizeWeight(int64(Weight(c).Value())); got.Value() != Weight(c).Value() {
			t.Errorf("QuantizeWeight(Weight(%d).Value()) = %d, another value", c, got)
		}
	}
}

func TestPrior_RisesWithHeat(t *testing.T) {
	for _, p := range []Policy{
		{HalfLifeHours: 336, PriorWeight: 131, PriorSpan: 12},
		{HalfLifeHours: 1, PriorWeight: One, PriorSpan: 64},
		{HalfLifeHours: 876_000, PriorWeight: 1, PriorSpan: 0},
	} {
		for _, hour := range []Hour{0, 1, 490_000, math.MaxUint32} {
			last := int64(0)
			for h := Heat(0); h < 1<<30; h += h>>6 + 1 {
				got := p.Prior(h, hour)
				if got < last {
					t.Fatalf("%+v: Prior(%d, %d) = %d, less than %d of a lower heat", p, h, hour, got, last)
				}
				last = got
			}
		}
	}
}

func TestPrior_Table(t *testing.T) {
	p := Policy{HalfLifeHours: 24, PriorWeight: 100, PriorSpan: 3}
	const hour = 240 // ten half-lives after hour 0
	for _, c := range []struct {
		heat Heat
		want int64
	}{
		{0, 0},
		{-1, 0},
		{7 * HeatUnit, 0},               // at the floor: 10 - 3 octaves
		{7*HeatUnit + 2, 0},             // 2/256 octaves · 100 rounds down
		{8 * HeatUnit, 100},             // an octave above it
		{10 * HeatUnit, 300},            // one contact in this very hour
		{10*HeatUnit + HeatUnit/2, 350}, // 1.4 contacts
		{math.MaxInt32, (math.MaxInt32 - 7*HeatUnit) * 100 / HeatUnit},
	} {
		if got := p.Prior(c.heat, hour); got != c.want {
			t.Errorf("Prior(%d) = %d, want %d", c.heat, got, c.want)
		}
	}
	p.HalfLifeHours = 0
	if got := p.Prior(1000, hour); got != 0 {
		t.Errorf("Prior without a half-life = %d, want 0", got)
	}
}

func TestDamp_FactorsAreRounded(t *testing.T) {
	for i, got := range dampFactor {
		if want := uint32(math.Round(dampOne * math.Exp2(-float64(i)/DampOctave))); got != want {
			t.Errorf("factor of %d = %d, want %d", i, got, want)
		}
	}
}
