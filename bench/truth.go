package bench

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The files of a corpus with its truth. A corpus is a folder that has them
// beside its documents, which are JSONL with an id that is a whole number.
const (
	truthFile   = "truth_pairs.tsv" // id TAB id TAB J TAB C: all pairs with J of at least 0.5
	plantedFile = "planted.tsv"     // id TAB base id TAB kind TAB parameter; may be missing
)

// leastJ is the J from which on pairs are in a truth file.
const leastJ = 0.5

// A Pair is two documents, and the exact Jaccard similarity of their sets of
// word 5-grams: lower case, words as Python's \w+ finds them.
type Pair struct {
	A, B int
	J    float64
}

// A Planted is a document that was made from another one.
type Planted struct {
	ID, Base  int
	Kind      string // exact, norm, sub, span, contain, append, or another
	Parameter string // of the kind: a number, or nothing
}

// Truth is what is known of a corpus.
type Truth struct {
	Pairs   []Pair
	Planted []Planted
}

// ReadTruth reads the truth of a corpus from its folder.
func ReadTruth(dir string) (*Truth, error) {
	t := new(Truth)
	err := eachRow(filepath.Join(dir, truthFile), 3, func(f []string) error {
		p := Pair{}
		var err error
		if p.A, p.B, err = twoIDs(f); err != nil {
			return err
		}
		if p.J, err = strconv.ParseFloat(f[2], 64); err != nil || !(p.J >= leastJ) || math.IsInf(p.J, 1) {
			return fmt.Errorf("similarity %q; want a number from %g on", f[2], leastJ)
		}
		t.Pairs = append(t.Pairs, p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = eachRow(filepath.Join(dir, plantedFile), 4, func(f []string) error {
		a, base, err := twoIDs(f)
		t.Planted = append(t.Planted, Planted{a, base, f[2], f[3]})
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return t, err
}

// twoIDs parses the first two fields of a row.
func twoIDs(f []string) (a, b int, err error) {
	if a, err = parseID(f[0]); err == nil {
		b, err = parseID(f[1])
	}
	return a, b, err
}

func parseID(s string) (int, error) {
	id, err := strconv.Atoi(s)
	if err != nil || id < 0 {
		return 0, fmt.Errorf("id %q; want a whole number", s)
	}
	return id, nil
}

// eachRow calls do with the fields of each line of a TSV file, which has at
// least so many.
func eachRow(path string, fields int, do func([]string) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	for n := 1; in.Scan(); n++ {
		row := strings.Split(strings.TrimSuffix(in.Text(), "\r"), "\t")
		if len(row) < fields {
			return fmt.Errorf("%s:%d: %d fields; want %d, with tabs between", path, n, len(row), fields)
		}
		if err := do(row); err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
