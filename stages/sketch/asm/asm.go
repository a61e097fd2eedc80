// Command asm generates ../sketch_amd64.s. It is a module of its own, so that
// the program does not depend on the generator. Run it with go generate in the
// folder above.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64")
	throw()
	lower()
	lowerWords()
	sieve()
	vacant()
	direct()
	coordinates()
	agreeing()
	murmurWords()
	murmurWindows()
	permute()
	permute64()
	Generate()
}

// broadcast fills the lanes of a register with a number.
func broadcast(v uint32) reg.VecVirtual {
	r, x, y := GP32(), XMM(), YMM()
	MOVL(U32(v), r)
	VMOVD(r, x)
	VPBROADCASTD(x, y)
	return y
}

// spread fills the lanes of a register with an argument.
func spread(name string) reg.VecVirtual {
	r, x, y := GP32(), XMM(), YMM()
	Load(Param(name), r)
	VMOVD(r, x)
	VPBROADCASTD(x, y)
	return y
}

func pointer(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

func slice(name string) (base, n reg.GPVirtual) {
	base = Load(Param(name).Base(), GP64()).(reg.GPVirtual)
	n = Load(Param(name).Len(), GP64()).(reg.GPVirtual)
	return base, n
}

func zero64() reg.GPVirtual {
	r := GP64()
	XORQ(r, r)
	return r
}
