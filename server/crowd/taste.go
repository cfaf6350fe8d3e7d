package crowd

import (
	"math/rand/v2"
	"slices"
)

// Work is what a reader knows of an item before reading it.
type Work struct {
	ID     string
	Author string
	Tags   []string
}

// tastes is how many tags a reader looks for.
const tastes = 3

// person is one simulated reader.
type person struct {
	name   string
	tags   []string
	author string
	read   map[string]bool
	left   int // acts until they leave
}

func newPerson(name string, works []Work, r *rand.Rand) *person {
	model := works[r.IntN(len(works))]
	tags := slices.Clone(model.Tags)
	r.Shuffle(len(tags), func(i, j int) { tags[i], tags[j] = tags[j], tags[i] })
	return &person{name: name, tags: tags[:min(tastes, len(tags))], author: model.Author, read: map[string]bool{}}
}

// appeal is how well a work suits them: one for each of their tags, two for their author.
func (p *person) appeal(w Work) int {
	n := 0
	for _, tag := range p.tags {
		if slices.Contains(w.Tags, tag) {
			n++
		}
	}
	if w.Author != "" && w.Author == p.author {
		n += 2
	}
	return n
}

// choose picks what to read: two times of three the most appealing of what is recommended, else something of their
// taste that they come across. ok is false if they have read all of it.
func (p *person) choose(listed []string, lib *shelf, r *rand.Rand) (chosen Work, ok bool) {
	if r.IntN(3) < 2 {
		best := -1
		for _, id := range listed {
			w, known := lib.byID[id]
			if known && !p.read[id] && p.appeal(w) > best {
				chosen, best, ok = w, p.appeal(w), true
			}
		}
		if ok {
			return chosen, true
		}
	}
	var suits []Work
	for _, w := range lib.works {
		if !p.read[w.ID] && p.appeal(w) > 0 {
			suits = append(suits, w)
		}
	}
	if len(suits) == 0 {
		return Work{}, false
	}
	return suits[r.IntN(len(suits))], true
}

// verdict is what they say of a work that they have read; "" for nothing.
func (p *person) verdict(w Work, r *rand.Rand) string {
	switch n := p.appeal(w); {
	case n >= 2:
		return "like"
	case n == 0 && r.IntN(2) == 0:
		return "dismiss"
	}
	return ""
}

// shelf is the library as the crowd knows it.
type shelf struct {
	works []Work
	byID  map[string]Work
}
