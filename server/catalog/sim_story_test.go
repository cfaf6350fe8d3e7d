package catalog

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"nigh/server/store"
)

// stories is where stories that once broke a law are kept, one a line: the seed, then the steps.
var stories = filepath.Join("testdata", "stories.txt")

// story is what a world lives through: all the steps of a seed, or some of them. Each step draws from a source of its own:
// one that is left out changes none of those behind it.
type story struct {
	seed  uint64
	steps []int // ascending; nil: all
}

const (
	beforeSteps = 0 // the sources of what is no step
	afterSteps  = 1
	firstStep   = 2
)

func (s story) source(of int) *rand.Rand {
	return rand.New(rand.NewPCG(s.seed, 0x6e696768+uint64(of)<<32))
}

func (s story) has(step int) bool {
	if s.steps == nil {
		return true
	}
	_, found := slices.BinarySearch(s.steps, step)
	return found
}

// run lives through the story in a new world, which may be broken.
func (s story) run(sabotage *saboteur) error { return newWorld(s, sabotage).run() }

// whole returns the story with its steps told one by one.
func (s story) whole() story {
	if s.steps == nil {
		w := newWorld(s, nil)
		w.begin()
		s.steps = make([]int, w.length())
		for i := range s.steps {
			s.steps[i] = i
		}
	}
	return s
}

// String returns the seed, then the steps: none of them for all, a dash for none.
func (s story) String() string {
	switch {
	case s.steps == nil:
		return fmt.Sprint(s.seed)
	case len(s.steps) == 0:
		return fmt.Sprint(s.seed, " -")
	}
	return fmt.Sprint(s.seed, " ", strings.Trim(fmt.Sprint(s.steps), "[]"))
}

func parseStory(line string) (story, error) {
	fields := strings.Fields(line)
	if len(fields) == 0 {
		return story{}, fmt.Errorf("%q names no seed", line)
	}
	seed, err := strconv.ParseUint(fields[0], 10, 64)
	s := story{seed: seed}
	if len(fields) == 2 && fields[1] == "-" {
		return story{seed, []int{}}, err
	}
	for _, field := range fields[1:] {
		step, failed := strconv.Atoi(field)
		if failed != nil || len(s.steps) > 0 && step <= s.steps[len(s.steps)-1] {
			err = firstError(err, fmt.Errorf("step %q: want ascending numbers", field))
		}
		s.steps = append(s.steps, step)
	}
	return s, err
}

// shrunk returns a story as short as can be found in so many tries that breaks the same law: steps are left out by halves,
// then quarters, down to single ones, until none of them can be missed (Zeller and Hildebrandt, Simplifying and Isolating
// Failure-Inducing Input, 2002, with complements alone).
func (s story) shrunk(tries int, fails func(story) error) story {
	law := lawOf(fails(s))
	s = s.whole()
	for size := len(s.steps) / 2; size > 0; {
		shorter := false
		for at := 0; at < len(s.steps) && tries > 0; {
			without := story{s.seed, slices.Delete(slices.Clone(s.steps), at, min(at+size, len(s.steps)))}
			tries--
			if lawOf(fails(without)) == law {
				s, shorter = without, true
			} else {
				at += size
			}
		}
		if tries == 0 {
			break
		}
		if size > 1 {
			size = (size + 1) / 2
		} else if !shorter {
			break
		}
	}
	return s
}

// lawOf returns what an error says was broken, without the numbers that differ from story to story.
func lawOf(err error) string {
	if err == nil {
		return ""
	}
	law, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "law: "), ":")
	return "law " + strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, law)
}

// keep adds a story to those that every run of the tests tells again.
func (s story) keep(law error) error {
	if err := os.MkdirAll(filepath.Dir(stories), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(stories, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = fmt.Fprintf(f, "# %.150s\n%v\n", strings.ReplaceAll(law.Error(), "\n", " "), s)
	return err
}

func TestSimulation_StoriesOfOldHoldTheLaws(t *testing.T) {
	text, err := os.ReadFile(stories)
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		s, err := parseStory(line)
		if err == nil {
			err = s.run(nil)
		}
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
		told++
	}
	if told == 0 {
		t.Errorf("%s holds no story", stories)
	}
}

func TestStory_ShrinksToWhatBreaksTheLaw(t *testing.T) {
	broken := &saboteur{commit: func(l *ledger, b *store.Batch) { b.Merged = nil }}
	for seed := uint64(1); ; seed++ {
		s := story{seed: seed}
		err := s.run(broken)
		if err == nil {
			continue
		}
		short := s.shrunk(300, func(s story) error { return s.run(broken) })
		if got := short.run(broken); lawOf(got) != lawOf(err) {
			t.Errorf("the short story breaks %q, want %q", lawOf(got), lawOf(err))
		}
		if n := len(s.whole().steps); len(short.steps) > n/4 {
			t.Errorf("%d of %d steps are left, want a quarter at most", len(short.steps), n)
		}
		if again, err := parseStory(short.String()); err != nil || !slices.Equal(again.steps, short.steps) || again.seed != seed {
			t.Errorf("%q is read as %v, %v", short, again, err)
		}
		t.Logf("%v (%v)", short, err)
		return
	}
}
