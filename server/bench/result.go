package bench

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
)

// Result is what one bench measured, and on what.
type Result struct {
	Bench   string  `json:"bench"`
	Machine Machine `json:"machine"`
	Cases   []Case  `json:"cases"`
}

// Machine is what a Result was measured on.
type Machine struct {
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`
	Go    string `json:"go"`
}

// Case is one thing that was measured. Figures are keyed by names that end in their unit.
type Case struct {
	Name      string             `json:"name"`
	Figures   map[string]float64 `json:"figures"`
	Yardstick Yardstick          `json:"yardstick"`
	// Ratio is how often nigh does its work while the yardstick does its own once: larger is better.
	Ratio float64 `json:"ratio"`
}

// Yardstick is what a figure stands beside, measured in the same run.
type Yardstick struct {
	Name    string             `json:"name"`
	Figures map[string]float64 `json:"figures"`
}

// Progress is told what a bench does now. It may be nil.
type Progress func(step string)

func (p Progress) tell(format string, args ...any) {
	if p != nil {
		p(fmt.Sprintf(format, args...))
	}
}

func newResult(name string) *Result { return &Result{Bench: name, Machine: thisMachine()} }

func thisMachine() Machine {
	return Machine{CPU: cpuName(), Cores: runtime.GOMAXPROCS(0), Go: runtime.Version()}
}

// cpuName is the processor as Linux names it, and its architecture elsewhere.
func cpuName() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// Table writes r for people: a line a case, its yardstick below it.
func (r *Result) Table(w io.Writer) error {
	fmt.Fprintf(w, "%s on %s, %d cores, %s\n\n", r.Bench, r.Machine.CPU, r.Machine.Cores, r.Machine.Go)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range r.Cases {
		fmt.Fprintf(t, "%s\t%s\t%s\n", c.Name, line(c.Figures), times(c.Ratio))
		fmt.Fprintf(t, "  %s\t%s\t\n", c.Yardstick.Name, line(c.Yardstick.Figures))
	}
	return t.Flush()
}

func times(ratio float64) string { return "× " + round(ratio) }

func line(figures map[string]float64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(figures)) {
		parts = append(parts, name+" "+round(figures[name]))
	}
	return strings.Join(parts, "  ")
}

// round keeps three figures.
func round(v float64) string {
	if v == 0 || math.Abs(v) >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.*f", 2-int(math.Floor(math.Log10(math.Abs(v)))), v)
}

// percentile returns the value below which a share of the values are; sorted ascending, not empty.
func percentile[T cmp.Ordered](sorted []T, share float64) T {
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}
