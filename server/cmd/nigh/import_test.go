package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"nigh/server"
	"nigh/server/access"
	"nigh/server/catalog"
	"nigh/server/store"
	"nigh/server/store/sqlite"
)

const itemsCSV = "id,title,tags\nmoby-dick,Moby-Dick,whales|sea\nemma,Emma,love\n"

// runNigh runs nigh with args and in as standard input.
func runNigh(t *testing.T, in string, args ...string) (out, errOut string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(in), &o, &e)
	return o.String(), e.String(), code
}

// checkRun fails unless the command ended as wanted; the time it took is cut off the summary.
func checkRun(t *testing.T, out, errOut string, code int, wantOut, wantErr string, wantCode int) {
	t.Helper()
	out = regexp.MustCompile(` in [0-9.]+ s\n$`).ReplaceAllString(out, "\n")
	if out != wantOut || errOut != wantErr || code != wantCode {
		t.Errorf("out, error, code =\n%s\n%s\n%d; want\n%s\n%s\n%d", out, errOut, code, wantOut, wantErr, wantCode)
	}
}

func writeInput(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// openData opens the catalog of a data folder until the test ends, or until the returned function is called.
func openData(t *testing.T, dir string) (*catalog.Catalog, *sqlite.DB, func()) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Open(t.Context(), db, catalog.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	closed := false
	end := func() {
		if closed {
			return
		}
		closed = true
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(end)
	return c, db, end
}

func itemIDs(t *testing.T, c *catalog.Catalog) string {
	t.Helper()
	items, err := c.Items(t.Context(), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, it := range items {
		all = append(all, it.ID)
	}
	return strings.Join(all, " ")
}

func TestImport_FillsADataFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	file := writeInput(t, "items.csv", itemsCSV+",nameless,\n"+strings.Repeat("x", 1000)+",long,\n")

	out, errOut, code := runNigh(t, "", "import", "items", file, "--data", dir)
	checkRun(t, out, errOut, code, "2 items imported, 2 rows refused\n",
		file+":4: the row has no id; give each item an id, or name the field that holds it with --map id=NAME\n"+
			file+":5: id is 1000 bytes long; use at most 512\n", 1)

	out, errOut, code = runNigh(t, `{"id":"emma","title":"Emma again"}`, "import", "items", "-", "--data", dir)
	checkRun(t, out, errOut, code, "1 item imported, 0 rows refused\n", "", 0)

	events := "user,item,kind,value,at\nada,emma,like,,2024-01-02T03:04:05Z\nada,moby-dick,view,,964982703.5\nada,odyssey,view,,964982703.5\n"
	out, errOut, code = runNigh(t, events, "import", "events", "-", "--format", "csv", "--data", dir)
	if code != 1 || !strings.HasPrefix(out, "2 events imported, 1 row refused in ") || !strings.HasPrefix(errOut, "-:4: item ") {
		t.Errorf("events: %q, %q, %d; want 2 imported, and line 4 refused", out, errOut, code)
	}
	out, _, _ = runNigh(t, events, "import", "events", "-", "--data", dir)
	if !strings.HasPrefix(out, "0 events imported, 2 known already, 1 row refused in ") {
		t.Errorf("events again: %q, want both known already", out)
	}

	c, db, _ := openData(t, dir)
	if got, want := itemIDs(t, c), "emma moby-dick"; got != want {
		t.Errorf("items = %s, want %s", got, want)
	}
	if it, err := c.Item(t.Context(), "emma"); err != nil || it.Title != "Emma again" {
		t.Errorf("emma = %+v, %v; want the title Emma again", it, err)
	}
	if info, err := db.Info(t.Context()); err != nil || info.Events != 2 {
		t.Errorf("events = %d, %v; want 2", info.Events, err)
	}
}

func TestImport_StrictWritesNothingIfARowIsBad(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, what, text, bad string }{
		{"unreadable", "items", itemsCSV + ",no id,\n", "-:4: the row has no id; give each item an id, or name the field that holds it with --map id=NAME\n"},
		{"beyond a limit", "items", itemsCSV + strings.Repeat("x", 600) + ",long,\n", "-:4: id is 600 bytes long; use at most 512\n"},
		{"unknown item", "events", "user,item\nada,emma\n", "-:2: there is no item emma; import the items first\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, errOut, code := runNigh(t, c.text, "import", c.what, "-", "--strict", "--data", dir)
			checkRun(t, out, errOut, code, "", c.bad+"error: 1 row would be refused, so nothing was written\nhint: correct what is named above, or import the rest without --strict\n", 1)
			cat, db, end := openData(t, dir)
			if info, err := db.Info(t.Context()); err != nil || info.Items != 0 || info.Events != 0 {
				t.Errorf("info = %+v, %v; want no item and no event (%s)", info, err, itemIDs(t, cat))
			}
			end()
		})
	}
	out, errOut, code := runNigh(t, itemsCSV, "import", "items", "-", "--strict", "--data", dir)
	checkRun(t, out, errOut, code, "2 items imported, 0 rows refused\n", "", 0)
}

