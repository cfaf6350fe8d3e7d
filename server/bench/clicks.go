package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"nigh/server/catalog"
	"nigh/server/store"
)

// clicks follows events through a running server.
func clicks(ctx context.Context, opt LearnOptions) (_ *Case, err error) {
	items := opt.Items
	if len(items) == 0 {
		_, _, names := numbered(nil, opt.Events)
		for _, id := range names[1:] {
			items = append(items, store.Item{ID: id})
		}
	}
	if opt.Catalog > 0 {
		items = items[:min(len(items), opt.Catalog)]
	}
	opt.Progress.tell("putting %d items into a server", len(items))
	live, err := openLive(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, live.close()) }()
	if err := live.fill(ctx, items, nil); err != nil {
		return nil, err
	}
	bare, err := openBare(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bare.close()) }()
	opt.Progress.tell("clicking %d times", opt.Clicks)
	live.parts.reset()
	var took clickTimes
	var inserted []time.Duration
	for done := 0; done < opt.Clicks; done += clickBlock { // by turns: a machine is not as fast at any time
		n := min(clickBlock, opt.Clicks-done)
		if err := live.click(ctx, done, n, &took); err != nil {
			return nil, err
		}
		if inserted, err = bare.rows(ctx, n, inserted); err != nil {
			return nil, err
		}
	}
	if len(took.whole) == 0 {
		return nil, errors.New("no reader got a list; name a catalog that has items to show")
	}
	figures, base := latency(took.whole), latency(inserted)
	figures["event_p99_us"], figures["list_p99_us"] = latency(took.event)["p99_us"], latency(took.list)["p99_us"]
	live.parts.figures(figures)
	return &Case{
		Name: fmt.Sprintf("server/event-to-changed-answer/items=%d", len(items)), Figures: figures,
		Yardstick: Yardstick{"insert a row into SQLite and sync it", base}, Ratio: base["p99_us"] / figures["p99_us"],
	}, nil
}

// clickBlock is how many events are followed before as many rows are inserted.
const clickBlock = 50

// parts collect how long the parts of an owner's work take, see catalog.Options.Timing.
type parts struct {
	mu   sync.Mutex
	took map[catalog.Part][]time.Duration
}

func (p *parts) add(part catalog.Part, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.took[part] = append(p.took[part], d)
}

func (p *parts) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.took = map[catalog.Part][]time.Duration{}
}

// figures adds the 99th percentile of each part, in µs.
func (p *parts) figures(to map[string]float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for part, took := range p.took {
		to[string(part)+"_p99_us"] = latency(took)["p99_us"]
	}
}

// clickTimes are how long each click took, in all and in its two calls.
type clickTimes struct{ whole, event, list []time.Duration }

// clickReaders is how many readers take turns: each has its own history, as in life.
const clickReaders = 20

// maxAsks is how often a list is asked for until it shows an event.
const maxAsks = 1000

// click lets readers view the first item of their list, n times from a number on, and notes how long it took each time
// until they were answered with a list without it.
func (l *liveServer) click(ctx context.Context, from, n int, took *clickTimes) error {
	var client http.Client
	var text bytes.Buffer // used again: the client's garbage is the server's here
	defer client.CloseIdleConnections()
	call := func(path string, body, answer any) error {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+l.addr+path, bytes.NewReader(data))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			said, _ := io.ReadAll(io.LimitReader(res.Body, 1000))
			return fmt.Errorf("%s answered %s: %s", path, res.Status, said)
		}
		text.Reset()
		if _, err := text.ReadFrom(res.Body); err != nil {
			return err
		}
		return json.Unmarshal(text.Bytes(), answer)
	}
	type list struct {
		Recommendations []struct {
			ID string `json:"id"`
		} `json:"recommendations"`
	}
	for i := from; i < from+n; i++ {
		user := fmt.Sprint("reader-", i%clickReaders)
		question := map[string]any{"user": user, "limit": scanPlaces}
		var before list
		if err := call("/v1/recommendations", question, &before); err != nil {
			return err
		}
		if len(before.Recommendations) == 0 {
			break // this reader has seen everything
		}
		clicked := before.Recommendations[0].ID
		start := time.Now()
		if err := call("/v1/events", []store.Event{{User: user, Item: clicked, Kind: "view"}}, &struct{}{}); err != nil {
			return err
		}
		sent := time.Now()
		for asked := 1; ; asked++ {
			var after list
			if err := call("/v1/recommendations", question, &after); err != nil {
				return err
			}
			if len(after.Recommendations) == 0 || after.Recommendations[0].ID != clicked {
				break
			}
			if asked == maxAsks {
				return fmt.Errorf("%s viewed %s, and %d lists later it still stands first", user, clicked, asked)
			}
		}
		took.whole = append(took.whole, time.Since(start))
		took.event, took.list = append(took.event, sent.Sub(start)), append(took.list, time.Since(sent))
	}
	return nil
}
