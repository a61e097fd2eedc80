package sketch

import "golang.org/x/sys/cpu"

//go:generate sh -c "cd asm && go run . -out ../sketch_amd64.s"

// hasAVX2 says whether the functions in sketch_amd64.s can be called. The plain
// Go beside each call is its contract.
var hasAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasPOPCNT

// throwAVX2 writes bins, and values in the order of lanes that lowerAVX2 wants,
// of a multiple of eight shingles, for each of the rounds.
//
//go:noescape
func throwAVX2(values *uint64, bins *uint32, shingles []uint64, salts *uint32, first, rounds, shift uint64)

// lowerAVX2 lowers what bins hold to n values that throwAVX2 wrote.
//
//go:noescape
func lowerAVX2(held *[maxCoordinates]uint64, values *uint64, bins *uint32, n uint64)

// sieveAVX2 writes the words of those of a multiple of eight shingles that fall
// into empty bins, and returns their number. It may write eight words more.
//
//go:noescape
func sieveAVX2(ps, qs *uint32, shingles []uint64, empty *[maxCoordinates / 64]uint64, s, t uint32, shift uint64) (n uint64)

// lowerWordsAVX2 lowers what bins hold to the values of n words of a round.
//
//go:noescape
func lowerWordsAVX2(held *[maxCoordinates]uint64, ps, qs *uint32, n, round, shift uint64)

// vacantAVX2 sets the bits of the values that are none, and clears the others.
//
//go:noescape
func vacantAVX2(values *[maxCoordinates]uint64, empty *[maxCoordinates / 64]uint64)

// directAVX2 finds, for each of n salts, a multiple of eight, the smallest p of
// one shingle or more, and the smallest low half of q among those that have it.
//
//go:noescape
func directAVX2(ps, qs, s, t *uint32, n uint64, shingles []uint64)

// coordinatesAVX2 writes the low words of the values to dst, a multiple of 16.
//
//go:noescape
func coordinatesAVX2(dst []uint16, values *[maxCoordinates]uint64)

// agreeingAVX2 counts where a and b agree; their length is a multiple of 64, and
// from 64 to 65536.
//
//go:noescape
func agreeingAVX2(a, b []uint16) (n int)

// permuteAVX2 lowers least[i] to the minimum of hash*a[i] + b[i] over one hash or
// more, for n numbers i, a multiple of 8.
//
//go:noescape
func permuteAVX2(least, a, b *uint32, n uint64, hashes []uint32)

// murmurWordsAVX2 writes, for n places of a text, a multiple of eight, how the
// four bytes from there, masked, enter the hash. It reads up to 15 bytes after
// the last place.
//
//go:noescape
func murmurWordsAVX2(words *uint32, text *byte, n uint64, mask uint32)

// murmurWindowsAVX2 writes the hashes, but 1 for 0, of n windows of a length in
// bytes, a multiple of eight windows, one from each place: from the words of
// their blocks, 4 places apart, and of what comes after the blocks.
//
//go:noescape
func murmurWindowsAVX2(hashes, words, tails *uint32, n, blocks uint64, length, seed uint32)

// permute64AVX2 lowers least[i], which is below 2^63, to the minimum of
// (hash*a[i] + b[i]) modulo 2^61 - 1 over one hash or more, for n numbers i, a
// multiple of 4.
//
//go:noescape
func permute64AVX2(least, a, b *uint64, n uint64, hashes []uint64)
