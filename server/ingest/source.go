package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// headBytes is how much of an input is looked at to tell its format.
const headBytes = 4096

// input is an opened source: decompressed, without BOM, its format known.
type input struct {
	name   string // as given by the user; for a page of a folder, its path
	format Format
	*bufio.Reader
	page    page // for Markdown: where in the site
	closers []io.Closer
}

func (in *input) close() {
	for i := len(in.closers) - 1; i >= 0; i-- {
		_ = in.closers[i].Close() // only read from
	}
}

// isHTML tells whether a Content-Type is that of a web page.
func isHTML(contentType string) bool {
	return strings.HasPrefix(strings.ToLower(contentType), "text/html")
}

func isURL(source string) bool {
	s := strings.ToLower(source)
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://")
}

func isFolder(source string) bool {
	if source == "-" || isURL(source) {
		return false
	}
	info, err := os.Stat(source)
	return err == nil && info.IsDir()
}

// Size returns the bytes of source before decompression, or -1 if that cannot be told before it is read.
func Size(source string) int64 {
	if source == "-" || isURL(source) {
		return -1
	}
	info, err := os.Stat(source)
	switch {
	case err != nil || (!info.IsDir() && !info.Mode().IsRegular()):
		return -1
	case !info.IsDir():
		return info.Size()
	}
	pages, _, err := findPages(source)
	if err != nil {
		return -1
	}
	var n int64
	for _, p := range pages {
		n += p.size
	}
	return n
}

// open opens a source that is not a folder.
func (r *reader) open(source string) (*input, error) {
	raw, contentType, err := r.openRaw(source)
	if err != nil {
		return nil, err
	}
	in := &input{name: source, format: r.opt.Format, closers: []io.Closer{raw}}
	if err := in.unwrap(&meter{raw, r}); err != nil {
		in.close()
		return nil, err
	}
	if err := in.findFormat(contentType); err != nil {
		in.close()
		return nil, err
	}
	return in, nil
}

// openRaw returns the bytes of source as they are, and the Content-Type of a URL.
func (r *reader) openRaw(source string) (io.ReadCloser, string, error) {
	if source != "-" && !isURL(source) {
		f, err := os.Open(source)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, "", fmt.Errorf("read %s: there is no such file or folder; check the path", source)
		}
		if errors.Is(err, fs.ErrPermission) {
			return nil, "", fmt.Errorf("read %s: not permitted; check who may read it", source)
		}
		return f, "", err
	}
	read := r.openStdin
	if source != "-" {
		read = func() (io.ReadCloser, string, error) { return r.fetch(source) }
	}
	if r.opt.Spool != nil {
		return r.opt.Spool.open(source, read)
	}
	return read()
}

func (r *reader) openStdin() (io.ReadCloser, string, error) {
	if r.opt.Stdin == nil {
		return nil, "", errors.New("read -: there is no standard input")
	}
	return io.NopCloser(r.opt.Stdin), "", nil
}

// meter tells the reading's Progress what was read, and ends the reading with its context.
type meter struct {
	from io.Reader
	r    *reader
}

func (m *meter) Read(p []byte) (int, error) {
	if err := m.r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := m.from.Read(p)
	if m.r.opt.Progress != nil && n > 0 {
		m.r.opt.Progress(n)
	}
	return n, err
}

// unwrap takes gzip and the byte order mark off. Both are told by their bytes, never by the name.
func (in *input) unwrap(raw io.Reader) error {
	br := bufio.NewReaderSize(raw, 64<<10)
	if head, err := br.Peek(2); err == nil && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(br)
		if err != nil {
			return fmt.Errorf("read %s: it starts like gzip but is not (%w); the file may be damaged", in.name, err)
		}
		in.closers = append(in.closers, z)
		br = bufio.NewReaderSize(z, 64<<10)
	}
	head, _ := br.Peek(3)
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, _ = br.Discard(3)
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return fmt.Errorf("read %s: it is UTF-16; convert it with iconv -f UTF-16 -t UTF-8", in.name)
	}
	in.Reader = br
	return nil
}

func (in *input) findFormat(contentType string) error {
	head, err := in.Peek(headBytes)
	if err != nil && len(head) == 0 && !errors.Is(err, io.EOF) {
		return in.readError(err)
	}
	if in.format != FormatAuto {
		return nil
	}
	in.format = formatOfName(urlPath(in.name))
	if in.format == FormatAuto {
		in.format = formatOfType(contentType)
	}
	switch {
	case in.format == FormatJSON && isJSONFeed(bytes.TrimLeft(head, " \t\r\n")):
		in.format = FormatFeed
	case in.format == FormatAuto:
		in.format = formatOfContent(head)
	}
	if in.format == FormatAuto {
		if len(bytes.TrimSpace(head)) == 0 {
			in.format = FormatJSONL // nothing in it, so no rows
			return nil
		}
		return fmt.Errorf("read %s: neither name nor content tell its format; use --format %s", in.name, formatList)
	}
	return nil
}

// readError says that reading failed in the middle.
func (in *input) readError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) {
		return fmt.Errorf("read %s: its data is cut off or damaged (%w); get the file again", in.name, err)
	}
	return fmt.Errorf("read %s: %w", in.name, err)
}
