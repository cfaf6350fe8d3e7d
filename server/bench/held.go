package bench

import (
	"bufio"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
)

// Holds returns what this process holds now: of the heap, what is reachable. Where the system does not tell what is
// resident, it is what Go has of it.
func Holds() Held {
	var h Held
	h.Resident, h.Peak = resident()
	runtime.GC()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/total:bytes"}}
	metrics.Read(sample)
	h.Heap = mib(sample[0].Value.Uint64())
	if h.Resident == 0 {
		h.Resident = mib(sample[1].Value.Uint64())
		h.Peak = h.Resident
	}
	return h
}

// ForgetPeak lets the peak of Holds begin anew, where the system can.
func ForgetPeak() {
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // Linux alone has it
}

func mib(bytes uint64) float64 { return float64(bytes) / (1 << 20) }

// resident is what Linux says: VmRSS and VmHWM, in MiB; 0 elsewhere.
func resident() (now, peak float64) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		switch {
		case err != nil:
		case name == "VmRSS":
			now = kib / 1024
		case name == "VmHWM":
			peak = kib / 1024
		}
	}
	return now, peak
}
