package format

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"sluice/stages"
)

// parseRow reads one row with a scanner of its own and returns the batch.
func parseRow(t testing.TB, row []byte, strict bool) *stages.Batch {
	t.Helper()
	r := stages.DefaultRead()
	r.Strict, r.ID = strict, "id"
	src, err := NewSource("jsonl", r, []stages.Need{{Name: "n", Type: stages.Scalars}, {Name: "meta.body", Type: stages.Text}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := src.(*jsonlSource)
	o := s.rows()
	o.raw, o.ends = row, []int{len(row)}
	b, err := s.parse(o, &stages.Shard{Name: "x"}, &stages.Block{}, 0, sampler{all: true})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// expect returns what encoding/json makes of a row, and whether it is a
// sample.
func expect(row []byte) (object map[string]any, ok bool) {
	row = bytes.TrimPrefix(bytes.TrimLeft(row, " \t\r\n"), byteOrderMark)
	if !json.Valid(row) || !utf8.Valid(row) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(row))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, false
	}
	object, ok = v.(map[string]any)
	_, text := object["text"].(string)
	return object, ok && text
}

var seeds = []string{
	`{"text":"a"}`, `{"id":"x","text":"\u00e9\ud83d\ude00\/\b\f\n\r\t\"\\","n":-1.5e3}`, `{"text":"\ud800"}`, `{"text":"\udc00\ud800"}`,
	`{"meta":{"body":"b"},"text":"é","n":9223372036854775807}`, `{"meta":{"body":"b"},"meta":null,"text":"x","n":9223372036854775808}`,
	`{"text":"a","text":"b","n":true,"n":false}`, `{"n":-0,"text":""}`, `{"n":1e999,"text":""}`, `{"te\u0078t":"key"}`, `{"text":"\u0000"}`,
	`{ "a" : [ {"x":"]}\"" } , [] ] , "text" : "sp" } `, `{"text":"a",}`, `{"text":"a"}x`, "\xef\xbb\xbf{\"text\":\"bom\"}", `{"n":01,"text":""}`,
	`{"n":"s","text":"` + strings.Repeat("long ", 40) + `\n` + strings.Repeat("é", 20) + `"}`, "{\"text\":\"\x1f\"}", "{\"text\":\"\xff\"}", `{}`, `[]`, ``, `{"`,
	`{"meta.body":"dots","text":"x"}`, `{"id":{"a":1},"text":"x"}`, `{"id":null,"text":"\\\\"}`, `{"text":"\"","x":"\\"}`,
}

// FuzzRow compares the scanner with encoding/json. In strict mode a row is
// accepted by both or by none, but for half surrogate pairs, which
// encoding/json replaces.
func FuzzRow(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, row []byte) {
		if len(row) == 0 || len(bytes.TrimLeft(row, " \t\r\n")) == 0 || bytes.ContainsRune(row, '\n') {
			return
		}
		want, ok := expect(row)
		b := parseRow(t, bytes.Clone(row), true)
		lax := parseRow(t, bytes.Clone(row), false)
		if ok && b.Live() == 0 && bytes.Contains(bytes.ToLower(row), []byte(`\ud`)) && strings.Contains(b.Damaged[0].Error, "surrogate") {
			return
		}
		if (b.Live() == 1) != ok {
			t.Fatalf("sample: %v, want %v, for %q: %v", b.Live() == 1, ok, row, b.Damaged)
		}
		if !ok {
			return
		}
		if lax.Live() == 0 {
			t.Fatalf("accepted in strict mode only: %q", row)
		}
		if got := string(b.Column("text").Text[0]); got != want["text"] {
			t.Fatalf("text %q, want %q", got, want["text"])
		}
		checkScalar(t, b.Column("n").Values[0], want["n"])
		if _, literal := want["meta.body"]; !literal {
			meta, _ := want["meta"].(map[string]any)
			body, isText := meta["body"].(string)
			if got := b.Column("meta.body").Text[0]; (got != nil) != isText || string(got) != body {
				t.Fatalf("meta.body %q, want %q in %q", got, body, row)
			}
			checkSplice(t, b, row, want)
		}
	})
}

