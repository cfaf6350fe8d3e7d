package ingest

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxUnclosed is how many rows with a quote that never closes are forgiven: each costs a look ahead of up to MaxRow.
const maxUnclosed = 8

// csv reads a header and rows of fields (RFC 4180; the separator is the comma, semicolon or tab that the header has
// most of). Quotes inside an unquoted field are taken as they are.
func (r *reader) csv(in *input, emit func(Place, map[string]any, error)) error {
	s := &csvSplitter{lines: newLineReader(in), separator: ','}
	columns, err := r.csvHeader(in, s)
	if err != nil || columns == nil {
		return err
	}
	for {
		if err := r.alive(); err != nil {
			return err
		}
		cells, err := s.next()
		if err == io.EOF {
			return nil
		}
		place := Place{Source: in.name, Line: s.start}
		if err != nil {
			if _, ok := err.(*fieldError); !ok {
				return err
			}
			emit(place, nil, err)
			if s.unclosed > maxUnclosed {
				return fmt.Errorf("read %s: %d rows open a quote that never closes; write quotes inside of a field twice", in.name, s.unclosed)
			}
			continue
		}
		if len(cells) != len(columns) {
			emit(place, nil, &fieldError{
				reason: fmt.Sprintf("the row has %s, the header %d", plural(len(cells), "field"), len(columns)),
				hint:   fmt.Sprintf("put a field that contains %q in double quotes", s.separator),
			})
			continue
		}
		fields := make(map[string]any, len(cells))
		for i, c := range cells {
			fields[columns[i].name] = c
			if f := columns[i].field; f != "" {
				fields[f] = c
			}
		}
		emit(place, fields, nil)
	}
}

// column is a column of CSV: its name in the header, and the field that this name stands for by itself.
type column struct{ name, field string }

