package catalog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nigh/core"
	"nigh/core/learn"
	"nigh/core/text"
	"nigh/core/wire"
	"nigh/server/store"
)

// Options are what a catalog needs besides its store; the zero value is ready.
type Options struct {
	Logger   *slog.Logger     // nil: slog.Default
	Language string           // of the texts, and after commas others that items have; "": the policy's
	Policy   *learn.Policy    // nil: learn.DefaultPolicy
	Now      func() time.Time // nil: time.Now
	// FlushEvery is how long learned weights, which are live at once, may wait before they are committed and sent to
	// subscribers. 0: DefaultFlush.
	FlushEvery time.Duration
	// LearnLater is for bringing in a log: events are only committed, and learnt all together when Settle is called, or
	// by the next process that opens the store.
	LearnLater bool
	// Timing, if not nil, is told by the owner how long each part of its work took. It must not wait.
	Timing func(Part, time.Duration)
}

// DefaultFlush coalesces the weights that a busy minute changes over and over.
const DefaultFlush = time.Second

// Catalog is one live catalog. Its methods may be called from any goroutine while Run is running.
type Catalog struct {
	store    store.Store
	log      *slog.Logger
	now      func() time.Time
	flush    time.Duration
	policy   *core.Policy
	learning learn.Policy
	analyzer *text.Analyzer

	queue    chan *request
	stopping chan struct{} // closed when no more calls are taken
	done     chan struct{} // closed when Run has returned
	epoch    uint64
	sides    *sides
	watches  watches
	feed     feed
	kept     atomic.Pointer[snapshotData] // the last one, nil before the first
	readers  readers
	scratch  sync.Pool // of *core.Scratch

	limits limits
	timing func(Part, time.Duration)
	later  bool // see Options.LearnLater

	owner owner // what only the goroutine of Run touches
	// inline, if not nil, makes each call its own owner instead of Run, and is called between a call's commit and its
	// return: the simulation is one goroutine.
	inline func()

	strange sync.Map // names of languages of which noteLanguage warned; text holds few

	size, pending atomic.Int64 // items held; items that wait for their neighbours
	unlearnt      atomic.Int64 // events that a relearning has still to come to
}

