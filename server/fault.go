package server

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"nigh/server/access"
	"nigh/server/catalog"
	"nigh/server/store"
)

// Fault is what a client is told of an error. FaultOf makes one of any error.
type Fault struct {
	Status int    // of HTTP
	Code   string // stable, for programs: "not-found"
	Detail string // what is wrong, for people
	Hint   string // what to do about it
	Field  string // of the input, if one is at fault
}

// Errors of the edges themselves. Those of catalog and store come through as they are.
var (
	errOrigin    = errors.New("this page's origin is not allowed")
	errHost      = errors.New("this server answers to this machine's own names only")
	errInAddress = errors.New("a key or token stands in the address, where every log on the way keeps it")
	errFull      = errors.New("too many connections are open")
	errTooLarge  = errors.New("the body is too large")
	errNotReady  = errors.New("the catalog does not answer")
)

// faults is the one table from domain error to status and code. The first row that errors.Is holds for counts.
var faults = []struct {
	err          error
	status       int
	code, detail string // detail "": the error's own words
	hint         string
}{
	{store.ErrNotFound, http.StatusNotFound, "not-found", "there is no such item",
		"check the id; GET /v1/items lists what is there"},
	{catalog.ErrClosed, http.StatusServiceUnavailable, "closing", "the server is shutting down; nothing of the request was kept",
		"send it again in a moment"},
	{store.ErrReadOnly, http.StatusServiceUnavailable, "read-only", "the data folder cannot be written",
		"check the folder's permissions and the disk's free space, then send it again: no restart is needed"},
	{store.ErrLocked, http.StatusServiceUnavailable, "locked", "another process is using the data folder",
		"stop the other nigh, or give this one a folder of its own"},
	{store.ErrNewer, http.StatusServiceUnavailable, "newer", "the data folder was written by a newer version of nigh",
		"update nigh"},
	{errOrigin, http.StatusForbidden, "origin", "", "start the server with --origin and the page's address, such as --origin https://example.org"},
	{errHost, http.StatusMisdirectedRequest, "host", "", "open http://localhost and the port, or start the server with --origin and the address that a proxy has for it"},
	{errInAddress, http.StatusBadRequest, "address", "", "take it for spent and make another one; " + sendIt},
	{errTwoCredentials, http.StatusBadRequest, "credentials", "", "send one"},
	{access.ErrNone, http.StatusUnauthorized, "token", "", sendIt + "; nigh key create makes a key"},
	{access.ErrExpired, http.StatusUnauthorized, "expired", "", "get a fresh token"},
	{access.ErrBad, http.StatusUnauthorized, "token", "", "check it: a key is one of nigh key list that is not revoked, a token one of this site, for this server, not before its time"},
	{access.ErrScope, http.StatusForbidden, "scope", "", "use a key that has the scope; nigh key create --scope makes one"},
	{access.ErrReader, http.StatusForbidden, "reader", "", "a reader's token is for that reader alone"},
	{errFull, http.StatusServiceUnavailable, "full", "", "try again in a moment"},
	{errRate, http.StatusTooManyRequests, "rate", "", "send less, or wait as the header Retry-After says; the server's --limit and --trusted-proxy say what may come"},
	{errConnected, http.StatusTooManyRequests, "connections", "", "close some, or wait; the server's --max-address-sockets says how many may be open"},
	{errTooLarge, http.StatusRequestEntityTooLarge, "too-large", "", ""},
	{errNotReady, http.StatusServiceUnavailable, "not-ready", "", "see the server's log"},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, "timeout", "the answer took too long", "try again in a moment"},
	// 499 is nginx's code for a client that went away; nobody reads this answer, the log does.
	{context.Canceled, 499, "canceled", "the request was given up", ""},
}

// sendIt is the hint how a key or token travels.
const sendIt = "send the header Authorization: Bearer KEY; for a WebSocket, the subprotocol nigh.token.KEY beside the real one"

// FaultOf returns what a client is told of err. Whatever is not in the table is the server's own fault: a 500 that
// does not repeat the error's text, which belongs in the log.
func FaultOf(err error) Fault {
	if f, ok := errors.AsType[*badBody](err); ok {
		return Fault{Status: f.status, Code: f.code, Detail: f.detail, Hint: f.hint}
	}
	if in, ok := errors.AsType[*catalog.InputError](err); ok {
		return Fault{
			Status: http.StatusUnprocessableEntity, Code: "invalid", Field: in.Field,
			Detail: strings.TrimSpace(in.Field + " " + in.Reason), Hint: in.Hint,
		}
	}
	for _, row := range faults {
		if errors.Is(err, row.err) {
			f := Fault{Status: row.status, Code: row.code, Detail: row.detail, Hint: row.hint}
			if f.Detail == "" {
				f.Detail = err.Error()
			}
			return f
		}
	}
	return Fault{
		Status: http.StatusInternalServerError, Code: "internal",
		Detail: "the server could not do its work", Hint: "see the server's log",
	}
}

// badBody is a body that could not be read as what it should be.
type badBody struct {
	status             int
	code, detail, hint string
}

// Error returns what is wrong.
func (e *badBody) Error() string { return e.detail }

// hinted is an error of the table with a hint for this one case.
type hinted struct {
	error
	hint string
}

// Unwrap returns the error without its hint.
func (e *hinted) Unwrap() error { return e.error }
