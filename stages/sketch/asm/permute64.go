package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func permute64() {
	TEXT("permute64AVX2", NOSPLIT, "func(least, a, b *uint64, n uint64, hashes []uint64)")
	Doc("permute64AVX2 lowers least[i] to the minimum of (hash*a[i] + b[i]) modulo 2^61 - 1; n is a multiple of 4, and there is at least one hash.")
	least, a, b, n := pointer("least"), pointer("a"), pointer("b"), pointer("n")
	hashes, count := slice("hashes")
	end := GP64()
	LEAQ(Mem{Base: hashes, Index: count, Scale: 8}, end)
	prime := YMM()
	VPCMPEQD(prime, prime, prime)
	VPSRLQ(Imm(3), prime, prime)
	i, h := zero64(), GP64()
	for _, vectors := range []int{2, 1} {
		group, next, done := fmt.Sprint("group", vectors), fmt.Sprint("hash", vectors), fmt.Sprint("done", vectors)
		Label(group)
		rest := GP64()
		MOVQ(n, rest)
		SUBQ(i, rest)
		CMPQ(rest, Imm(uint64(4*vectors)))
		JLT(LabelRef(done))
		at := func(base reg.GPVirtual, v int) Mem { return Mem{Base: base, Index: i, Scale: 8, Disp: 32 * v} }
		var rows []row64
		for v := range vectors {
			r := row64{YMM(), YMM(), YMM(), YMM()}
			VMOVDQU(at(a, v), r.a)
			VPSRLQ(Imm(32), r.a, r.high)
			VMOVDQU(at(b, v), r.b)
			VMOVDQU(at(least, v), r.least)
			rows = append(rows, r)
		}
		MOVQ(hashes, h)
		Label(next)
		low, high := YMM(), YMM()
		VPBROADCASTQ(Mem{Base: h}, low)
		VPBROADCASTD(Mem{Base: h, Disp: 4}, high)
		for _, r := range rows {
			r.lower(low, high, prime)
		}
		ADDQ(Imm(8), h)
		CMPQ(h, end)
		JNE(LabelRef(next))
		for v, r := range rows {
			VMOVDQU(r.least, at(least, v))
		}
		ADDQ(Imm(uint64(4*vectors)), i)
		JMP(LabelRef(group))
		Label(done)
	}
	VZEROUPPER()
	RET()
}

// row64 is four permutations: their parameters, and the high half of a.
type row64 struct{ a, high, b, least reg.VecVirtual }

// lower takes a hash, and its high half, into the minima.
func (r row64) lower(low, high, prime reg.VecVirtual) {
	x, y := YMM(), YMM()
	// AVX2 multiplies 32 bits to 64.
	VPMULUDQ(r.a, high, x)
	VPMULUDQ(r.high, low, y)
	VPADDQ(y, x, x)
	VPSLLQ(Imm(32), x, x)
	VPMULUDQ(r.a, low, y)
	VPADDQ(y, x, x)
	VPADDQ(r.b, x, x)
	// 2^61 is 1; what is then the prime or more loses it. All fit 62 bits, so that
	// comparisons may be signed.
	VPSRLQ(Imm(61), x, y)
	VPAND(prime, x, x)
	VPADDQ(y, x, x)
	VPSUBQ(prime, x, y)
	VBLENDVPD(y, x, y, x) // by the sign of y
	VPCMPGTQ(x, r.least, y)
	VBLENDVPD(y, x, r.least, r.least)
}