func TestImport_ReadsSitesAndFeeds(t *testing.T) {
	dir := t.TempDir()
	data := "../../ingest/testdata/"
	out, errOut, code := runNigh(t, "", "import", "items", data+"jekyll", data+"hugo", data+"feed.atom", data+"feed.rss", data+"nothing.xml", "--data", dir)
	if !strings.HasPrefix(out, "13 items imported, 5 rows refused, 1 source could not be read to the end in ") || code != 1 {
		t.Errorf("out, code = %q, %d", out, code)
	}
	if want := "read " + data + "nothing.xml: there is no such file or folder; check the path\n"; !strings.Contains(errOut, want) {
		t.Errorf("error = %q, want %q in it", errOut, want)
	}
	c, _, _ := openData(t, dir)
	it, err := c.Item(t.Context(), "2024-01-02-first-light")
	if err != nil || it.URL != "/astronomy/diy/2024/01/02/first-light.html" || len(it.Tags) != 2 {
		t.Errorf("the post = %+v, %v", it, err)
	}
}

func TestImport_RefusesAFolderThatAServerUses(t *testing.T) {
	dir := t.TempDir()
	openData(t, dir)
	out, errOut, code := runNigh(t, itemsCSV, "import", "items", "-", "--data", dir)
	checkRun(t, out, errOut, code, "", "error: open the data folder "+dir+": another process is using the data folder\n"+
		"hint: if that is a nigh server, import through it: --server http://localhost:8080\n", 1)
}

func TestImport_FillsARunningServer(t *testing.T) {
	c, db, _ := openData(t, t.TempDir())
	text, key := access.NewKey("import", access.Read|access.Write|access.Events, time.Now())
	if err := db.AddKey(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	s, err := server.New(server.Options{Catalog: server.Live(c), Logger: slog.New(slog.DiscardHandler), Keys: db})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		web.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})

	out, errOut, code := runNigh(t, itemsCSV, "import", "items", "-", "--server", web.URL)
	if out == "" || !strings.Contains(errOut, "the server says 401") || !strings.Contains(errOut, "hint: give a key of the server with --key") || code != 1 {
		t.Errorf("without a key: %q, %q, %d; want 401 and the flag to use", out, errOut, code)
	}
	t.Setenv("NIGH_KEY", text)
	file := writeInput(t, "items.csv", itemsCSV+strings.Repeat("x", 600)+",long,\nlast,Last,\n")
	out, errOut, code = runNigh(t, "", "import", "items", file, "--server", web.URL+"/")
	if code != 1 || !strings.HasPrefix(out, "3 items imported, 1 row refused in ") || !strings.HasPrefix(errOut, file+":4: ") || !strings.HasSuffix(errOut, "; use at most 512\n") {
		t.Errorf("items: %q, %q, %d", out, errOut, code)
	}
	events := "user,item,at\nada,emma,1\nada,emma,1000000000\nada,odyssey,1000000000\nbob,last,\n"
	out, errOut, code = runNigh(t, events, "import", "events", "-", "--server", strings.TrimPrefix(web.URL, "http://"))
	if code != 1 || !strings.HasPrefix(out, "2 events imported, 2 rows refused in ") || strings.Count(errOut, "\n") != 2 {
		t.Errorf("events: %q, %q, %d", out, errOut, code)
	}
	out, errOut, code = runNigh(t, events, "import", "events", "-", "--server", web.URL, "--strict")
	if code != 1 || out != "" || !strings.Contains(errOut, "-:4: there is no item odyssey; ") || !strings.Contains(errOut, "error: 2 rows would be refused") {
		t.Errorf("strict events: %q, %q, %d", out, errOut, code)
	}
	if got, want := itemIDs(t, c), "emma last moby-dick"; got != want {
		t.Errorf("items = %s, want %s", got, want)
	}
	if info, err := db.Info(t.Context()); err != nil || info.Events != 2 {
		t.Errorf("events = %d, %v; want 2", info.Events, err)
	}
}

