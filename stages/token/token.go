// Package token cuts texts into the tokens that a language model sees, with no
// Python and no C library. [Open] reads the tokenizer.json of the Hugging Face
// tokenizers library or the .model file of SentencePiece; then call [Tokenizer.Encode]
// or [Tokenizer.Count].
//
// Ids are those of the two libraries: the release [Peer] of tokenizers, and
// sentencepiece 0.2.3; testdata/vectors.py makes the vectors that the tests
// compare with. Truncation and padding that a tokenizer.json asks for are left
// out, as transformers does by default. Known differences: combining
// marks that are more than 30 in a row; and code points newer than Unicode 15 in the normal forms
// NFC to NFKD, and in patterns of pre-tokenizers that are not in patterns.go.
package token

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"unicode/utf8"
)

// A Tokenizer turns texts into ids. Its methods may be called from several
// goroutines at once. It keeps about 2 MB for each goroutine that does, most of it a
// bounded memory of the words it met; in the steady state nothing is allocated for a text,
// unless the file has a pattern that only the general matcher of regular
// expressions understands.
type Tokenizer struct {
	plain  func(s *scratch, text []byte) // appends to s.ids
	before []int32                       // special tokens in front of each text
	after  []int32
	size   int
	ids    map[string]int32
	end    int32     // of a SentencePiece model; -1 = not known
	pool   sync.Pool // of *scratch
}

// largest is the size of the largest file that is read; those of today's models have 40 MB at most.
const largest = 512 << 20

// Open reads a tokenizer: a tokenizer.json, a SentencePiece model, or a folder
// that has one of them as tokenizer.json, tokenizer.model or spiece.model.
func Open(path string) (*Tokenizer, error) {
	t, err := open(path)
	if err != nil {
		var p *os.PathError
		if errors.As(err, &p) {
			return nil, fmt.Errorf("%w\nname the tokenizer.json of a Hugging Face model, or the .model file of a SentencePiece one", err)
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

func open(path string) (*Tokenizer, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		for _, name := range []string{"tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model"} {
			if _, err := os.Stat(filepath.Join(path, name)); err == nil {
				return open(filepath.Join(path, name))
			}
		}
		return nil, errors.New("the folder has no tokenizer.json and no tokenizer.model\nname the file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, largest+1))
	if err != nil {
		return nil, err
	}
	return Parse(data)
}

// Parse makes a tokenizer of what a tokenizer.json or a SentencePiece model holds. It
// keeps nothing of data.
func Parse(data []byte) (*Tokenizer, error) {
	head := bytes.TrimLeft(data, " \t\r\n")
	switch {
	case len(data) > largest:
		return nil, fmt.Errorf("more than %d MB are no tokenizer\nname a tokenizer.json or a SentencePiece model", largest>>20)
	case len(head) == 0:
		return nil, errors.New("the file is empty\nname a tokenizer.json or a SentencePiece model")
	case bytes.HasPrefix(data, []byte("version https://git-lfs")):
		return nil, errors.New("this is a pointer of Git LFS, not the file itself\nrun git lfs pull in the folder of the model")
	case head[0] == '{':
		return parseHuggingFace(data)
	}
	return parseSentencePiece(data)
}

// VocabSize returns one more than the largest id, added tokens included.
func (t *Tokenizer) VocabSize() int { return t.size }

// ID returns the id of a token, as the file spells it.
func (t *Tokenizer) ID(token string) (int32, bool) {
	id, ok := t.ids[token]
	return id, ok
}

// End returns the token that ends a text, where the file names it: a
// SentencePiece model does, a tokenizer.json does not.
func (t *Tokenizer) End() (int32, bool) { return t.end, t.end >= 0 }

// Encode appends to dst the ids of a text, with the special tokens that the
// file puts around each text: encode(text) of the Hugging Face library. A
// SentencePiece model puts none. Each byte of text that is not UTF-8 counts as U+FFFD.
func (t *Tokenizer) Encode(dst []int32, text []byte) []int32 {
	dst = append(dst, t.before...)
	dst = t.EncodePlain(dst, text)
	return append(dst, t.after...)
}

// EncodePlain is [Tokenizer.Encode] without the special tokens around the
// text: encode(text, add_special_tokens=False). Those that stand in the text stay.
func (t *Tokenizer) EncodePlain(dst []int32, text []byte) []int32 {
	s := t.scratch()
	s.ids = dst
	s.run(text)
	dst, s.ids = s.ids, nil
	t.pool.Put(s)
	return dst
}

// Count returns how many ids Encode would append.
func (t *Tokenizer) Count(text []byte) int {
	return len(t.before) + t.CountPlain(text) + len(t.after)
}

// CountPlain returns how many ids EncodePlain would append.
func (t *Tokenizer) CountPlain(text []byte) int {
	s := t.scratch()
	s.ids = s.counted[:0]
	s.run(text)
	n := len(s.ids)
	if s.counted, s.ids = s.ids, nil; cap(s.counted) > kept {
		s.counted = nil
	}
	t.pool.Put(s)
	return n
}

// kept bounds what a scratch keeps in each buffer for the next text.
const kept = 1 << 20

// A scratch is what one goroutine needs to encode a text.
type scratch struct {
	t       *Tokenizer
	ids     []int32
	counted []int32
	valid   []byte    // the text, made UTF-8
	normal  [2][]byte // normalised in turns
	steps   [][]byte  // rewritten by each pre-tokenizer
	mapped  []byte    // a word in the alphabet of byte-level models
	cache   cache
	bpe     bpeScratch
	spm     spmScratch
	nodes   []node
	path    []span
	unknown []byte
}

func (t *Tokenizer) scratch() *scratch {
	if s, ok := t.pool.Get().(*scratch); ok {
		return s
	}
	return &scratch{t: t}
}

// run appends the ids of a text.
func (s *scratch) run(text []byte) {
	if len(text) == 0 {
		return
	}
	if !utf8.Valid(text) {
		s.valid = appendValid(s.valid[:0], text)
		text = s.valid
	}
	s.t.plain(s, text)
	if len(text) > kept {
		s.valid, s.normal, s.steps, s.mapped, s.unknown = nil, [2][]byte{}, nil, nil, nil
		s.bpe, s.spm, s.nodes, s.path = bpeScratch{}, spmScratch{}, nil, nil
	}
}

// appendValid appends text, with U+FFFD for each byte that is not UTF-8.
func appendValid(dst, text []byte) []byte {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		dst = utf8.AppendRune(dst, r)
		text = text[size:]
	}
	return dst
}
