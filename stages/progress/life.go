// Package progress shows where the ranks of a job are.
//
// Each rank keeps a [Life], which writes a small record every few seconds into one
// file per node in a folder that all nodes share. Everything else reads
// those files: the line of [Progress] that rank 0 prints, [WhereAll] for people who ask,
// and [Watchdog] for ranks that wait too long. No rank needs another for it.
package progress

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Beat is the time between two records of a rank, unless said otherwise.
const Beat = 10 * time.Second

// LifeOptions say which rank a [Life] is of.
type LifeOptions struct {
	Dir        string // of the life files, shared by all nodes
	Host       string
	Slot       int // among the ranks of the host
	Rank, Size int
	Start      uint32        // number of this start of the job: records of others do not count
	Every      time.Duration // 0 means [Beat]
}

// A Life is the sign of life of one rank. A nil *Life is quiet. Its methods may be
// called by several goroutines; Block and Done cost a few atomic additions.
type Life struct {
	o     LifeOptions
	bytes atomic.Int64
	rows  atomic.Int64
	block atomic.Int64

	mu    sync.Mutex // guards the pass
	pass  Record     // what changes seldom
	what  string
	began time.Time // of the pass

	stop    context.CancelFunc
	ended   sync.WaitGroup
	writing sync.Mutex // guards the rest: a file system that hangs must not stop a pass
	f       *os.File
	err     error // of the last record
	closed  bool
}

// NewLife returns the life of a rank, which has not begun.
func NewLife(o LifeOptions) *Life {
	if o.Every <= 0 {
		o.Every = Beat
	}
	l := &Life{o: o}
	l.pass = Record{Host: fileName(o.Host), Rank: o.Rank, Size: o.Size, Start: o.Start}
	return l
}

// Start writes the first record and goes on until Close or the end of ctx. A
// record that cannot be written is no error: the next may be.
func (l *Life) Start(ctx context.Context) {
	if l == nil {
		return
	}
	l.write()
	ctx, l.stop = context.WithCancel(ctx)
	l.ended.Go(func() {
		tick := time.NewTicker(l.o.Every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				l.write()
			}
		}
	})
}

// Tell writes a record now, for somebody who asks.
func (l *Life) Tell() {
	if l != nil {
		l.write()
	}
}

// open makes the file of the node, unless it is open.
func (l *Life) open() error {
	if l.f != nil {
		return nil
	}
	path := filepath.Join(l.o.Dir, fileName(l.o.Host))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(l.o.Dir, 0o755); err == nil {
			f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
		}
	}
	if err != nil {
		return err
	}
	// All ranks of a node write the same header.
	if _, err := f.WriteAt(header(), 0); err != nil {
		f.Close()
		return err
	}
	l.f = f
	return nil
}

// fileName makes a file name of a host name.
func fileName(host string) string {
	if host == "" || !filepath.IsLocal(host) || strings.ContainsAny(host, `/\`) {
		return "host"
	}
	return host
}

// write writes where the rank is into its slot.
func (l *Life) write() {
	r := l.Record()
	l.writing.Lock()
	defer l.writing.Unlock()
	if l.closed {
		return
	}
	if l.err = l.open(); l.err == nil {
		_, l.err = l.f.WriteAt(r.encode(), int64(recordSize*(1+l.o.Slot)))
	}
}

// Pass begins a pass (from 1), in which all ranks together are to read so many
// bytes; none in a round after it. what says what is done in it.
func (l *Life) Pass(pass, passes int, what string, bytes int64) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pass.Pass, l.pass.Passes, l.pass.Total, l.pass.Phase = pass, passes, bytes, Working
	l.what, l.began = what, time.Now()
	l.bytes.Store(0)
	l.rows.Store(0)
	l.block.Store(0)
}

// Block says which block is begun.
func (l *Life) Block(_, block int) {
	if l != nil {
		l.block.Store(int64(block))
	}
}

// Done adds bytes read and rows seen; in a round, records that were routed.
func (l *Life) Done(bytes, rows int64) {
	if l != nil {
		l.bytes.Add(bytes)
		l.rows.Add(rows)
	}
}

// Finish says that this rank has no more to do in the pass.
func (l *Life) Finish() {
	if l != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.pass.Phase = Waiting
	}
}

// Record returns where the rank is now.
func (l *Life) Record() Record {
	if l == nil {
		return Record{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.pass
	r.Block, r.Bytes, r.Rows = int(l.block.Load()), l.bytes.Load(), l.rows.Load()
	r.Time = time.Now()
	r.Peak = Peak()
	return r
}

// doing returns what the pass does, and when it began.
func (l *Life) doing() (what string, began time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.what, l.began
}

// Close writes that the rank has ended. It returns the error of the last
// record that could not be written, which is no reason to fail.
func (l *Life) Close() error {
	if l == nil || l.stop == nil {
		return nil
	}
	l.stop()
	l.ended.Wait()
	l.mu.Lock()
	l.pass.Phase = Ended
	l.mu.Unlock()
	l.write()
	l.stop = nil
	l.writing.Lock()
	defer l.writing.Unlock()
	l.closed = true
	if l.f == nil {
		return fmt.Errorf("cannot write signs of life: %w", l.err)
	}
	err := errors.Join(l.err, l.f.Close())
	l.f = nil
	return err
}
