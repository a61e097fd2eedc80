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

// maxPagePairs is how many pairs of pages of one template are listed. If there
// are more, each page is listed with the next one alone.
const maxPagePairs = 2_000_000

// truth writes what is known of a layout: truth_pairs.tsv, planted.tsv.
func (l *layout) truth(ctx context.Context, dir string, m *made) error {
	const groupsAtOnce = 2000
	chunks := (l.groups() + groupsAtOnce - 1) / groupsAtOnce
	pairs, plants := make([]bytes.Buffer, chunks), make([]bytes.Buffer, chunks)
	err := parallel(ctx, chunks, func(i int) error {
		c := newCrowd()
		for g := i * groupsAtOnce; g < min((i+1)*groupsAtOnce, l.groups()); g++ {
			switch n := l.size(g); {
			case n > crowdSize:
				l.large(g, &pairs[i], &plants[i])
			case n > 1:
				l.small(g, c, &pairs[i], &plants[i])
			}
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

// small writes all pairs and the planted documents of a group that fits a crowd.
func (l *layout) small(g int, c *crowd, pairs, plants *bytes.Buffer) {
	c.clear()
	n := l.size(g)
	var words []uint64
	for a := range n {
		d := l.document(words, g, a)
		words = d.words
		c.add(a, words)
		l.plant(plants, g, a, d.planted)
	}
	c.count()
	for a := range n {
		for b := range a {
			writePair(pairs, l.id(g, a), l.id(g, b), c.jaccard(a, b))
		}
	}
}

// large writes for each document of a group the pairs with the first one and
// with the one before.
func (l *layout) large(g int, pairs, plants *bytes.Buffer) {
	var first, last document
	for a := range l.size(g) {
		d := l.document(nil, g, a)
		l.plant(plants, g, a, d.planted)
		if a == 0 {
			first = d
		} else {
			writePair(pairs, l.id(g, a), l.id(g, 0), similarity(d, first))
		}
		if a > 1 {
			writePair(pairs, l.id(g, a), l.id(g, a-1), similarity(d, last))
		}
		last = d
	}
}

// plant writes a document if it is planted.
func (l *layout) plant(w *bytes.Buffer, group, member int, p planted) {
	if p.base >= 0 {
		fmt.Fprintf(w, "%d\t%d\t%s\t%s\n", l.id(group, member), l.id(group, p.base), p.kind, p.parameter)
	}
}

// similarity returns the J of two documents.
func similarity(a, b document) float64 {
	if slices.Equal(a.words, b.words) {
		return 1
	}
	return jaccard(shingles(nil, a.words), shingles(nil, b.words))
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
	most := 0.0
	members := make([][]place, families)
	for _, p := range l.order { // in the order of ids
		if families > 0 {
			f := int(p.group) % families
			most += float64(len(members[f]))
			members[f] = append(members[f], p)
		}
	}
	m.all = most <= maxPagePairs
	for f := range families {
		if f+families >= l.groups() {
			continue // one group alone, or none
		}
		j := background(l.shape, f)
		m.backgrounds = append(m.backgrounds, j)
		for i, a := range members[f] {
			others := members[f][:i]
			if !m.all {
				others = members[f][max(0, i-1):i]
			}
			for _, b := range others {
				if a.group != b.group {
					writePair(&out, l.id(int(a.group), int(a.member)), l.id(int(b.group), int(b.member)), j)
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
