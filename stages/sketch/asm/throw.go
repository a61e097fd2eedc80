package main

import (
	"encoding/binary"
	"math/bits"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// binShift loads the argument shift for VPSRLD.
func binShift() reg.VecVirtual {
	x := XMM()
	MOVQ(Load(Param("shift"), GP64()), x)
	return x
}

func fill() {
	TEXT("fillAVX2", NOSPLIT, "func(values *[256]uint64, shingles []uint64, s, t uint32, shift uint64)")
	Doc("fillAVX2 throws eight shingles or more into bins that are all open.")
	values := pointer("values")
	shingles, n := slice("shingles")
	s, t, shift, m := spread("s"), spread("t"), binShift(), newMixer()
	held, bins := AllocLocal(64), AllocLocal(32)
	i := GP64()
	eights(n, i, func() {
		a, b := halves(shingles, i)
		p, q := m.mix(a, b, s, t)
		bin, low, high := YMM(), YMM(), YMM()
		VPSRLD(shift, q, bin)
		VMOVDQU(bin, bins)
		VPSLLD(Imm(16), q, q)
		VPUNPCKLDQ(p, q, low)
		VPUNPCKHDQ(p, q, high)
		VMOVDQU(low, held)
		VMOVDQU(high, held.Offset(32))
		for k, lane := range []int{0, 1, 4, 5, 2, 3, 6, 7} {
			j, v, w := GP64(), GP64(), GP64()
			MOVL(bins.Offset(4*lane), j.As32())
			MOVQ(held.Offset(8*k), v)
			MOVQ(Mem{Base: values, Index: j, Scale: 8}, w)
			CMPQ(v, w)
			CMOVQCS(v, w)
			MOVQ(w, Mem{Base: values, Index: j, Scale: 8})
		}
	})
	VZEROUPPER()
	RET()
}

// packTable says, for each set of lanes, which lanes come first when they are
// packed: eight bytes each.
func packTable() Mem {
	table := GLOBL("packLanes", RODATA|NOPTR)
	for set := range 256 {
		var lanes [8]byte
		for w, k := uint(set), 0; w != 0; w, k = w&(w-1), k+1 {
			lanes[k] = byte(bits.TrailingZeros(w))
		}
		DATA(8*set, U64(binary.LittleEndian.Uint64(lanes[:])))
	}
	return table
}

func sieve() {
	table := packTable()
	TEXT("sieveAVX2", NOSPLIT, "func(ps, qs *uint32, shingles []uint64, empty *[4]uint64, s, t uint32, shift uint64) (n int)")
	Doc("sieveAVX2 mixes eight shingles or more and packs the words of those that fall into empty bins.")
	ps, qs, empty := pointer("ps"), pointer("qs"), pointer("empty")
	shingles, n := slice("shingles")
	s, t, shift, m := spread("s"), spread("t"), binShift(), newMixer()
	bitmap, low5 := YMM(), broadcast(31)
	VMOVDQU(Mem{Base: empty}, bitmap)
	lanes, packed, i := GP64(), zero64(), GP64()
	LEAQ(table, lanes)
	eights(n, i, func() {
		a, b := halves(shingles, i)
		p, q := m.mix(a, b, s, t)
		bin, word, set := YMM(), YMM(), GP32()
		VPSRLD(shift, q, bin)
		VPSRLD(Imm(5), bin, word)
		VPERMD(bitmap, word, word)
		VPANDN(low5, bin, bin) // 31 less the place of the bit
		VPSLLVD(bin, word, word)
		VMOVMSKPS(word, set)
		VPMOVZXBD(Mem{Base: lanes, Index: set.As64(), Scale: 8}, word)
		VPERMD(p, word, p)
		VPERMD(q, word, q)
		VMOVDQU(p, Mem{Base: ps, Index: packed, Scale: 4})
		VMOVDQU(q, Mem{Base: qs, Index: packed, Scale: 4})
		POPCNTL(set, set)
		ADDQ(set.As64(), packed)
	})
	VZEROUPPER()
	Store(packed, Return("n"))
	RET()
}

func vacant() {
	TEXT("vacantAVX2", NOSPLIT, "func(values *[256]uint64, empty *[4]uint64)")
	Doc("vacantAVX2 marks the bins that hold nothing.")
	values, empty := pointer("values"), pointer("empty")
	none := YMM()
	VPCMPEQD(none, none, none)
	for word := range 8 {
		// Four values a vector, in dwords by shuffling, in words, in bytes.
		var dwords [4]reg.VecVirtual
		for d := range dwords {
			x, y := YMM(), YMM()
			VPCMPEQQ(Mem{Base: values, Disp: word*256 + d*64}, none, x)
			VPCMPEQQ(Mem{Base: values, Disp: word*256 + d*64 + 32}, none, y)
			VSHUFPS(Imm(0x88), y, x, x)
			VPERMQ(Imm(0xd8), x, x)
			dwords[d] = x
		}
		for _, d := range []int{0, 2} {
			VPACKSSDW(dwords[d+1], dwords[d], dwords[d])
			VPERMQ(Imm(0xd8), dwords[d], dwords[d])
		}
		VPACKSSWB(dwords[2], dwords[0], dwords[0])
		VPERMQ(Imm(0xd8), dwords[0], dwords[0])
		r := GP32()
		VPMOVMSKB(dwords[0], r)
		MOVL(r, Mem{Base: empty, Disp: 4 * word})
	}
	VZEROUPPER()
	RET()
}
