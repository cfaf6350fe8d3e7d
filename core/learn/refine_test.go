package learn

import (
	"testing"

	"nigh/core"
)

// The scale of fading may be moved by a refinement, so far that no evidence is left.
func TestRefine_LongAfterTheLastEvent(t *testing.T) {
	for _, halfLives := range []float64{1, 40, 200} {
		p := DefaultPolicy()
		p.EvidenceHalfLifeDays = 1
		l := NewLearner(p)
		const hour = 500_000
		for i := range core.ItemNum(20) {
			l.Observe(core.History{{Item: 10 + 2*i, Strength: core.ProfileOne}}, 2, core.ProfileOne, hour*hourMillis)
		}
		like := func(core.ItemNum) []Neighbour { return []Neighbour{{Item: 13, Similarity: .5}} } // between two candidates
		later := hour + 24*halfLives
		l.Refine(100, like, later)
		before := l.Weights(2, like(2), 0, later)
		l.RefineAll()
		l.Refine(100, like, later)
		if after := l.Weights(2, like(2), 0, later); len(before.Edges) == 0 || len(after.Edges) != len(before.Edges) {
			t.Errorf("after %v half-lives: %d edges, refined again %d; want some, and the same", halfLives, len(before.Edges), len(after.Edges))
		}
	}
}
