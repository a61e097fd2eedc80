package progress

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Options of a [Progress].
type Options struct {
	Out   io.Writer     // standard error
	Live  bool          // Out is a terminal: one line is written over and over
	Width func() int    // columns of the terminal; nil or 0 = 80
	Every time.Duration // between lines of a log; 0 means 30 s
	Life  *Life         // of rank 0
}

const (
	liveEvery = 500 * time.Millisecond
	logEvery  = 30 * time.Second
	window    = time.Minute // over which rates are measured: several beats
)

// Progress prints how the job goes, on rank 0. A nil *Progress is quiet. Its methods may be
// called by several goroutines.
type Progress struct {
	o     Options
	mu    sync.Mutex
	past  []sample  // of this pass or round, at most a window long, oldest first
	began time.Time // of the pass, or the round
	shown bool      // a live line is on the screen
	stop  context.CancelFunc
	ended sync.WaitGroup
}

// A sample is how far all ranks were at a time.
type sample struct {
	at          time.Time
	bytes, rows int64
}

// New returns a Progress that has not begun; nil where there is no Life.
func New(o Options) *Progress {
	if o.Life == nil {
		return nil
	}
	if o.Every <= 0 {
		o.Every = logEvery
	}
	if o.Live {
		o.Every = liveEvery
	}
	return &Progress{o: o}
}

// Start prints until Close or the end of ctx.
func (p *Progress) Start(ctx context.Context) {
	if p == nil {
		return
	}
	ctx, p.stop = context.WithCancel(ctx)
	p.ended.Go(func() {
		tick := time.NewTicker(p.o.Every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				p.print()
			}
		}
	})
}

// Close takes the live line away. A log gets no last line: the summary follows.
func (p *Progress) Close() {
	if p == nil || p.stop == nil {
		return
	}
	p.stop()
	p.ended.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

// Write prints whole lines to Out, above the live line.
func (p *Progress) Write(text []byte) (int, error) {
	if p == nil {
		return len(text), nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	return p.o.Out.Write(text)
}

// clear takes the live line off the screen. mu is held.
func (p *Progress) clear() {
	if p.shown {
		// Carriage return, erase to the end of the line (ECMA-48 EL).
		_, _ = io.WriteString(p.o.Out, "\r\x1b[K")
		p.shown = false
	}
}

// print shows where the ranks are now.
func (p *Progress) print() {
	// The files may be on a slow file system: not under the lock.
	records, err := ReadLife(p.o.Life.o.Dir)
	if err != nil {
		records = nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	own := p.o.Life.Record()
	if own.Pass == 0 {
		return
	}
	what, began := p.o.Life.doing()
	line := p.line(own, what, began, records)
	if !p.o.Live {
		_, _ = io.WriteString(p.o.Out, line+"\n")
		return
	}
	width := 80
	if p.o.Width != nil {
		if w := p.o.Width(); w > 0 {
			width = w
		}
	}
	// A line that reaches the last column would wrap.
	if r := []rune(line); len(r) >= width {
		line = string(r[:width-1])
	}
	p.clear()
	_, _ = io.WriteString(p.o.Out, line)
	p.shown = true
}

// line says how the pass goes. own is the record of rank 0 now, which is newer
// than the one among the others.
func (p *Progress) line(own Record, what string, began time.Time, records []Record) string {
	sum := sumUp(own, records)
	rate, rows := p.rates(own, began, sum)
	var s strings.Builder
	fmt.Fprintf(&s, "pass %d/%d %s", own.Pass, own.Passes, what)
	if own.Total > 0 {
		fmt.Fprintf(&s, "  %5.1f%%", 100*min(1, float64(sum.bytes)/float64(own.Total)))
	}
	if own.Total > 0 {
		fmt.Fprintf(&s, "  %s  %s rows  %s rows/s", Rate(rate), Count(sum.rows), Count(int64(rows)))
	} else {
		fmt.Fprintf(&s, "  %s records  %s records/s", Count(sum.rows), Count(int64(rows)))
	}
	if left := own.Total - sum.bytes; left > 0 && rate > 0 {
		fmt.Fprintf(&s, "  ETA %s", Duration(time.Duration(float64(left)/rate*float64(time.Second))))
	}
	if own.Size > 1 {
		fmt.Fprintf(&s, "  ranks done %d/%d", sum.done, own.Size)
	}
	fmt.Fprintf(&s, "  peak %s", Bytes(sum.peak))
	// Once most are done, the others are what one wants to know.
	if slow, ok := slowest(sum.ranks); ok && 2*sum.done >= own.Size {
		fmt.Fprintf(&s, "  waiting for rank %d on %s", slow.Rank, slow.Host)
		if slow.Total > 0 {
			fmt.Fprintf(&s, ", block %d", slow.Block)
		}
	}
	return s.String()
}

// A total is what the ranks have done in a pass.
type total struct {
	bytes, rows, peak int64
	done              int
	ranks             []Record // in the pass
}

// sumUp adds the records of the pass that rank 0 is in. A rank that is still in
// the pass before has done nothing of this one, and who still reads nothing of a round.
func sumUp(own Record, records []Record) total {
	var t total
	add := func(r Record) {
		t.bytes += r.Bytes
		t.rows += r.Rows
		if r.Phase >= Waiting {
			t.done++
		}
		t.ranks = append(t.ranks, r)
	}
	add(own)
	t.peak = own.Peak
	for _, r := range records {
		if r.Start != own.Start || r.Rank == own.Rank {
			continue
		}
		t.peak = max(t.peak, r.Peak)
		if r.Pass == own.Pass && (r.Total > 0) == (own.Total > 0) {
			add(r)
		}
	}
	return t
}

// rates returns bytes and rows per second over the window.
func (p *Progress) rates(own Record, began time.Time, t total) (bytes, rows float64) {
	if !p.began.Equal(began) {
		p.began, p.past = began, []sample{{at: began}}
	}
	p.past = append(p.past, sample{own.Time, t.bytes, t.rows})
	for len(p.past) > 2 && own.Time.Sub(p.past[1].at) >= window {
		p.past = p.past[1:]
	}
	first := p.past[0]
	d := own.Time.Sub(first.at).Seconds()
	if d <= 0 {
		return 0, 0
	}
	return max(0, float64(t.bytes-first.bytes)/d), max(0, float64(t.rows-first.rows)/d)
}
