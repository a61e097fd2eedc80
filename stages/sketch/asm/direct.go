package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func direct() {
	TEXT("directAVX2", NOSPLIT, "func(ps, qs, s, t *[8]uint32, shingles []uint64)")
	Doc("directAVX2 finds the smallest words of the shingles for each of eight salts.")
	ps, qs, s, t := pointer("ps"), pointer("qs"), pointer("s"), pointer("t")
	shingles, n := slice("shingles")
	m := newMixer()
	sv, tv, low := YMM(), YMM(), broadcast(0xffff)
	VMOVDQU(Mem{Base: s}, sv)
	VMOVDQU(Mem{Base: t}, tv)
	// The smallest p, and the largest complement of q among those that have it.
	p0, c0 := YMM(), YMM()
	VPCMPEQD(p0, p0, p0)
	VPXOR(c0, c0, c0)
	LEAQ(Mem{Base: shingles, Index: n, Scale: 8}, n)
	Label("shingle")
	a, b := YMM(), YMM()
	VPBROADCASTD(Mem{Base: shingles}, a)
	VPBROADCASTD(Mem{Base: shingles, Disp: 4}, b)
	p, q := m.mix(a, b, sv, tv)
	VPANDN(low, q, q)
	least, isNew, isOld := YMM(), YMM(), YMM()
	VPMINUD(p, p0, least)
	VPCMPEQD(p, least, isNew)
	VPCMPEQD(p0, least, isOld)
	VPAND(isNew, q, q)
	VPAND(isOld, c0, c0)
	VPMAXUD(q, c0, c0)
	VMOVDQA(least, p0)
	ADDQ(Imm(8), shingles)
	CMPQ(shingles, n)
	JNE(LabelRef("shingle"))
	VPANDN(low, c0, c0)
	VMOVDQU(p0, Mem{Base: ps})
	VMOVDQU(c0, Mem{Base: qs})
	VZEROUPPER()
	RET()
}

func coordinates() {
	order := GLOBL("evenOdd", RODATA|NOPTR)
	for i, lane := range []uint32{0, 4, 1, 5, 2, 6, 3, 7} {
		DATA(4*i, U32(lane))
	}
	TEXT("coordinatesAVX2", NOSPLIT, "func(dst []uint16, values *[256]uint64)")
	Doc("coordinatesAVX2 writes bits 16 to 31 of the values, 16 at a time.")
	dst, n := slice("dst")
	values := pointer("values")
	lanes := YMM()
	VMOVDQU(order, lanes)
	Label("sixteen")
	a, c, x := YMM(), YMM(), YMM()
	VMOVDQU(Mem{Base: values}, a)
	VMOVDQU(Mem{Base: values, Disp: 64}, c)
	VSHUFPS(Imm(0x88), Mem{Base: values, Disp: 32}, a, a)
	VSHUFPS(Imm(0x88), Mem{Base: values, Disp: 96}, c, c)
	VPSRLD(Imm(16), a, a)
	VPSRLD(Imm(16), c, c)
	VPACKUSDW(c, a, x)
	VPERMD(x, lanes, x)
	VMOVDQU(x, Mem{Base: dst})
	ADDQ(U32(128), values)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(16), n)
	JG(LabelRef("sixteen"))
	VZEROUPPER()
	RET()
}
