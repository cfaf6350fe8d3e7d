package crowd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// HTTP is a Library behind the API of a server that asks nobody who they are.
type HTTP struct {
	URL    string // of the server: "http://localhost:8080"
	Client *http.Client
}

var _ Library = (*HTTP)(nil)

const (
	patience = 10 * time.Second // with one answer
	page     = 1000             // items
)

// Works implements Library.
func (h *HTTP) Works(ctx context.Context) (all []Work, err error) {
	for cursor := ""; ; {
		var answer struct {
			Items []Work `json:"items"`
			Next  string `json:"next_cursor"`
		}
		query := url.Values{"limit": {strconv.Itoa(page)}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		if err := h.call(ctx, http.MethodGet, "/v1/items?"+query.Encode(), nil, &answer); err != nil {
			return nil, err
		}
		all = append(all, answer.Items...)
		if cursor = answer.Next; cursor == "" {
			return all, nil
		}
	}
}

// Recommend implements Library.
func (h *HTTP) Recommend(ctx context.Context, reader string, limit int) (ids []string, err error) {
	var answer struct {
		Recommendations []struct {
			ID string `json:"id"`
		} `json:"recommendations"`
	}
	query := url.Values{"user": {reader}, "limit": {strconv.Itoa(limit)}}
	if err := h.call(ctx, http.MethodGet, "/v1/recommendations?"+query.Encode(), nil, &answer); err != nil {
		return nil, err
	}
	for _, r := range answer.Recommendations {
		ids = append(ids, r.ID)
	}
	return ids, nil
}

// Record implements Library.
func (h *HTTP) Record(ctx context.Context, reader, kind, item string) error {
	return h.call(ctx, http.MethodPost, "/v1/events", map[string]string{"user": reader, "kind": kind, "item": item}, nil)
}

func (h *HTTP) call(ctx context.Context, method, path string, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var sent io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, h.URL+path, sent)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := h.Client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s answered %d: %.200s", path, res.StatusCode, data)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(data, into)
}
