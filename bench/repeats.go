package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
)

// A repeat writes a corpus again with other words: letters become other
// letters, digits other digits, each by a permutation that no other repeat has.
// So a repeat is as like itself as the corpus is, word for word and pair for
// pair, with the same lengths and bytes, and has next to no shingle in common
// with another repeat: J < 0.01 on the shared corpus. The first repeat is the
// corpus as it is; documents of other scripts than Latin are in that one alone.
type repeat [256]byte

func newRepeat(seed uint64, n int) *repeat {
	t := new(repeat)
	for i := range t {
		t[i] = byte(i)
	}
	if n == 0 {
		return t
	}
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	for i, to := range r.Perm(26) {
		t['a'+i], t['A'+i] = byte('a'+to), byte('A'+to)
	}
	for i, to := range r.Perm(10) {
		t['0'+i] = byte('0' + to)
	}
	return t
}

// text appends a text as it stands in JSON, quotes and all.
func (t *repeat) text(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		end := i
		for end < len(raw) && raw[end] != '\\' {
			end++
		}
		dst = append(dst, raw[i:end]...)
		for at := len(dst) - (end - i); at < len(dst); at++ {
			dst[at] = t[dst[at]]
		}
		i = end
		if i < len(raw) { // an escape stays as it is
			n := 2
			if raw[i+1] == 'u' {
				n = 6
			}
			dst = append(dst, raw[i:i+n]...)
			i += n
		}
	}
	return dst
}

// A basis is the corpus that is repeated.
type basis struct {
	ids   []int
	texts [][]byte // as they stand in JSON
	sizes []int    // of the texts, unescaped
	other []bool   // text in another script
	size  int      // bytes of its lines, about
	next  int      // the smallest number that is no id
	truth *Truth
}

// readBasis reads a corpus: JSONL, plain or zst, with its truth beside it.
func readBasis(path string) (*basis, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := bufio.NewReader(f)
	if strings.HasSuffix(path, ".zst") {
		z, err := zstd.NewReader(f)
		if err != nil {
			return nil, err
		}
		defer z.Close()
		in = bufio.NewReader(z)
	}
	b := new(basis)
	for d := json.NewDecoder(in); d.More(); {
		var row struct {
			ID   json.RawMessage
			Text json.RawMessage
		}
		if err := d.Decode(&row); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if err := b.add(row.ID, row.Text); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, len(b.ids)+1, err)
		}
	}
	b.truth, err = ReadTruth(filepath.Dir(path))
	return b, err
}

func (b *basis) add(id, text []byte) error {
	n, err := parseID(string(bytes.Trim(id, `"`)))
	if err != nil {
		return err
	}
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	b.ids = append(b.ids, n)
	b.texts = append(b.texts, text)
	b.sizes = append(b.sizes, len(s))
	b.other = append(b.other, otherScript(s))
	b.size += len(text) + 30
	b.next = max(b.next, n+1)
	return nil
}

// otherScript says that letters beyond ASCII are a good part of a text.
func otherScript(s string) bool {
	n := 0
	for i := range len(s) {
		if s[i] >= 0x80 {
			n++
		}
	}
	return 10*n > len(s)
}

// write writes so many repeats, each a file, and their truth.
func (b *basis) write(ctx context.Context, dir string, repeats int, seed uint64) (made, error) {
	var documents, size, texts atomic.Int64
	err := parallel(ctx, repeats, func(n int) error {
		t := newRepeat(seed, n)
		out := make([]byte, 0, b.size)
		for i, id := range b.ids {
			if n > 0 && b.other[i] {
				continue
			}
			documents.Add(1)
			texts.Add(int64(b.sizes[i]))
			out = append(out, `{"id": "`...)
			out = strconv.AppendInt(out, int64(n*b.next+id), 10)
			out = append(out, `", "text": `...)
			out = t.text(out, b.texts[i])
			out = append(out, "}\n"...)
		}
		size.Add(int64(len(out)))
		return os.WriteFile(filepath.Join(dir, partName(n)), out, 0o666)
	})
	m := made{documents: int(documents.Load()), bytes: size.Load(), text: texts.Load()}
	if err == nil {
		err = b.writeTruth(dir, repeats, &m)
	}
	return m, err
}

func (b *basis) writeTruth(dir string, repeats int, m *made) (err error) {
	first := map[int]bool{} // documents of the first repeat alone
	for i, id := range b.ids {
		first[id] = b.other[i]
	}
	pairs, plants := make([]bytes.Buffer, repeats), make([]bytes.Buffer, repeats)
	for n := range repeats {
		for _, p := range b.truth.Pairs {
			if n == 0 || !first[p.A] && !first[p.B] {
				writePair(&pairs[n], n*b.next+p.A, n*b.next+p.B, p.J)
			}
		}
		for _, p := range b.truth.Planted {
			if n == 0 || !first[p.ID] && !first[p.Base] {
				fmt.Fprintf(&plants[n], "%d\t%d\t%s\t%s\n", n*b.next+p.ID, n*b.next+p.Base, p.Kind, p.Parameter)
			}
		}
	}
	if m.pairs, err = writeAll(filepath.Join(dir, truthFile), pairs); err != nil {
		return err
	}
	m.planted, err = writeAll(filepath.Join(dir, plantedFile), plants)
	return err
}
