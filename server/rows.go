package server

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"nigh/server/catalog"
)

// maxRowBytes is how long one row of a bulk request may be.
const maxRowBytes = 2 << 20

// shape is how a body holds its rows.
type shape int

const (
	shapeArray  shape = iota // [ {…}, {…} ]
	shapeValues              // {…} or {…} {…}: JSON values one after the other
	shapeLines               // one {…} a line: NDJSON
)

// row is one row of a bulk body.
type row struct {
	index int // from 0
	data  []byte
	err   error // of this row alone; the next one can be read
}

// rowReader reads a bulk body row by row.
type rowReader struct {
	shape shape
	in    *bufio.Reader
	dec   *json.Decoder // of bound, unless shapeLines
	bound rowBound
	index int
	line  int // of the row that was read last, from 1, in shapeLines
}

// Bounds of the memory to read a body with, in bytes. Most bodies hold one event: 64 KiB for each was a tenth of all that
// an event cost in garbage.
const (
	minBodyBuffer = 512
	maxBodyBuffer = 64 << 10
)

// newRowReader looks at a request's content type and at its first byte. A wrong content type is an error. length is that
// of the body, -1 if it is not known.
func newRowReader(contentType string, body io.Reader, length int64) (*rowReader, error) {
	lines, err := isLines(contentType)
	if err != nil {
		return nil, err
	}
	size := int64(maxBodyBuffer)
	if length >= 0 {
		size = min(max(length, minBodyBuffer), maxBodyBuffer)
	}
	r := &rowReader{in: bufio.NewReaderSize(body, int(size))}
	first, err := firstByte(r.in)
	if err != nil {
		return nil, err
	}
	switch {
	case first == '[' && !lines:
		r.shape = shapeArray
		r.decode()
		if _, err := r.dec.Token(); err != nil {
			return nil, r.broken(err)
		}
	case lines:
		r.shape = shapeLines
	default:
		r.shape = shapeValues
		r.decode()
	}
	return r, nil
}

// decode begins to read JSON values.
func (r *rowReader) decode() {
	r.bound = rowBound{in: r.in, most: maxRowBytes}
	r.dec = json.NewDecoder(&r.bound)
}

// rowBound ends a body inside of a row that is too long: a decoder would keep all of the row, several times over.
type rowBound struct {
	in   io.Reader
	read int64 // bytes read so far
	most int64 // how many may be read now
}

var errRowTooLong = errors.New("the row is too long")

// Read reads up to the end of what a row may have.
func (b *rowBound) Read(p []byte) (int, error) {
	if b.read >= b.most {
		return 0, errRowTooLong
	}
	n, err := b.in.Read(p[:min(int64(len(p)), b.most-b.read)])
	b.read += int64(n)
	return n, err
}

// more lets the decoder read one row, with the blanks before it, further than it has understood.
func (r *rowReader) more() { r.bound.most = r.dec.InputOffset() + maxRowBytes }

// isLines tells whether a content type says NDJSON. It refuses types that are neither that nor JSON nor unspecific.
func isLines(contentType string) (bool, error) {
	if contentType == "" {
		return false, nil
	}
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind, _, _ = strings.Cut(contentType, ";")
	}
	switch kind {
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonl", "application/jsonlines",
		"application/x-jsonlines":
		return true, nil
	case "application/json", "text/json", "text/plain", "application/octet-stream":
		return false, nil
	}
	if strings.HasSuffix(kind, "+json") {
		return false, nil
	}
	return false, &badBody{
		status: http.StatusUnsupportedMediaType, code: "content-type",
		detail: fmt.Sprintf("the content type %q cannot be read", kind),
		hint:   "send JSON with the header Content-Type: application/json, or lines of JSON as application/x-ndjson (curl: -H and --data-binary)",
	}
}

