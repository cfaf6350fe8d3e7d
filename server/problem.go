package server

import (
	"encoding/json"
	"errors"
	"net/http"
)

// Problem is the answer to a request that failed: RFC 9457, with a hint.
type Problem struct {
	Type   string `json:"type" doc:"Kind of problem, stable, for programs" example:"urn:nigh:problem:invalid"`
	Title  string `json:"title" doc:"The status in words" example:"Unprocessable Entity"`
	Status int    `json:"status" doc:"The HTTP status" example:"422"`
	Detail string `json:"detail" doc:"What is wrong this time" example:"item.id is 1000 bytes long"`
	Hint   string `json:"hint,omitempty" doc:"What to do about it" example:"use at most 512 bytes"`
	Field  string `json:"field,omitempty" doc:"The part of the input that is at fault" example:"item.id"`

	// Of a bulk request that stopped in the middle: what went in before.
	Accepted   *int `json:"accepted,omitempty" doc:"Bulk only: how many rows went in before the problem"`
	Created    *int `json:"created,omitempty" doc:"Bulk only: how many of them were new items"`
	Duplicates *int `json:"duplicates,omitempty" doc:"Bulk only: how many of them were known events"`

	header http.Header
}

// problemType prefixes the codes of faults.
const problemType = "urn:nigh:problem:"

// newProblem makes a Problem of an error, by the table of faults.
func newProblem(err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	f := FaultOf(err)
	if h, ok := errors.AsType[*hinted](err); ok {
		f.Hint = h.hint
	}
	p := &Problem{
		Type: problemType + f.Code, Title: statusText(f.Status), Status: f.Status,
		Detail: f.Detail, Hint: f.Hint, Field: f.Field,
	}
	switch f.Status {
	case http.StatusUnauthorized:
		p.header = http.Header{"Www-Authenticate": {`Bearer realm="nigh"`}}
	case http.StatusServiceUnavailable:
		p.header = http.Header{"Retry-After": {"2"}}
	}
	if l, ok := errors.AsType[*limited](err); ok {
		p.header = http.Header{"Retry-After": {l.retryAfter()}}
	}
	return p
}

func statusText(status int) string {
	if s := http.StatusText(status); s != "" {
		return s
	}
	return "Client Closed Request" // 499, the only one that net/http has no words for
}

// Error returns what is wrong; with GetStatus, GetHeaders and ContentType it makes a Problem what huma writes as it is.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders returns the headers that go with the problem.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType returns the media type of RFC 9457.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// writeProblem answers with the problem that err is.
func writeProblem(w http.ResponseWriter, err error) {
	p := newProblem(err)
	for name, values := range p.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // a client that is gone needs no answer
}
