package client

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"nigh/core"
	"nigh/core/replica"
)

// Options say who the client is, and what it tells. URL is needed.
type Options struct {
	URL    string // of the server: "https://example.org"; a path other than / is the channel's own
	User   string // the reader; "" for one without a name
	Token  string // that the server asks for; "" for none
	Client string // id of the op numbers, which no other client may ever use; "" for the Store's, or a random one
	Store  Store  // what outlives the process; nil for nothing. Run does not close it
	// Private: nothing that is recorded leaves this machine, nor who reads: neither User nor Token is sent. Lists are made
	// from the copy alone; with a Store, what was recorded is there in the next life.
	Private bool
	// Budget is how many bytes of records the client may hold, as they are packed; 0 is the whole catalog.
	Budget uint64
	// HTTPClient connects; nil for http.DefaultClient.
	HTTPClient *http.Client

	// Callbacks, each of which may be nil.
	OnList    func(replica.List)           // a question has another answer
	OnStatus  func(replica.Status)         // whenever it changed
	OnProfile func(replica.ProfileChanged) // the reader's history or wishes changed
	OnFrame   func([]byte)                 // each frame of the server, inflated
	OnToken   func()                       // the token ends soon, or has ended: get a fresh one and call Renew
	OnError   func(error)                  // what the client goes on in spite of: a connection that failed, a store that was lost
}

// Client is one reader's end of the channel.
type Client struct {
	opt Options
	url string
	tab string // of this life's origins

	mu      sync.Mutex
	queue   []replica.Input
	news    chan struct{} // capacity 1: the queue is not empty
	status  replica.Status
	lists   map[string]replica.List
	changed chan struct{} // closed, and another one made, when status or a list changed
	waiting map[uint64]chan error
	origin  uint64 // last number
	running bool
	ended   error // why Run ended, once it has
}

// New makes a client that does nothing until Run is called.
func New(opt Options) (*Client, error) {
	u, err := url.Parse(opt.URL)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q is not a server's address; write one such as https://example.org", opt.URL)
	}
	switch u.Scheme {
	case "http", "ws":
		u.Scheme = "ws"
	case "https", "wss":
		u.Scheme = "wss"
	default:
		return nil, fmt.Errorf("%q has the scheme %q; use http, https, ws or wss", opt.URL, u.Scheme)
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/v1/sync"
	}
	if opt.HTTPClient == nil {
		opt.HTTPClient = http.DefaultClient
	}
	if opt.Client == "" {
		opt.Client = "go-" + rand.Text()
	}
	return &Client{
		opt: opt, url: u.String(), tab: "go-" + rand.Text()[:8], news: make(chan struct{}, 1),
		lists: map[string]replica.List{}, changed: make(chan struct{}), waiting: map[uint64]chan error{},
	}, nil
}

// Errors of a client.
var (
	// ErrEnded: Run has returned, or was never called; what was to be recorded was not.
	ErrEnded = errors.New("the client is not running")
	// ErrRunning: Run was called twice.
	ErrRunning = errors.New("the client is running already, or has ended; make another one")
)

// RefusedError is why a server wants no more of a client: connecting again would not help.
type RefusedError struct {
	Code   int // a close code of core/wire
	Reason string
}

// Error returns what the server said.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("the server refuses this client (%d): %s", e.Code, e.Reason)
}

// Record tells that the reader did something with an item: "view", "like" and what else the server's policy knows. It
// returns when that is kept, in the Store if there is one, whether or not there is a connection.
func (c *Client) Record(ctx context.Context, kind string, item core.ItemID, value float64) error {
	return c.do(ctx, func(o replica.Origin) replica.Input {
		return replica.Record{Kind: kind, Item: item, ValueMilli: int64(value * 1000), Origin: o}
	})
}

// Prefer tells a standing wish; weight 0 takes it back. It returns as Record does.
func (c *Client) Prefer(ctx context.Context, p core.Preference) error {
	return c.do(ctx, func(o replica.Origin) replica.Input { return replica.Prefer{Preference: p, Origin: o} })
}

func (c *Client) do(ctx context.Context, input func(replica.Origin) replica.Input) error {
	done := make(chan error, 1)
	c.mu.Lock()
	if c.ended != nil {
		c.mu.Unlock()
		return ErrEnded
	}
	c.origin++
	n := c.origin
	c.waiting[n] = done
	c.push(input(replica.Origin{Tab: c.tab, Number: n}))
	c.mu.Unlock()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.waiting, n)
		return ctx.Err()
	}
}

// Ask has a question answered, at once from the copy and again whenever the answer changes. A second one of the same name
// replaces the first.
func (c *Client) Ask(q replica.Question) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.push(replica.Ask{Question: q})
}

// Drop ends a question.
func (c *Client) Drop(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.lists, name)
	c.push(replica.Drop{Name: name})
}

// Online has the client try at once what it would have waited for: the network is back.
func (c *Client) Online() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.push(replica.Online{})
}

// Renew gives a fresh token of the same reader, on the connection that there is and for those to come.
func (c *Client) Renew(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.push(replica.Token{Token: token})
}

// push queues an input for Run; c.mu is held.
func (c *Client) push(in replica.Input) {
	c.queue = append(c.queue, in)
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// Status returns how the client stands to the server.
func (c *Client) Status() replica.Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// List returns the newest answer to a question.
func (c *Client) List(name string) (replica.List, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l, ok := c.lists[name]
	return l, ok
}

// Lists returns the newest answers to all questions, by name.
func (c *Client) Lists() map[string]replica.List {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.lists)
}

// Until waits until holds, which is asked whenever status or a list changed. It returns ErrEnded, or why, if Run ends
// before.
func (c *Client) Until(ctx context.Context, holds func(*Client) bool) error {
	for {
		c.mu.Lock()
		changed, ended := c.changed, c.ended
		c.mu.Unlock()
		if holds(c) {
			return nil
		}
		if ended != nil {
			return ended
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Live holds when the client has the server's whole catalog and nothing that the server has not decided: for Until.
func Live(c *Client) bool {
	s := c.Status()
	return s.State == replica.Live && s.Pending == 0
}

// note changes what others may wait for.
func (c *Client) note(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	close(c.changed)
	c.changed = make(chan struct{})
}

// recorded tells who waits.
func (c *Client) recorded(e replica.Recorded) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if done := c.waiting[e.Origin.Number]; done != nil && e.Origin.Tab == c.tab {
		delete(c.waiting, e.Origin.Number)
		var err error
		if e.Fault != "" {
			err = errors.New(e.Fault)
		}
		done <- err
	}
}

// end tells all who wait that nothing more comes.
func (c *Client) end(err error) {
	c.note(func() {
		if c.ended = err; err == nil {
			c.ended = ErrEnded
		}
		c.status.State = replica.Offline
		for n, done := range c.waiting {
			delete(c.waiting, n)
			done <- ErrEnded
		}
	})
}

func (c *Client) fault(err error) {
	if c.opt.OnError != nil {
		c.opt.OnError(err)
	}
}

// seed is a random number for the jitter of reconnects: a thousand clients that are cut off together do not come back
// together.
func seed() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:])
}

func nowMillis() int64 { return time.Now().UnixMilli() }
