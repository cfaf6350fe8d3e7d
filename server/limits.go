package server

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// Rate is how much of something may come: PerSecond in the long run, Burst at once. The zero value stands for the default,
// a negative PerSecond for no limit.
type Rate struct {
	PerSecond float64
	Burst     int
}

// NoLimit lets everything come.
var NoLimit = Rate{PerSecond: -1}

// Limits are what one connection, and all of one address, may send. A connection that sends more is read more slowly:
// nothing of it is lost, and TCP tells the client to wait. One that would have to wait for longer than ten seconds,
// because so much comes from its address, is closed with wire.CloseBusy. A request over HTTP is refused with 429 and
// Retry-After.
type Limits struct {
	Ops   Rate // of one connection: events and preferences
	Asks  Rate // of one connection: questions, each of which costs a ranking
	Bytes Rate // of one connection, in frames

	AddressOps, AddressAsks, AddressBytes Rate // of all connections of an address together
	Connects                              Rate // new WebSockets of an address
	Requests                              Rate // HTTP requests of an address, to the API

	// AddressSockets bounds the WebSockets that are open at a time from one address; 0 stands for the default, -1 for no
	// bound.
	AddressSockets int
}

// DefaultLimits let a reader catch up with weeks offline at once (2,000 ops), and a school or an office read behind one
// address.
func DefaultLimits() Limits {
	return Limits{
		Ops: Rate{100, 2000}, Asks: Rate{20, 100}, Bytes: Rate{128 << 10, 1 << 20},
		AddressOps: Rate{1000, 20_000}, AddressAsks: Rate{200, 1000}, AddressBytes: Rate{1 << 20, 8 << 20},
		Connects: Rate{50, 500}, Requests: Rate{200, 2000}, AddressSockets: 1000,
	}
}

// NoLimits let everything in: for benches, and behind something else that limits.
func NoLimits() Limits {
	return Limits{
		Ops: NoLimit, Asks: NoLimit, Bytes: NoLimit, AddressOps: NoLimit, AddressAsks: NoLimit, AddressBytes: NoLimit,
		Connects: NoLimit, Requests: NoLimit, AddressSockets: -1,
	}
}

// named are the rates by the names that flags have for them.
func (l *Limits) named() map[string]*Rate {
	return map[string]*Rate{
		"ops": &l.Ops, "asks": &l.Asks, "bytes": &l.Bytes, "address-ops": &l.AddressOps, "address-asks": &l.AddressAsks,
		"address-bytes": &l.AddressBytes, "connects": &l.Connects, "requests": &l.Requests,
	}
}

// Names returns what Set can set, sorted.
func (l *Limits) Names() []string { return slices.Sorted(maps.Keys(l.named())) }

// Set sets one rate as it is written on a command line: ops=100 (a second, and 1,000 at once), ops=100/2000, ops=none.
func (l *Limits) Set(text string) error {
	name, value, _ := strings.Cut(text, "=")
	r, ok := l.named()[name]
	if !ok {
		return fmt.Errorf("there is no limit %q; use one of %s", name, strings.Join(l.Names(), ", "))
	}
	if value == "none" {
		*r = NoLimit
		return nil
	}
	second, burst, more := strings.Cut(value, "/")
	per, err := strconv.ParseFloat(second, 64)
	most := math.Ceil(per * 10)
	if err == nil && more {
		most, err = strconv.ParseFloat(burst, 64)
	}
	if err != nil || !(per > 0) || !(most >= 1) || most > math.MaxInt32 {
		return fmt.Errorf("the limit %q cannot be read; write a number a second and what may come at once, such as %s=100/2000, or %s=none", text, name, name)
	}
	*r = Rate{per, int(most)}
	return nil
}

// check fills in defaults.
func (l *Limits) check() {
	standard := DefaultLimits()
	for name, r := range l.named() {
		if *r == (Rate{}) {
			*r = *standard.named()[name]
		}
	}
	if l.AddressSockets == 0 {
		l.AddressSockets = standard.AddressSockets
	}
}

// limiter returns nil for no limit.
func (r Rate) limiter() *rate.Limiter {
	if r.PerSecond < 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(r.PerSecond), max(r.Burst, 1))
}

// spend takes n from l and returns how long the next one has to wait for it; later than longest nothing is taken and ok
// is false.
func spend(l *rate.Limiter, n int, now time.Time, longest time.Duration) (wait time.Duration, ok bool) {
	if l == nil || n <= 0 {
		return 0, true
	}
	r := l.ReserveN(now, min(n, l.Burst()))
	if wait = r.DelayFrom(now); wait > longest {
		r.CancelAt(now)
		return wait, false
	}
	return wait, true
}

// longestWait is how long a connection may be kept from sending.
const longestWait = 10 * time.Second

// rates are what a connection may still send, with what all of its address may.
type rates struct {
	ops, asks, bytes *rate.Limiter
	address          *address // nil for one without limits
}

// spend counts what was taken and returns how long the client has to wait until it is read again. ok is false if that
// would be too long: the connection is to be closed.
func (r *rates) spend(ops, asks, bytes int, now time.Time) (wait time.Duration, ok bool) {
	if r == nil {
		return 0, true
	}
	type part struct {
		l *rate.Limiter
		n int
	}
	parts := []part{{r.ops, ops}, {r.asks, asks}, {r.bytes, bytes}}
	if a := r.address; a != nil {
		parts = append(parts, part{a.ops, ops}, part{a.asks, asks}, part{a.bytes, bytes})
	}
	for _, p := range parts {
		w, fits := spend(p.l, p.n, now, longestWait)
		if !fits {
			return w, false
		}
		wait = max(wait, w)
	}
	return wait, true
}

// limited is a refusal that says when to come again.
type limited struct {
	error
	after time.Duration
}

// Unwrap returns the error of the table.
func (l *limited) Unwrap() error { return l.error }

// retryAfter is the value of the header of that name: whole seconds, at least one.
func (l *limited) retryAfter() string {
	return strconv.Itoa(int(math.Ceil(max(l.after, time.Second).Seconds())))
}

// Refusals of an address.
var (
	errRate      = errors.New("too much comes from this address")
	errConnected = errors.New("too many connections are open from this address")
)
