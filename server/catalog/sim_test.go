package catalog

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"nigh/core"
	"nigh/core/replica"
	"nigh/core/wire"
	"nigh/server/store"
)

var (
	simSeeds = flag.Int("seeds", 0, "how many seeds the simulation runs; 0: 500, or 120 under the race detector")
	simStory = flag.String("story", "", "the one story to run, with what happened printed: a seed, then its steps if not all of them, as a failure prints it")
)

// The simulation is one goroutine and one seed: two readers, one of them with two devices, and a
// browser in which they sign in and out, whose replica.Machines talk
// to real Sessions of a real Catalog over a network that does everything wrong that a network, a process or a clock can
// do. Then the faults stop, and the laws of sim_laws_test.go must hold.
func TestSimulation_KeepsTheLaws(t *testing.T) {
	if *simStory != "" {
		s, err := parseStory(*simStory)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(s, nil)
		w.trace = t.Logf
		if err := w.run(); err != nil {
			t.Fatal(err)
		}
		return
	}
	n := *simSeeds
	if n == 0 {
		if n = 500; raceEnabled {
			n = 120
		}
	}
	var sum tally
	began := time.Now()
	for seed := uint64(1); seed <= uint64(n); seed++ {
		w := newWorld(story{seed: seed}, nil)
		if err := w.run(); err != nil {
			short := w.story.shrunk(2000, func(s story) error { return s.run(nil) })
			t.Fatalf("seed %d: %v\nrun it again: go test ./server/catalog -run Simulation_Keeps -v -story %d\n"+
				"and shrunk: -story '%v' (kept in %s: %v)", seed, err, seed, short, stories, short.keep(err))
		}
		sum.add(w)
	}
	t.Logf("%d seeds in %v: %+v", n, time.Since(began).Round(time.Millisecond), sum)
	sum.check(t)
}

// tally shows that the simulation does what it is for.
type tally struct {
	steps, frames, drops, restarts, failedCommits, ops, refused, compared, erased int
	kills, stored                                                                 int
	partial, resumed, chosen                                                      int // devices of a part, snapshots that went on, choices of shelves
	afterCommit                                                                   int // things that happened between commit and ack
	signIns                                                                       int
}

func (s *tally) add(w *world) {
	s.steps += w.tally.steps
	s.frames += w.tally.frames
	s.drops += w.tally.drops
	s.restarts += w.tally.restarts
	s.failedCommits += w.tally.failedCommits
	s.ops += w.tally.ops
	s.erased += w.tally.erased
	s.kills += w.tally.kills
	s.resumed += w.tally.resumed
	s.chosen += w.tally.chosen
	s.stored += w.tally.stored
	s.signIns += w.tally.signIns
	s.refused += len(w.refused)
	s.afterCommit += w.tally.afterCommit
	for _, d := range w.devices {
		s.compared += int(d.status.Agreed)
		if uint64(d.status.Items) < d.status.AllItems {
			s.partial++
		}
	}
}

func (s *tally) check(t *testing.T) {
	for name, n := range map[string]int{
		"drops": s.drops, "restarts": s.restarts, "failed commits": s.failedCommits, "ops": s.ops, "refused ops": s.refused,
		"compared lists": s.compared, "erased readers": s.erased, "killed devices": s.kills, "devices that hold a part": s.partial,
		"snapshots that went on": s.resumed, "choices of shelves": s.chosen, "transactions of devices": s.stored, "sign-ins": s.signIns,
		"happenings between commit and acknowledgement": s.afterCommit,
	} {
		if n == 0 {
			t.Errorf("%s = 0: the simulation does not do what it is for", name)
		}
	}
}

// world is everything: the clock, the server, the network and the readers.
type world struct {
	story    story
	rng      *rand.Rand // of the step
	now      int64      // Unix milliseconds
	store    *ledger
	c        *Catalog
	devices  []*device
	gone     []*device // whose page was loaded anew, under another id
	guests   int       // so far
	conns    []*conn
	limits   limits
	crashed  bool   // the process died; it is opened again when the call that it died in has returned
	lastItem string // that a device did something with
	busy     *conn  // whose frame the server works on
	nested   bool   // within a call's return
	quiet    bool   // no more faults
	sabotage *saboteur
	refused  map[int64]bool                     // tags of ops that the server refused
	catalogs map[uint64]map[core.ItemNum]string // packed records by position
	keys     map[string]wire.Key                // of packed records
	tags     int64                              // given so far: each op's and event's ValueMilli
	rest     map[int64]string                   // readers of acknowledged REST events, by tag
	trace    func(string, ...any)
	fault    error
	tally    tally
}

const simStart = 1_767_225_600_000 // 2026-01-01

