package server

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// isLoopback tells whether a host name, without port, can only mean this machine.
func isLoopback(name string) bool {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	ip := net.ParseIP(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || ip != nil && ip.IsLoopback()
}

// ListensLocally tells whether an address as in Options.Addr is reached from this machine alone.
func ListensLocally(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && isLoopback(host)
}

// sameMachine refuses requests for another host's name, where a server without a token listens on this machine alone:
// a page of anywhere may let its own name lead here (DNS rebinding), and the browser then takes this server for the
// page's own. Names of Options.Origins are let through: those of a proxy in front of the server.
func (g *Guard) sameMachine(next http.Handler) http.Handler {
	if !g.local {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u := url.URL{Host: r.Host}
		host := strings.ToLower(r.Host)
		if !isLoopback(u.Hostname()) && !g.all && !g.origins["http://"+host] && !g.origins["https://"+host] {
			writeProblem(w, errHost)
			return
		}
		next.ServeHTTP(w, r)
	})
}