func checkScalar(t *testing.T, got stages.Scalar, want any) {
	t.Helper()
	ok := got.Kind == stages.Null
	switch w := want.(type) {
	case string:
		ok = got.Kind == stages.String && string(got.Str) == w
	case bool:
		ok = got.Kind == stages.Bool && (got.Int == 1) == w
	case json.Number:
		if n, err := w.Int64(); err == nil && w != "-0" {
			ok = got.Kind == stages.Int && got.Int == n
		} else {
			x, _ := w.Float64()
			ok = got.Kind == stages.Float && got.Float == x && math.Signbit(got.Float) == math.Signbit(x)
		}
	}
	if !ok {
		t.Fatalf("n = %+v, want %v", got, want)
	}
}

// checkSplice changes and adds columns and compares the row that is written.
func checkSplice(t *testing.T, b *stages.Batch, row []byte, want map[string]any) {
	t.Helper()
	b.Column("text").SetText(0, []byte("new \"\n\x00é"))
	b.Add("score").Values[0] = stages.Scalar{Kind: stages.Float, Float: 0.25}
	b.Add("n").Values[0] = stages.Scalar{Kind: stages.Int, Int: -7}
	var s splicer
	s.reset(b, b.Origin.(*rows), nil)
	out, err := s.append(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	got, ok := expect(out)
	want = maps.Clone(want)
	want["text"], want["score"], want["n"] = "new \"\n\x00é", json.Number("0.25"), json.Number("-7")
	if !ok || !reflect.DeepEqual(got, want) {
		t.Fatalf("%q became %q", row, out)
	}
}

// FuzzLines cuts bytes into lines by blocks, batches and reads of any size, and
// compares them with the lines of bytes.SplitAfter.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\n\nc"), uint8(2), uint8(3), uint8(1))
	f.Add([]byte("\n\n"), uint8(1), uint8(1), uint8(1))
	f.Add([]byte("one line without an end"), uint8(5), uint8(7), uint8(2))
	f.Add([]byte(strings.Repeat("x", 300)+"\r\n"+strings.Repeat("y", 300)), uint8(100), uint8(64), uint8(9))
	f.Fuzz(func(t *testing.T, data []byte, size, read, batch uint8) {
		shard := shardOf(t, "a.jsonl", data)
		src, err := NewSource("jsonl", stages.DefaultRead(), nil, Options{ReadBytes: int(read) + 1, BatchBytes: int(batch) + 1})
		if err != nil {
			t.Fatal(err)
		}
		blocks, err := src.Blocks(context.Background(), shard, int64(size)+1)
		if err != nil {
			t.Fatal(err)
		}
		var got [][]byte
		for i := range blocks {
			err := readBlock(t, src, shard, &blocks[i], func(b *stages.Batch) {
				for k := range b.Len() {
					got = append(got, bytes.Clone(b.Origin.(*rows).row(k)))
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		want := bytes.SplitAfter(data, []byte("\n"))
		if len(want[len(want)-1]) == 0 {
			want = want[:len(want)-1]
		}
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

// FuzzEncode writes strings that read back as they were.
func FuzzEncode(f *testing.F) {
	for _, s := range []string{"", "a", "\x00\x1f\"\\/é\u2028😀", "\xff", strings.Repeat("a", 20) + "\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, s []byte) {
		out := appendString(nil, s)
		var got string
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatal(err)
		}
		if want := string(bytes.ToValidUTF8(s, []byte("\uFFFD"))); got != want {
			t.Fatalf("%q became %q", s, got)
		}
		var a arena
		back, end, err := a.text(out, 1)
		if err != nil || end != len(out) || string(back) != got {
			t.Fatalf("%q read back as %q, %d of %d, %v", out, back, end, len(out), err)
		}
	})
}

// FuzzUTF8 compares validUTF8 with the standard library.
func FuzzUTF8(f *testing.F) {
	for _, s := range []string{"", "ascii only, long enough", "é", "€uro", "😀", "\xff", "\xc0\x80", "\xe0\x9f\x80", "\xed\xa0\x80", "\xf0\x8f\x80\x80", "\xf4\x90\x80\x80", "1234567é", "日本語"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		for _, fast := range []bool{false, hasAVX2} {
			if got, want := validUTF8With(p, fast), utf8.Valid(p); got != want {
				t.Fatalf("fast %v: %q: %v, want %v", fast, p, got, want)
			}
		}
	})
}

// TestUTF8 tries every letter, and every pair of first bytes.
func TestUTF8(t *testing.T) {
	for r := rune(0); r <= utf8.MaxRune+1; r++ {
		p := append(utf8.AppendRune([]byte("ab"), r), "cdefghij"...)
		if !validUTF8(p) {
			t.Fatalf("%q is not valid", p)
		}
	}
	for a := range 256 {
		for b := range 256 {
			for _, rest := range []string{"", "\x80", "\x80\x80", "\x80\x80\x80", "a", "\xbfa", "\xbf\xbfa"} {
				p := append([]byte{byte(a), byte(b)}, rest...)
				if got, want := validUTF8(p), utf8.Valid(p); got != want {
					t.Fatalf("%q: %v, want %v", p, got, want)
				}
			}
		}
	}
}

// TestSpecial tries every byte at every place, between bytes that could be
// mistaken by a borrow.
func TestSpecial(t *testing.T) {
	for _, fill := range []byte{'a', ' ', '!', '#', '[', ']', 0x80, 0xa0, 0xa2, 0xdc, 0xff} {
		for at := range 8 {
			for c := range 256 {
				p := bytes.Repeat([]byte{fill}, 8)
				p[at] = byte(c)
				want := 8
				if c < ' ' || c == '"' || c == '\\' {
					want = at
				}
				got := 8
				if m := special(binary.LittleEndian.Uint64(p)); m != 0 {
					got = trailing(m)
				}
				if got != want {
					t.Fatalf("%q: %d, want %d", p, got, want)
				}
				all := uint64(0)
				for k, c := range p {
					if c < ' ' || c == '"' || c == '\\' {
						all |= 1 << k
					}
				}
				if got := specials(binary.LittleEndian.Uint64(p)); got != all {
					t.Fatalf("%q: %b, want %b", p, got, all)
				}
			}
		}
	}
}

// FuzzAVX2 compares the assembly with the plain Go.
func FuzzAVX2(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	for n := range 150 {
		f.Add([]byte(strings.Repeat("a", n) + `\n` + strings.Repeat("b", n/2) + `\\\"é` + strings.Repeat("c", n/3) + `\u00e9` + strings.Repeat(`\t`, n) + "\""))
		f.Add([]byte(strings.Repeat("é", n) + "\x1f\""))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		if !hasAVX2 {
			t.Skip("no AVX2")
		}
		asm, plain := arena{}, arena{plain: true}
		for i := 0; i < len(p); i += 1 + len(p)/4 {
			a, endA, errA := asm.text(p, i)
			b, endB, errB := plain.text(p, i)
			if !bytes.Equal(a, b) || (errA == nil) != (errB == nil) || errA == nil && endA != endB || errA != nil && errA.Error() != errB.Error() {
				t.Fatalf("%q from %d: %q, %d, %v; plain Go: %q, %d, %v", p, i, a, endA, errA, b, endB, errB)
			}
		}
	})
}

// TestAVX2Escapes tries every byte behind a backslash, at every place of a
// block.
func TestAVX2Escapes(t *testing.T) {
	for at := range 70 {
		for c := range 256 {
			p := append(append(bytes.Repeat([]byte("x"), at), '\\', byte(c)), strings.Repeat("y", 100)+`\n"`...)
			asm, plain := arena{}, arena{plain: true}
			a, _, errA := asm.text(p, 0)
			b, _, errB := plain.text(p, 0)
			if !bytes.Equal(a, b) || (errA == nil) != (errB == nil) {
				t.Fatalf("%q: %q, %v; plain Go: %q, %v", p, a, errA, b, errB)
			}
		}
	}
}
