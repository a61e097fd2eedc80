package stages

import (
	"context"
	"fmt"
	"strings"

	"sluice/stages/progress"
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

// A Holder is a stage, or a [Filter] or [Rewriter], that keeps much in memory once it is prepared: a model, a list.
// Held says how many bytes of it a rank has that works with so many threads.
type Holder interface {
	Held(threads int) int64
}

// Room returns what the stages of a list, which are prepared, leave of the memory of a rank: half at least.
func Room(list []Stage, memory int64, threads int) (int64, error) {
	var all int64
	var large []string
	for _, s := range list {
		if h, ok := As[Holder](s); ok {
			n := h.Held(threads)
			if all += n; n > memory/100 {
				large = append(large, fmt.Sprintf("%s %s", s.Name(), progress.Bytes(n)))
			}
		}
	}
	if all <= memory/2 {
		return memory - all, nil
	}
	return memory / 2, fmt.Errorf("models and lists of stages take %s of the memory of each rank, which is %s: %s\nset memory to %dMB or more",
		progress.Bytes(all), progress.Bytes(memory), strings.Join(large, ", "), (2*all+999_999)/1_000_000)
}

func (f *filter) Held(threads int) int64   { return holds(f.part(), threads) }
func (r *rewriter) Held(threads int) int64 { return holds(r.part(), threads) }

// holds is what a stage holds that is made of part.
func holds(part any, threads int) int64 {
	if h, ok := part.(Holder); ok {
		return h.Held(threads)
	}
	return 0
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
