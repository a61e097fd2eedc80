package run

import (
	"context"
	"errors"
	"testing"
	"time"

	"sluice/stages"
)

// stopping returns a context of a rank, and what tells the rank to stop.
func stopping() (ctx context.Context, stop func()) {
	asked, stop := context.WithCancel(context.Background())
	return stages.WithStop(context.Background(), asked), stop
}

// Once the rank is to stop, a program that does not answer is ended, whatever its timeout; no row goes for that.
func TestStop(t *testing.T) {
	s := makeStage(t, "stuck", func(e *Exec) { e.Adds, e.OnError = map[string]string{"n": "int"}, "drop" })
	s.grace = 10 * time.Millisecond
	ctx, stop := stopping()
	time.AfterFunc(100*time.Millisecond, stop)
	b := batchOf("good", "poison")
	if err := s.Map(ctx, b); !errors.Is(err, stages.ErrStopped) || b.Live() != 2 {
		t.Errorf("%d rows are left: %v", b.Live(), err)
	}
	if err := s.Map(ctx, batchOf("good")); !errors.Is(err, stages.ErrStopped) {
		t.Errorf("the batch after: %v", err)
	}
}

// One that answers finishes what it was given.
func TestStopAnswered(t *testing.T) {
	s := makeStage(t, "length", func(e *Exec) { e.Adds = map[string]string{"n": "int"} })
	ctx, stop := stopping()
	stop()
	b := batchOf("good")
	if err := s.Map(ctx, b); err != nil || b.Column("n").Values[0].Int != 4 {
		t.Errorf("%v: %v", b.Column("n").Values, err)
	}
}

// The signal that stops the rank may end the program first. Without a stop, that is a death like others.
func TestStopSignal(t *testing.T) {
	for _, stops := range []bool{true, false} {
		s := makeStage(t, "", func(e *Exec) { e.Command = []string{"sh", "-c", "read line; kill -TERM $$"} })
		ctx, stop := stopping()
		if stops {
			time.AfterFunc(100*time.Millisecond, stop)
		}
		err := s.Map(ctx, batchOf("good"))
		if died, ok := errors.AsType[*death](err); errors.Is(err, stages.ErrStopped) != stops || ok == stops {
			t.Errorf("stopped %v: %v (%v)", stops, err, died)
		}
		stop()
	}
}
