package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"nigh/server/access"
	"nigh/server/catalog"
	"nigh/server/store"
)

// Catalog is what the edges need of a catalog; *catalog.Catalog has it, through Live. Errors are those of the packages
// catalog and store. Every method may be called from any goroutine.
type Catalog interface {
	// Run owns the catalog until ctx is done and what was queued is committed. The methods that write need it.
	Run(ctx context.Context) error

	PutItems(ctx context.Context, items []store.Item) ([]catalog.ItemResult, error)
	DeleteItem(ctx context.Context, id string) error
	Item(ctx context.Context, id string) (store.Item, error)
	Items(ctx context.Context, after string, limit int) ([]store.Item, error)
	RecordEvents(ctx context.Context, events []store.Event) ([]catalog.EventResult, error)
	EraseUser(ctx context.Context, user string) error

	Recommend(ctx context.Context, q catalog.Request) (catalog.Result, error)
	Similar(ctx context.Context, id string, q catalog.Request) (catalog.Result, error)
	Watch(user string) Watch

	// Settle waits until what was put is also related to everything else: until then it has no similar items.
	Settle(ctx context.Context) error
}

// Watch tells that lists may have changed. Its channel has a capacity of one: many changes may come as one signal.
type Watch interface {
	C() <-chan struct{}
	Close()
}

// Live is a catalog as the edges need it.
func Live(c *catalog.Catalog) Catalog { return live{c} }

// live gives Watch the type that Catalog names; the rest is the catalog's own.
type live struct{ *catalog.Catalog }

// Watch tells of everything that may change the list of a reader.
func (l live) Watch(user string) Watch { return l.Catalog.Watch(user) }

// Limits of requests, in bytes.
const (
	MaxBody     = 1 << 20  // a body with one thing in it
	MaxBulkBody = 64 << 20 // a body with many rows
	MaxFrame    = 64 << 10 // a message on /ws/recommendations/
)

// DefaultMaxSockets is how many WebSockets a server holds at most, unless Options say otherwise.
const DefaultMaxSockets = 10_000

// Options are what a server is made of. Catalog is needed, all else may be zero.
type Options struct {
	Catalog Catalog
	Logger  *slog.Logger // nil: slog.Default()

	// Addr is where Run listens: "localhost:8080", ":8080", ":0" for any free port.
	Addr string
	// Ready is called by Run with the server's address, as a URL, when it answers.
	Ready func(url string)

	// Origins are the other websites whose pages may use the API and the WebSockets: "https://example.org". "*" is all.
	Origins []string
	// Keys are the API keys, which come and go while the server runs; nil: there are none. Readers checks readers'
	// tokens; nil: none are trusted. While there is neither, everybody who reaches the server may do everything: Run
	// refuses to listen to other machines then, unless Open is set.
	Keys    store.Keys
	Readers *access.Tokens
	Open    bool
	// TrustNames lets readers without a token take any name, where they would be anonymous else. NoAnonymous wants a
	// token of every reader.
	TrustNames, NoAnonymous bool
	// MaxSockets bounds the WebSockets that are open at a time; 0 means DefaultMaxSockets.
	MaxSockets int
	// Limits are what a connection and an address may send; what is zero in it means DefaultLimits.
	Limits Limits
	// TrustedProxies are the addresses or networks ("10.0.0.0/8") of proxies whose X-Forwarded-For says who asks. Without
	// one the address is the peer's.
	TrustedProxies []string

	// Sync makes the handler of GET /v1/sync. It admits its connections with g.Accept.
	Sync func(g *Guard) http.Handler

	// Demo adds the demo's pages, and its works (DemoItems: *.jsonl) to a catalog that is empty when Run begins.
	Demo      bool
	DemoItems fs.FS
	// Dist holds the built files: webapp.Dist(). nil serves none.
	Dist fs.FS
	// Simulated is how many readers of the demo are none: its pages say so.
	Simulated int

	// Delay holds back every answer of the API and the WebSockets, for tests of pages.
	Delay time.Duration
	// Version is shown in the API's description.
	Version string

	from *addresses // made by check
}

func (o *Options) check() error {
	if o.Catalog == nil {
		return errors.New("server: Options.Catalog is nil; open one with catalog.Open")
	}
	if o.Demo && o.DemoItems == nil {
		return errors.New("server: Options.DemoItems is nil with Options.Demo; use webapp.DemoCatalog()")
	}
	for _, origin := range o.Origins {
		if err := checkOrigin(origin); err != nil {
			return err
		}
	}
	if o.TrustNames && (o.Readers != nil || o.NoAnonymous) {
		return errors.New("names of readers cannot be trusted and proved by tokens; leave one of the two out")
	}
	if o.NoAnonymous && o.Readers == nil {
		return errors.New("without anonymous readers nobody could read; say how their tokens are checked")
	}
	if o.Open && (o.Readers != nil || o.TrustNames) {
		return errors.New("a server that is open to everybody asks for no tokens; leave one of the two out")
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.MaxSockets == 0 {
		o.MaxSockets = DefaultMaxSockets
	}
	o.Limits.check()
	var err error
	if o.from, err = newAddresses(o.Limits, o.TrustedProxies); err != nil {
		return err
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	return nil
}

// checkOrigin tells whether a browser could ever send s as its Origin.
func checkOrigin(s string) error {
	if s == "*" {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || s != u.Scheme+"://"+u.Host {
		return fmt.Errorf("%q is not an origin; write scheme and host only, such as https://example.org", s)
	}
	return nil
}
