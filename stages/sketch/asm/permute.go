package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func permute() {
	TEXT("permuteAVX2", NOSPLIT, "func(least, a, b *uint32, n uint64, hashes []uint32)")
	Doc("permuteAVX2 lowers least[i] to the minimum of hash*a[i] + b[i]; n is a multiple of 8, and there is at least one hash.")
	least, a, b, n := pointer("least"), pointer("a"), pointer("b"), pointer("n")
	hashes, count := slice("hashes")
	end := GP64()
	LEAQ(Mem{Base: hashes, Index: count, Scale: 4}, end)
	i, h := zero64(), GP64()
	// 32 permutations stay in registers while all hashes pass; 8 where fewer are left.
	for _, vectors := range []int{4, 1} {
		group, next, done := fmt.Sprint("group", vectors), fmt.Sprint("hash", vectors), fmt.Sprint("done", vectors)
		Label(group)
		rest := GP64()
		MOVQ(n, rest)
		SUBQ(i, rest)
		CMPQ(rest, Imm(uint64(8*vectors)))
		JLT(LabelRef(done))
		at := func(base reg.GPVirtual, v int) Mem { return Mem{Base: base, Index: i, Scale: 4, Disp: 32 * v} }
		var as, bs, mins []reg.VecVirtual
		for v := range vectors {
			as, bs, mins = append(as, YMM()), append(bs, YMM()), append(mins, YMM())
			VMOVDQU(at(a, v), as[v])
			VMOVDQU(at(b, v), bs[v])
			VMOVDQU(at(least, v), mins[v])
		}
		MOVQ(hashes, h)
		Label(next)
		x := YMM()
		VPBROADCASTD(Mem{Base: h}, x)
		for v := range vectors {
			y := YMM()
			VPMULLD(as[v], x, y)
			VPADDD(bs[v], y, y)
			VPMINUD(y, mins[v], mins[v])
		}
		ADDQ(Imm(4), h)
		CMPQ(h, end)
		JNE(LabelRef(next))
		for v := range vectors {
			VMOVDQU(mins[v], at(least, v))
		}
		ADDQ(Imm(uint64(8*vectors)), i)
		JMP(LabelRef(group))
		Label(done)
	}
	VZEROUPPER()
	RET()
}
