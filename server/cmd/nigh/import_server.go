package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"nigh/server/pause"
	"nigh/server/store"
)

// Patience with a server.
const (
	callTimeout = 5 * time.Minute // for one batch
	maxTries    = 5
	maxAnswer   = 16 << 20 // bytes of an answer
)

// serverSink posts batches as NDJSON to /v1/items and /v1/events.
type serverSink struct {
	base       *url.URL
	key        string
	client     *http.Client
	wait       func(context.Context, time.Duration) error // between tries
	known      map[string]bool                            // items that the server has or has not, for checkEvents
	dimensions int                                        // of the vectors that were checked
}

func newServerSink(server, key string) (*serverSink, error) {
	if !strings.Contains(server, "://") {
		server = "http://" + server
	}
	base, err := url.Parse(server)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, usagef("--server %q is no address of a server; use one such as http://localhost:8080", server)
	}
	return &serverSink{base: base, key: key, client: &http.Client{Timeout: callTimeout}, wait: pause.For, known: map[string]bool{}}, nil
}

// settle has nothing to wait for: the server goes on by itself.
func (s *serverSink) settle(context.Context, func(string, int, string)) error { return nil }

func (s *serverSink) close() error { s.client.CloseIdleConnections(); return nil }

func (s *serverSink) putItems(ctx context.Context, items []store.Item) ([]outcome, error) {
	return postAll(ctx, s, "items", items)
}

func (s *serverSink) putEvents(ctx context.Context, events []store.Event) ([]outcome, error) {
	for i := range events {
		if events[i].ID == "" { // without a time there is no key of the content, but trying again needs one
			events[i].ID = "import-" + rand.Text()
		}
	}
	return postAll(ctx, s, "events", events)
}

func (s *serverSink) checkItems(_ context.Context, items []store.Item) ([]outcome, error) {
	return checkLimits(items, &s.dimensions), nil
}

// checkEvents asks for every item once.
func (s *serverSink) checkEvents(ctx context.Context, events []store.Event) ([]outcome, error) {
	return checkKnown(events, nil, s.known, func(id string) (bool, error) {
		resp, err := s.call(ctx, http.MethodGet, s.base.JoinPath("v1", "items", url.PathEscape(id)), nil)
		if err != nil {
			return false, err
		}
		if resp.status != http.StatusOK && resp.status != http.StatusNotFound {
			return false, s.refusal(resp)
		}
		return resp.status == http.StatusOK, nil
	})
}

// bulkAnswer is what the server says of a batch. Every row that is not in Rejected went in.
type bulkAnswer struct {
	Accepted   int `json:"accepted"`
	Created    int `json:"created"`
	Duplicates int `json:"duplicates"`
	Rejected   []struct {
		Index int    `json:"index"`
		ID    string `json:"id"`
		Error string `json:"error"`
		Hint  string `json:"hint"`
	} `json:"rejected"`
}

// postAll posts rows; a batch that the server finds too large goes in halves.
func postAll[T any](ctx context.Context, s *serverSink, what string, rows []T) ([]outcome, error) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	for _, row := range rows {
		if err := enc.Encode(row); err != nil {
			return nil, fmt.Errorf("write a row as JSON: %w", err)
		}
	}
	resp, err := s.call(ctx, http.MethodPost, s.base.JoinPath("v1", what), body.Bytes())
	if err != nil {
		return nil, err
	}
	switch {
	case resp.status == http.StatusRequestEntityTooLarge && len(rows) == 1:
		return []outcome{{reason: fmt.Sprintf("the server finds the row too large (%s bytes)", comma(body.Len())), hint: "shorten its texts"}}, nil
	case resp.status == http.StatusRequestEntityTooLarge:
		first, err := postAll(ctx, s, what, rows[:len(rows)/2])
		if err != nil {
			return nil, err
		}
		second, err := postAll(ctx, s, what, rows[len(rows)/2:])
		return append(first, second...), err
	case resp.status < 200 || resp.status > 299:
		return nil, s.refusal(resp)
	}
	var answer bulkAnswer
	if err := json.Unmarshal(resp.body, &answer); err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w; is it a nigh server?", s.base, err)
	}
	return answer.outcomes(len(rows))
}

