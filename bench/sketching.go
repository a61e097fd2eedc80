package bench

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/zeebo/xxh3"

	"sluice/stages/scan"
	"sluice/stages/sketch"
)

// hashing measures how fast bytes in the cache are looked at once, by XXH3: no
// program that looks at each byte of a text is faster.
func (b *bench) hashing(name string) {
	buf := make([]byte, 64<<10)
	const times = 20_000
	sum := uint64(0)
	watch := newStopwatch()
	for range times {
		sum += xxh3.Hash(buf)
		buf[0] = byte(sum)
	}
	b.figure(name+", limit: hashing each byte once, per core", times*float64(len(buf))/1e6/watch.seconds(), "MB/s", "")
}

// sketching measures what fuzzy dedup cannot do without, on the texts of some
// files of folder in: their shingles, and the sketches of these. whole is the
// CPU time that the dedup took for a byte of text.
func (b *bench) sketching(name string, whole float64) error {
	const files = 3
	list, err := filepath.Glob(filepath.Join(b.Dir, "in", "*"))
	if err != nil {
		return err
	}
	fast, err := sketch.NewFast(256)
	if err != nil {
		return err
	}
	kind, err := scan.ParseShingles("word:5", "python", scan.Normalizer{})
	if err != nil {
		return err
	}
	shingler := kind.New()
	var bytes, cut, both float64
	var set []uint64
	coordinates := make([]uint16, fast.Coordinates())
	for _, path := range list[:min(files, len(list))] {
		texts, err := textsOf(path)
		if err != nil {
			return err
		}
		watch := newStopwatch()
		for _, text := range texts {
			bytes += float64(len(text))
			set = shingler.Append(set[:0], text)
		}
		cut += watch.seconds()
		watch = newStopwatch()
		for _, text := range texts {
			if set = shingler.Append(set[:0], text); len(set) > 0 {
				fast.Sketch(coordinates, set)
			}
		}
		both += watch.seconds()
	}
	b.figure(name+", alone: shingles, per core", bytes/1e6/cut, "MB/s", "")
	b.figure(name+", alone: shingles and sketches, per core", bytes/1e6/both, "MB/s", "")
	b.figure(name+", plain: whole/shingles and sketches alone", whole*bytes/both, "of CPU time", "")
	return nil
}

// textsOf returns the texts of a file of JSONL.
func textsOf(path string) (texts [][]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for d := json.NewDecoder(bufio.NewReader(f)); d.More(); {
		var row struct{ Text string }
		if err := d.Decode(&row); err != nil {
			return nil, err
		}
		texts = append(texts, []byte(row.Text))
	}
	return texts, nil
}