func TestImport_FinishesItsBatchWhenInterrupted(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	in, feed := io.Pipe()
	go func() {
		// More than the reading buffers: when all is taken, rows have been read.
		_, _ = io.WriteString(feed, strings.Repeat(`{"id":"a"}`+"\n", 20_000))
		cancel()
		_ = feed.Close()
	}()
	var out, errOut bytes.Buffer
	code := run(ctx, []string{"import", "items", "-", "--data", dir}, in, &out, &errOut)
	if code != 1 || !strings.Contains(errOut.String(), "error: interrupted\nhint: run the same command again") {
		t.Errorf("code, error = %d, %q; want to be told of the interruption", code, errOut.String())
	}
	c, _, _ := openData(t, dir)
	if _, err := c.Item(t.Context(), "a"); err != nil {
		t.Errorf("what was read before is not in: %v", err)
	}
}

func TestImport_TellsUsageErrors(t *testing.T) {
	for _, c := range []struct {
		args      []string
		text, aid string
	}{
		{[]string{"import", "items"}, "requires at least 1 arg(s), only received 0", "see nigh import items --help"},
		{[]string{"import", "things"}, `unknown command "things" for "nigh import"`, "see nigh import --help"},
		{[]string{"import", "items", "x", "--wrong"}, "unknown flag: --wrong", "see nigh import items --help"},
		{[]string{"import", "items", "x", "--format", "pdf"}, `--format: unknown format "pdf"`, "use jsonl, json, csv, feed or markdown"},
		{[]string{"import", "events", "x", "--map", "title=t"}, `--map: events have no field "title"`, "use one of user, item, kind, value, at, id"},
		{[]string{"import", "items", "-", "-"}, "standard input is named 2 times", "name - once"},
		{[]string{"import", "items", "x", "--server", "a", "--data", "b"}, "--server and --data exclude each other", "leave one of them out"},
		{[]string{"import", "items", "x", "--server", "ftp://a"}, `--server "ftp://a" is no address of a server`, "use one such as http://localhost:8080"},
	} {
		out, errOut, code := runNigh(t, "", c.args...)
		checkRun(t, out, errOut, code, "", "error: "+c.text+"\nhint: "+c.aid+"\n", 2)
	}
}

func TestPrintError_TakesTheHintOffTheText(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("port 8080 is taken; try --addr :8081"), "error: port 8080 is taken\nhint: try --addr :8081\n"},
		{withHint(errors.New("a; b"), "c"), "error: a; b\nhint: c\n"},
		{errors.New("plain"), "error: plain\n"},
		{store.ErrReadOnly, "error: the data folder cannot be written\n"},
		{errToldAlready, ""},
	} {
		var b bytes.Buffer
		printError(&b, c.err)
		if b.String() != c.want {
			t.Errorf("printError(%v) = %q, want %q", c.err, b.String(), c.want)
		}
	}
}
