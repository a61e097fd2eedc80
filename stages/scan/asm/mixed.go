package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// What follows takes, beside ASCII, the pairs of bytes below, and three bytes
// of punctuation: enough for most texts in Latin and Cyrillic letters.
//
//	c2 a0-af     no part of a word, but for aa
//	c3 80-bf     letters but for 97 and b7; 80-9e are capitals, 20 below the small ones
//	d0 80-bf     letters; 80-8f are capitals of d1 90-9f, 90-9f of d0 b0-bf, a0-af of d1 80-8f
//	d1 80-9f     small letters
//	e2 80 80-be  no part of a word

func all(b byte) (bytes [16]byte) {
	for i := range bytes {
		bytes[i] = b
	}
	return bytes
}

// constants of mixed, by name, so that each is there once.
type constants map[string]Mem

func (c constants) byte(b byte) Mem {
	const hex = "0123456789abcdef"
	return c.table("shingle"+string(hex[b>>4])+string(hex[b&15]), all(b))
}

func (c constants) table(name string, b [16]byte) Mem {
	if _, ok := c[name]; !ok {
		c[name] = bytes16(name, b)
	}
	return c[name]
}

// byHigh is a table by the high nibble of a byte.
func byHigh(low map[int]byte) (b [16]byte) {
	for i, v := range low {
		b[i] = v
	}
	return b
}

// masks64 are bits of a block of 64 bytes: those beyond ASCII, second bytes of
// pairs that are taken, those of letters, and last bytes of three.
type masks64 struct{ beyond, second, letter, third reg.GPVirtual }

// mixed rewrites a block at text to low in lower case. It returns the bits of
// the bytes beyond ASCII, of those that it could take, and of the letters
// among them.
func mixed(c constants, text, low reg.Register, zero, nibble reg.VecVirtual) (beyond, taken, letters reg.GPVirtual) {
	x0, x1 := YMM(), YMM()
	VMOVDQU(Mem{Base: text}, x0)
	VMOVDQU(Mem{Base: text, Disp: 32}, x1)
	m0 := mixedHalf(c, zero, x0, x1, nibble, Mem{Base: low})
	m1 := mixedHalf(c, x0, x1, zero, nibble, Mem{Base: low, Disp: 32})
	taken, letters = join(m0.second, m1.second), join(m0.letter, m1.letter)
	third, t := join(m0.third, m1.third), GP64()
	beforeToo := func(m reg.GPVirtual) {
		MOVQ(m, t)
		SHRQ(Imm(1), t)
		ORQ(t, m)
	}
	beforeToo(letters)
	beforeToo(third)
	ORQ(third, taken)
	beforeToo(taken)
	beyond, upper := GP32(), GP32()
	VPMOVMSKB(x0, beyond)
	VPMOVMSKB(x1, upper)
	return join(beyond, upper), taken, letters
}

// mixedHalf takes the 32 bytes x between those before and after.
func mixedHalf(c constants, before, x, after, nibble reg.VecVirtual, to Mem) (m masks64) {
	prev, prev2, next, high := YMM(), YMM(), YMM(), YMM()
	VPERM2I128(Imm(0x21), x, before, prev)
	VPALIGNR(Imm(14), prev, x, prev2)
	VPALIGNR(Imm(15), prev, x, prev)
	VPERM2I128(Imm(0x21), after, x, next)
	VPALIGNR(Imm(1), x, next, next)
	VPSRLW(Imm(4), x, high)
	VPAND(nibble, high, high)
	equal := func(v reg.VecVirtual, b byte) reg.VecVirtual {
		y := YMM()
		VPCMPEQB(c.byte(b), v, y)
		return y
	}
	and := func(a, b reg.VecVirtual) reg.VecVirtual { VPAND(a, b, b); return b }
	or := func(a, b reg.VecVirtual) reg.VecVirtual { VPOR(a, b, b); return b }
	lookup := func(name string, t map[int]byte, by reg.VecVirtual) reg.VecVirtual {
		table, y := YMM(), YMM()
		VMOVDQU(c.table(name, byHigh(t)), table)
		VPSHUFB(by, table, y)
		return y
	}

	// What a second byte adds to become a small letter.
	out := YMM()
	c3, d0 := equal(prev, 0xc3), equal(prev, 0xd0)
	up := or(equal(x, 0x97), equal(x, 0x9f))
	delta := lookup("shingleC3", map[int]byte{8: 0x20, 9: 0x20}, high)
	VPANDN(delta, up, delta)
	VPAND(c3, delta, delta)
	delta = or(and(d0, lookup("shingleD0", map[int]byte{8: 0x10, 9: 0x20, 10: 0xe0}, high)), delta)
	VPADDB(delta, x, out)
	// And its d0, to become d1.
	VPSRLW(Imm(4), next, next)
	VPAND(nibble, next, next)
	raise := and(equal(x, 0xd0), lookup("shingleRaise", map[int]byte{8: 1, 10: 1}, next))
	VPADDB(raise, out, out)
	// ASCII letters too; others have the bit, or are beyond.
	ascii, under := YMM(), equal(x, '_')
	VPCMPGTB(c.byte(0xff), x, ascii)
	VPANDN(ascii, under, ascii)
	VPAND(c.byte(0x20), ascii, ascii)
	VPOR(ascii, out, out)
	VMOVDQU(out, to)

	// Which second bytes are taken, and which of those are of words.
	continued, below := YMM(), YMM()
	VMOVDQU(c.byte(0xc0), continued)
	VPCMPGTB(x, continued, continued)
	VMOVDQU(c.byte(0xa0), below)
	VPCMPGTB(x, below, below)
	letter := YMM()
	VMOVDQA(c3, letter)
	sign := or(equal(x, 0x97), equal(x, 0xb7))
	VPANDN(letter, sign, letter)
	letter = or(or(d0, and(below, equal(prev, 0xd1))), letter)
	letter = and(continued, letter)
	m.letter = GP32()
	VPMOVMSKB(letter, m.letter)
	c2 := and(equal(prev, 0xc2), equal(high, 0x0a))
	VPANDN(c2, equal(x, 0xaa), c2)
	c2 = or(and(continued, c3), c2)
	c2 = or(letter, c2)
	m.second = GP32()
	VPMOVMSKB(c2, m.second)

	VPANDN(continued, equal(x, 0xbf), continued)
	VPAND(equal(prev, 0x80), continued, continued)
	VPAND(equal(prev2, 0xe2), continued, continued)
	m.third = GP32()
	VPMOVMSKB(continued, m.third)
	return m
}
