package stages

import (
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"github.com/zeebo/xxh3"
)

// A Counter is a mapper that counts what passes. Map hangs a [Tally] of its name to the batch. The pipeline adds
// up those of the batches that the job goes through for the first time, and writes what
// Summary makes of the sum to OUT/stats/NAME.json: the same bytes at any number of ranks.
type Counter interface {
	Mapper
	// Summary returns the text of the file. t is empty where no row came.
	Summary(t *Tally) ([]byte, error)
}

// A Tally is counts of groups: for each a list of whole numbers that are added place by place. It
// holds no more than Limit groups, those of the smallest hash: which these are, and
// what they count, does not depend on the order in which tallies are added. What the others count is in Rest.
type Tally struct {
	Stage  string
	Limit  int // groups; at least 1
	Groups map[string][]int64
	Rest   []int64 // of all groups beyond the limit; nil = none
}

// NewTally returns an empty tally.
func NewTally(stage string, limit int) *Tally {
	return &Tally{Stage: stage, Limit: limit, Groups: map[string][]int64{}}
}

// Group returns the counts of a group, at least n of them, to be added to before
// the next call.
func (t *Tally) Group(key []byte, n int) []int64 {
	counts, ok := t.Groups[string(key)]
	if !ok && len(t.Groups) >= 2*t.Limit {
		t.prune()
	}
	if len(counts) < n {
		counts = append(counts, make([]int64, n-len(counts))...)
		t.Groups[string(key)] = counts
	}
	return counts
}

// Add adds another tally of the stage.
func (t *Tally) Add(o *Tally) {
	for key, counts := range o.Groups {
		addCounts(t.Group([]byte(key), len(counts)), counts)
	}
	t.rest(o.Rest)
}

func addCounts(to, from []int64) {
	for i, n := range from {
		to[i] += n
	}
}

// rest adds counts to those of the groups that are left out.
func (t *Tally) rest(counts []int64) {
	if len(t.Rest) < len(counts) {
		t.Rest = append(t.Rest, make([]int64, len(counts)-len(t.Rest))...)
	}
	addCounts(t.Rest, counts)
}

// prune leaves the groups that the limit allows.
func (t *Tally) prune() {
	if len(t.Groups) <= t.Limit {
		return
	}
	keys := slices.SortedFunc(maps.Keys(t.Groups), func(a, b string) int {
		return cmp.Or(cmp.Compare(xxh3.HashString(a), xxh3.HashString(b)), cmp.Compare(a, b))
	})
	for _, key := range keys[t.Limit:] {
		t.rest(t.Groups[key])
		delete(t.Groups, key)
	}
}

// AppendTo appends the tally in bytes, which [DecodeTally] reads.
func (t *Tally) AppendTo(b []byte) []byte {
	t.prune()
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	text(t.Stage)
	b = binary.AppendUvarint(b, uint64(t.Limit))
	b = appendCounts(b, t.Rest)
	b = binary.AppendUvarint(b, uint64(len(t.Groups)))
	for _, key := range slices.Sorted(maps.Keys(t.Groups)) {
		text(key)
		b = appendCounts(b, t.Groups[key])
	}
	return b
}

// appendCounts appends the length of a list, the number of counts in it that are not 0, and these, each with
// the number of places since the last one.
func appendCounts(b []byte, counts []int64) []byte {
	n, last := 0, 0
	for _, v := range counts {
		if v != 0 {
			n++
		}
	}
	b = binary.AppendUvarint(b, uint64(len(counts)))
	b = binary.AppendUvarint(b, uint64(n))
	for i, v := range counts {
		if v != 0 {
			b = binary.AppendUvarint(b, uint64(i-last))
			b = binary.AppendVarint(b, v)
			last = i
		}
	}
	return b
}

var errTally = errors.New("counts that are not whole")

// maxCounts bounds the length of a list that is believed.
const maxCounts = 1 << 24

// DecodeTally reads a tally from the front of b, and returns what follows it.
func DecodeTally(b []byte) (t *Tally, rest []byte, err error) {
	ok := true
	number := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			ok, b = false, nil
			return 0
		}
		b = b[n:]
		return v
	}
	text := func() string {
		n := number()
		if n > uint64(len(b)) {
			ok, n = false, 0
		}
		s := string(b[:n])
		b = b[n:]
		return s
	}
	list := func() []int64 {
		n, set := number(), number()
		if !ok || n > maxCounts || set > n || set > uint64(len(b)) {
			ok = false
			return nil
		}
		if n == 0 {
			return nil
		}
		counts, at := make([]int64, n), uint64(0)
		for range set {
			at += number()
			v, size := binary.Varint(b)
			if size <= 0 || at >= n {
				ok, b = false, nil
				return nil
			}
			counts[at], b = v, b[size:]
		}
		return counts
	}
	t = NewTally(text(), 0)
	t.Limit = int(min(number(), 1<<40))
	t.Rest = list()
	for range number() {
		if !ok {
			break
		}
		key := text()
		t.Groups[key] = list()
	}
	if !ok || t.Limit < 1 {
		return nil, nil, errTally
	}
	return t, b, nil
}
