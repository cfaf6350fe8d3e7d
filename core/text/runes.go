package text

import "unicode/utf8"

// The tables of tables.go are strings of varints, decoded once at the start (25 µs, in the module 0.1 ms). As strings they are half
// of what the unicode package's tables would add to the module, and they stay the same when a newer Go brings a newer
// Unicode: a ranking must not depend on the compiler.

// class says what a rune is to Terms.
type class uint8

const (
	separator class = iota
	letter          // of words that stand between separators; marks and numbers too
	unspaced        // of scripts that put no blanks between words, or glue particles to them: read as bigrams
)

// classASCII is the class of every ASCII character of a folded text.
var classASCII = func() (t [utf8.RuneSelf]class) {
	for c := '0'; c <= '9'; c++ {
		t[c] = letter
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c] = letter
	}
	return t
}()

// classRun starts at lo, which has the class, and ends where the next run starts.
type classRun struct {
	lo    rune
	class class
}

// classRuns is classTable: for each run, varint(distance from the run before << 2 | class).
var classRuns = decodeClasses()

func decodeClasses() []classRun {
	runs := make([]classRun, 0, len(classTable)) // at least a byte each
	lo := rune(0)
	for t := classTable; t != ""; {
		var v uint32
		v, t = varint(t)
		lo += rune(v >> 2)
		runs = append(runs, classRun{lo, class(v & 3)})
	}
	return runs
}

func classOf(r rune) class {
	if r < utf8.RuneSelf {
		return classASCII[r]
	}
	lo, hi := 0, len(classRuns) // the last run that starts at or before r
	for lo+1 < hi {
		m := int(uint(lo+hi) >> 1)
		if classRuns[m].lo <= r {
			lo = m
		} else {
			hi = m
		}
	}
	return classRuns[lo].class
}

// foldRun is a run of runes that Fold changes.
type foldRun struct {
	lo, hi rune // both in the run
	kind   foldKind
	delta  rune
	to     string
}

type foldKind uint8

const (
	foldTo     foldKind = iota // each becomes to
	foldBy                     // each becomes the rune at distance delta
	foldEither                 // as foldBy, but only lo, lo+2, lo+4, ...: scripts that alternate capital and small
)

// foldRuns is foldTable: for each run, varint(distance of lo from the last hi), varint((hi-lo)<<2 | kind), then for
// foldTo varint(len(to)) and to, else varint(delta in zigzag).
var foldRuns = decodeFolds()

func decodeFolds() []foldRun {
	runs := make([]foldRun, 0, len(foldTable)/4) // more than four bytes each on average
	hi := rune(0)
	for t := foldTable; t != ""; {
		var gap, span, v uint32
		gap, t = varint(t)
		span, t = varint(t)
		v, t = varint(t)
		run := foldRun{lo: hi + rune(gap), kind: foldKind(span & 3)}
		hi = run.lo + rune(span>>2)
		run.hi = hi
		if run.kind == foldTo {
			run.to, t = t[:v], t[v:]
		} else {
			run.delta = rune(v>>1) ^ -rune(v&1)
		}
		runs = append(runs, run)
	}
	return runs
}

// findFold finds the run that holds r.
func findFold(r rune) (foldRun, bool) {
	lo, hi := 0, len(foldRuns) // the first run that ends at or after r
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if foldRuns[m].hi < r {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo == len(foldRuns) || r < foldRuns[lo].lo {
		return foldRun{}, false
	}
	run := foldRuns[lo]
	return run, run.kind != foldEither || (r-run.lo)%2 == 0
}

func varint(s string) (uint32, string) {
	v := uint32(0)
	for i := 0; ; i++ {
		v |= uint32(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			return v, s[i+1:]
		}
	}
}
