package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"

	"nigh/server/store"
)

// Bounds of what is read.
const (
	MaxRow  = 4 << 20  // bytes of one row: a line, an element of an array, a Markdown file
	MaxFeed = 64 << 20 // bytes of one feed, decompressed
)

// Options says how to read. The zero value reads files and URLs by extension and content.
type Options struct {
	Format Format // FormatAuto: by extension, then by content
	// Map gives, for a field of items or events, the name that the source has for it: {"title": "Name"}. Fields below
	// attributes are named "attributes.year". For JSON, CSV and front matter.
	Map map[string]string
	// BaseURL stands before the path of a page of a Markdown folder, and before relative links of a feed.
	BaseURL string
	// Stdin is what the source "-" reads.
	Stdin io.Reader
	// UserAgent is sent with requests for URLs; "" stands for "nigh".
	UserAgent string
	// Spool, if set, keeps a copy of what can be read only once or may change (standard input, URLs), so that reading
	// a source again gives the same rows.
	Spool *Spool
	// Notice is told what was left out without being an error, such as fields that nothing knows. May be nil.
	Notice func(Place, string)
	// Progress is told the number of bytes just read from the source, before decompression. May be nil.
	Progress func(bytes int)
}

// Place says where a row stands.
type Place struct {
	Source string // file, URL, or "-"
	Line   int    // from 1; 0 if the format has no lines that say anything
	Entry  int    // from 1, of feeds and arrays; 0 if there is none
}

// String returns "file.csv:17", "feed.xml: entry 3", or the source alone.
func (p Place) String() string {
	switch {
	case p.Line > 0:
		return p.Source + ":" + strconv.Itoa(p.Line)
	case p.Entry > 0:
		return p.Source + ": entry " + strconv.Itoa(p.Entry)
	}
	return p.Source
}

// RowError is a row that could not be read; the rows after it can.
type RowError struct {
	Place        Place
	Reason, Hint string
}

// Error returns "file.csv:17: what is wrong; what to do".
func (e *RowError) Error() string {
	s := e.Place.String() + ": " + e.Reason
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// Row is an item or an event with its place.
type Row[T any] struct {
	Place Place
	Value T
}

// Items reads the items of source: a file, a folder of Markdown, an http or https URL, or "-" for opt.Stdin. An error
// that is a *RowError concerns one row, whose place it carries; after any other the sequence ends.
func Items(ctx context.Context, source string, opt Options) iter.Seq2[Row[store.Item], error] {
	return rows(ctx, source, opt, itemSpec, func(r *reader, in *input, emit func(Place, store.Item, error)) error {
		switch in.format {
		case FormatFeed:
			return r.feed(in, emit)
		case FormatMarkdown:
			return r.markdownFile(in, emit)
		}
		return r.records(in, func(p Place, fields map[string]any, err error) {
			var it store.Item
			if err == nil {
				r.noteUnknown(p, fields)
				it, err = r.item(fields)
			}
			emit(p, it, err)
		})
	})
}

// Events reads the events of source: JSON Lines, JSON or CSV, from a file, a URL or "-". Errors are as those of Items.
// An event without kind is a "view"; one without id but with a time carries EventKey.
func Events(ctx context.Context, source string, opt Options) iter.Seq2[Row[store.Event], error] {
	return rows(ctx, source, opt, eventSpec, func(r *reader, in *input, emit func(Place, store.Event, error)) error {
		if in.format == FormatFeed || in.format == FormatMarkdown {
			return fmt.Errorf("read events of %s: it is %s, which holds items; use import items, or force --format jsonl, json or csv", in.name, in.format)
		}
		return r.records(in, func(p Place, fields map[string]any, err error) {
			var ev store.Event
			if err == nil {
				r.noteUnknown(p, fields)
				ev, err = r.event(fields)
			}
			emit(p, ev, err)
		})
	})
}

// reader is one reading of one source.
type reader struct {
	ctx     context.Context
	opt     Options
	spec    *spec
	mapped  map[string]bool // names in the source that Options.Map gives to fields
	unknown map[string]*unknownField
	pages   map[string]string // of a folder: id -> file
	stopped bool              // the consumer wants no more
}

type unknownField struct {
	first Place
	rows  int
}

// errStop ends a reading whose consumer wants no more.
var errStop = errors.New("stopped")

func rows[T any](ctx context.Context, source string, opt Options, sp *spec, read func(*reader, *input, func(Place, T, error)) error) iter.Seq2[Row[T], error] {
	return func(yield func(Row[T], error) bool) {
		r := &reader{ctx: ctx, opt: opt, spec: sp, mapped: mappedNames(opt.Map), unknown: map[string]*unknownField{}, pages: map[string]string{}}
		emit := func(p Place, v T, err error) {
			if r.stopped {
				return
			}
			if fe, ok := errors.AsType[*fieldError](err); ok {
				err = &RowError{Place: p, Reason: fe.Error(), Hint: fe.hint}
			}
			if !yield(Row[T]{p, v}, err) {
				r.stopped = true
			}
		}
		err := r.each(source, func(in *input) error { return read(r, in, emit) })
		if err == nil && !r.stopped {
			r.reportUnknown()
		}
		if err != nil && !errors.Is(err, errStop) && !r.stopped {
			yield(Row[T]{Place: Place{Source: source}}, err)
		}
	}
}

// each opens source, a folder file by file, and calls read with every input.
func (r *reader) each(source string, read func(*input) error) error {
	if isFolder(source) {
		return r.folder(source, read)
	}
	in, err := r.open(source)
	if err != nil {
		return err
	}
	defer in.close()
	return read(in)
}

// records reads rows of named fields.
func (r *reader) records(in *input, emit func(Place, map[string]any, error)) error {
	switch in.format {
	case FormatJSONL:
		return r.jsonLines(in, emit)
	case FormatJSON:
		return r.jsonValues(in, emit)
	case FormatCSV:
		return r.csv(in, emit)
	}
	return fmt.Errorf("read %s: unknown format; use --format %s", in.name, formatList)
}

// alive returns why the reading must end: the context, or a consumer that has enough.
func (r *reader) alive() error {
	if r.stopped {
		return errStop
	}
	return r.ctx.Err()
}
