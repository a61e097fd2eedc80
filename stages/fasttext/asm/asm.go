// Command asm generates ../fasttext_amd64.s. It is a module of its own, so that
// the program does not depend on the generator. Run it with go generate in the
// folder above.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64")
	for _, registers := range []int{8, 4, 2, 1} {
		sum(registers)
	}
	sumTail()
	dots()
	Generate()
}

func pointer(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

func slice(name string) (base, n reg.GPVirtual) {
	base = Load(Param(name).Base(), GP64()).(reg.GPVirtual)
	n = Load(Param(name).Len(), GP64()).(reg.GPVirtual)
	return base, n
}

// sum adds rows of as many registers as it is told.
func sum(registers int) {
	name := fmt.Sprintf("sum%dAVX2", 8*registers)
	TEXT(name, NOSPLIT, "func(sum, table *float32, rows []uint32, stride uint64)")
	Doc(fmt.Sprintf("%s adds the first %d numbers of rows of a table to a sum.", name, 8*registers))
	to, table := pointer("sum"), pointer("table")
	rows, left := slice("rows")
	stride := pointer("stride")
	sums := make([]reg.VecVirtual, registers)
	for i := range sums {
		sums[i] = YMM()
		VMOVUPS(Mem{Base: to, Disp: 32 * i}, sums[i])
	}
	row := GP64()
	Label("loop")
	MOVL(Mem{Base: rows}, row.As32())
	IMULQ(stride, row)
	for i := range sums {
		VADDPS(Mem{Base: table, Index: row, Scale: 1, Disp: 32 * i}, sums[i], sums[i])
	}
	ADDQ(Imm(4), rows)
	DECQ(left)
	JNZ(LabelRef("loop"))
	for i := range sums {
		VMOVUPS(sums[i], Mem{Base: to, Disp: 32 * i})
	}
	VZEROUPPER()
	RET()
}

func sumTail() {
	TEXT("sumTailAVX2", NOSPLIT, "func(sum, table *float32, rows []uint32, stride uint64, mask *[8]int32)")
	Doc("sumTailAVX2 adds the first numbers of rows of a table to a sum, those that the mask names.")
	to, table := pointer("sum"), pointer("table")
	rows, left := slice("rows")
	stride := pointer("stride")
	total, mask, x, row := YMM(), YMM(), YMM(), GP64()
	VMOVUPS(Mem{Base: pointer("mask")}, mask)
	VMOVUPS(Mem{Base: to}, total)
	Label("loop")
	MOVL(Mem{Base: rows}, row.As32())
	IMULQ(stride, row)
	VMASKMOVPS(Mem{Base: table, Index: row, Scale: 1}, mask, x)
	VADDPS(x, total, total)
	ADDQ(Imm(4), rows)
	DECQ(left)
	JNZ(LabelRef("loop"))
	VMOVUPS(total, Mem{Base: to})
	VZEROUPPER()
	RET()
}

// dots multiplies and adds in two steps, because each rounds.
func dots() {
	TEXT("dotsAVX2", NOSPLIT, "func(out *[32]float32, block, vector []float32)")
	Doc("dotsAVX2 writes the products of a vector with the rows of a block of 32 labels.")
	out := pointer("out")
	block := Load(Param("block").Base(), GP64()).(reg.GPVirtual)
	vector, left := slice("vector")
	sums := make([]reg.VecVirtual, 4)
	for i := range sums {
		sums[i] = YMM()
		VXORPS(sums[i], sums[i], sums[i])
	}
	v := YMM()
	Label("loop")
	VBROADCASTSS(Mem{Base: vector}, v)
	for i := range sums {
		x := YMM()
		VMULPS(Mem{Base: block, Disp: 32 * i}, v, x)
		VADDPS(x, sums[i], sums[i])
	}
	ADDQ(U32(128), block)
	ADDQ(Imm(4), vector)
	DECQ(left)
	JNZ(LabelRef("loop"))
	for i := range sums {
		VMOVUPS(sums[i], Mem{Base: out, Disp: 32 * i})
	}
	VZEROUPPER()
	RET()
}
