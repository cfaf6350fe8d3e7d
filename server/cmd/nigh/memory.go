package main

import (
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// How much garbage a process that holds a catalog lets come together, unless GOGC says otherwise: a third of what it
// holds, for a start, then as much as it holds, but not more than garbageBytes, nor less than leastPercent. Most of what
// a server holds (index, texts, counts) stays: small catalogs are collected seldom, which readers would notice, and large
// ones do not take a third more memory for nothing. A start on 100,000 items and 10 million events takes 1,026 MiB, of
// which 752 are reachable in Go's heap; with a third of garbage, and as much kept twice as there was, it took 1,264.
const (
	startPercent = 30
	leastPercent = 8
	mostPercent  = 100
	garbageBytes = 64 << 20
	lookAtHeap   = 250 * time.Millisecond
	calmLooks    = 8 // without a collection: learning is over
)

// leanMemory begins to see to that, once, until the process ends. While the heap does not grow it also sets a limit for
// all of Go's memory, just above: so what a start or an erasure needed for a while goes back to the system at once, and
// not a tenth of it never. When nothing was collected for calmLooks, and the heap is not what it was the last time, all
// that is free is given back: after a start 70 MiB of 966.
var leanMemory = sync.OnceFunc(func() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(startPercent)
	go func() {
		percent, limit, before := startPercent, int64(math.MaxInt64), uint64(0)
		calm, given := 0, uint64(0)
		for range time.Tick(lookAtHeap) {
			live, other := heldMemory()
			if p := garbagePercent(live); p != percent {
				percent = p
				debug.SetGCPercent(p)
			}
			if l := memoryLimit(live, before, other, percent); l != limit {
				limit = l
				debug.SetMemoryLimit(l)
			}
			if calm++; live != before {
				calm = 0
			}
			if calm == calmLooks && (live < given-given/64 || live > given+given/64) {
				debug.FreeOSMemory()
				live, _ = heldMemory()
				given = live
			}
			before = live
		}
	}()
})

// heldMemory returns how many bytes of the heap were reachable at the last collection, and how many Go holds that are
// neither objects nor could be given back: stacks, what the collector needs, gaps between objects.
func heldMemory() (live, other uint64) {
	s := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"},
		{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/objects:bytes"},
	}
	metrics.Read(s)
	other = s[1].Value.Uint64()
	for _, m := range s[2:] {
		other -= min(other, m.Value.Uint64())
	}
	return s[0].Value.Uint64(), other
}

// memoryLimit returns the limit for a heap of which so many bytes are reachable, and were when it was looked at before:
// what they and their garbage take, what else Go needs (other), and some more, lest the collector runs without a pause.
// A heap that grows, and a small one, have no limit.
func memoryLimit(live, before, other uint64, percent int) int64 {
	if live < 2*garbageBytes || live > before+before/64 {
		return math.MaxInt64
	}
	need := live + live*uint64(percent)/100 + other
	return int64((need + need/64 + 8<<20) &^ (4<<20 - 1)) // in steps, so that it is not set for each byte
}

// garbagePercent returns the percentage for a heap of which so many bytes are reachable. Steps are coarse: each change
// stops the world for a moment.
func garbagePercent(live uint64) int {
	p := int(100 * garbageBytes / max(live, 1))
	return min(max(p-p%4, leastPercent), mostPercent)
}
