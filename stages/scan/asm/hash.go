package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func hashWords(masks Mem) {
	TEXT("hashWordsBMI2", NOSPLIT, "func(dst *uint64, low *byte, edges *uint32, n int)")
	Doc("hashWordsBMI2 is hashWord for n words.")
	dst := Load(Param("dst"), GP64())
	low := Load(Param("low"), GP64())
	edges := Load(Param("edges"), GP64())
	n := Load(Param("n"), GP64())
	table, k0, k1 := GP64(), constant(key0), constant(key1)
	LEAQ(masks, table)
	LEAQ(at(dst, n, 8), dst)
	LEAQ(at(edges, n, 8), edges)
	NEGQ(n)
	JZ(LabelRef("done"))

	Label("word")
	start, size, h := GP64(), GP64(), GP64()
	MOVL(at(edges, n, 8), start.As32())
	MOVL(Mem{Base: edges, Index: n, Scale: 8, Disp: 4}, size.As32())
	SUBQ(start, size)
	MOVQ(k0, h) // in truth h ^ key0
	CMPQ(size, Imm(16))
	JGT(LabelRef("long"))
	Label("rest")
	SHLQ(Imm(4), size)
	a, b, lo, hi := reg.RDX, GP64(), GP64(), GP64()
	block := func() {
		MOVQ(at(low, start, 1), a)
		MOVQ(Mem{Base: low, Index: start, Scale: 1, Disp: 8}, b)
	}
	block()
	ANDQ(at(table, size, 1), a)
	ANDQ(Mem{Base: table, Index: size, Scale: 1, Disp: 8}, b)
	XORQ(h, a)
	XORQ(k1, b)
	MULXQ(b, lo, hi)
	XORQ(hi, lo)
	SHRQ(Imm(3), lo)
	MOVQ(lo, at(dst, n, 8))
	INCQ(n)
	JNZ(LabelRef("word"))
	Label("done")
	RET()

	Label("long")
	block()
	XORQ(h, a)
	XORQ(k1, b)
	MULXQ(b, h, hi)
	XORQ(hi, h)
	XORQ(k0, h)
	ADDQ(Imm(16), start)
	SUBQ(Imm(16), size)
	CMPQ(size, Imm(16))
	JGT(LabelRef("long"))
	JMP(LabelRef("rest"))
}
