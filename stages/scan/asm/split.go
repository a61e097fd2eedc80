package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Bits that both tables have for a byte of a word: by the low nibble, and by
// the high one.
const (
	digits     = 1 << iota // 3: 0-9
	fromOne                // 4, 6: 1-f
	toTen                  // 5, 7: 0-a
	underscore             // 5: f
)

func nibbles() (low, high [16]byte) {
	for i := range 16 {
		if i < 10 {
			low[i] |= digits
		}
		if i > 0 {
			low[i] |= fromOne
		}
		if i <= 10 {
			low[i] |= toTen
		}
	}
	low[15] |= underscore
	high[3], high[4], high[6], high[5], high[7] = digits, fromOne, fromOne, toTen|underscore, toTen
	return low, high
}

// classifier holds what 32 bytes are looked up with.
type classifier struct {
	constants
	low, high, nibble, zero reg.VecVirtual
}

func newClassifier(of constants) (c classifier) {
	c = classifier{of, YMM(), YMM(), YMM(), YMM()}
	low, high := nibbles()
	VMOVDQU(of.table("shingleLow", low), c.low)
	VMOVDQU(of.table("shingleHigh", high), c.high)
	VMOVDQU(of.byte(0x0f), c.nibble)
	VPXOR(c.zero, c.zero, c.zero)
	return c
}

// half takes 32 bytes and returns the bits of those outside words, and of
// those beyond ASCII.
func (c classifier) half(from, to Mem) (outside, beyond reg.GPVirtual) {
	x, h, l, u := YMM(), YMM(), YMM(), YMM()
	outside, beyond = GP32(), GP32()
	VMOVDQU(from, x)
	VPSRLW(Imm(4), x, h)
	VPAND(h, c.nibble, h)
	VPSHUFB(x, c.low, l)
	VPSHUFB(h, c.high, h)
	VPAND(h, l, h)
	VPCMPEQB(h, c.zero, h)
	VPMOVMSKB(h, outside)
	VPMOVMSKB(x, beyond)
	VPCMPEQB(c.byte('_'), x, u)
	VPANDN(c.byte(0x20), u, u)
	VPOR(u, x, x)
	VMOVDQU(x, to)
	return outside, beyond
}

func split() {
	TEXT("splitAVX2", NOSPLIT, "func(low *byte, edges *uint32, text []byte, pos int, n int) (i int, m int)")
	Doc("splitAVX2 is splitASCII for whole blocks of 64 bytes.")
	low := Load(Param("low"), GP64())
	edges := Load(Param("edges"), GP64())
	text := Load(Param("text").Base(), GP64())
	left := Load(Param("text").Len(), GP64())
	pos := Load(Param("pos"), GP64())
	n := Load(Param("n"), GP64())
	of := make(constants)
	c := newClassifier(of)
	open := GP64()
	ADDQ(pos, low)
	LEAQ(at(edges, n, 4), edges)
	MOVQ(n, open)
	ANDQ(Imm(1), open)

	Label("block")
	CMPQ(left, Imm(64))
	JL(LabelRef("done"))
	out, beyond := c.half(Mem{Base: text}, Mem{Base: low})
	out2, beyond2 := c.half(Mem{Base: text, Disp: 32}, Mem{Base: low, Disp: 32})
	word, size := join(out, out2), GP64()
	stop := join(beyond, beyond2)
	NOTQ(word)
	MOVQ(U32(64), size)
	TESTQ(stop, stop)
	JNZ(LabelRef("mixed"))
	turn := GP64()
	LEAQ(at(open, word, 2), turn)
	XORQ(word, turn)
	MOVQ(word, open)
	SHRQ(Imm(63), open)
	Label("extract")
	extract(turn, edges, pos)
	ADDQ(size, text)
	ADDQ(size, low)
	ADDQ(size, pos)
	SUBQ(size, left)
	CMPQ(size, Imm(62)) // it was but a code point that crosses the end of the block
	JGE(LabelRef("block"))

	Label("done")
	VZEROUPPER()
	t := GP64()
	Load(Param("text").Base(), t)
	SUBQ(t, text)
	Store(text, Return("i"))
	Load(Param("edges"), t)
	SUBQ(t, edges)
	SHRQ(Imm(2), edges)
	Store(edges, Return("m"))
	RET()

	Label("mixed") // take what stands in front of what mixed cannot take
	beyond64, taken, letters := mixed(of, text, low, c.zero, c.nibble)
	ORQ(letters, word)
	ANDNQ(beyond64, taken, taken)
	TZCNTQ(taken, size)
	LEAQ(at(open, word, 2), turn)
	XORQ(word, turn)
	BZHIQ(size, turn, turn)
	last := GP64()
	LEAQ(Mem{Base: size, Disp: -1}, last)
	SHRXQ(last, word, open)
	ANDQ(Imm(1), open)
	JMP(LabelRef("extract"))
}

func join(a, b reg.GPVirtual) reg.GPVirtual {
	SHLQ(Imm(32), b.As64())
	ORQ(b.As64(), a.As64())
	return a.As64().(reg.GPVirtual)
}

// extract writes the numbers of the bits of turn, plus pos, to edges, eight at
// a time, and moves edges behind them.
func extract(turn, edges, pos reg.Register) {
	count, to, k := GP64(), GP64(), GP64()
	POPCNTQ(turn, count)
	MOVQ(edges, to)
	LEAQ(at(edges, count, 4), edges)
	Label("eight")
	for i := range 8 {
		TZCNTQ(turn, k)
		ADDQ(pos, k)
		MOVL(k.As32(), Mem{Base: to, Disp: i * 4})
		BLSRQ(turn, turn)
	}
	ADDQ(Imm(32), to)
	TESTQ(turn, turn)
	JNZ(LabelRef("eight"))
}

func widen() {
	TEXT("widenAVX2", NOSPLIT, "func(dst *uint64, text []byte) (i int)")
	Doc("widenAVX2 writes bytes as numbers, 32 at a time, up to one beyond ASCII.")
	dst := Load(Param("dst"), GP64())
	text := Load(Param("text").Base(), GP64())
	left := Load(Param("text").Len(), GP64())
	i := GP64()
	XORQ(i, i)
	SUBQ(Imm(32), left)
	Label("block")
	CMPQ(i, left)
	JGT(LabelRef("done"))
	x, beyond := YMM(), GP32()
	VMOVDQU(at(text, i, 1), x)
	VPMOVMSKB(x, beyond)
	TESTL(beyond, beyond)
	JNZ(LabelRef("done"))
	for k := range 8 {
		y := YMM()
		VPMOVZXBQ(Mem{Base: text, Index: i, Scale: 1, Disp: 4 * k}, y)
		VMOVDQU(y, Mem{Base: dst, Index: i, Scale: 8, Disp: 32 * k})
	}
	ADDQ(Imm(32), i)
	JMP(LabelRef("block"))
	Label("done")
	VZEROUPPER()
	Store(i, Return("i"))
	RET()
}
