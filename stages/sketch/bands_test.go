package sketch

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"
)

func TestBandsFor(t *testing.T) {
	for _, v := range []struct {
		threshold   float64
		coordinates int
		want        Bands
	}{{0.8, 256, Bands{32, 8}}, {0.8, 128, Bands{21, 6}}, {1, 256, Bands{1, 256}}, {0, 256, Bands{256, 1}}} {
		if got := BandsFor(v.threshold, v.coordinates); got != v.want {
			t.Errorf("%v of %d: %v, want %v", v.threshold, v.coordinates, got, v.want)
		}
	}
	for _, k := range []int{128, 256} {
		for threshold := 0.05; threshold < 1; threshold += 0.05 {
			b := BandsFor(threshold, k)
			more := Bands{k / (b.Rows + 1), b.Rows + 1}
			if b.Found(threshold) < 0.995 || b.Bands*b.Rows > k || (b.Bands+1)*b.Rows <= k || more.Found(threshold) >= 0.995 {
				t.Errorf("%v of %d: %v finds %v", threshold, k, b, b.Found(threshold))
			}
		}
	}
}

func TestFound(t *testing.T) {
	for j, want := range map[float64]float64{0: 0, 0.5: 0.1178, 0.6: 0.4184, 0.7: 0.8504, 0.8: 0.9972, 1: 1} {
		if got := (Bands{32, 8}).Found(j); math.Abs(got-want) > 5e-4 {
			t.Errorf("32 x 8 at %v: %v, want %v", j, got, want)
		}
	}
}

// Each bit of each coordinate of the band, and none other, changes half of the
// key; bands differ.
func TestKey(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 16))
	s := make([]uint16, 256)
	for _, rows := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 13} {
		b := Bands{256 / rows, rows}
		changed, seen := 0, make(map[uint64]bool)
		for range 100 {
			for i := range s {
				s[i] = uint16(rng.Uint32())
			}
			band := rng.IntN(b.Bands)
			key := b.Key(s, band)
			seen[key] = true
			for i := range s {
				bit := uint16(1) << rng.IntN(16)
				s[i] ^= bit
				other := b.Key(s, band)
				s[i] ^= bit
				if inside := i/rows == band; inside == (other == key) {
					t.Fatalf("%v: coordinate %d changes the key of band %d: %v", b, i, band, other != key)
				} else if inside {
					changed += bits.OnesCount64(key ^ other)
				}
			}
		}
		if mean := float64(changed) / float64(100*rows); mean < 30 || mean > 34 {
			t.Errorf("%v: a bit changes %.1f bits of the key", b, mean)
		}
		if len(seen) < 95 {
			t.Errorf("%v: %d keys of 100 random bands", b, len(seen))
		}
	}
	b, keys := Bands{32, 8}, make(map[uint64]bool)
	clear(s)
	for band := range b.Bands {
		keys[b.Key(s, band)] = true
	}
	if len(keys) != b.Bands {
		t.Errorf("equal coordinates give %d keys in %d bands", len(keys), b.Bands)
	}
}
