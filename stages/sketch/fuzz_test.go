package sketch

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// The vector forms give the bits of the plain Go.

func FuzzFast(f *testing.F) {
	f.Add([]byte("01234567"), uint16(1), false)
	f.Add([]byte("0123456789abcdef"), uint16(700), true)
	f.Fuzz(func(t *testing.T, data []byte, more uint16, small bool) {
		k := 256
		if small {
			k = 128
		}
		sketcher := newFast(t, k)
		if sketcher.vectors == nil {
			t.Skip("no vector unit that we know")
		}
		shingles := fuzzShingles(data, int(more)%2500)
		a, b := make([]uint16, k), make([]uint16, k)
		sketcher.Sketch(a, shingles)
		sketcher.vectors = nil
		sketcher.Sketch(b, shingles)
		if !slices.Equal(a, b) {
			t.Fatalf("%d coordinates of %x: %d, plain %d", k, shingles, a, b)
		}
	})
}

// fuzzShingles makes shingles of the data, and some more from it.
func fuzzShingles(data []byte, more int) []uint64 {
	shingles := []uint64{uint64(len(data))}
	for ; len(data) >= 8; data = data[8:] {
		shingles = append(shingles, binary.LittleEndian.Uint64(data))
	}
	for i := range more {
		shingles = append(shingles, splitMix(shingles[len(shingles)/2]+uint64(i)))
	}
	return shingles
}

func FuzzAgreeing(f *testing.F) {
	f.Add(make([]byte, 1100), make([]byte, 1024))
	f.Fuzz(func(t *testing.T, x, y []byte) {
		n := min(len(x), len(y)) / 2
		a, b := make([]uint16, n), make([]uint16, n)
		for i := range n {
			a[i], b[i] = binary.LittleEndian.Uint16(x[2*i:]), binary.LittleEndian.Uint16(y[2*i:])
		}
		if got, want := Agreeing(a, b), agreeingPlain(a, b); got != want {
			t.Fatalf("%d of %d agree, plain %d", got, n, want)
		}
	})
}

func FuzzCurator(f *testing.F) {
	f.Add([]byte(fox), uint8(24), uint16(260), uint32(42), uint16(0))
	f.Add([]byte("日本語 and more than that "), uint8(3), uint16(1), uint32(0), uint16(99))
	f.Fuzz(func(t *testing.T, text []byte, ngram uint8, hashes uint16, seed uint32, times uint16) {
		sameSignature(t, slices.Repeat(text, 1+int(times)%100), CuratorOptions{32, 1 + int(hashes)%300, 1 + int(ngram), seed})
	})
}

// sameSignature compares the forms, at 32 bits and at 64.
func sameSignature(t *testing.T, text []byte, o CuratorOptions) {
	t.Helper()
	c, err := NewCurator(o)
	o.Bits = 64
	d, err64 := NewCurator(o)
	if err != nil || err64 != nil {
		t.Fatal(err, err64)
	}
	a, b := make([]uint32, o.Hashes), make([]uint32, o.Hashes)
	a64, b64 := make([]uint64, o.Hashes), make([]uint64, o.Hashes)
	c.Sketch32(a, text)
	d.Sketch64(a64, text)
	c.signer.plain, d.signer64.plain = true, true
	c.Sketch32(b, text)
	d.Sketch64(b64, text)
	if !slices.Equal(a, b) || !slices.Equal(a64, b64) {
		t.Fatalf("%+v of %q: %d and %d, plain %d and %d", o, text, a, a64, b, b64)
	}
}

// The modulus where it matters: around multiples of the prime.
func TestPermute64(t *testing.T) {
	a, b, c := make([]uint64, 64), make([]uint64, 64), make([]uint64, 64)
	for i := range a {
		multiple := uint64(i/8) * prime61
		a[i], b[i], c[i] = multiple+uint64(i%8)-4, 0, prime61
	}
	s, want := &signer64{plain: !hasAVX2, a: a, b: b, least: slices.Clone(c), n: 1}, slices.Clone(c)
	s.hashes[0] = 1
	s.permute()
	for i := range a {
		want[i] = a[i] % prime61
	}
	if !slices.Equal(s.least, want) {
		t.Errorf("%d, want %d", s.least, want)
	}
}

// Runs of ASCII of all lengths around those at which the work changes, between
// other code points.
func TestCuratorRuns(t *testing.T) {
	rng := rand.New(rand.NewPCG(17, 18))
	for range 300 {
		o := CuratorOptions{32, 1 + rng.IntN(40), 1 + rng.IntN(40), rng.Uint32()}
		var text []byte
		for range 1 + rng.IntN(4) {
			n := max(0, []int{0, o.NGram, o.NGram + lanes, windowsAtOnce, windowsAtOnce + o.NGram, 2 * windowsAtOnce}[rng.IntN(6)]+rng.IntN(20)-10)
			for range n {
				text = append(text, byte(rng.IntN(128)))
			}
			text = append(text, "é日\xff"[:rng.IntN(7)]...)
		}
		sameSignature(t, text, o)
	}
}
