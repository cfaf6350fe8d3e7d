package eval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"nigh/core"
	"nigh/server/catalog"
	"nigh/server/ingest"
	"nigh/server/store"
)

// Data is a catalog and what happened in it, with numbers instead of names.
type Data struct {
	Items []store.Item // Items[n-1] is the item of number n
	// Given is how many of Items came with ReadItems: those after it are only named by logs.
	Given int
	Users []string
	// Notes tell, for people, what was not as expected in the files; each kind of thing once.
	Notes []string

	nums  map[string]core.ItemNum
	users map[string]int32
}

// Event is one event of a log. A log is ordered by At, equal times as in their file.
type Event struct {
	User  int32 // index of Data.Users
	Item  core.ItemNum
	Kind  string
	Milli int64 // value, in thousandths
	At    int64 // Unix milliseconds
}

// NewData returns Data without items and users.
func NewData() *Data { return &Data{nums: map[string]core.ItemNum{}, users: map[string]int32{}} }

// Num returns the number of an item, adding it to the catalog if it is new.
func (d *Data) num(it store.Item) core.ItemNum {
	n, ok := d.nums[it.ID]
	if !ok {
		d.Items = append(d.Items, it)
		n = core.ItemNum(len(d.Items))
		d.nums[it.ID] = n
	}
	return n
}

// user returns the index of a reader, adding them if they are new.
func (d *Data) user(name string) int32 {
	u, ok := d.users[name]
	if !ok {
		u = int32(len(d.Users))
		name = strings.Clone(name) // it may share the memory of a whole row
		d.Users = append(d.Users, name)
		d.users[name] = u
	}
	return u
}

func (d *Data) note(format string, args ...any) {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
}

// ReadItems reads the catalog from a file of any format that package ingest reads. It comes before the logs. Rows that
// cannot be read are counted in Notes; of two rows of one id the later counts.
func (d *Data) ReadItems(ctx context.Context, file string, opt ingest.Options) error {
	if len(d.Items) > d.Given {
		panic("eval: ReadItems after ReadLog")
	}
	var bad badRows
	for row, err := range ingest.Items(ctx, file, opt) {
		if err != nil {
			if !bad.add(err) {
				return fmt.Errorf("read items of %s: %w", file, err)
			}
			continue
		}
		n := d.num(row.Value)
		d.Items[n-1] = row.Value
	}
	d.Given = len(d.Items)
	d.fitVectors(file)
	return bad.judge(d, file, "items", d.Given)
}

// fitVectors takes away the vectors that a catalog would refuse: those of another length than the first one, and those
// that cannot be compared.
func (d *Data) fitVectors(file string) {
	dim, bad := 0, 0
	for i := range d.Items {
		v := &d.Items[i].Vector
		switch {
		case len(*v) == 0:
		case v.Check(catalog.MaxVector) != nil || dim != 0 && len(*v) != dim:
			*v = nil
			bad++
		default:
			dim = len(*v)
		}
	}
	if bad > 0 {
		d.note("%s: %d vectors are of another length than the first, which has %d dimensions, or cannot be compared; they were left out", file, bad, dim)
	}
}

// ReadLog reads events from a file and returns them in the order of their times. Rows that cannot be read, or have no
// time, are counted in Notes.
func (d *Data) ReadLog(ctx context.Context, file string, opt ingest.Options) ([]Event, error) {
	var bad badRows
	var log []Event
	unknown := map[core.ItemNum]bool{}
	for row, err := range ingest.Events(ctx, file, opt) {
		if err == nil && row.Value.At.IsZero() {
			err = &ingest.RowError{Place: row.Place, Reason: "the event has no time", Hint: "give each event its time as at, or name the column with --map at=NAME"}
		}
		if err != nil {
			if !bad.add(err) {
				return nil, fmt.Errorf("read events of %s: %w", file, err)
			}
			continue
		}
		e := row.Value
		n := d.num(store.Item{ID: e.Item})
		if int(n) > d.Given && d.Given > 0 {
			unknown[n] = true
		}
		log = append(log, Event{User: d.user(e.User), Item: n, Kind: e.Kind, Milli: milli(e.Value), At: e.At.UnixMilli()})
	}
	if err := bad.judge(d, file, "events", len(log)); err != nil {
		return nil, err
	}
	if len(unknown) > 0 {
		d.note("%s: %d items of the log are not among the items; they take part without a text", file, len(unknown))
	}
	if !slices.IsSortedFunc(log, byTime) {
		slices.SortStableFunc(log, byTime)
		d.note("%s: the events were not in the order of their times and were sorted", file)
	}
	return log, nil
}

func byTime(a, b Event) int {
	switch {
	case a.At < b.At:
		return -1
	case a.At > b.At:
		return 1
	}
	return 0
}

func milli(v float64) int64 {
	if v > 1e12 || v < -1e12 {
		return 0 // as the server reads it
	}
	if v < 0 {
		return int64(v*1000 - .5)
	}
	return int64(v*1000 + .5)
}

// badRows counts rows that could not be read.
type badRows struct {
	n     int
	first *ingest.RowError
}

// add returns false if err is not about one row.
func (b *badRows) add(err error) bool {
	row, ok := errors.AsType[*ingest.RowError](err)
	if ok {
		if b.n++; b.first == nil {
			b.first = row
		}
	}
	return ok
}

func (b *badRows) judge(d *Data, file, what string, good int) error {
	if b.n == 0 {
		return nil
	}
	if good == 0 {
		return fmt.Errorf("read %s of %s: none of %d rows can be read: %w", what, file, b.n, b.first)
	}
	d.note("%s: %d rows cannot be read and were left out; the first: %v", file, b.n, b.first)
	return nil
}
