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
	VMOVQ(Load(Param("shift"), GP64()), x)
	return x
}

// laneOrder is where the lanes of a vector of dwords are after VPUNPCKLDQ and
// VPUNPCKHDQ have made qwords of them.
var laneOrder = [8]int{0, 1, 4, 5, 2, 3, 6, 7}

func throw() {
	swap := GLOBL("swapWords", RODATA|NOPTR)
	for i := range 4 {
		DATA(8*i, U64(0x0504070601000302+uint64(i%2)*0x0808080808080808))
	}
	TEXT("throwAVX2", NOSPLIT, "func(values *uint64, bins *uint32, shingles []uint64, salts *uint32, first, rounds, shift uint64)")
	Doc("throwAVX2 finds value and bin of a multiple of eight shingles in each of some rounds.")
	values, bins, salts := pointer("values"), pointer("bins"), pointer("salts")
	shingles, n := slice("shingles")
	round, rounds := pointer("first"), pointer("rounds")
	shift, m, swapped := binShift(), newMixer(), YMM()
	VMOVDQU(swap, swapped)
	LEAQ(Mem{Base: salts, Index: round, Scale: 8}, salts)
	SHLL(Imm(16), round.As32())
	Label("round")
	s, t, r, x := YMM(), YMM(), YMM(), XMM()
	VPBROADCASTD(Mem{Base: salts}, s)
	VPBROADCASTD(Mem{Base: salts, Disp: 4}, t)
	VMOVD(round.As32(), x)
	VPBROADCASTD(x, r)
	i := zero64()
	Label("eight")
	a, b := halves(shingles, i)
	p, q := m.mix(a, b, s, t)
	bin, low, high := YMM(), YMM(), YMM()
	VPSRLD(shift, q, bin)
	VMOVDQU(bin, Mem{Base: bins})
	// Words of a value, low one first: q's low, p's low, p's high, round.
	VPSHUFB(swapped, p, p)
	VPBLENDW(Imm(0xaa), p, q, q)
	VPBLENDW(Imm(0xaa), r, p, p)
	VPUNPCKLDQ(p, q, low)
	VPUNPCKHDQ(p, q, high)
	VMOVDQU(low, Mem{Base: values})
	VMOVDQU(high, Mem{Base: values, Disp: 32})
	ADDQ(Imm(64), values)
	ADDQ(Imm(32), bins)
	ADDQ(Imm(8), i)
	CMPQ(i, n)
	JL(LabelRef("eight"))
	ADDQ(Imm(8), salts)
	ADDL(U32(1<<16), round.As32())
	DECQ(rounds)
	JNZ(LabelRef("round"))
	VZEROUPPER()
	RET()
}

// lowerTo lowers the bin with number j to the value v.
func lowerTo(held, j, v reg.GPVirtual) {
	w := GP64()
	MOVQ(Mem{Base: held, Index: j, Scale: 8}, w)
	CMPQ(v, w)
	CMOVQCS(v, w)
	MOVQ(w, Mem{Base: held, Index: j, Scale: 8})
}

func lower() {
	TEXT("lowerAVX2", NOSPLIT, "func(held *[256]uint64, values *uint64, bins *uint32, n uint64)")
	Doc("lowerAVX2 lowers what bins hold to what throwAVX2 made for a multiple of eight shingles.")
	held, values, bins, n := pointer("held"), pointer("values"), pointer("bins"), pointer("n")
	i := zero64()
	Label("eight")
	for k, lane := range laneOrder {
		j, v := GP64(), GP64()
		MOVL(Mem{Base: bins, Index: i, Scale: 4, Disp: 4 * lane}, j.As32())
		MOVQ(Mem{Base: values, Index: i, Scale: 8, Disp: 8 * k}, v)
		lowerTo(held, j, v)
	}
	ADDQ(Imm(8), i)
	CMPQ(i, n)
	JL(LabelRef("eight"))
	RET()
}

func lowerWords() {
	TEXT("lowerWordsAVX2", NOSPLIT, "func(held *[256]uint64, ps, qs *uint32, n, round, shift uint64)")
	Doc("lowerWordsAVX2 lowers what bins hold to the values of n words of a round.")
	held, ps, qs, n, round := pointer("held"), pointer("ps"), pointer("qs"), pointer("n"), pointer("round")
	shift := pointer("shift")
	MOVQ(shift, reg.RCX)
	SHLQ(Imm(48), round)
	TESTQ(n, n)
	JZ(LabelRef("done"))
	Label("one")
	j, v, w := GP64(), GP64(), GP64()
	MOVL(Mem{Base: qs, Index: n, Scale: 4, Disp: -4}, j.As32())
	MOVL(Mem{Base: ps, Index: n, Scale: 4, Disp: -4}, v.As32())
	MOVWLZX(j.As16(), w.As32())
	SHRL(reg.CL, j.As32())
	SHLQ(Imm(16), v)
	ORQ(round, v)
	ORQ(w, v)
	lowerTo(held, j, v)
	DECQ(n)
	JNZ(LabelRef("one"))
	Label("done")
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
	TEXT("sieveAVX2", NOSPLIT, "func(ps, qs *uint32, shingles []uint64, empty *[4]uint64, s, t uint32, shift uint64) (n uint64)")
	Doc("sieveAVX2 mixes a multiple of eight shingles and packs the words of those that fall into empty bins.")
	ps, qs, empty := pointer("ps"), pointer("qs"), pointer("empty")
	shingles, n := slice("shingles")
	s, t, shift, m := spread("s"), spread("t"), binShift(), newMixer()
	bitmap, low5 := YMM(), broadcast(31)
	VMOVDQU(Mem{Base: empty}, bitmap)
	lanes, packed, i := GP64(), zero64(), zero64()
	LEAQ(table, lanes)
	Label("eight")
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
	ADDQ(Imm(8), i)
	CMPQ(i, n)
	JL(LabelRef("eight"))
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
