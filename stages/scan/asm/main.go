// Command asm generates ../shingle_amd64.s, and with -document ../document_amd64.s.
// It is a module of its own, so that the program does not depend on the
// generator. Run it with go generate in the folder above.
package main

import (
	"encoding/binary"
	"flag"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ofDocument := flag.Bool("document", false, "generate what Document calls")
	flag.Parse()
	ConstraintExpr("amd64")
	if *ofDocument {
		document()
	} else {
		split()
		hashWords(masks())
		windows()
		widen()
	}
	Generate()
}

// Numbers of roll.go and wordhash.go.
const (
	prime = 1<<61 - 1
	base  = 0x13d282f7269f868
	mul1  = 0xbf58476d1ce4e5b9
	mul2  = 0x94d049bb133111eb
	key0  = 0xff9e3779b97f4a7d
	key1  = 0xffd6e8feb86659fd
)

func constant(v uint64) reg.GPVirtual {
	r := GP64()
	MOVQ(U64(v), r)
	return r
}

func at(base reg.Register, index reg.Register, scale uint8) Mem {
	return Mem{Base: base, Index: index, Scale: scale}
}

// bytes16 is a constant of 16 bytes, twice.
func bytes16(name string, b [16]byte) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 4 {
		DATA(i*8, U64(binary.LittleEndian.Uint64(b[i%2*8:])))
	}
	return m
}

// masks is the table masks of the Go code, as far as words use it.
func masks() Mem {
	m := GLOBL("shingleMasks", RODATA|NOPTR)
	for n := range 17 {
		var b [16]byte
		for i := range n {
			b[i] = 0xff
		}
		DATA(n*16, U64(binary.LittleEndian.Uint64(b[:])))
		DATA(n*16+8, U64(binary.LittleEndian.Uint64(b[8:])))
	}
	return m
}
