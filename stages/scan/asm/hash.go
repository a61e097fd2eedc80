package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func hashWords(masks Mem) {
	TEXT("hashWordsBMI2", NOSPLIT, "func(dst *uint64, low *byte, edges *uint32, n int) (i int)")
	Doc("hashWordsBMI2 hashes n words of up to 16 bytes; it returns how many it did before a longer one.")
	dst := Load(Param("dst"), GP64())
	low := Load(Param("low"), GP64())
	edges := Load(Param("edges"), GP64())
	n := Load(Param("n"), GP64())
	table, k0, k1, i := GP64(), constant(key0), constant(key1), GP64()
	LEAQ(masks, table)
	XORQ(i, i)

	Label("word")
	CMPQ(i, n)
	JGE(LabelRef("done"))
	start, size := GP64(), GP64()
	MOVL(Mem{Base: edges, Index: i, Scale: 8}, start.As32())
	MOVL(Mem{Base: edges, Index: i, Scale: 8, Disp: 4}, size.As32())
	SUBQ(start, size)
	CMPQ(size, Imm(16))
	JGT(LabelRef("done"))
	SHLQ(Imm(4), size)
	a, b, lo, hi := reg.RDX, GP64(), GP64(), GP64()
	MOVQ(at(low, start, 1), a)
	MOVQ(Mem{Base: low, Index: start, Scale: 1, Disp: 8}, b)
	ANDQ(at(table, size, 1), a)
	ANDQ(Mem{Base: table, Index: size, Scale: 1, Disp: 8}, b)
	XORQ(k0, a)
	XORQ(k1, b)
	MULXQ(b, lo, hi)
	XORQ(hi, lo)
	SHRQ(Imm(3), lo)
	MOVQ(lo, at(dst, i, 8))
	INCQ(i)
	JMP(LabelRef("word"))

	Label("done")
	Store(i, Return("i"))
	RET()
}
