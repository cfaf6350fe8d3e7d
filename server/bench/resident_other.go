//go:build !linux

package bench

import "runtime"

// resident is what Go has from the system and has not given back; the rest of the process is not seen.
func resident() float64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.Sys - m.HeapReleased)
}
