package token

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dlclark/regexp2/v2"
)

func mustOpen(t testing.TB, name string) *Tokenizer {
	t.Helper()
	tokenizer, err := Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return tokenizer
}

// names lists the tokenizers in testdata.
func names(t testing.TB) (list []string) {
	t.Helper()
	for _, pattern := range []string{"testdata/*.json", "testdata/*.model"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			list = append(list, filepath.Base(f))
		}
	}
	if len(list) < 10 {
		t.Fatalf("testdata has only %v", list)
	}
	return list
}

// Each byte that is not UTF-8 counts as U+FFFD.
func TestInvalidUTF8(t *testing.T) {
	for _, name := range names(t) {
		tokenizer := mustOpen(t, name)
		for text, same := range map[string]string{"a\xffb": "a\ufffdb", "\xe4\xb8 x": "\ufffd\ufffd x", "\xed\xa0\x80": "\ufffd\ufffd\ufffd"} {
			got := tokenizer.Encode(nil, []byte(text))
			if want := tokenizer.Encode(nil, []byte(same)); !slices.Equal(got, want) {
				t.Errorf("%s: %q has %v, and %q %v", name, text, got, same, want)
			}
		}
	}
}

func TestSpecialTokens(t *testing.T) {
	bert := mustOpen(t, "bert.json")
	cls, _ := bert.ID("[CLS]")
	sep, _ := bert.ID("[SEP]")
	mask, ok := bert.ID("[MASK]")
	if got := bert.Encode([]int32{7}, nil); !slices.Equal(got, []int32{7, cls, sep}) {
		t.Errorf("an empty text has %v", got)
	}
	if got := bert.EncodePlain([]int32{7}, []byte("[MASK]")); !ok || !slices.Equal(got, []int32{7, mask}) {
		t.Errorf("[MASK] has %v", got)
	}
	if n := bert.Count(nil) - bert.CountPlain(nil); n != 2 {
		t.Errorf("%d special tokens", n)
	}
	if _, ok := bert.ID("[NONE]"); ok {
		t.Error("[NONE] has an id")
	}
}

// Ids do not depend on what came before, nor on who asks at the same time.
func TestConcurrent(t *testing.T) {
	v := readVectors(t, "testdata")
	for _, name := range []string{"gpt2.json", "bert.json", "t5.json", "spm_llama.model"} {
		tokenizer := mustOpen(t, name)
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				var ids []int32
				for i := range v.Texts {
					i = (i*7 + g*13) % len(v.Texts)
					if ids = tokenizer.Encode(ids[:0], []byte(v.Texts[i])); !slices.Equal(ids, v.IDs[name][i]) {
						t.Errorf("%s: %q has %v", name, v.Texts[i], ids)
					}
				}
			})
		}
		wg.Wait()
	}
}

// A long text is its parts, one after the other, where nothing reaches across.
func TestLongTexts(t *testing.T) {
	const n = 10 << 20
	for _, name := range names(t) {
		tokenizer := mustOpen(t, name)
		for what, unit := range map[string]string{"one line": "the word 12 ", "no space": "ab", "one letter": "a"} {
			size := 1 << 15
			if what == "one line" && name == "gpt2.json" && !underRace {
				size = n
			}
			text := bytes.Repeat([]byte(unit), size/len(unit))
			half := text[:len(text)/2/len(unit)*len(unit)]
			all, part := tokenizer.CountPlain(text), tokenizer.CountPlain(half)
			if all < part || part == 0 || all-2*part > 64 || 2*part-all > 64 {
				t.Errorf("%s, %s: %d tokens, and %d of half of it", name, what, all, part)
			}
		}
	}
}

func TestAllocations(t *testing.T) {
	if underRace {
		t.Skip("the race detector empties pools")
	}
	text := []byte(strings.Repeat("The quick brown fox, don't you know, jumps over 123 lazy dogs.\n Été à Zürich 你好\n", 20))
	for _, name := range names(t) {
		tokenizer := mustOpen(t, name)
		var ids []int32
		count := 0
		if n := testing.AllocsPerRun(20, func() {
			ids = tokenizer.Encode(ids[:0], text)
			count = tokenizer.Count(text)
		}); n > 0.5 || count != len(ids) {
			t.Errorf("%s: %v allocations for a text of %d tokens", name, n, count)
		}
	}
}

// More words than the cache holds.
func TestCacheIsBounded(t *testing.T) {
	tokenizer := mustOpen(t, "gpt2.json")
	s := tokenizer.scratch()
	word := []byte("aaaaaaaa")
	for i := range 3 * cachedWords {
		for j, n := 0, i; j < len(word); j, n = j+1, n/26 {
			word[j] = 'a' + byte(n%26)
		}
		s.ids = s.ids[:0]
		s.run(word)
		if i%10000 == 0 {
			if want := mustEncode(tokenizer, word); !slices.Equal(s.ids, want) {
				t.Fatalf("%s has %v, not %v", word, s.ids, want)
			}
		}
	}
	if s.cache.used > cachedWords || cap(s.cache.keys) > cachedBytes || cap(s.cache.ids) > cachedIDs || len(s.cache.slots) != 2*cachedWords {
		t.Errorf("the cache has %d words", s.cache.used)
	}
}