// csvHeader reads the header, or returns nil if there is no line at all.
func (r *reader) csvHeader(in *input, s *csvSplitter) ([]column, error) {
	if err := s.findSeparator(); err == io.EOF {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	cells, err := s.next()
	if err != nil {
		return nil, fmt.Errorf("read the header of %s: %w", in.name, err)
	}
	columns := make([]column, len(cells))
	names, fields := map[string]bool{}, map[string]int{}
	for i, name := range cells {
		c := column{name: strings.TrimSpace(name)}
		cells[i] = c.name
		names[c.name] = true
		if c.field = r.spec.fold(c.name); r.opt.Map[c.field] != "" {
			c.field = "" // another column stands for it
		} else if c.field != "" && !r.mapped[c.name] {
			c.name = c.field
		}
		if other := fields[c.field]; other > 0 && c.field != "" {
			return nil, fmt.Errorf("read the header of %s: columns %d and %d are both %s; rename one of them", in.name, other, i+1, c.field)
		}
		fields[c.field], columns[i] = i+1, c
	}
	all := strings.Join(cells, ", ")
	for field, name := range r.opt.Map {
		if !names[name] {
			return nil, fmt.Errorf("read the header of %s: there is no column %q for %s; it has %s", in.name, name, field, all)
		}
	}
	for _, field := range r.spec.required {
		if fields[field] == 0 && r.opt.Map[field] == "" {
			return nil, fmt.Errorf("read the header of %s: there is no column %s, only %s; name it with --map %s=COLUMN", in.name, field, all, field)
		}
	}
	return columns, nil
}

// findSeparator looks at the first line that is not blank, without consuming it.
func (s *csvSplitter) findSeparator() error {
	for {
		line, long, err := s.lines.next()
		if err != nil {
			return err
		}
		if long {
			return fmt.Errorf("read %s: its first line is longer than %d MiB, so it is no header of CSV; see --format", s.lines.in.name, MaxRow>>20)
		}
		if len(bytes.TrimSpace(line)) > 0 {
			s.separator = separatorOf(line)
			s.lines.unread(append(bytes.Clone(line), '\n'))
			return nil
		}
	}
}

// separatorOf returns which of comma, semicolon and tab a header has most of outside of quotes.
func separatorOf(header []byte) byte {
	var counts [256]int
	quoted := false
	for _, c := range header {
		if c == '"' {
			quoted = !quoted
		}
		if !quoted {
			counts[c]++
		}
	}
	best := byte(',')
	for _, c := range []byte(";\t") {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

// csvSplitter cuts lines into rows and rows into fields. It is written here, and not encoding/csv, because a quote
// that never closes must cost one row, not the rest of the file and the memory for it.
type csvSplitter struct {
	lines     *lineReader
	separator byte
	start     int // line where the last row began
	unclosed  int // rows whose quote never closed
	row       []byte
	cells     []string
}

// next returns the fields of the next row that is not blank, valid until the next call. A *fieldError concerns that
// row alone.
func (s *csvSplitter) next() ([]string, error) {
	for {
		line, long, err := s.lines.next()
		if err != nil {
			return nil, err
		}
		s.start = s.lines.line
		if long {
			return nil, errLongRow
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		text := line
		if state := scanLine(atFieldStart, line, s.separator); state == inQuotes {
			if text, err = s.join(line); err != nil {
				return nil, err
			}
		}
		if !utf8.Valid(text) {
			return nil, errNotUTF8
		}
		return s.split(text)
	}
}

// join adds lines to the first one until its quotes are closed.
func (s *csvSplitter) join(first []byte) ([]byte, error) {
	s.row = append(s.row[:0], first...)
	second := len(s.row) + 1 // where the second line begins
	for {
		line, long, err := s.lines.next()
		if err != nil && err != io.EOF {
			return nil, err
		}
		if long {
			return nil, errLongRow
		}
		if err == nil {
			s.row = append(append(s.row, '\n'), line...)
		}
		if err == io.EOF || len(s.row) > MaxRow {
			// The lines after the first are rows of their own again.
			s.unclosed++
			if len(s.row) >= second {
				s.lines.unread(append(s.row[second:], '\n'))
			}
			return nil, &fieldError{reason: "a quote that opens here never closes", hint: "close it, or write quotes inside of a field twice"}
		}
		if scanLine(inQuotes, line, s.separator) != inQuotes {
			return s.row, nil
		}
	}
}

// quoteState says where in a row a byte stands.
type quoteState uint8

const (
	atFieldStart quoteState = iota
	inPlain
	inQuotes
	afterQuote // a quote inside of quotes: their end, or the first half of a doubled one
)

// after returns the state behind c; a line end inside of quotes leaves it as it is.
func (q quoteState) after(c, separator byte) quoteState {
	switch {
	case q == inQuotes && c == '"':
		return afterQuote
	case q == inQuotes:
		return inQuotes
	case q != inPlain && c == '"':
		return inQuotes
	case c == separator:
		return atFieldStart
	}
	return inPlain
}

func scanLine(state quoteState, line []byte, separator byte) quoteState {
	for _, c := range line {
		state = state.after(c, separator)
	}
	return state
}

// split cuts a whole row into its fields.
func (s *csvSplitter) split(text []byte) ([]string, error) {
	s.cells = s.cells[:0]
	var cell []byte
	state := atFieldStart
	for _, c := range text {
		next := state.after(c, s.separator)
		switch {
		case next == atFieldStart:
			s.cells = append(s.cells, string(cell))
			cell = cell[:0]
		case state == afterQuote && next == inPlain:
			return nil, &fieldError{
				reason: fmt.Sprintf("field %d goes on after its closing quote", len(s.cells)+1),
				hint:   "write quotes inside of a field twice",
			}
		case state == atFieldStart && next == inQuotes, next == afterQuote: // the quotes themselves
		default:
			cell = append(cell, c)
		}
		state = next
	}
	return append(s.cells, string(cell)), nil
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