func newWorld(s story, sabotage *saboteur) *world {
	seed := s.seed
	w := &world{
		story: s, rng: s.source(beforeSteps), now: simStart, sabotage: sabotage,
		refused: map[int64]bool{}, catalogs: map[uint64]map[core.ItemNum]string{}, keys: map[string]wire.Key{}, rest: map[int64]string{},
		trace: func(string, ...any) {},
	}
	w.limits = defaultLimits
	if w.pick(2) == 0 {
		w.limits = limits{snapshotChunk: 300 + int(seed%2)*1000, snapshotShare: 1 + w.pick(4), catchUp: 1500, flush: 3, past: 1 << 20, shelf: 3 + w.pick(5), tombstones: 1 + w.pick(12), replan: 1000}
	}
	w.store = newLedger(w)
	w.open()
	for i, user := range []string{"ada", "ada", "bob"} {
		d := &device{w: w, name: fmt.Sprint("device", i), user: user, acked: map[int64]bool{}, keeps: i != 1, inflates: (seed+uint64(i))%3 > 0, store: map[string][]byte{}}
		if w.limits != defaultLimits && w.pick(2) == 0 {
			d.budget = 1500 + uint64(w.pick(6000))
		}
		w.devices = append(w.devices, d)
	}
	w.devices = append(w.devices, w.newGuest(seed+9))
	return w
}

// pick chooses one of n, chance says yes once in n times.
func (w *world) pick(n int) int    { return w.rng.IntN(n) }
func (w *world) chance(n int) bool { return !w.quiet && w.rng.IntN(n) == 0 }
func (w *world) tag() int64        { w.tags++; return w.tags }
func (w *world) time() time.Time   { return time.UnixMilli(w.now) }
func (w *world) fail(err error)    { w.fault = firstError(w.fault, err) }
func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// begin fills the catalog and lets the devices start.
func (w *world) begin() {
	for range 8 + w.pick(20) {
		w.put()
	}
	for _, d := range w.devices {
		d.limit = 1 + w.pick(8)
		if w.pick(4) == 0 {
			d.filter = (&core.Wanted{Not: core.Labels{Tags: []string{"go"}}}).Filter()
		}
		if d.m == nil {
			d.begin()
			continue
		}
		d.step(replica.Start{})
		d.step(replica.Ask{Question: replica.Question{Name: "you", Limit: d.limit, Filter: d.filter}})
	}
}

// length is how many steps the whole story has; drawn after begin.
func (w *world) length() int { return 150 + w.pick(250) }

// run lives through a few hundred happenings, lets everything calm down, and checks the laws.
func (w *world) run() error {
	w.begin()
	for step := range w.length() {
		if !w.story.has(step) {
			continue
		}
		w.rng = w.story.source(firstStep + step)
		w.tally.steps++
		w.happen()
		if w.fault != nil {
			return w.fault
		}
	}
	w.rng = w.story.source(afterSteps)
	if err := w.settle(); err != nil {
		return err
	}
	return w.laws()
}

// happen is one thing of all that may happen.
func (w *world) happen() {
	d := w.devices[w.pick(len(w.devices))]
	switch w.pick(25) {
	case 24:
		if w.chance(3) {
			w.account()
		}
	case 0:
		w.put()
	case 1:
		if w.chance(2) {
			w.delete(fmt.Sprint("item", w.pick(24)))
		}
	case 2:
		w.event()
		if w.chance(6) {
			w.erase([]string{"eve", "dan"}[w.pick(2)])
		}
	case 3, 4, 5:
		d.act()
	case 6:
		d.question()
	case 7:
		if d.conn != nil && w.chance(2) {
			w.drop(d.conn)
		}
	case 8:
		w.jump(d)
	case 9:
		if w.chance(12) {
			w.crash()
		}
	case 10:
		if w.chance(6) {
			w.store.failing = 1 + w.pick(5)
		}
	case 11:
		d.online = !d.online || w.quiet
		if !d.online && d.conn != nil {
			w.drop(d.conn)
		} else if d.online {
			d.step(replica.Online{})
		}
	case 12:
		w.pass(int64(w.pick(40_000)))
	case 13:
		if d.keeps && w.chance(3) {
			d.kill()
		}
	default:
		w.pass(int64(w.pick(60)))
	}
	w.move(1 + w.pick(6))
	w.reopen()
}

// jump sets a device's clock.
func (w *world) jump(d *device) {
	if w.chance(4) {
		d.skew = int64(w.pick(7_200_000)) - 3_600_000
		w.trace("%s: clock off by %d ms", d.name, d.skew)
	}
}

// pass lets time go by, and wakes who asked for it.
func (w *world) pass(millis int64) {
	w.now += millis
	for _, d := range w.devices {
		if d.wakeAt != 0 && w.now >= d.wakeAt {
			d.wakeAt = 0
			d.step(replica.Tick{})
		}
	}
	if w.c.nextTask() <= 0 || w.c.owner.unread { // whose texts Run reads by itself
		w.c.turn(nil)
	}
}

