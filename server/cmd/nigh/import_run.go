package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"nigh/server/ingest"
	"nigh/server/store"
)

// Bounds of one batch: whichever is reached first.
const (
	batchRows  = 1000
	batchBytes = 2 << 20
)

// sink is where rows go: a data folder or a server. The results of a call are as many as its rows, in their order; an
// error means that nothing of the rows may be in, and that going on makes no sense.
type sink interface {
	putItems(context.Context, []store.Item) ([]outcome, error)
	putEvents(context.Context, []store.Event) ([]outcome, error)
	// checkItems and checkEvents tell what the puts would, as far as that is known without writing.
	checkItems(context.Context, []store.Item) ([]outcome, error)
	checkEvents(context.Context, []store.Event) ([]outcome, error)
	// settle waits until what went in is also learnt and related to everything else, and tells how much is left: what is
	// done, with how many, of what.
	settle(ctx context.Context, tell func(doing string, left int, of string)) error
	close() error
}

// outcome says what became of one row.
type outcome struct {
	created, duplicate bool
	reason, hint       string // of a refusal; reason is "" if the row went in
}

// importJob is an import as the command line asks for it.
type importJob struct {
	sources     []string
	strict      bool
	read        ingest.Options
	out, errOut io.Writer
	open        func(context.Context) (sink, error)
}

// rowKind is what differs between items and events.
type rowKind[T any] struct {
	one, many  string
	read       func(context.Context, string, ingest.Options) iter.Seq2[ingest.Row[T], error]
	put, check func(sink, context.Context, []T) ([]outcome, error)
	id         func(*T) string // for reports
	bytes      func(*T) int    // about what the row takes as JSON
	when       func(*T) int64  // rows go in by it, ascending; nil: as they come
}

// importAll reads every source of job and puts its rows, in batches. It returns errToldAlready if rows were refused.
func importAll[T any](ctx context.Context, job importJob, kind rowKind[T]) (err error) {
	to, err := job.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.close()) }()

	rep := newReport(job.out, job.errOut, kind.one, kind.many)
	if job.strict {
		job.read.Spool = ingest.NewSpool()
		defer func() { err = errors.Join(err, job.read.Spool.Close()) }()

		rep.begin(job.sources, "checked")
		asItStands := kind
		asItStands.when = nil // nothing is learnt of a check
		err := pass(ctx, job, asItStands, to, kind.check, rep)
		rep.end()
		if err != nil {
			return err
		}
		if rep.refused > 0 || rep.failed > 0 {
			return withHint(fmt.Errorf("%s, so nothing was written", rep.faults("would be refused")), "correct what is named above, or import the rest without --strict")
		}
	}
	rep.begin(job.sources, "imported")
	err = pass(ctx, job, kind, to, kind.put, rep)
	rep.end()
	if err == nil {
		err = rep.settle(ctx, to)
	}
	rep.summary()
	if err == nil && (rep.refused > 0 || rep.failed > 0) {
		err = errToldAlready
	}
	return err
}

// pass reads every source once and gives its rows to do. A source that breaks off is reported, and the others follow;
// only an error of do, or the end of ctx, ends the pass.
func pass[T any](ctx context.Context, job importJob, kind rowKind[T], to sink, do func(sink, context.Context, []T) ([]outcome, error), rep *report) (err error) {
	b := batch[T]{
		kind: kind, rep: rep,
		// A batch that is on its way is finished even if the reading is interrupted: its count would be wrong otherwise.
		do: func(rows []T) ([]outcome, error) { return do(to, context.WithoutCancel(ctx), rows) },
	}
	if kind.when == nil {
		err := readRows(ctx, job, kind, rep, b.add)
		if err != nil && !errors.Is(err, errInterrupted) {
			return err
		}
		return errors.Join(b.flush(), err)
	}
	s := newSorter(kind.when, sortedRows)
	defer func() { err = errors.Join(err, s.close()) }()
	if err := readRows(ctx, job, kind, rep, s.add); err != nil {
		return err
	}
	for row, err := range s.all() {
		if err == nil && ctx.Err() != nil {
			err = errInterrupted
		}
		if err != nil {
			return errors.Join(b.flush(), err)
		}
		if err := b.add(row); err != nil {
			return err
		}
	}
	return b.flush()
}

// readRows gives the rows of every source to take. Only an error of take, or the end of ctx, ends it early.
func readRows[T any](ctx context.Context, job importJob, kind rowKind[T], rep *report, take func(ingest.Row[T]) error) error {
	opt := job.read
	opt.Notice, opt.Progress = rep.notice, rep.bytes
	for _, source := range job.sources {
		for row, err := range kind.read(ctx, source, opt) {
			bad, isRow := errors.AsType[*ingest.RowError](err)
			switch {
			case err == nil:
				if err := take(row); err != nil {
					return err
				}
			case isRow:
				rep.refuse(bad)
			case ctx.Err() != nil:
				return errInterrupted
			default:
				rep.fail(err)
			}
		}
	}
	return nil
}

// errInterrupted ends an import that was told to stop.
var errInterrupted = withHint(errors.New("interrupted"), "run the same command again to go on: what is in is not counted twice")

// batch collects rows until they are worth a call.
type batch[T any] struct {
	kind   rowKind[T]
	rep    *report
	do     func([]T) ([]outcome, error)
	rows   []T
	places []ingest.Place
	bytes  int
}

func (b *batch[T]) add(row ingest.Row[T]) error {
	b.rows = append(b.rows, row.Value)
	b.places = append(b.places, row.Place)
	b.bytes += b.kind.bytes(&row.Value)
	if len(b.rows) < batchRows && b.bytes < batchBytes {
		return nil
	}
	return b.flush()
}

func (b *batch[T]) flush() error {
	if len(b.rows) == 0 {
		return nil
	}
	results, err := b.do(b.rows)
	if err == nil && len(results) != len(b.rows) {
		err = fmt.Errorf("import %d %s: %d answers came back; report this as a fault of nigh", len(b.rows), b.kind.many, len(results))
	}
	if err != nil {
		return err
	}
	for i, r := range results {
		if r.reason != "" {
			b.rep.refuse(&ingest.RowError{Place: b.places[i], Reason: r.reason, Hint: r.hint})
		} else {
			b.rep.accept(r)
		}
	}
	b.rep.rows()
	b.rows, b.places, b.bytes = b.rows[:0], b.places[:0], 0
	return nil
}