// The matchers of patterns.go find what the general one finds.
func FuzzPatterns(f *testing.F) {
	patterns := knownPatterns(f)
	for _, text := range readVectors(f, "testdata").Texts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = string(appendValid(nil, []byte(text)))
		for _, r := range text {
			if r > 0x2fff || r == 0x180e || r == 0x85 { // their Unicode versions and white space differ
				return
			}
		}
		for pattern, re := range patterns {
			var got []int
			m := find(known(pattern), []byte(text))
			for {
				start, end, ok := m.next([]byte(text))
				if !ok {
					break
				}
				got = append(got, start, end)
			}
			if want := (general{re}).all([]byte(text)); !slices.Equal(got, want) {
				t.Fatalf("%s\n%q\ngot  %v\nwant %v", pattern, text, got, want)
			}
		}
	})
}

// knownPatterns compiles the patterns that stand in patterns.go.
func knownPatterns(t testing.TB) map[string]*regexp2.Regexp {
	t.Helper()
	source, err := os.ReadFile("patterns.go")
	if err != nil {
		t.Fatal(err)
	}
	body, _, _ := strings.Cut(string(source), "// contraction returns")
	list := map[string]*regexp2.Regexp{}
	for i, part := range strings.Split(body, "`") {
		if i%2 == 0 {
			continue
		}
		if known(part) == nil {
			t.Fatalf("%s has no matcher", part)
		}
		list[part] = regexp2.MustCompile(part, regexp2.None)
	}
	if len(list) < 12 {
		t.Fatalf("found %d patterns", len(list))
	}
	return list
}

// FuzzParse holds both parsers to an error or a tokenizer that works.
func FuzzParse(f *testing.F) {
	for _, name := range names(f) {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	for _, text := range []string{"", "{", "{}", `{"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"}}`,
		`{"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]},"pre_tokenizer":{"type":"Split","pattern":{"Regex":"x*"},"behavior":"Isolated"}}`,
		`{"model":{"type":"Unigram","unk_id":0,"vocab":[["a",-1]]},"normalizer":{"type":"Precompiled","precompiled_charsmap":"BAAAAAAAAAA="}}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		tokenizer, err := Parse(data)
		if err != nil {
			if !strings.Contains(err.Error(), "\n") && len(data) == 0 {
				t.Error("no remedy")
			}
			return
		}
		for _, text := range []string{"", " a b ab", "The 12 don't\r\n\u0301é你", "[MASK] <s>\xff", strings.Repeat("ab", 40)} {
			ids := tokenizer.Encode(nil, []byte(text))
			if n := tokenizer.Count([]byte(text)); n != len(ids) {
				t.Fatalf("%q: Count is %d, Encode has %d", text, n, len(ids))
			}
			for _, id := range ids {
				if id < 0 || int(id) >= tokenizer.VocabSize() {
					t.Fatalf("%q has the id %d of %d", text, id, tokenizer.VocabSize())
				}
			}
		}
	})
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	model, err := os.ReadFile("testdata/spm_unigram.model")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none.json"): "no such file",
		dir:                             "no tokenizer.json",
		write("empty", ""):              "is empty",
		write("config.json", `{"model_type":"gpt2"}`):                                                                    `no "model"`,
		write("cut.json", `{"model":{"vocab":`):                                                                          "no tokenizer.json",
		write("cut.model", string(model[:len(model)/2])):                                                                 "SentencePiece",
		write("lfs", "version https://git-lfs.github.com"):                                                               "Git LFS",
		write("text", "hello world, I am no model"):                                                                      "neither",
		write("norm.json", `{"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"},"normalizer":{"type":"Odd"}}`): `normalizer "Odd"`,
		write("unk.json", `{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"b"}}`):                        `unk_token = "b"`,
		write("drop.json", `{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1}}`):                         "dropout = 0.1",
		write("merge.json", `{"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}}`):                                 `joins "a" and "b"`,
		write("id.json", `{"model":{"type":"WordLevel","vocab":{"a":0,"b":-1},"unk_token":"a"}}`):                        "the id -1",
	} {
		_, err := Open(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v\nwant %q", path, err, want)
		}
	}
	// A folder is as good as the file in it.
	write("tokenizer.model", string(model))
	if _, err := Open(dir); err != nil {
		t.Error(err)
	}
}

// BenchmarkEncode takes the vocabularies of testdata, which are small: words
// are cut into more tokens than usual, where the memory of words does not help.
func BenchmarkEncode(b *testing.B) {
	text, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range names(b) {
		b.Run(name, func(b *testing.B) {
			tokenizer := mustOpen(b, name)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			var ids []int32
			for b.Loop() {
				ids = tokenizer.Encode(ids[:0], text)
			}
		})
	}
}

// mustEncode encodes with an empty memory.
func mustEncode(t *Tokenizer, text []byte) []int32 {
	s := &scratch{t: t}
	s.run(text)
	return s.ids
}