// put adds or changes an item; event records what somebody did elsewhere.
func (w *world) put() {
	topics := []string{"sailing", "whales", "go", "cooking", "mars", "jazz"}
	n := w.pick(24)
	it := store.Item{
		ID: fmt.Sprint("item", n), Title: fmt.Sprintf("%s and %s", topics[n%6], topics[w.pick(6)]),
		Description: fmt.Sprintf("number %d of %s", w.pick(1000), topics[n%4]),
		Tags:        []string{topics[n%6], topics[w.pick(6)]}, Author: topics[n%3], Hidden: w.chance(9),
	}
	if w.pick(3) > 0 {
		it.Categories = []string{topics[n%2]}
	}
	if w.chance(6) {
		it.Tags = []string{topics[w.pick(6)], "other"}
	}
	if w.chance(9) {
		it.Pinned = 1 + w.pick(4)
	}
	if w.chance(4) {
		it.Language = []string{"de", "fr-CA", "zh"}[w.pick(3)]
	}
	if w.chance(5) {
		it.Boost = 0.5 + float64(w.pick(4))
	}
	if n%3 == 0 { // beside items without one
		it.Vector = store.Vector{float32(n%6) + 1, float32(len(it.Tags[1])) - 4, float32(n%4) - 1}
	}
	_, err := w.c.PutItems(bg, []store.Item{it})
	w.trace("put %s: %v", it.ID, err)
}

func (w *world) delete(id string) {
	err := w.c.DeleteItem(bg, id)
	w.trace("delete %s: %v", id, err)
}

func (w *world) event() {
	e := store.Event{
		User: []string{"ada", "bob", "eve", "dan"}[w.pick(4)], Item: fmt.Sprint("item", w.pick(24)), Kind: simKinds[w.pick(len(simKinds))],
		At: w.time().Add(-time.Duration(w.pick(3)) * time.Minute), ID: fmt.Sprint("key", w.pick(60)),
	}
	tag := w.tag()
	e.Value = float64(tag) / 1000
	res, err := w.c.RecordEvents(bg, []store.Event{e})
	w.trace("event %v of %s on %s: %v %v", tag, e.User, e.Item, res, err)
	if err == nil && res[0].Err == nil && !res[0].Duplicate {
		w.rest[tag] = e.User
	}
}

// erase takes out a reader who has no device.
func (w *world) erase(user string) {
	before := maps.Clone(w.rest) // what comes between commit and return is not erased
	err := w.c.EraseUser(bg, user)
	w.trace("erase %s: %v", user, err)
	if err == nil {
		w.tally.erased++
		maps.DeleteFunc(w.rest, func(tag int64, of string) bool { return of == user && before[tag] != "" })
	}
}

// simKinds have no scale: their value is free to be a tag.
var simKinds = []string{"view", "click", "like", "dislike", "forget"}

// crash ends the server's process where it stands; reopen starts it again, over what the store holds.
func (w *world) crash() {
	w.trace("crash")
	w.crashed = true
	w.tally.restarts++
	for _, c := range w.conns {
		c.dead = true
	}
}

func (w *world) reopen() {
	if !w.crashed {
		return
	}
	w.crashed = false
	for _, d := range w.devices {
		if d.conn != nil {
			w.drop(d.conn)
		}
	}
	w.conns = nil
	w.open()
}

func (w *world) open() {
	failing := w.store.failing
	w.store.failing = 0
	c, err := Open(bg, w.store, Options{Now: w.time, Logger: discard, Language: "en,de,fr"})
	w.store.failing = failing
	if err != nil {
		w.fail(fmt.Errorf("open: %w", err))
		return
	}
	c.inline = w.afterCall
	c.shelve(w.limits)
	w.c = c
}

// afterCall comes between the commit of a call and its return: whatever happens here, happens before the answer.
func (w *world) afterCall() {
	if w.nested || w.quiet || w.crashed || w.pick(6) != 0 {
		return
	}
	w.nested = true
	defer func() { w.nested = false }()
	w.tally.afterCommit++
	switch w.pick(7) {
	case 0:
		id := w.lastItem // which the call may well be about
		if w.pick(3) == 0 {
			id = fmt.Sprint("item", w.pick(24))
		}
		w.delete(id)
	case 1:
		w.put()
	case 2:
		w.event()
	case 3:
		w.c.background()
	case 4:
		if d := w.devices[w.pick(len(w.devices))]; d.conn != nil {
			w.drop(d.conn)
		}
	case 5:
		w.crash()
	case 6: // what an earlier connection of the same device still had on its way
		for _, c := range w.conns {
			if w.busy != nil && c != w.busy && c.d == w.busy.d {
				c.late = 0
				w.moveUp(c)
				break
			}
		}
	}
}