// outcomes lays the answer over the rows. The server counts what is new and what was known without saying which; the
// report only counts them too, so they stand at the first accepted rows.
func (a *bulkAnswer) outcomes(n int) ([]outcome, error) {
	out := make([]outcome, n)
	for _, r := range a.Rejected {
		if r.Index < 0 || r.Index >= n || r.Error == "" || out[r.Index].reason != "" {
			return nil, fmt.Errorf("read the server's answer: it rejects row %d of %d; is it a nigh server of this version?", r.Index, n)
		}
		out[r.Index] = outcome{reason: fieldOfRow(r.Error), hint: r.Hint}
	}
	if a.Accepted+len(a.Rejected) != n {
		return nil, fmt.Errorf("read the server's answer: %d rows accepted and %d rejected of %d; is it a nigh server of this version?", a.Accepted, len(a.Rejected), n)
	}
	created, duplicates := a.Created, a.Duplicates
	for i := range out {
		if out[i].reason == "" {
			out[i].created, out[i].duplicate = created > 0, duplicates > 0
			created, duplicates = created-1, duplicates-1
		}
	}
	return out, nil
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

// call sends a request. It tries again when the server is busy, or the connection breaks: items replace themselves and
// every event has a key, so that a batch which did arrive is not counted twice.
func (s *serverSink) call(ctx context.Context, method string, to *url.URL, body []byte) (*answer, error) {
	for try := 1; ; try++ {
		resp, err := s.once(ctx, method, to, body)
		rest := time.Duration(1<<try) * 250 * time.Millisecond
		switch {
		case err != nil && (try == maxTries || ctx.Err() != nil):
			return nil, withHint(fmt.Errorf("reach %s: %w", s.base, err), "is the server running there? start it with nigh serve, or import into its folder with --data")
		case err != nil:
		case try < maxTries && (resp.status == http.StatusTooManyRequests || resp.status == http.StatusServiceUnavailable):
			if n, err := strconv.Atoi(resp.header.Get("Retry-After")); err == nil && n >= 0 {
				rest = min(time.Duration(n)*time.Second, time.Minute)
			}
		default:
			return resp, nil
		}
		if err := s.wait(ctx, rest); err != nil {
			return nil, err
		}
	}
}

func (s *serverSink) once(ctx context.Context, method string, to *url.URL, body []byte) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, to.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "nigh/"+version())
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/x-ndjson")
	}
	if s.key != "" {
		req.Header.Set("Authorization", "Bearer "+s.key)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err // the URL is named already
		}
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	return &answer{resp.StatusCode, resp.Header, text}, nil
}

// refusal makes an error of an answer that refuses the whole request: RFC 9457, with a hint.
func (s *serverSink) refusal(a *answer) error {
	var problem struct{ Title, Detail, Hint string }
	text := http.StatusText(a.status)
	if json.Unmarshal(a.body, &problem) == nil {
		switch {
		case problem.Detail != "":
			text = problem.Detail
		case problem.Title != "":
			text = problem.Title
		}
	}
	hint := problem.Hint
	switch {
	case a.status == http.StatusUnauthorized: // the server's own hint is for programs
		hint = needsKey
	case hint != "":
	case a.status == http.StatusForbidden:
		hint = needsKey
	case a.status == http.StatusNotFound || a.status == http.StatusMethodNotAllowed:
		hint = "check the address: is it a nigh server?"
	case a.status >= 500:
		hint = "see the server's log"
	}
	return withHint(fmt.Errorf("import into %s: the server says %d: %s", s.base, a.status, text), hint)
}

// needsKey is the hint of an import without a key that will do.
const needsKey = "give a key of the server with --key or NIGH_KEY; nigh key create --scope read,write,events makes one"