// firstByte skips blanks and a byte order mark and returns the byte after them, unread. An empty body is an error.
func firstByte(in *bufio.Reader) (byte, error) {
	if bom, err := in.Peek(3); err == nil && bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
	}
	for {
		c, err := in.ReadByte()
		if err == io.EOF {
			return 0, &badBody{status: http.StatusBadRequest, code: "json", detail: "the body is empty",
				hint: "send a JSON array, or one JSON object a line"}
		}
		if err != nil {
			return 0, readError(err)
		}
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c, in.UnreadByte()
		}
	}
}

// next returns the next row, or io.EOF. Any other error ends the body: what comes after cannot be read.
func (r *rowReader) next() (row, error) {
	if r.shape == shapeLines {
		return r.nextLine()
	}
	r.more()
	if r.shape == shapeArray && !r.dec.More() {
		if _, err := r.dec.Token(); err != nil { // the closing bracket
			return row{}, r.broken(err)
		}
		if _, err := r.dec.Token(); err == nil || !errors.Is(err, io.EOF) {
			return row{}, r.brokenAt(r.dec.InputOffset(), errors.New("there is something after the end of the array"))
		}
		return row{}, io.EOF
	}
	var data json.RawMessage
	if err := r.dec.Decode(&data); err != nil {
		if err == io.EOF && r.shape == shapeValues {
			return row{}, io.EOF
		}
		return row{}, r.broken(err)
	}
	r.index++
	return row{index: r.index - 1, data: data}, nil
}

func (r *rowReader) nextLine() (row, error) {
	for {
		line, size, err := readLine(r.in)
		if err != nil {
			if err != io.EOF {
				err = readError(err)
			}
			return row{}, err
		}
		r.line++
		if size == 0 {
			continue
		}
		out := row{index: r.index, data: line}
		r.index++
		if size > maxRowBytes {
			out.data = nil
			out.err = &catalog.InputError{Field: fmt.Sprintf("line %d", r.line), Reason: fmt.Sprintf("has %d bytes", size),
				Hint: fmt.Sprintf("keep a line below %d MiB", maxRowBytes>>20)}
		}
		return out, nil
	}
}

// readLine reads a line without its end and blanks around it; size is its length, of which only maxRowBytes are kept.
// The error is io.EOF only if there was no line.
func readLine(in *bufio.Reader) (line []byte, size int, err error) {
	for {
		part, err := in.ReadSlice('\n')
		size += len(part)
		if len(line)+len(part) <= maxRowBytes+2 {
			line = append(line, part...)
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err == io.EOF && size > 0 {
			err = nil
		}
		if size <= maxRowBytes+2 {
			line = bytes.TrimSpace(line)
			size = len(line)
		}
		return line, size, err
	}
}

// broken says where an array or a run of values stopped being JSON, or why it could not be read to its end.
func (r *rowReader) broken(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF {
		return r.brokenAt(r.dec.InputOffset(), errors.New("it ends too early"))
	}
	if errors.Is(err, errRowTooLong) {
		return &hinted{fmt.Errorf("%w: row %d (counted from 0) has more than %d MiB", errTooLarge, r.index, maxRowBytes>>20),
			fmt.Sprintf("keep each row below %d MiB", maxRowBytes>>20)}
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return r.brokenAt(e.Offset, err)
	}
	return readError(err)
}

func (r *rowReader) brokenAt(offset int64, err error) error {
	return &badBody{
		status: http.StatusBadRequest, code: "json", hint: hintJSON,
		detail: fmt.Sprintf("broken JSON in row %d (counted from 0), at byte %d: %v", r.index, offset, err),
	}
}

// where names the line of a broken row, for shapeLines.
func (r *rowReader) where(err error) error {
	if r.shape != shapeLines {
		return err
	}
	if e, ok := errors.AsType[*badBody](err); ok {
		c := *e
		c.detail = strings.Replace(c.detail, "at line 1,", fmt.Sprintf("at line %d,", r.line), 1)
		return &c
	}
	return err
}
