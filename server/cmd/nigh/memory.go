package main

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// How much garbage a process that holds a catalog lets come together, unless GOGC says otherwise: a third of what it
// holds, for a start, then as much as it holds, but not more than garbageBytes, nor less than leastPercent. Most of what
// a server holds (index, texts, counts) stays: small catalogs are collected seldom, which readers would notice, and large
// ones do not take a third more memory for nothing.
const (
	startPercent = 30
	leastPercent = 12
	mostPercent  = 100
	garbageBytes = 96 << 20
	lookAtHeap   = 250 * time.Millisecond
)

// leanMemory begins to see to that, once, until the process ends.
var leanMemory = sync.OnceFunc(func() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(startPercent)
	go func() {
		percent := startPercent
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		for range time.Tick(lookAtHeap) {
			metrics.Read(live)
			if p := garbagePercent(live[0].Value.Uint64()); p != percent {
				percent = p
				debug.SetGCPercent(p)
			}
		}
	}()
})

// garbagePercent returns the percentage for a heap of which so many bytes are reachable. Steps are coarse: each change
// stops the world for a moment.
func garbagePercent(live uint64) int {
	p := int(100 * garbageBytes / max(live, 1))
	return min(max(p-p%4, leastPercent), mostPercent)
}
