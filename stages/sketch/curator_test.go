package sketch

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"testing"
	"unicode/utf8"
)

const fox = "The quick brown fox jumps over the lazy dog"

func newCurator(t testing.TB, bits, hashes, ngram int) *Curator {
	t.Helper()
	c, err := NewCurator(CuratorOptions{Bits: bits, Hashes: hashes, NGram: ngram, Seed: 42})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The parameters are those that NumPy draws.
func TestCuratorParameters(t *testing.T) {
	c := newCurator(t, 32, 260, 24)
	if got := append(slices.Clone(c.signer.a[:5]), c.signer.a[259]); !slices.Equal(got, []uint32{1608637543, 1935803229, 996406379, 423734973, 670094951, 417369880}) {
		t.Errorf("32 bits: multipliers %d", got)
	}
	if got := append(slices.Clone(c.signer.b[:5]), c.signer.b[259]); !slices.Equal(got, []uint32{1273642419, 787846414, 1201263687, 415968276, 1914837113, 897299057}) {
		t.Errorf("32 bits: summands %d", got)
	}
	c = newCurator(t, 64, 260, 24)
	if got := append(slices.Clone(c.signer64.a[:3]), c.signer64.a[259]); !slices.Equal(got, []uint64{2297359619001564596, 1973689801170867272, 572192888165898362, 2071129025018574063}) {
		t.Errorf("64 bits: multipliers %d", got)
	}
	if got := append(slices.Clone(c.signer64.b[:3]), c.signer64.b[259]); !slices.Equal(got, []uint64{1396682528897996046, 1819927849474927636, 571748048327668950, 468858903895078666}) {
		t.Errorf("64 bits: summands %d", got)
	}
}

func TestCuratorVectors(t *testing.T) {
	for _, v := range []struct {
		text  string
		first []uint32
		last  uint32
		sum   string // md5 of the first 13
	}{
		{fox, []uint32{288489571, 231969616, 175714076, 264915830, 237531717}, 379167841, "9157f7358b4aae34ec516333ea649e7b"},
		{"A test string", []uint32{1790905119, 3497716082, 1003032707, 2602246136, 573353445}, 4232484689, "3e73d2ff05ca83febb182c27b2484374"},
		{"日本語のテキストを分割します。これはテスト文書です。長い文字列", []uint32{26345348, 164619673, 406271575, 8836734, 65318986}, 75704969, "f7c7654d84458c3af7450e688ef04ff7"},
	} {
		got := make([]uint32, 260)
		newCurator(t, 32, 260, 24).Sketch32(got, []byte(v.text))
		var le []byte
		for _, x := range got[:13] {
			le = binary.LittleEndian.AppendUint32(le, x)
		}
		sum := md5.Sum(le)
		if !slices.Equal(got[:5], v.first) || got[259] != v.last || hex.EncodeToString(sum[:]) != v.sum {
			t.Errorf("%q: %d ... %d, md5 %x", v.text, got[:5], got[259], sum)
		}
	}
	got := make([]uint32, 260)
	newCurator(t, 32, 260, 5).Sketch32(got, []byte(fox))
	if want := []uint32{104710161, 210718481, 144286138, 228944114, 26547574}; !slices.Equal(got[:5], want) {
		t.Errorf("windows of 5: %d, want %d", got[:5], want)
	}
}

// An empty text is all zeros, a short one is one window, and one hash of 0
// counts as 1.
func TestCuratorEdges(t *testing.T) {
	c, d := newCurator(t, 32, 9, 3), newCurator(t, 64, 9, 3)
	a, b, e := make([]uint32, 9), make([]uint32, 9), make([]uint64, 9)
	a[3], e[3] = 7, 7
	c.Sketch32(a, nil)
	d.Sketch64(e, nil)
	if !slices.Equal(a, make([]uint32, 9)) || !slices.Equal(e, make([]uint64, 9)) {
		t.Errorf("an empty text has %d and %d", a, e)
	}
	c.Sketch32(a, []byte("é\xff"))
	for i := range b {
		b[i] = murmur32([]byte("é\xff"), c.signer.a[0])*c.signer.a[i] + c.signer.b[i]
	}
	if !slices.Equal(a, b) {
		t.Errorf("a text of two code points has %d, want %d", a, b)
	}
}

// Against a literal reading of the definition, on texts of valid and invalid
// code points and around the number of windows that wait.
func TestCuratorIsTheDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	c, d := newCurator(t, 32, 37, 5), newCurator(t, 64, 37, 5)
	got32, got64 := make([]uint32, 37), make([]uint64, 37)
	for _, n := range []int{1, 2, 4, 5, 6, 7, 30, 100, 1027, 1028, 1029, 3000} {
		for range 5 {
			text := randomText(rng, n)
			c.Sketch32(got32, text)
			d.Sketch64(got64, text)
			for i := range 37 {
				least32, least64 := ^uint32(0), ^uint64(0)
				for _, w := range literalWindows(text, 5) {
					least32 = min(least32, max(1, murmur32(w, c.signer.a[0]))*c.signer.a[i]+c.signer.b[i])
					least64 = min(least64, (max(1, murmur64(w, d.signer64.a[0]))*d.signer64.a[i]+d.signer64.b[i])%(1<<61-1))
				}
				if got32[i] != least32 || got64[i] != least64 {
					t.Fatalf("%q: hash %d is %d and %d, want %d and %d", text, i, got32[i], got64[i], least32, least64)
				}
			}
		}
	}
}

// randomText returns a text of about n code points: ASCII, or others among it,
// or bad bytes too.
func randomText(rng *rand.Rand, n int) (text []byte) {
	kind := rng.IntN(3)
	for range n {
		switch r := rng.IntN(10); {
		case r < 7 || kind == 0:
			text = append(text, byte(rng.IntN(128)))
		case r < 9 || kind == 1:
			text = utf8.AppendRune(text, rune(rng.IntN(0x20000)))
		default:
			text = append(text, byte(rng.IntN(256)))
		}
	}
	return text
}

func literalWindows(text []byte, width int) (all [][]byte) {
	at := []int{}
	for i := 0; i < len(text); {
		at = append(at, i)
		_, n := utf8.DecodeRune(text[i:])
		i += n
	}
	at = append(at, len(text))
	if len(at) <= width {
		return [][]byte{text}
	}
	for i := range at[width:] {
		all = append(all, text[at[i]:at[i+width]])
	}
	return all
}

// Vectors of Appleby's program, as other implementations publish them.
func TestMurmur(t *testing.T) {
	for _, v := range []struct {
		text string
		h32  uint32
		h64  uint64
	}{
		{"", 0, 0},
		{"hello", 0x248bfa47, 0xcbd8a7b341bd9b02},
		{"hello, world", 0x149bbb7f, 0x342fac623a5ebc8e},
		{"The quick brown fox jumps over the lazy dog.", 0xd5c48bfc, 0xcd99481f9ee902c9},
	} {
		if a, b := murmur32([]byte(v.text), 0), murmur64([]byte(v.text), 0); a != v.h32 || b != v.h64 {
			t.Errorf("%q: %x and %x, want %x and %x", v.text, a, b, v.h32, v.h64)
		}
	}
}

func TestCuratorRefuses(t *testing.T) {
	for _, o := range []CuratorOptions{{16, 260, 24, 42}, {32, 0, 24, 42}, {32, 260, 0, 42}} {
		if _, err := NewCurator(o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}
