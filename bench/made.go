package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
)

// A layout says where the documents of a made-up corpus stand: groups are
// strewn over all of it. A document's id is its place.
type layout struct {
	shape
	start []int   // of each group: the number of documents of the groups before it
	at    []int   // of each document by group and member: its place
	order []place // of each place: its document
}

type place struct{ group, member uint32 }

// lay makes the layout of about so many documents.
func lay(s shape, docs int, seed uint64) *layout {
	l := &layout{shape: s, start: []int{0}}
	for g := 0; len(l.order) < docs; g++ {
		for m := range s.size(g) {
			l.order = append(l.order, place{uint32(g), uint32(m)})
		}
		l.start = append(l.start, len(l.order))
	}
	r := rand.New(rand.NewPCG(seed, 0x6c6179))
	r.Shuffle(len(l.order), func(i, j int) { l.order[i], l.order[j] = l.order[j], l.order[i] })
	l.at = make([]int, len(l.order))
	switch s.(type) {
	case *versions, *repeated: // in order: each after the one that it was made from
		next := make([]uint32, l.groups())
		for i, p := range l.order {
			l.order[i].member = next[p.group]
			next[p.group]++
		}
	}
	for i, p := range l.order {
		l.at[l.start[p.group]+int(p.member)] = i
	}
	return l
}

func (l *layout) groups() int { return len(l.start) - 1 }

// id returns the place of a document.
func (l *layout) id(group, member int) int { return l.at[l.start[group]+member] }

// meanLength returns about how many bytes a line of a shape has.
func meanLength(s shape, v *vocabulary) float64 {
	var line []byte
	total, docs := 0, 0
	for g := range 300 {
		for m := range min(s.size(g), 3) {
			d := s.document(nil, g, m)
			line, _ = v.text(line[:0], d.words, d.loud)
			total += len(line) + len(`{"id": "1234567", "text": ""}`+"\n")
			docs++
		}
	}
	return float64(total) / float64(docs)
}

// partBytes is about how large the files of a made-up corpus are.
const partBytes = 64 << 20

// A made corpus is what was written.
type made struct {
	documents   int
	bytes       int64 // of JSONL
	text        int64 // bytes of text in it
	pairs       int   // in the truth file
	planted     int
	backgrounds []float64 // J of two pages, for each family
	all         bool      // pairs of pages are listed; else each page with the next alone
}

// write writes the documents into files below dir. The bytes depend on the
// layout and the number of parts alone.
func (l *layout) write(ctx context.Context, dir string, v *vocabulary, parts int) (made, error) {
	var bytes, text atomic.Int64
	err := parallel(ctx, parts, func(p int) error {
		var out []byte
		var words []uint64
		escaped, texts := 0, 0
		for i := len(l.order) * p / parts; i < len(l.order)*(p+1)/parts; i++ {
			d := l.document(words, int(l.order[i].group), int(l.order[i].member))
			words = d.words
			out = append(out, `{"id": "`...)
			out = strconv.AppendInt(out, int64(i), 10)
			out = append(out, `", "text": "`...)
			at := len(out)
			out, escaped = v.text(out, d.words, d.loud)
			texts += len(out) - at - escaped
			out = append(out, "\"}\n"...)
		}
		bytes.Add(int64(len(out)))
		text.Add(int64(texts))
		return os.WriteFile(filepath.Join(dir, partName(p)), out, 0o666)
	})
	return made{documents: len(l.order), bytes: bytes.Load(), text: text.Load()}, err
}

func partName(p int) string { return fmt.Sprintf("part-%04d.jsonl", p) }

// parallel calls do with 0 to n-1, on as many goroutines as there are cores.
func parallel(ctx context.Context, n int, do func(i int) error) error {
	var wait sync.WaitGroup
	var next atomic.Int64
	errs := make([]error, min(n, runtime.GOMAXPROCS(0)))
	for w := range errs {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && errs[w] == nil; i = int(next.Add(1)) - 1 {
				errs[w] = ctx.Err()
				if errs[w] == nil {
					errs[w] = do(i)
				}
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}
