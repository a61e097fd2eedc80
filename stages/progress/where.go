package progress

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// String says in one line where the rank is.
func (r Record) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "rank %d on %s: %s", r.Rank, r.Host, r.Phase)
	if r.Pass > 0 {
		fmt.Fprintf(&s, ", pass %d of %d", r.Pass, r.Passes)
		switch {
		case r.Total == 0:
			fmt.Fprintf(&s, ", %s records", Count(r.Rows))
		case r.Phase == Working:
			fmt.Fprintf(&s, ", block %d", r.Block)
			fallthrough
		default:
			fmt.Fprintf(&s, ", %s, %s rows", Bytes(r.Bytes), Count(r.Rows))
		}
	}
	fmt.Fprintf(&s, ", peak %s", Bytes(r.Peak))
	return s.String()
}

// WhereAll returns one line for each rank whose life is in dir, and how long
// ago it said so.
func WhereAll(dir string) string {
	records, err := ReadLife(dir)
	if err != nil {
		return err.Error() + "\n"
	}
	if len(records) == 0 {
		return "no rank has shown a sign of life yet\n"
	}
	var s strings.Builder
	for _, r := range records {
		fmt.Fprintf(&s, "%s, %s ago\n", r, Duration(max(0, time.Since(r.Time))))
	}
	if n := records[0].Size - len(records); n > 0 {
		fmt.Fprintf(&s, "%d of %d ranks have shown no sign of life yet\n", n, records[0].Size)
	}
	return s.String()
}

// Vital is what [Observe] found out.
type Vital struct {
	Moving  []Record // showed life
	Still   []Record // did not
	Missing []int    // ranks that never did
}

// Observe looks at the lives in dir for a time, and says which ranks showed a
// sign in it. Only changes count, not the times in the records, so the clocks of the
// nodes may differ. Ranks that have ended are neither moving nor still.
func Observe(ctx context.Context, dir string, long time.Duration) (Vital, error) {
	before, err := ReadLife(dir)
	if err != nil {
		return Vital{}, err
	}
	select {
	case <-ctx.Done():
		return Vital{}, ctx.Err()
	case <-time.After(long):
	}
	after, err := ReadLife(dir)
	if err != nil {
		return Vital{}, err
	}
	return compare(before, after), nil
}

// compare says which ranks of after have shown a sign since before.
func compare(before, after []Record) (v Vital) {
	then := map[int]Record{}
	for _, r := range before {
		then[r.Rank] = r
	}
	there := map[int]bool{}
	size := 0
	for _, r := range after {
		there[r.Rank], size = true, r.Size
		old, ok := then[r.Rank]
		switch {
		case r.Phase == Ended:
		case ok && old.Start == r.Start && old.Time.Equal(r.Time):
			v.Still = append(v.Still, r)
		default:
			v.Moving = append(v.Moving, r)
		}
	}
	for rank := range size {
		if !there[rank] {
			v.Missing = append(v.Missing, rank)
		}
	}
	return v
}

// Watchdog returns the Waiting of an mpi.Config: called when a rank has waited
// too long, it observes the lives in dir for two and a half beats. Its error
// names the ranks that are still, and ends the job. If all move, it tells say, which
// may be nil, which rank keeps the others waiting. It speaks of the newest start in dir, so it is
// to be called only once this rank's [Life] has begun.
func Watchdog(dir string, say func(string)) func(op string, since time.Time) error {
	return func(op string, since time.Time) error {
		v, err := Observe(context.Background(), dir, 5*Beat/2)
		if err != nil {
			return fmt.Errorf("cannot read the signs of life of the ranks: %w", err)
		}
		if len(v.Still)+len(v.Missing) > 0 {
			return v.err()
		}
		if r, ok := slowest(v.Moving); ok && say != nil {
			say(fmt.Sprintf("waiting for %s in %s; last is %s", Duration(time.Since(since)), op, r))
		}
		return nil
	}
}

const namedRanks = 5 // in messages; the rest is counted

// err names the ranks that show no life.
func (v Vital) err() error {
	var lines []string
	for _, r := range v.Still {
		lines = append(lines, fmt.Sprintf("%s, silent for %s", r, Duration(max(0, time.Since(r.Time)))))
	}
	for _, rank := range v.Missing {
		lines = append(lines, fmt.Sprintf("rank %d: never showed a sign of life", rank))
	}
	if n := len(lines) - namedRanks; n > 0 {
		lines = append(lines[:namedRanks], fmt.Sprintf("and %d more", n))
	}
	return fmt.Errorf("ranks show no sign of life:\n%s", strings.Join(lines, "\n"))
}

// slowest returns the rank that is the farthest behind: of those that still have
// blocks, the one in the earliest pass that has read the least.
func slowest(records []Record) (slow Record, ok bool) {
	for _, r := range records {
		if r.Phase != Working && r.Phase != Starting {
			continue
		}
		if !ok || r.Pass < slow.Pass || r.Pass == slow.Pass && r.Bytes < slow.Bytes {
			slow, ok = r, true
		}
	}
	return slow, ok
}
