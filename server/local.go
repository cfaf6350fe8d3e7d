package server

import (
	"context"
	"errors"
	"fmt"
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

// sameMachine refuses requests for another host's name, where a server that asks nobody listens on this machine alone:
// a page of anywhere may let its own name lead here (DNS rebinding), and the browser then takes this server for the
// page's own. Names of Options.Origins are let through: those of a proxy in front of the server.
func (g *Guard) sameMachine(next http.Handler) http.Handler {
	if !g.local {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u := url.URL{Host: r.Host}
		host := strings.ToLower(r.Host)
		if !isLoopback(u.Hostname()) && !g.closed(r.Context()) && !g.all && !g.origins["http://"+host] && !g.origins["https://"+host] {
			writeProblem(w, errHost)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// mayListen returns why the server is not to listen where it was told to.
func (g *Guard) mayListen(ctx context.Context, o *Options) error {
	if g.keys != nil {
		if _, err := g.keys.Any(ctx); err != nil {
			return err
		}
	}
	if _, _, err := net.SplitHostPort(o.Addr); err != nil {
		return nil // listen says what is wrong with it
	}
	switch closed := g.closed(ctx); {
	case closed && o.Open:
		return errors.New("there are API keys, and --open would have nobody need one; leave it out, or use another data folder")
	case !closed && !o.Open && !ListensLocally(o.Addr):
		return fmt.Errorf("whoever reaches %s could read every reader's profile and change the catalog; make a key (nigh key create --name site --scope read,events,write,admin), or let everybody with --open", o.Addr)
	}
	return nil
}

// announce says where the server listens, and who may do what there.
func (g *Guard) announce(ctx context.Context, o *Options, address string) {
	switch {
	case g.closed(ctx) && g.noAnonymous:
		g.log.Info("listening", "url", address, "programs", "need a key", "readers", "need a token")
	case g.closed(ctx):
		readers := "are anonymous"
		if g.tokens != nil {
			readers += ", or have a token"
		} else if g.trustNames {
			readers = "may have any name"
		}
		g.log.Info("listening", "url", address, "programs", "need a key", "readers", readers)
	case ListensLocally(o.Addr):
		g.log.Info("listening to this machine alone, where everybody may do everything; nigh key create ends that", "url", address)
	default:
		g.log.Warn("listening to every machine that reaches it, and everybody may do everything; nigh key create ends that", "url", address)
	}
}
