package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fileTypes are the media types of what is served; the machine's own table is not asked, it differs from one to the next.
var fileTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8", ".ico": "image/x-icon",
	".js": "text/javascript; charset=utf-8", ".json": "application/json", ".map": "application/json",
	".mjs": "text/javascript; charset=utf-8", ".png": "image/png", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8",
	".wasm": "application/wasm", ".webmanifest": "application/manifest+json", ".webp": "image/webp", ".woff2": "font/woff2",
}

// Cache-Control of files.
const (
	cacheForever = "public, max-age=31536000, immutable" // names with a hash in them
	cacheShort   = "public, max-age=300"
	cacheNever   = "no-cache" // asks every time, and is told 304
)

// encodings are the forms that a file may have beside its plain one, the preferred first.
var encodings = []struct{ name, suffix string }{{"br", ".br"}, {"gzip", ".gz"}}

// file is one file with its compressed forms.
type file struct {
	name  string
	kind  string
	forms map[string]form // by content coding; "" is the plain one
}

type form struct {
	data []byte
	etag string
}

// files are the built files, read once: they are in the binary, and a few megabytes.
type files map[string]*file

// readFiles reads all files of fsys. NAME.br and NAME.gz beside NAME are forms of it.
func readFiles(fsys fs.FS) (files, error) {
	out := files{}
	if fsys == nil {
		return out, nil
	}
	var names []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasPrefix(d.Name(), ".") {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list built files: %w", err)
	}
	for _, name := range names {
		plain, coding := name, ""
		for _, e := range encodings {
			if base, ok := strings.CutSuffix(name, e.suffix); ok && slices.Contains(names, base) {
				plain, coding = base, e.name
			}
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read built file %s: %w", name, err)
		}
		f := out[plain]
		if f == nil {
			kind := fileTypes[path.Ext(plain)]
			if kind == "" {
				kind = "application/octet-stream"
			}
			f = &file{name: plain, kind: kind, forms: map[string]form{}}
			out[plain] = f
		}
		sum := sha256.Sum256(data)
		f.forms[coding] = form{data: data, etag: `"` + hex.EncodeToString(sum[:12]) + `"`}
	}
	return out, nil
}

// serve answers with f in the best form that the client takes.
func (f *file) serve(w http.ResponseWriter, r *http.Request, cache string) {
	coding := f.choose(r.Header.Get("Accept-Encoding"))
	chosen := f.forms[coding]
	h := w.Header()
	h.Add("Vary", "Accept-Encoding")
	h.Set("Cache-Control", cache)
	h.Set("Content-Type", f.kind)
	h.Set("Etag", chosen.etag)
	if coding != "" {
		h.Set("Content-Encoding", coding)
		h.Set("Content-Length", strconv.Itoa(len(chosen.data))) // ServeContent leaves it out for an encoded body
	}
	http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(chosen.data))
}

// choose returns the coding to answer with: of those that f has and the client weighs highest, the preferred one.
func (f *file) choose(accept string) string {
	best, bestWeight := "", quality(accept, "identity")
	for i := len(encodings) - 1; i >= 0; i-- {
		name := encodings[i].name
		if _, ok := f.forms[name]; !ok {
			continue
		}
		if q := quality(accept, name); q > 0 && q >= bestWeight {
			best, bestWeight = name, q
		}
	}
	return best
}

// quality returns the weight that an Accept-Encoding header gives a coding: RFC 9110, section 12.5.3. What is not
// named gets the weight of "*", else 0; identity, not named, is the last choice and allowed.
func quality(accept, coding string) float64 {
	star, found := 0.0, false
	for part := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(part, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name != coding && name != "*" && !(coding == "gzip" && name == "x-gzip") {
			continue
		}
		q := 1.0
		if value, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(params)), "q="); ok {
			parsed, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || parsed < 0 || parsed > 1 {
				parsed = 0
			}
			q = parsed
		}
		if name != "*" {
			return q
		}
		star, found = q, true
	}
	if coding == "identity" {
		return 0.0001 // below any weight that can be written, which has three digits
	}
	if found {
		return star
	}
	return 0
}

// shared lets pages of other websites load a file: the SDK, its worker and its module.
func shared(w http.ResponseWriter) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// static adds the routes of the built files to mux.
func (s *Server) static(mux *http.ServeMux) {
	mux.HandleFunc("GET /assets/{name...}", func(w http.ResponseWriter, r *http.Request) {
		f := s.files["assets/"+r.PathValue("name")]
		if f == nil {
			s.notFound(w, r)
			return
		}
		shared(w)
		// A worker of this server's own page takes its policy from its own script's answer.
		setPagePolicy(w, r)
		f.serve(w, r, cacheForever)
	})
	mux.HandleFunc("GET /docs", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/docs/", http.StatusPermanentRedirect)
	})
	mux.HandleFunc("GET /docs/{name...}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		if name == "" {
			name = "index.html"
		}
		f := s.files["docs/"+name]
		if f == nil && name == "index.html" {
			writeProblem(w, &badBody{status: http.StatusNotFound, code: "not-built", detail: "this page is not in the program",
				hint: "build it with make; the description itself is at /openapi.json"})
			return
		}
		if f == nil {
			s.notFound(w, r)
			return
		}
		setPagePolicy(w, r)
		// swagger-ui writes style attributes; nothing else here does.
		policy := w.Header().Get("Content-Security-Policy")
		w.Header().Set("Content-Security-Policy", strings.Replace(policy, "style-src 'self'", "style-src 'self' 'unsafe-inline'", 1))
		f.serve(w, r, cacheShort)
	})
	// Files at the root have addresses without a hash: the SDK's entry, an icon, robots.txt.
	for name, f := range s.files {
		if strings.Contains(name, "/") || strings.HasSuffix(name, ".html") || name == offlineScript {
			continue
		}
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			shared(w)
			setPagePolicy(w, r)
			f.serve(w, r, cacheShort)
		})
	}
}
