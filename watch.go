package main

import (
	"context"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"sluice/stages/pipeline"
	"sluice/stages/progress"
)

// A speaker is where words to the user go. While a progress line is on the
// screen, they go above it.
type speaker struct {
	mu sync.Mutex
	to io.Writer
}

func (s *speaker) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to.Write(p)
}

// through sends all words through w, which writes them on, and returns what
// ends that.
func (s *speaker) through(w io.Writer) (end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.to
	s.to = w
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.to = was
	}
}

// showProgress prints how the job goes, from the signs of life of rank 0. It
// returns what ends that.
func (p *program) showProgress(ctx context.Context, life *progress.Life) (end func()) {
	screen := int(os.Stderr.Fd())
	line := progress.New(progress.Options{
		Out: os.Stderr, Live: term.IsTerminal(screen), Life: life,
		Width: func() int { n, _, _ := term.GetSize(screen); return n },
	})
	stop := p.stderr.through(line)
	line.Start(ctx)
	return func() {
		line.Close()
		stop()
	}
}

// waiting returns what a rank does when it has waited too long: nothing
// before there are signs of life, when rank 0 may be listing many inputs; then
// it looks at them.
func waiting(out string, began *atomic.Bool, say func(string)) func(string, time.Time) error {
	look := progress.Watchdog(pipeline.LifeDir(out), say)
	return func(op string, since time.Time) error {
		if !began.Load() {
			say("waiting for " + progress.Duration(time.Since(since)) + " for the job to begin, in " + op)
			return nil
		}
		return look(op, since)
	}
}
