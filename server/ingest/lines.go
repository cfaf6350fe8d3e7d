package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxSkip is how many bytes of one overlong row are skipped before the source is given up: no JSONL has such lines.
const maxSkip = 32 << 20

// lineReader reads lines of bounded length.
type lineReader struct {
	in   *input
	back []byte // lines to read again, before in
	line int    // of the last line returned, from 1
	buf  []byte
}

func newLineReader(in *input) *lineReader { return &lineReader{in: in} }

// next returns the next line without its end, valid until the next call; long tells that it was longer than MaxRow and
// is not whole. At the end the error is io.EOF; a last line need not be ended.
func (l *lineReader) next() (line []byte, long bool, err error) {
	if len(l.back) > 0 {
		l.line++
		line, l.back, _ = bytes.Cut(l.back, []byte("\n"))
		return trimCR(line), false, nil
	}
	l.buf = l.buf[:0]
	skipped := 0
	for {
		part, err := l.in.ReadSlice('\n')
		switch {
		case err == nil && len(l.buf) == 0 && !long:
			l.line++
			return trimCR(part[:len(part)-1]), len(part)-1 > MaxRow, nil // the common case, without a copy
		case len(l.buf)+len(part) > MaxRow+2:
			long = true
		case !long:
			l.buf = append(l.buf, part...)
		}
		if long {
			if skipped += len(part); skipped > maxSkip {
				return nil, true, fmt.Errorf("read %s: line %d is longer than %d MiB; is it the format you mean? see --format", l.in.name, l.line+1, maxSkip>>20)
			}
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err == io.EOF && (len(l.buf) > 0 || long) {
			err = nil
		}
		if err == io.EOF {
			return nil, false, err
		}
		if err != nil {
			return nil, false, l.in.readError(err)
		}
		l.line++
		line := trimCR(bytes.TrimSuffix(l.buf, []byte("\n")))
		return line, long || len(line) > MaxRow, nil
	}
}

// unread makes the next calls of next return the lines of text, which are the last lines that it returned.
func (l *lineReader) unread(text []byte) {
	l.line -= bytes.Count(text, []byte("\n"))
	l.back = append(bytes.Clone(text), l.back...)
}

func trimCR(line []byte) []byte { return bytes.TrimSuffix(line, []byte("\r")) }

// errLongRow is the refusal of a row beyond MaxRow.
var errLongRow = &fieldError{reason: fmt.Sprintf("the row is longer than %d MiB", MaxRow>>20), hint: "shorten its texts"}
