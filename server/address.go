package server

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// addresses hold what each address may still do. Whose address counts: the peer's; behind a proxy that is trusted, the
// last in X-Forwarded-For that is not such a proxy's. IPv6 addresses of one network of 64 bits are one. This machine's own
// have no limits: a proxy here that nobody named would otherwise make all readers one.
type addresses struct {
	limits  Limits
	trusted []netip.Prefix

	mu    sync.Mutex
	all   map[netip.Addr]*address
	prune int // the size at which those that are not in use are dropped
}

// address is what one address may still do.
type address struct {
	sockets                              int // open ones; under addresses.mu
	used                                 time.Time
	ops, asks, bytes, connects, requests *rate.Limiter
}

// Sizes of the table: it is looked through when it has doubled. An address costs about 600 bytes.
const (
	fewAddresses  = 10_000
	mostAddresses = 200_000
	// forgetAfter is longer than any burst takes to fill up again at its default rate.
	forgetAfter = time.Minute
)

func newAddresses(l Limits, trusted []string) (*addresses, error) {
	a := &addresses{limits: l, all: map[netip.Addr]*address{}, prune: fewAddresses}
	for _, s := range trusted {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			var one netip.Addr
			if one, err = netip.ParseAddr(s); err == nil {
				p = netip.PrefixFrom(one.Unmap(), one.Unmap().BitLen())
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%q is not the address of a proxy; write one such as 10.0.0.5, or a network such as 10.0.0.0/8", s)
		}
		a.trusted = append(a.trusted, p.Masked())
	}
	return a, nil
}

func (a *addresses) trusts(ip netip.Addr) bool {
	for _, p := range a.trusted {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// of returns whose request r is; ok is false for one without limits.
func (a *addresses) of(r *http.Request) (ip netip.Addr, ok bool) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ip, false // not a network's
	}
	ip = peer.Addr().Unmap().WithZone("")
	if a.trusts(ip) {
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(hops) - 1; i >= 0; i-- {
			hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
			if err != nil {
				break // nobody whom we trust wrote this
			}
			if ip = hop.Unmap().WithZone(""); !a.trusts(ip) {
				break
			}
		}
		if a.trusts(ip) {
			return ip, false // a proxy's own question
		}
	} else if ip.IsLoopback() {
		return ip, false
	}
	if ip.Is6() {
		p, _ := ip.Prefix(64) // which an address of 128 bits has
		ip = p.Addr()
	}
	return ip, true
}

// get returns the state of an address; a.mu is held.
func (a *addresses) get(ip netip.Addr, now time.Time) *address {
	s := a.all[ip]
	if s == nil {
		if len(a.all) >= a.prune {
			a.forget(now)
		}
		l := &a.limits
		s = &address{
			ops: l.AddressOps.limiter(), asks: l.AddressAsks.limiter(), bytes: l.AddressBytes.limiter(),
			connects: l.Connects.limiter(), requests: l.Requests.limiter(),
		}
		a.all[ip] = s
	}
	s.used = now
	return s
}

// forget drops addresses that have no connection and did nothing for a while; if there are too many, all that have none.
func (a *addresses) forget(now time.Time) {
	for _, longest := range []time.Duration{forgetAfter, 0} {
		for ip, s := range a.all {
			if s.sockets == 0 && now.Sub(s.used) >= longest {
				delete(a.all, ip)
			}
		}
		if len(a.all) < mostAddresses {
			break
		}
	}
	a.prune = max(fewAddresses, 2*len(a.all))
}

// request counts a request over HTTP, or returns why it may not come in.
func (a *addresses) request(r *http.Request, now time.Time) error {
	ip, ok := a.of(r)
	if !ok {
		return nil
	}
	a.mu.Lock()
	s := a.get(ip, now)
	a.mu.Unlock()
	if wait, ok := spend(s.requests, 1, now, 0); !ok {
		return &limited{errRate, wait}
	}
	return nil
}

// open counts a new WebSocket, or returns why it may not come in. What it returns is to be closed with it.
func (a *addresses) open(r *http.Request, now time.Time) (*rates, error) {
	out := &rates{ops: a.limits.Ops.limiter(), asks: a.limits.Asks.limiter(), bytes: a.limits.Bytes.limiter()}
	ip, ok := a.of(r)
	if !ok {
		return out, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.get(ip, now)
	if most := a.limits.AddressSockets; most >= 0 && s.sockets >= most {
		return nil, &limited{errConnected, 10 * time.Second}
	}
	if wait, ok := spend(s.connects, 1, now, 0); !ok {
		return nil, &limited{errRate, wait}
	}
	s.sockets++
	out.address = s
	return out, nil
}

// closed takes back what open counted.
func (a *addresses) closed(r *rates, now time.Time) {
	if r == nil || r.address == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r.address.sockets--
	r.address.used = now
	r.address = nil
}