// Open reads a store and makes the index and the learner of it. The store stays the caller's to close, after Run has
// returned.
func Open(ctx context.Context, s store.Store, opt Options) (*Catalog, error) {
	if opt.Logger == nil {
		opt.Logger = slog.Default()
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.FlushEvery == 0 {
		opt.FlushEvery = DefaultFlush
	}
	p := learn.DefaultPolicy()
	if opt.Policy != nil {
		p = *opt.Policy
	}
	if opt.Language != "" {
		all := strings.Split(opt.Language, ",")
		p.Language, p.Languages = all[0], all[1:]
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	c := &Catalog{
		store: s, log: opt.Logger, now: opt.Now, flush: opt.FlushEvery,
		policy: p.Compile(), learning: p, analyzer: text.NewAnalyzer(p.Language, p.Languages...),
		queue:    make(chan *request, 1024), // calls waiting for the owner; when full the callers wait
		stopping: make(chan struct{}), done: make(chan struct{}),
		sides: newSides(), limits: defaultLimits, timing: opt.Timing, later: opt.LearnLater,
		scratch: sync.Pool{New: func() any { return &core.Scratch{} }},
	}
	c.readers.init()
	if err := c.load(ctx); err != nil {
		return nil, fmt.Errorf("open catalog: %w", err)
	}
	return c, nil
}

// Policy returns the policy that lists are made with. It is not to be changed.
func (c *Catalog) Policy() *core.Policy { return c.policy }

// Language returns the language that texts are read in.
func (c *Catalog) Language() string { return c.policy.Language }

// Len returns how many items the catalog holds.
func (c *Catalog) Len() int { return int(c.size.Load()) }

// Version returns the state that a list asked for now would be made from.
func (c *Catalog) Version() (v Version) {
	c.sides.read(func(_ *core.Index, at Version) { v = at })
	v.Hour = hourOf(c.now())
	return v
}

// Item returns an item as it was given, or store.ErrNotFound.
func (c *Catalog) Item(ctx context.Context, id string) (store.Item, error) {
	it, err := c.store.Item(ctx, id)
	return it.Item, err
}

// Items returns up to limit items whose id is above after, ascending by id.
func (c *Catalog) Items(ctx context.Context, after string, limit int) ([]store.Item, error) {
	stored, err := c.store.Items(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]store.Item, len(stored))
	for i := range stored {
		out[i] = stored[i].Item
	}
	return out, nil
}

// Watch tells of everything that may change the list of a reader ("" for nobody in particular) from now on.
func (c *Catalog) Watch(user string) *Watch { return c.watches.add(user) }

// Watches returns how many watches are open.
func (c *Catalog) Watches() int { return c.watches.count() }

// PutItems adds or replaces items. They are on disk and in the index when it returns; the result has an entry for each.
// An error comes without results: the store's means that nothing of the call was kept, that of ctx that it may still be.
func (c *Catalog) PutItems(ctx context.Context, items []store.Item) ([]ItemResult, error) {
	if len(items) == 0 {
		return nil, nil
	}
	items = slices.Clone(items) // the owner may read them after a caller gave up
	r := &request{put: &putRequest{items: items, parsed: make([]learn.Parsed, len(items)), results: make([]ItemResult, len(items))}}
	for i := range items { // the costly part, in the caller's goroutine
		it := &items[i]
		r.put.results[i].ID = it.ID
		if err := checkItem(it); err != nil {
			r.put.results[i].Err = err
			continue
		}
		c.noteLanguage(it.Language)
		card := cardOf(it)
		r.put.parsed[i] = learn.Parse(c.analyzer, textOf(it, &card))
	}
	if err := c.call(ctx, r); err != nil {
		return nil, err
	}
	return r.put.results, nil
}

// noteLanguage warns, once for each language, that readers' words are not read in the language of an item.
func (c *Catalog) noteLanguage(tag string) {
	if c.analyzer.Asks(tag) {
		return
	}
	name := c.analyzer.For(tag).Language()
	if _, known := c.strange.LoadOrStore(name, true); known {
		return
	}
	c.log.Warn("an item is in a language that readers' words are not read in; name it in the policy's languages, or after the first of --language",
		"language", tag, "policy", strings.Join(append([]string{c.policy.Language}, c.policy.Languages...), ","))
}

// DeleteItem takes an item out, or returns store.ErrNotFound. Events on it stay.
func (c *Catalog) DeleteItem(ctx context.Context, id string) error {
	return c.call(ctx, &request{del: &deleteRequest{id: id}})
}

// RecordEvents takes in what readers did. They are on disk and learnt when it returns; the result has an entry for
// each. An error comes without results: the store's means that nothing of the call was kept, that of ctx that it may
// still be.
func (c *Catalog) RecordEvents(ctx context.Context, events []store.Event) ([]EventResult, error) {
	if len(events) == 0 {
		return nil, nil
	}
	r := &request{events: &eventsRequest{events: slices.Clone(events), results: make([]EventResult, len(events))}}
	if err := c.call(ctx, r); err != nil {
		return nil, err
	}
	return r.events.results, nil
}

// OpsResult says what became of the ops of ApplyOps.
type OpsResult struct {
	Last    uint64 // all ops of the client up to here are decided
	Refused []wire.Refusal
	// Adjusted: the catalog understood something otherwise than the client will have (a clock that runs ahead, an
	// event older than the last one, ops that it held already), so the client needs the reader's profile.
	Adjusted bool

	before, after reader
	items         map[core.ItemID]core.ItemNum // as the ops' ids were understood
}

// Errors of ApplyOps.
var (
	// ErrOtherReader: the client id belongs to another reader.
	ErrOtherReader = errors.New("this client id belongs to another reader; use a new one")
	// ErrGap: ops before these are missing.
	ErrGap = errors.New("ops before these are missing")
	// ErrErased: the reader was erased since the session began; a new session may begin.
	ErrErased = errors.New("this reader was erased")
)

// ApplyOps applies a browser's ops, the first numbered first. Those applied before are skipped; the rest is on disk
// when it returns, each exactly once, in order.
func (c *Catalog) ApplyOps(ctx context.Context, client, user string, first uint64, ops []wire.Op) (OpsResult, error) {
	return c.applyOps(ctx, &opsRequest{client: client, user: user, first: first, ops: ops})
}

func (c *Catalog) applyOps(ctx context.Context, ops *opsRequest) (OpsResult, error) {
	r := &request{ops: ops}
	if err := c.call(ctx, r); err != nil {
		return OpsResult{}, err
	}
	return r.ops.result, nil
}

// LastOp returns the number of the last op applied of a client, 0 for an unknown one. It returns ErrOtherReader if the
// client belongs to a reader other than user.
func (c *Catalog) LastOp(ctx context.Context, client, user string) (uint64, error) {
	known, err := c.store.Client(ctx, client)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	case known.User != user:
		return 0, ErrOtherReader
	}
	return known.LastOp, nil
}

// call hands r to the owner and waits for it. A call that was given up by its context may still be carried out.
func (c *Catalog) call(ctx context.Context, r *request) error {
	r.reply = make(chan error, 1)
	if c.timing != nil {
		r.called = time.Now()
	}
	if c.inline != nil {
		return c.callInline(r)
	}
	select {
	case <-c.stopping:
		return ErrClosed
	default:
	}
	select {
	case c.queue <- r:
	case <-c.done:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-r.reply:
		return err
	case <-c.done:
		select {
		case err := <-r.reply: // answered just before Run returned
			return err
		default:
			return ErrClosed
		}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// callInline carries r out here and now.
func (c *Catalog) callInline(r *request) error {
	c.commit([]*request{r})
	for len(c.owner.settling) > 0 {
		c.background()
	}
	c.inline()
	return <-r.reply
}
