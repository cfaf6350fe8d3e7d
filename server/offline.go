package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"sync"

	"nigh/webapp"
)

// offlineScript is the built service worker of the demo's page (webapp/demo/offline/worker.ts): the other end of this
// file. It keeps the page for a browser without a network.
const offlineScript = "offline.js"

// offlineApp is one version of what a browser keeps: whoever has its worker gets its shell, or none.
type offlineApp struct {
	version string // of all that is kept: the worker names the built files by their hashes
	worker  []byte
	shell   []byte // the page without content; it tells nothing of a reader
}

// newOfflineApp makes the version for readers who are anonymous, or may have names.
func newOfflineApp(script []byte, anonymous bool) (*offlineApp, error) {
	var shell bytes.Buffer
	if err := webapp.Render(&shell, webapp.Page{Shell: true, Anonymous: anonymous}); err != nil {
		return nil, err
	}
	sum := sha256.New()
	for _, part := range [][]byte{script, shell.Bytes()} {
		one := sha256.Sum256(part)
		sum.Write(one[:])
	}
	version := hex.EncodeToString(sum.Sum(nil)[:12])
	worker := append(fmt.Appendf(nil, "const VERSION = %q;\n", version), script...)
	return &offlineApp{version: version, worker: worker, shell: shell.Bytes()}, nil
}

// offline adds the routes of the demo's service worker: the script, which differs whenever anything that it keeps does,
// so that a browser finds out by asking for it, and the shell.
func (s *Server) offline(mux *http.ServeMux, pack func(http.Handler) http.HandlerFunc) {
	built := s.files[offlineScript]
	if built == nil {
		return // the page is not built
	}
	version := func(anonymous bool) func() (*offlineApp, error) {
		return sync.OnceValues(func() (*offlineApp, error) { return newOfflineApp(built.forms[""].data, anonymous) })
	}
	named, anonymous := version(false), version(true)
	answer := func(write func(http.ResponseWriter, *http.Request, *offlineApp)) http.Handler {
		return pack(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			app := named
			if s.pages.anonymous(r.Context()) {
				app = anonymous
			}
			now, err := app()
			if err != nil {
				noteError(r.Context(), err)
				writeProblem(w, err)
				return
			}
			write(w, r, now)
		}))
	}
	mux.Handle("GET /"+offlineScript, answer(func(w http.ResponseWriter, r *http.Request, app *offlineApp) {
		setPagePolicy(w, r) // a worker has the policy of its own script
		w.Header().Set("Content-Type", fileTypes[".js"])
		w.Header().Set("Cache-Control", cacheNever)
		_, _ = w.Write(app.worker) // a browser that is gone needs no worker
	}))
	mux.Handle("GET /shell/{version}", answer(func(w http.ResponseWriter, r *http.Request, app *offlineApp) {
		if r.PathValue("version") != app.version {
			s.notFound(w, r) // the worker that asks is older than this program, or newer: it tries again later
			return
		}
		writePage(w, r, http.StatusOK, app.shell)
	}))
}
