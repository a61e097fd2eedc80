package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

const (
	// Of a larger group, pairs with the first member and with the one before
	// are listed, not all.
	allPairsGroup = 64
	// So many pairs of pages of one template are listed; if there are more, none.
	maxPagePairs = 2_000_000
)

// truth writes what is known of a layout: truth_pairs.tsv, planted.tsv.
func (l *layout) truth(ctx context.Context, dir string, m *made) error {
	const groupsAtOnce = 2000
	chunks := (l.groups() + groupsAtOnce - 1) / groupsAtOnce
	pairs, plants := make([]bytes.Buffer, chunks), make([]bytes.Buffer, chunks)
	err := parallel(ctx, chunks, func(c int) error {
		for g := c * groupsAtOnce; g < min((c+1)*groupsAtOnce, l.groups()); g++ {
			l.group(g, &pairs[c], &plants[c])
		}
		return nil
	})
	if err != nil {
		return err
	}
	pages := l.pages(m)
	m.pairs, err = writeAll(filepath.Join(dir, truthFile), append(pairs, pages))
	if err != nil {
		return err
	}
	m.planted, err = writeAll(filepath.Join(dir, plantedFile), plants)
	return err
}

// group writes the pairs and the planted documents of a group.
func (l *layout) group(g int, pairs, plants *bytes.Buffer) {
	n := l.size(g)
	if n < 2 {
		return
	}
	var first, last known
	var all []known
	for a := range n {
		d := l.document(nil, g, a)
		if p := d.planted; p.base >= 0 {
			fmt.Fprintf(plants, "%d\t%d\t%s\t%s\n", l.id(g, a), l.id(g, p.base), p.kind, p.parameter)
		}
		now := known{id: l.id(g, a), words: d.words}
		switch {
		case n <= allPairsGroup:
			for b := range all {
				pair(pairs, &now, &all[b])
			}
			all = append(all, now)
		case a == 0:
			first = now
		default:
			pair(pairs, &now, &first)
			if a > 1 {
				pair(pairs, &now, &last)
			}
			last = now
		}
	}
}

// known is a document whose pairs are being looked at.
type known struct {
	id    int
	words []uint64
	set   []uint64 // its shingles, once somebody asked
}

// pair writes two documents if they are similar enough.
func pair(w *bytes.Buffer, a, b *known) {
	j := 1.0
	if !slices.Equal(a.words, b.words) {
		for _, k := range []*known{a, b} {
			if k.set == nil {
				k.set = shingles(nil, k.words)
			}
		}
		j = jaccard(a.set, b.set)
	}
	writePair(w, a.id, b.id, j)
}

// writePair writes J with more digits than the truth of the shared corpus has,
// so that no rounding takes it over a threshold. The J of characters is not known.
func writePair(w *bytes.Buffer, a, b int, j float64) {
	if j >= leastJ {
		fmt.Fprintf(w, "%d\t%d\t%.7f\t-\n", min(a, b), max(a, b), j)
	}
}

// pages returns the pairs of pages of one template but different groups.
func (l *layout) pages(m *made) (out bytes.Buffer) {
	families := l.families()
	members := make([][]place, families)
	listed := make([]bool, families)
	most := 0.0
	for f := range families {
		if f+families >= l.groups() {
			break // one group alone, or none
		}
		j := background(l.shape, f)
		m.backgrounds = append(m.backgrounds, j)
		listed[f] = j >= leastJ
		for g := f; g < l.groups() && listed[f]; g += families {
			for a := range l.size(g) {
				members[f] = append(members[f], place{uint32(g), uint32(a)})
			}
		}
		most += float64(len(members[f])) * float64(len(members[f])) / 2
	}
	if most > maxPagePairs {
		m.unlisted = most
		return out
	}
	for f := range families {
		for i, a := range members[f] {
			for _, b := range members[f][:i] {
				if a.group != b.group {
					writePair(&out, l.id(int(a.group), int(a.member)), l.id(int(b.group), int(b.member)), m.backgrounds[f])
				}
			}
		}
	}
	return out
}

// writeAll writes buffers into a file, and returns the number of lines.
func writeAll(path string, parts []bytes.Buffer) (lines int, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	for i := range parts {
		lines += bytes.Count(parts[i].Bytes(), []byte("\n"))
		if _, err := w.Write(parts[i].Bytes()); err != nil {
			return lines, errors.Join(err, f.Close())
		}
	}
	return lines, errors.Join(w.Flush(), f.Close())
}
