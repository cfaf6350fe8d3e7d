package bench

import (
	"context"
	"fmt"
	"time"
)

// burst is what came of deltas that were kept in flight for a while.
type burst struct{ rate, cpu []float64 }

func (b *burst) figures() map[string]float64 {
	out := map[string]float64{"deliveries_per_s": median(b.rate)}
	if c := median(b.cpu); c > 0 {
		out["cpu_us"] = c
	}
	return out
}

// measure keeps deltas in flight for opt.For: deliveries a second, and what of the processor each took in this process.
func (b *burst) measure(ctx context.Context, f *fanout, p *progressOf, send func() (uint64, error)) error {
	begin, end, cpu := time.Now(), time.Now().Add(f.opt.For), cpuTime()
	var out []uint64 // rounds that not all have
	sent := 0
	last := begin
	for time.Now().Before(end) || len(out) > 0 {
		for len(out) > 0 && out[0] <= p.round {
			out, last = out[1:], p.last
		}
		switch {
		case len(out) < f.opt.InFlight && time.Now().Before(end):
			round, err := send()
			if err != nil {
				return err
			}
			out = append(out, round)
			sent++
			for len(f.crowd.news) > 0 {
				if err := f.wait(ctx); err != nil {
					return err
				}
			}
		case len(out) > 0:
			if err := f.wait(ctx); err != nil {
				return err
			}
		}
	}
	deliveries := float64(sent) * float64(f.clients)
	b.rate = append(b.rate, deliveries/last.Sub(begin).Seconds())
	b.cpu = append(b.cpu, micros(cpuTime()-cpu)/deliveries)
	return nil
}

// plainWrite is one round of the yardstick.
func (f *fanout) plainWrite() (uint64, error) { return f.plain.write(make([]byte, f.bytes)) }

// many measures with many deltas on their way, nigh and its yardstick in turn.
func (f *fanout) many(ctx context.Context) ([]Case, error) {
	var nigh, plain burst
	for i := range f.opt.Rounds {
		f.opt.Progress.tell("%d clients, %d deltas in flight: round %d of %d", f.clients, f.opt.InFlight, i+1, f.opt.Rounds)
		if err := nigh.measure(ctx, f, &f.sync, func() (uint64, error) { return f.edit(ctx) }); err != nil {
			return nil, err
		}
		if err := plain.measure(ctx, f, &f.tcp, f.plainWrite); err != nil {
			return nil, err
		}
	}
	return []Case{{
		Name:      fmt.Sprintf("clients=%d/bytes=%d/in-flight=%d", f.clients, f.opt.Bytes, f.opt.InFlight),
		Figures:   nigh.figures(),
		Yardstick: Yardstick{"a loop of one TCP write each, the same bytes", plain.figures()},
		Ratio:     median(nigh.rate) / median(plain.rate),
	}}, nil
}
