// Package webapp carries what a browser gets: the built page, the module, the SDK, the documentation page and the
// demo's catalog, all inside the binary, and renders the demo's pages on the server.
//
// Read first: Render (a page as HTML before any script), Dist (everything else, to be served as files).
//
//	demo/index.html ── vite build ──► dist/index.html ─┐
//	demo/page.tmpl ─────────────────────────────────── Render ──► HTML that works without script
//	sdk/, elements/ ── vite build ──► dist/assets/*  ── Dist ───► files, hashed names, *.br and *.gz beside them
//
// # Decisions
//
//   - dist/index.html is a html/template: Vite puts the hashed names of script and style into it, demo/page.tmpl holds
//     the markup of its content. The same "card" is rendered once more, empty, into a <template> element; the script
//     clones that one. So the markup exists once, and the script takes over what the server sent without a jump.
//   - dist is not in git, but for an empty file that lets `go build ./...` pass before the page is built. Until then
//     Render gives the same content as a plain page that says how to build the rest.
package webapp

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"sync"
)

//go:embed all:dist
var dist embed.FS

//go:embed demo/catalog/*.jsonl
var catalog embed.FS

//go:embed demo/page.tmpl
var pageTemplate string

// Dist returns the built files as they are to be served from the root: index.html (a template: see Render), recipe.html,
// elements.html, docs/index.html, nigh.js, elements.js, assets/* with a hash in each name (immutable), and beside most of them NAME.br and NAME.gz.
func Dist() fs.FS { return sub(dist, "dist") }

// DemoCatalog returns the demo's catalog: files *.jsonl, one item a line, in the shape of `nigh import items`.
func DemoCatalog() fs.FS { return sub(catalog, "demo/catalog") }

// Built reports whether the page was built before this binary was.
func Built() bool {
	_, err := fs.Stat(dist, "dist/index.html")
	return err == nil
}

// Card is one work as a page shows it: text only, never markup.
type Card struct {
	ID         string
	Title      string
	Summary    string
	URL        string // shown as a link if it is http, https or relative
	Image      string
	Author     string
	Tags       []string
	Categories []string
	Attributes map[string]string // "medium" and "year" are shown
	Why        string            // the reason for its place in the list, as a sentence; "" for none
}

// Page is what Render shows: the home page, or a work's page if Work is set, that nothing is here if NotFound is, or the
// page without content if Shell is.
type Page struct {
	Title    string   // of the document; "" for the site's own
	Items    []Card   // home: the list "For you"
	Topics   []string // tags to choose from; on every page, for the script goes to the home page without asking
	Work     *Card    // the work of a work's page
	Similar  []Card   // a work's page: "More like this"
	NotFound bool
	Shell    bool // the page without content, which fills itself: for a browser without a network

	Simulated int // readers who are none, and read along; the page says so

	Anonymous bool // the page's reader has no name of their own
}

// Render writes p as a whole HTML document. It fails only if w does, or if the built page is broken.
func Render(w io.Writer, p Page) error {
	t, err := parsed()
	if err != nil {
		return err
	}
	name := "index"
	if t.Lookup(name) == nil {
		name = "plain"
	}
	// Rendered into memory first: a page is sent whole or not at all.
	var page bytes.Buffer
	if err := t.ExecuteTemplate(&page, name, p); err != nil {
		return fmt.Errorf("render page %q: %w", p.Title, err)
	}
	if _, err := page.WriteTo(w); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// parsed is the page's template: demo/page.tmpl and, if there is one, the built index.html as "index".
var parsed = sync.OnceValues(func() (*template.Template, error) {
	t, err := template.New("page").Funcs(funcs).Parse(pageTemplate)
	if err != nil {
		return nil, fmt.Errorf("parse demo/page.tmpl: %w", err)
	}
	index, err := fs.ReadFile(dist, "dist/index.html")
	if err != nil {
		return t, nil // not built: "plain" is used
	}
	if _, err := t.New("index").Parse(string(index)); err != nil {
		return nil, fmt.Errorf("parse the built dist/index.html: %w; run make page", err)
	}
	return t, nil
})

func sub(f embed.FS, dir string) fs.FS {
	s, err := fs.Sub(f, dir)
	if err != nil {
		panic(err) // dir is a constant above
	}
	return s
}
