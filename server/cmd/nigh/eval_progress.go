package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// evalProgress shows how far a measurement is: a bar on a terminal, a line now and then elsewhere.
type evalProgress struct {
	out      io.Writer
	terminal bool
	now      func() time.Time

	mu   sync.Mutex // texts are read in several goroutines
	step string
	bar  *progressbar.ProgressBar
	told time.Time
}

func newEvalProgress(out io.Writer) *evalProgress {
	p := &evalProgress{out: out, now: time.Now}
	f, ok := out.(*os.File)
	p.terminal = ok && term.IsTerminal(int(f.Fd()))
	p.told = p.now()
	return p
}

// tell is an eval.Progress.
func (p *evalProgress) tell(step string, done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.terminal {
		if now := p.now(); now.Sub(p.told) >= reportEvery {
			p.told = now
			fmt.Fprintf(p.out, "%s, %s of %s\n", step, comma(done), comma(total))
		}
		return
	}
	if step != p.step {
		p.clear()
		p.step = step
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(p.out),
			progressbar.OptionSetDescription(step),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetWidth(30),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetElapsedTime(true),
			progressbar.OptionSetPredictTime(true),
		)
	}
	_ = p.bar.Set(done) // only decoration
}

// end takes the bar off the terminal.
func (p *evalProgress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *evalProgress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
}
