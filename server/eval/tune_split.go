package eval

import (
	"errors"
	"fmt"
	"slices"
	"sort"

	"nigh/core"
)

// parts are what a log is cut into: choose is all that choosing a policy may look at, judge is what tells in the end
// what it gained. known are the items, by number, that choosing knows of.
type parts struct {
	choose, judge exam
	known         []bool
}

// cut cuts a log (in order of time) for a protocol.
//
//	sessions  ├── learnt ──┤ steps of the tenth of sessions before the last ┤, of few also up to four tenths before that
//	          ├── learnt ───────────────────────────────────────────────────┤ steps of the last tenth ┤
//	holdout   of every reader: ├── learnt, .64 ──┤ asked, .16 ┤, then ├── learnt, .8 ──┤ asked, .2 ┤
//	          of few readers, ├── learnt, .51 ──┤ asked, .13 ┤ and the like before that are chosen by too
//	replay    ├── learnt ──┤ the tenth of events before the last ┤, then ├── learnt ──┤ the last tenth ┤
func cut(d *Data, log []Event, protocol string, repeat core.Repeat, anyRepeat bool) (p parts, err error) {
	switch protocol {
	case "sessions":
		p = cutSessions(d, log, repeat, anyRepeat)
	case "holdout":
		p = cutHoldout(d, log)
	case "replay":
		p = cutReplay(d, log)
	default:
		return p, fmt.Errorf("there is no protocol %q; use sessions, holdout, replay or auto", protocol)
	}
	if p.choose.size() == 0 || p.judge.size() == 0 {
		return p, errors.New(tooLittle[protocol])
	}
	return p, nil
}

// maxSteps is how many steps of one session are asked.
const maxSteps = 200

var tooLittle = map[string]string{
	"sessions": "the log is too small to choose by: its last tenth of sessions, and the tenth before, need a session of two events each; give a longer log, or --protocol holdout if its users are readers who come again",
	"holdout":  "the log is too small to choose by: holdout needs readers with three events and more, on items that others had before; give a longer log",
	"replay":   "the log is too small to choose by: its last tenth, and the tenth before, need a reader's second item each; give a longer log",
}

// protocolOf tells which protocol resembles a log: holdout if most events are of readers who have many.
func protocolOf(d *Data, log []Event) string {
	counts := make([]int, len(d.Users))
	for i := range log {
		counts[log[i].User]++
	}
	all, long := 0, 0
	for _, n := range counts {
		n = min(n, maxSteps) // a bot is one reader
		all += n
		if n >= longHistory {
			long += n
		}
	}
	if 2*long > all {
		return "holdout"
	}
	return "sessions"
}

// longHistory is from how many events on a reader has a history rather than a session.
const longHistory = 20

func cutSessions(d *Data, log []Event, repeat core.Repeat, anyRepeat bool) parts {
	first := make([]int64, len(d.Users))
	seen := make([]bool, len(d.Users))
	var starts []int64
	for i := range log {
		if u := log[i].User; !seen[u] {
			seen[u], first[u] = true, log[i].At
			starts = append(starts, log[i].At)
		}
	}
	at := func(tenth int) int64 { return starts[len(starts)*tenth/10] }
	if len(starts) == 0 {
		return parts{choose: &sessionExam{}, judge: &sessionExam{}}
	}
	to := at(9)
	if anyRepeat {
		repeat = core.RepeatAllow // every step counts, whatever lists may hold
	}
	exam := func(past []Event, from int64, asked []Event) *sessionExam {
		x := &sessionExam{users: len(d.Users), lessons: lessonsOf(past)}
		// A session that began before is not asked: its reader's past was learnt, and serving would know it. Of a long
		// one the beginning is: a bot has no more say than a busy reader.
		had := make([]int, len(d.Users))
		x.steps = stepsOf(d, slices.DeleteFunc(slices.Clone(asked), func(e Event) bool {
			had[e.User]++
			return first[e.User] < from || had[e.User] > maxSteps+1
		}), repeat)
		return x
	}
	before := func(t int64) int { return sort.Search(len(log), func(i int) bool { return log[i].At >= t }) }
	j := before(to)
	var choose folded
	for tenth := 8; tenth > 8-maxFolds && (len(choose) == 0 || choose.size() < fewSteps); tenth-- {
		from, i, end := at(tenth), before(at(tenth)), before(at(tenth+1))
		x := exam(log[max(0, i-maxLessons):i], from, log[i:end])
		spreadOut(x.steps, func(s step) string { return d.Users[s.events[0].User] })
		x.steps = x.steps[:min(len(x.steps), maxQuestions)]
		if len(choose) > 0 && (len(x.steps) == 0 || i == 0) {
			break
		}
		choose = append(choose, x)
	}
	return parts{choose, exam(log[:j], to, log[j:]), knownOf(d, log[:j])}
}

// maxFolds is how many exams choosing sits at most (each of long histories takes seconds); fewSteps and fewReaders are up to how many questions are too few to tell
// small differences by.
const (
	maxFolds          = 5
	maxFoldsOfReaders = 3
	fewSteps          = 20_000
	fewReaders        = 2500
)

func cutHoldout(d *Data, log []Event) parts {
	judge := splitHoldout(d, log, 0)
	past := eventsOf(judge.train)
	var choose folded
	for some := past; len(choose) < maxFoldsOfReaders && (len(choose) == 0 || choose.size() < fewReaders); {
		split := splitHoldout(d, some, 0)
		some = eventsOf(split.train)
		split.train = split.train[max(0, len(split.train)-maxLessons):]
		spreadOut(split.readers, func(r reader) string { return d.Users[r.user] })
		split.readers = split.readers[:min(len(split.readers), maxQuestions)]
		if len(choose) > 0 && len(split.readers) == 0 {
			break
		}
		choose = append(choose, newHoldoutExam(len(d.Users), split))
	}
	return parts{choose, newHoldoutExam(len(d.Users), judge), knownOf(d, past)}
}

func eventsOf(lessons []lesson) []Event {
	out := make([]Event, len(lessons))
	for i, e := range lessons {
		out[i] = *e.Event
	}
	return out
}

func cutReplay(d *Data, log []Event) parts {
	all := lessonsOf(log)
	i, j := len(all)*8/10, len(all)*9/10
	i = max(i, j-maxReplayed)
	return parts{newReplayExam(d, all[max(0, i-maxLessons):i], all[i:j]), newReplayExam(d, all[:j], all[j:]), nil}
}

func lessonsOf(log []Event) []lesson {
	out := make([]lesson, len(log))
	for i := range log {
		out[i].Event = &log[i]
	}
	return out
}

// knownOf tells which items are in the catalog, or in a part of the log.
func knownOf(d *Data, log []Event) []bool {
	known := make([]bool, len(d.Items)+1)
	for n := 1; n <= d.Given; n++ {
		known[n] = true
	}
	for i := range log {
		known[log[i].Item] = true
	}
	return known
}
