package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// jsonLines reads one object a line.
func (r *reader) jsonLines(in *input, emit func(Place, map[string]any, error)) error {
	lines := newLineReader(in)
	for {
		if err := r.alive(); err != nil {
			return err
		}
		line, long, err := lines.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		place := Place{Source: in.name, Line: lines.line}
		if long {
			emit(place, nil, errLongRow)
			continue
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		fields, err := decodeObject(line)
		if err != nil && line[0] == '[' {
			err = &fieldError{reason: "the line is a list", hint: "for one array over the whole file use --format json"}
		}
		emit(place, fields, err)
	}
}

// decodeObject reads one JSON object. Numbers stay as they are written (json.Number), so long ids keep their digits.
func decodeObject(text []byte) (map[string]any, error) {
	if !utf8.Valid(text) {
		return nil, errNotUTF8
	}
	if text[0] != '{' {
		if json.Valid(text) {
			return nil, &fieldError{reason: "the row is " + kindOfJSON(text[0]), hint: "give an object such as {\"id\": \"a\"}"}
		}
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var fields map[string]any
	if err := d.Decode(&fields); err != nil {
		return nil, brokenJSON(text, err)
	}
	if rest := bytes.TrimSpace(text[d.InputOffset():]); len(rest) > 0 {
		return nil, &fieldError{reason: fmt.Sprintf("there is more on the line after the object, at byte %d", d.InputOffset()+1), hint: "put one object on a line, or use --format json"}
	}
	return fields, nil
}

var errNotUTF8 = &fieldError{reason: "the text is not UTF-8", hint: "convert the file, for example with iconv -f LATIN1 -t UTF-8"}

func kindOfJSON(c byte) string {
	switch c {
	case '[':
		return "a list"
	case '"':
		return "a text"
	case 't', 'f':
		return "true or false"
	case 'n':
		return "null"
	}
	return "a number"
}

// brokenJSON says where an object is broken, and names what programs write that is no JSON.
func brokenJSON(text []byte, err error) error {
	var se *json.SyntaxError
	if errors.As(err, &se) {
		at := max(int(se.Offset)-1, 0)
		word := text[min(max(at-1, 0), len(text)):]
		for _, w := range []string{"NaN", "Infinity", "nan", "inf"} {
			if i := bytes.Index(word[:min(len(word), len(w)+2)], []byte(w)); i >= 0 {
				return &fieldError{reason: w + " is not a JSON number", hint: "write null, or leave the field out"}
			}
		}
		return &fieldError{reason: fmt.Sprintf("broken JSON at byte %d: %s", se.Offset, strings.TrimPrefix(se.Error(), "json: ")), hint: "check quotes and commas"}
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return &fieldError{reason: "broken JSON: the object does not end", hint: "the file may be cut off, or the object goes over several lines: then use --format json"}
	}
	return &fieldError{reason: "broken JSON: " + err.Error()}
}

// jsonValues reads the elements of one array, or values one after the other.
func (r *reader) jsonValues(in *input, emit func(Place, map[string]any, error)) error {
	s := &jsonSplitter{in: in, line: 1}
	for entry := 1; ; entry++ {
		if err := r.alive(); err != nil {
			return err
		}
		value, long, err := s.next()
		place := Place{Source: in.name, Line: s.start, Entry: entry}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			if fe, ok := errors.AsType[*fieldError](err); ok {
				emit(place, nil, fe)
				return nil
			}
			return err
		case long:
			emit(place, nil, errLongRow)
		default:
			fields, err := decodeObject(value)
			emit(place, fields, err)
		}
	}
}

// jsonSplitter finds where values begin and end, without asking what is in them: a broken value costs itself alone as
// long as its quotes and brackets are balanced.
type jsonSplitter struct {
	in      *input
	line    int // of the next byte
	start   int // line where the last value began
	array   bool
	started bool
	ended   bool // the closing ] was read
	buf     []byte
}

var errCutOff = &fieldError{reason: "the file ends in the middle of this row", hint: "it may be cut off: get it again"}

func (s *jsonSplitter) readByte() (byte, error) {
	c, err := s.in.ReadByte()
	if c == '\n' && err == nil {
		s.line++
	}
	if err != nil && err != io.EOF {
		err = s.in.readError(err)
	}
	return c, err
}

// next returns the text of the next value, valid until the next call; long tells that it was longer than MaxRow.
func (s *jsonSplitter) next() (value []byte, long bool, err error) {
	for {
		c, err := s.readByte()
		s.start = s.line
		if err == io.EOF && s.array && !s.ended {
			return nil, false, &fieldError{reason: "the array does not end", hint: "the file may be cut off: get it again"}
		}
		if err != nil {
			return nil, false, err
		}
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
		case c == '[' && !s.started:
			s.started, s.array = true, true
		case s.ended:
			return nil, false, &fieldError{reason: "there is more after the array", hint: "leave only one array in a file"}
		case c == ',' && s.array:
		case c == ']' && s.array:
			s.ended = true
		default:
			s.started = true
			return s.value(c)
		}
	}
}

// value reads the value that begins with c. It looks at what is buffered at a time: byte by byte took 6 times as long.
func (s *jsonSplitter) value(c byte) (value []byte, long bool, err error) {
	var at nesting
	size := 1
	s.buf = append(s.buf[:0], c)
	ended := at.step(c)
	for !ended {
		window, err := s.window()
		if err == io.EOF && at.open() {
			return nil, false, errCutOff
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, false, err
		}
		n := 0
		for n < len(window) && !ended {
			if c := window[n]; !at.open() && (c == ',' || c == ']' || c == ' ' || c == '\t' || c == '\r' || c == '\n') {
				ended = true // the end of a number or a word, which is not part of it
				break
			}
			ended = at.step(window[n])
			n++
		}
		s.line += bytes.Count(window[:n], []byte("\n"))
		s.buf = append(s.buf, window[:min(n, max(0, MaxRow-len(s.buf)))]...)
		if size += n; size > maxSkip {
			return nil, true, fmt.Errorf("read %s: the value at line %d is longer than %d MiB; is it the format you mean? see --format", s.in.name, s.start, maxSkip>>20)
		}
		_, _ = s.in.Discard(n) // they are buffered
	}
	return s.buf, size > MaxRow, nil
}

// window returns what is buffered, at least one byte.
func (s *jsonSplitter) window() ([]byte, error) {
	if _, err := s.in.Peek(1); err == io.EOF {
		return nil, err
	} else if err != nil {
		return nil, s.in.readError(err)
	}
	return s.in.Peek(s.in.Buffered())
}

// nesting says how deep in brackets and quotes a byte stands.
type nesting struct {
	depth           int
	quoted, escaped bool
}

func (n *nesting) open() bool { return n.depth > 0 || n.quoted }

// step goes over c and tells whether a value ends with it.
func (n *nesting) step(c byte) (ended bool) {
	switch {
	case n.escaped:
		n.escaped = false
		return false
	case n.quoted && c == '\\':
		n.escaped = true
		return false
	case c == '"':
		n.quoted = !n.quoted
	case n.quoted:
		return false
	case c == '{' || c == '[':
		n.depth++
	case c == '}' || c == ']':
		n.depth--
	default:
		return false
	}
	return n.depth <= 0 && !n.quoted
}
