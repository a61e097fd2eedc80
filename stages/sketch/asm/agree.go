package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func agreeing() {
	TEXT("agreeingAVX2", NOSPLIT, "func(a, b []uint16) (n int)")
	Doc("agreeingAVX2 counts where a and b agree; their length is a multiple of 64, at most 65536.")
	a, left := slice("a")
	b := Load(Param("b").Base(), GP64()).(reg.GPVirtual)
	sums := []reg.VecVirtual{YMM(), YMM()}
	for _, s := range sums {
		VPXOR(s, s, s)
	}
	Label("loop")
	for i := range 4 {
		x := YMM()
		VMOVDQU(Mem{Base: a, Disp: 32 * i}, x)
		VPCMPEQW(Mem{Base: b, Disp: 32 * i}, x, x)
		VPSUBW(x, sums[i%2], sums[i%2])
	}
	ADDQ(U32(128), a)
	ADDQ(U32(128), b)
	SUBQ(Imm(64), left)
	JG(LabelRef("loop"))
	VPADDW(sums[0], sums[1], sums[0])
	Store(total(sums[0]), Return("n"))
	VZEROUPPER()
	RET()
}

// total adds the words of a register, none of which is over 32767.
func total(words reg.VecVirtual) reg.GPVirtual {
	one, x, n := YMM(), XMM(), GP64()
	VPCMPEQW(one, one, one)
	VPSRLW(Imm(15), one, one)
	VPMADDWD(one, words, words)
	VEXTRACTI128(Imm(1), words, x)
	VPADDD(words.AsX(), x, x)
	y := XMM()
	for _, order := range []uint64{0x4e, 0xb1} {
		VPSHUFD(Imm(order), x, y)
		VPADDD(y, x, x)
	}
	VPEXTRD(Imm(0), x, n.As32()) // MOVD would move eight bytes
	return n
}
