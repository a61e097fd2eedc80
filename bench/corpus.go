package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// base returns the JSONL that a corpus is made of: that of Options.Corpus, or
// some 60 MB of made-up text of the same shape, or Size if that is less.
func (b *bench) base() ([]byte, error) {
	if b.Corpus != "" {
		f, err := os.Open(b.Corpus)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		z, err := zstd.NewReader(f)
		if err != nil {
			return nil, err
		}
		defer z.Close()
		return io.ReadAll(z)
	}
	r := rand.New(rand.NewPCG(1, 2))
	words := make([]string, 5000)
	for i := range words {
		words[i] = strings.Repeat(string(rune('a'+r.IntN(26))), 1) + fmt.Sprintf("%x", r.IntN(1<<(4*(1+r.IntN(3)))))
	}
	var out bytes.Buffer
	for id := 0; int64(out.Len()) < min(60_000_000, b.Size); id++ {
		fmt.Fprintf(&out, `{"id": "%d", "text": "`, id)
		for range 100 + r.IntN(1500) {
			out.WriteString(words[int(float64(len(words))*r.Float64()*r.Float64())])
			out.WriteString([]string{" ", " ", " ", " ", `\n`, ", "}[r.IntN(6)])
		}
		out.WriteString("\"}\n")
	}
	return out.Bytes(), nil
}

// corpus writes base into folder name, again and again until it has so many
// bytes. Where distinct, each copy but the first differs in every document.
func (b *bench) corpus(name string, base []byte, size int64, distinct bool) error {
	dir := filepath.Join(b.Dir, name)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for i, n := 0, int64(0); n < size; i++ {
		p := base
		if distinct && i > 0 {
			p = bytes.ReplaceAll(base, []byte(`"text": "`), fmt.Appendf(nil, `"text": "copy %d: `, i))
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("part-%04d.jsonl", i)), p, 0o666); err != nil {
			return err
		}
		n += int64(len(p))
	}
	return nil
}

// compressed writes the files of folder from into folder to, compressed by zstd at level 3.
func (b *bench) compressed(from, to string) error {
	list, err := os.ReadDir(filepath.Join(b.Dir, from))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(b.Dir, to), 0o777); err != nil {
		return err
	}
	for _, e := range list {
		if err := compressFile(filepath.Join(b.Dir, from, e.Name()), filepath.Join(b.Dir, to, e.Name()+".zst")); err != nil {
			return err
		}
	}
	return nil
}

func compressFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	z, err := zstd.NewWriter(out)
	if err != nil {
		return err
	}
	_, err = io.Copy(z, in)
	return errors.Join(err, z.Close(), out.Close())
}

// lines writes shards of distinct one-line documents.
func (b *bench) lines(name string, shards, perShard int) error {
	dir := filepath.Join(b.Dir, name)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for s := range shards {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("part-%02d.jsonl", s)))
		if err != nil {
			return err
		}
		w := bufio.NewWriterSize(f, 1<<20)
		for i := range perShard {
			fmt.Fprintf(w, `{"text": "document %d of many"}`+"\n", s*perShard+i)
		}
		if err := errors.Join(w.Flush(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}
