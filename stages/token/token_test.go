package token

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// vectors are what the peers made of texts.
type vectors struct {
	Texts []string
	IDs   map[string][][]int32 `json:"ids"`
}

func readVectors(t testing.TB, dir string) (v vectors) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "vectors.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(z).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestVectors compares with the peers; SLUICE_TOKENS names a folder of more vectors, made
// by testdata/vectors.py FOLDER TEXTS.
func TestVectors(t *testing.T) {
	dirs := []string{"testdata"}
	if more := os.Getenv("SLUICE_TOKENS"); more != "" {
		dirs = append(dirs, more)
	}
	for _, dir := range dirs {
		v := readVectors(t, dir)
		for name, want := range v.IDs {
			t.Run(name, func(t *testing.T) {
				tokenizer, err := Open(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				if len(want) != len(v.Texts) || len(want) == 0 {
					t.Fatalf("%d answers to %d texts", len(want), len(v.Texts))
				}
				wrong := 0
				for range 2 { // the second time words come from memory
					for i, text := range v.Texts {
						got := tokenizer.Encode(nil, []byte(text))
						if n := tokenizer.Count([]byte(text)); n != len(got) {
							t.Errorf("%q: Count is %d, Encode has %d", text, n, len(got))
						}
						if !slices.Equal(got, want[i]) {
							if wrong++; wrong <= 3 {
								at := 0 // where they part
								for at < len(got) && at < len(want[i]) && got[at] == want[i][at] {
									at++
								}
								t.Errorf("%.300q:\nfrom token %d on\ngot  %v\nwant %v", text, at, got[at:min(len(got), at+20)], want[i][at:min(len(want[i]), at+20)])
							}
						}
					}
				}
				if wrong > 0 {
					t.Errorf("%d of %d differ", wrong/2, len(want))
				}
			})
		}
	}
}

// A text so long that sums of 32 bits cannot tell ways to cut it apart, unless the sum begins anew where
// SentencePiece's does. The hash is that of the ids of sentencepiece 0.2.3.
func TestLongUnigram(t *testing.T) {
	tokenizer, err := Open("testdata/spm_unigram.model")
	if err != nil {
		t.Fatal(err)
	}
	const letters = "etaoinshrdlucmf0123456789"
	x := uint64(1)
	next := func() uint64 {
		x = x*6364136223846793005 + 1442695040888963407
		return x
	}
	var text []byte
	for range 60000 {
		for range 1 + next()>>60%9 {
			text = append(text, letters[next()>>33%uint64(len(letters))])
		}
		text = append(text, ' ')
	}
	ids := tokenizer.Encode(nil, text[:len(text)-1])
	h := sha256.New()
	if err := binary.Write(h, binary.LittleEndian, ids); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%d %x", len(ids), h.Sum(nil)); got != "310257 17fbfff5dbbaf1b41a175945efb41a2061750e80e3cf5e20d49b7b182a29999d" {
		t.Errorf("ids %s", got)
	}
}
