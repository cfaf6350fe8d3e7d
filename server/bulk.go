package server

import (
	"cmp"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Bounds of a bulk request.
const (
	batchRows   = 500     // rows that are stored together
	batchBytes  = 1 << 20 // or as many as have this much text
	maxListed   = 1000    // rejections that are listed; the rest is counted
	bulkTimeout = 10 * time.Minute
)

// Rejection is a row that was refused, with the reason.
type Rejection struct {
	Index int    `json:"index" doc:"Place of the row in the request, from 0"`
	ID    string `json:"id,omitempty" doc:"Id of the item, if it could be read"`
	Error string `json:"error" doc:"What is wrong with it"`
	Hint  string `json:"hint,omitempty" doc:"What to do about it"`
}

// rejections collects refused rows.
type rejections struct {
	list  []Rejection
	count int
	last  error
}

func (l *rejections) add(index int, id string, err error) {
	l.count++
	l.last = err
	if len(l.list) < maxListed {
		f := FaultOf(err)
		l.list = append(l.list, Rejection{Index: index, ID: clip(id), Error: f.Detail, Hint: f.Hint})
	}
}

// listed returns what is to be sent, in the order of the rows (those that cannot be read are noted before their batch
// is stored): never null.
func (l *rejections) listed() []Rejection {
	if l.list == nil {
		return []Rejection{}
	}
	slices.SortStableFunc(l.list, func(a, b Rejection) int { return cmp.Compare(a.Index, b.Index) })
	return l.list
}

// clip keeps an answer small, whatever was sent as an id.
func clip(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// bulk reads the rows of a request as T and gives them to store in batches; refused ones go to l. The error is the
// whole request's; what went in before it stays in.
func bulk[T any](w http.ResponseWriter, r *http.Request, what string, id func(*T) string, l *rejections,
	store func(indexes []int, rows []T) error) (rows int, sh shape, err error) {
	if r.ContentLength > MaxBulkBody {
		return 0, 0, tooLarge(MaxBulkBody, r.ContentLength)
	}
	rc := http.NewResponseController(w)
	// Where the connection has no deadlines (tests), it needs no longer ones.
	_ = rc.SetReadDeadline(time.Now().Add(bulkTimeout))
	_ = rc.SetWriteDeadline(time.Now().Add(bulkTimeout + writeTimeout))

	in, err := newRowReader(r.Header.Get("Content-Type"), http.MaxBytesReader(w, r.Body, MaxBulkBody), r.ContentLength)
	if err != nil {
		return 0, 0, err
	}
	var batch []T
	var indexes []int
	size := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := store(indexes, batch)
		batch, indexes, size = nil, nil, 0
		return err
	}
	for {
		next, err := in.next()
		if err != nil {
			if stored := flush(); stored != nil {
				return rows, in.shape, stored
			}
			if err == io.EOF {
				err = nil
			}
			return rows, in.shape, err
		}
		rows++
		var v T
		if next.err == nil {
			next.err = in.where(decode(next.data, &v, what))
		}
		if next.err != nil {
			l.add(next.index, id(&v), next.err)
			continue
		}
		batch, indexes, size = append(batch, v), append(indexes, next.index), size+len(next.data)
		if len(batch) == batchRows || size >= batchBytes {
			if err := flush(); err != nil {
				return rows, in.shape, err
			}
		}
	}
}
