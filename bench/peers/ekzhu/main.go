// Ekzhu runs the library ekzhu/minhash-lsh over a file of documents, as the
// scripts beside this folder run others: DOCS.jsonl CLUSTERS. It is a module of
// its own, so that sluice does not depend on the library.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	minhashlsh "github.com/ekzhu/minhash-lsh"
)

const (
	hashes    = 128
	threshold = 0.8
	words     = 5 // of a shingle
)

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run sketches all documents, asks the index for each, and writes what hangs
// together: row, tab, cluster.
func run(docs, clusters string) error {
	f, err := os.Open(docs)
	if err != nil {
		return err
	}
	defer f.Close()
	index := minhashlsh.NewMinhashLSH(hashes, threshold)
	var sketches [][]uint64
	for in := json.NewDecoder(bufio.NewReaderSize(f, 1<<20)); ; {
		var doc struct{ Text string }
		if err := in.Decode(&doc); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		sketch := sketch(doc.Text)
		if sketch != nil {
			index.Add(len(sketches), sketch)
		}
		sketches = append(sketches, sketch)
	}
	index.Index()
	k, l := index.Params()
	fmt.Printf("bands %d x %d\n", l, k)
	up := make([]int, len(sketches))
	for i := range up {
		up[i] = i
	}
	for i, sketch := range sketches {
		if sketch == nil {
			continue
		}
		for _, other := range index.Query(sketch) {
			join(up, i, other.(int))
		}
	}
	return write(up, clusters)
}

// sketch returns the MinHash of a text's shingles; nil if it has no word.
func sketch(text string) []uint64 {
	list := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && r != '_'
	})
	if len(list) == 0 {
		return nil
	}
	m := minhashlsh.NewMinhash(1, hashes)
	for i := 0; i == 0 || i+words <= len(list); i++ {
		m.Push([]byte(strings.Join(list[i:min(i+words, len(list))], " ")))
	}
	return m.Signature()
}

func find(up []int, x int) int {
	for up[x] != x {
		up[x] = up[up[x]]
		x = up[x]
	}
	return x
}

func join(up []int, a, b int) {
	a, b = find(up, a), find(up, b)
	up[max(a, b)] = min(a, b)
}

func write(up []int, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for i := range up {
		fmt.Fprintf(w, "%d\t%d\n", i, find(up, i))
	}
	return errors.Join(w.Flush(), f.Close())
}
