package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// mixer holds the multipliers of salt.mix in registers.
type mixer [5]reg.VecVirtual

func newMixer() (m mixer) {
	for i, v := range []uint32{0x85ebca6b, 0xc2b2ae35, 0x9e3779b1, 0x7feb352d, 0x846ca68b} {
		m[i] = broadcast(v)
	}
	return m
}

// fold is x ^= x >> n.
func fold(x reg.VecVirtual, n uint64) {
	y := YMM()
	VPSRLD(Imm(n), x, y)
	VPXOR(y, x, x)
}

// mix is salt.mix in eight lanes; s and t are registers or memory.
func (m mixer) mix(a, b reg.VecVirtual, s, t Op) (p, q reg.VecVirtual) {
	p, q = YMM(), YMM()
	VPXOR(s, a, p)
	VPMULLD(m[0], p, p)
	fold(p, 15)
	VPXOR(t, b, q)
	VPXOR(q, p, p)
	VPMULLD(m[1], p, p)
	fold(p, 13)
	VPMULLD(m[2], p, p)
	fold(p, 16)
	VPADDD(b, p, q)
	VPMULLD(m[3], q, q)
	fold(q, 15)
	VPXOR(a, q, q)
	VPMULLD(m[4], q, q)
	fold(q, 16)
	return p, q
}

// halves loads eight shingles as low and high halves, in an order of their own.
func halves(shingles, i reg.GPVirtual) (a, b reg.VecVirtual) {
	a, b = YMM(), YMM()
	x, y := YMM(), YMM()
	VMOVDQU(Mem{Base: shingles, Index: i, Scale: 8}, x)
	VMOVDQU(Mem{Base: shingles, Index: i, Scale: 8, Disp: 32}, y)
	VSHUFPS(Imm(0x88), y, x, a)
	VSHUFPS(Imm(0xdd), y, x, b)
	return a, b
}
