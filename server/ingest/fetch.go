package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Bounds of a request for a URL. There is none for the whole answer, which may be a long log: a stall ends it.
const (
	maxRedirects  = 5
	answerTimeout = 30 * time.Second // until the header of the answer
	stallTimeout  = 60 * time.Second // between two reads of its body
)

// fetch asks for a URL and returns the body of the answer and its Content-Type.
func (r *reader) fetch(source string) (io.ReadCloser, string, error) {
	ctx, cancel := context.WithCancelCause(r.ctx)
	stall := time.AfterFunc(answerTimeout, func() { cancel(errStalled) })
	body := &fetched{stall: stall, cancel: cancel, ctx: ctx}

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, source, nil)
	if err != nil {
		_ = body.Close()
		return nil, "", fmt.Errorf("fetch %s: it is not a URL (%w); check its spelling", source, err)
	}
	agent := r.opt.UserAgent
	if agent == "" {
		agent = "nigh"
	}
	req.Header.Set("User-Agent", agent)
	req.Header.Set("Accept", "application/feed+json, application/atom+xml, application/rss+xml, application/x-ndjson, text/csv, application/xml;q=0.9, */*;q=0.5")
	client := &http.Client{CheckRedirect: func(_ *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return fmt.Errorf("more than %d redirects", maxRedirects)
		}
		return nil
	}}
	resp, err := client.Do(req)
	if err != nil {
		_ = body.Close()
		if context.Cause(ctx) == errStalled {
			err = errStalled
		}
		return nil, "", fetchError(source, err)
	}
	body.body = resp.Body
	contentType := resp.Header.Get("Content-Type")
	switch {
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		err = fmt.Errorf("fetch %s: the answer is %s; open it in a browser to see why", source, resp.Status)
	case r.opt.Format == FormatAuto && isHTML(contentType):
		err = fmt.Errorf("fetch %s: it is a web page, not a feed; give the address of its RSS, Atom or JSON feed", source)
	}
	if err != nil {
		_ = body.Close()
		return nil, "", err
	}
	return body, contentType, nil
}

var errStalled = errors.New("no answer in time")

func fetchError(source string, err error) error {
	// The url.Error around it would name the URL a second time.
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err
	}
	hint := "check the address and the network"
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		hint = "check the name of the host"
	}
	return fmt.Errorf("fetch %s: %w; %s", source, err, hint)
}

// fetched is the body of an answer, given up if it stalls.
type fetched struct {
	ctx    context.Context
	body   io.ReadCloser
	stall  *time.Timer
	cancel context.CancelCauseFunc
}

func (f *fetched) Read(p []byte) (int, error) {
	f.stall.Reset(stallTimeout)
	n, err := f.body.Read(p)
	if err != nil && err != io.EOF && context.Cause(f.ctx) == errStalled {
		err = fmt.Errorf("%w (%s without a byte)", errStalled, stallTimeout)
	}
	return n, err
}

func (f *fetched) Close() error {
	f.stall.Stop()
	f.cancel(nil)
	if f.body == nil {
		return nil
	}
	return f.body.Close()
}

// urlPath returns the path of a URL, and any other source as it is.
func urlPath(source string) string {
	if isURL(source) {
		if u, err := url.Parse(source); err == nil {
			return u.Path
		}
	}
	return source
}
