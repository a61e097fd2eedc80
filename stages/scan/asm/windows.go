package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// windows rolls in general registers, where one window waits for the one
// before, and mixes four of them at a time in vectors meanwhile.
func windows() {
	TEXT("windowsAVX2", NOSPLIT, "func(dst *uint64, in *uint64, out *uint64, n int, h uint64, power8 uint64, step uint64) uint64")
	Doc("windowsAVX2 is windows, for a multiple of four.")
	dst := Load(Param("dst"), GP64())
	in := Load(Param("in"), GP64())
	out := Load(Param("out"), GP64())
	n := Load(Param("n"), GP64())
	h := Load(Param("h"), GP64()).(reg.GPVirtual)
	power := Load(Param("power8"), GP64())
	step := Load(Param("step"), GP64())
	b, twice := constant(base<<3), constant(2*prime)
	m := newMixer(step)
	LEAQ(at(dst, n, 8), dst)
	LEAQ(at(in, n, 8), in)
	LEAQ(at(out, n, 8), out)
	NEGQ(n)
	JZ(LabelRef("end"))

	Label("windows")
	lower, upper := XMM(), XMM()
	x := YMM()
	for i := range 4 {
		lo, hi, add, t := GP64(), GP64(), GP64(), GP64()
		MOVQ(power, reg.RDX)
		MULXQ(Mem{Base: out, Index: n, Scale: 8, Disp: i * 8}, t, add)
		SHRQ(Imm(3), t)
		ADDQ(add, t)
		MOVQ(twice, add)
		SUBQ(t, add)
		ADDQ(Mem{Base: in, Index: n, Scale: 8, Disp: i * 8}, add)
		MOVQ(b, reg.RDX)
		MULXQ(h, lo, hi)
		SHRQ(Imm(3), lo)
		ADDQ(add, hi)
		LEAQ(at(lo, hi, 1), h)
		to := lower
		if i >= 2 {
			to = upper
		}
		if i%2 == 0 {
			VMOVQ(h, to)
		} else {
			VPINSRQ(Imm(1), h, to, to)
		}
	}
	VINSERTI128(Imm(1), upper, lower.AsY(), x)
	m.mix(x)
	VMOVDQU(x, at(dst, n, 8))
	ADDQ(Imm(4), n)
	JNZ(LabelRef("windows"))

	Label("end")
	VZEROUPPER()
	Store(h, ReturnIndex(0))
	RET()
}

// mixer holds what mix of the Go code adds and multiplies by, four times, with
// the upper halves of the factors.
type mixer struct{ prime, one, step, mul1, high1, mul2, high2 reg.VecVirtual }

func newMixer(step reg.Register) mixer {
	fill := func(r reg.Register) reg.VecVirtual {
		x, y := XMM(), YMM()
		VMOVQ(r, x)
		VPBROADCASTQ(x, y)
		return y
	}
	return mixer{
		fill(constant(prime)), fill(constant(1)), fill(step),
		fill(constant(mul1)), fill(constant(mul1 >> 32)), fill(constant(mul2)), fill(constant(mul2 >> 32)),
	}
}

func (m mixer) mix(x reg.VecVirtual) {
	t := YMM()
	VPSRLQ(Imm(61), x, t) // reduce
	VPAND(m.prime, x, x)
	VPADDQ(t, x, x)
	VPADDQ(m.one, x, t)
	VPSRLQ(Imm(61), t, t)
	VPADDQ(t, x, x)
	VPAND(m.prime, x, x)
	VPADDQ(m.step, x, x)
	shift := func(n uint64) {
		VPSRLQ(Imm(n), x, t)
		VPXOR(t, x, x)
	}
	shift(30)
	multiply(x, m.mul1, m.high1)
	shift(27)
	multiply(x, m.mul2, m.high2)
	shift(31)
}

// multiply multiplies by a number and its upper half, modulo 2^64.
func multiply(x, by, high reg.VecVirtual) {
	t, u := YMM(), YMM()
	VPSRLQ(Imm(32), x, t)
	VPMULUDQ(by, t, t)
	VPMULUDQ(high, x, u)
	VPADDQ(u, t, t)
	VPSLLQ(Imm(32), t, t)
	VPMULUDQ(by, x, x)
	VPADDQ(t, x, x)
}
