package stages

import (
	"context"
	"fmt"
)

// A Preparer is a stage, or a [Filter] or [Rewriter], that needs more than its
// table: a model, a list, a program of the user's. Prepare reads or starts it, once
// before any row on each rank that runs the stage. Its error says what to do.
type Preparer interface {
	Prepare(ctx context.Context) error
}

// Prepare prepares all stages of the list that ask for it.
func Prepare(ctx context.Context, list []Stage) error {
	for _, s := range list {
		if p, ok := As[Preparer](s); ok {
			if err := p.Prepare(ctx); err != nil {
				return fmt.Errorf("stage %q: %w", s.Name(), err)
			}
		}
	}
	return nil
}

// A Fingerprinter is a stage, or a [Rewriter], whose rows depend on what stands neither in the job
// file nor in a file that it names, such as a key. Fingerprint tells two of them apart and
// does not reveal them; 0 = there is none. It is called after Prepare.
type Fingerprinter interface {
	Fingerprint() uint64
}

func (r *rewriter) Fingerprint() uint64 {
	if f, ok := r.part().(Fingerprinter); ok {
		return f.Fingerprint()
	}
	return 0
}

// A Closer is a stage, or a [Filter] or [Rewriter], that holds more than memory: processes of
// a program. Close ends them once no row comes any more, also where Prepare failed or was not called.
type Closer interface {
	Close()
}

// An External is a stage that gives rows to a program of the user's, and is left out where rows are only
// tried.
type External interface{ External() }

// Close closes all stages of the list that ask for it.
func Close(list []Stage) {
	for _, s := range list {
		if c, ok := As[Closer](s); ok {
			c.Close()
		}
	}
}

func (f *filter) Close()   { closePart(f.part()) }
func (r *rewriter) Close() { closePart(r.part()) }

// closePart closes what a stage is made of.
func closePart(part any) {
	if c, ok := part.(Closer); ok {
		c.Close()
	}
}

// prepare prepares what a stage is made of.
func prepare(ctx context.Context, part any) error {
	if p, ok := part.(Preparer); ok {
		return p.Prepare(ctx)
	}
	return nil
}
