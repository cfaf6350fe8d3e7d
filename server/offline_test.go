package server

import (
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"nigh/server/access"
)

func TestOffline_KeepsOneVersion(t *testing.T) {
	built := func(script string) func(*Options) {
		return func(o *Options) {
			o.Demo, o.DemoItems = true, fstest.MapFS{}
			o.Dist = fstest.MapFS{offlineScript: {Data: []byte(script)}}
		}
	}
	version := func(s *Server) string {
		w := call(t, s, get, "/"+offlineScript, "")
		wantStatus(t, w, 200)
		found := regexp.MustCompile(`^const VERSION = "([0-9a-f]{24})";\n`).FindStringSubmatch(w.Body.String())
		if found == nil || w.Header().Get("Cache-Control") != cacheNever || !strings.Contains(w.Header().Get("Content-Security-Policy"), "connect-src 'self'") {
			t.Fatalf("worker = %v %.200s, want its version first", w.Header(), w.Body)
		}
		return found[1]
	}
	s := newTestServer(t, newFake(library...), built("(function(){})()"))
	v := version(s)
	shell := call(t, s, get, "/shell/"+v, "")
	wantStatus(t, shell, 200)
	if strings.Contains(shell.Body.String(), "Moby-Dick") {
		t.Error("the shell holds content")
	}
	wantStatus(t, call(t, s, get, "/shell/another", ""), 404)
	if version(newTestServer(t, newFake(), built("(function(){})()"))) != v {
		t.Error("another catalog is another version")
	}
	if version(newTestServer(t, newFake(), built("(function(){1})()"))) == v {
		t.Error("another build is the same version")
	}
	_, keys := testKeys(t, access.All)
	asking := newTestServer(t, newFake(), func(o *Options) { built("(function(){})()")(o); o.Keys = keys })
	if version(asking) == v {
		t.Error("a server that asks who readers are has the same shell")
	}
	without := newTestServer(t, newFake(), func(o *Options) { built("x")(o); o.Demo = false })
	wantStatus(t, call(t, without, get, "/"+offlineScript, ""), 404)
}
