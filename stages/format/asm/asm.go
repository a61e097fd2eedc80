// Command asm generates ../string_amd64.s. It is a module of its own, so that
// the program does not depend on the generator. Run it with go generate in the
// folder above.
package main

import (
	"encoding/binary"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64")
	escapes := escapeTable()
	scan()
	ascii()
	unescape(escapes)
	Generate()
}

// escapeTable is the table escapes of the Go code.
func escapeTable() Mem {
	table := GLOBL("simpleEscapes", RODATA|NOPTR)
	var t [256]byte
	for c, to := range map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'} {
		t[c] = to
	}
	for i := 0; i < len(t); i += 8 {
		DATA(i, U64(binary.LittleEndian.Uint64(t[i:])))
	}
	return table
}

// constants broadcasts the bytes that special bytes are compared with.
type constants struct{ quote, backslash, control reg.VecVirtual }

func newConstants() constants {
	return constants{broadcast('"'), broadcast('\\'), broadcast(0x1f)}
}

func broadcast(c uint64) reg.VecVirtual {
	r, x, y := GP32(), XMM(), YMM()
	MOVL(U32(c), r)
	VMOVD(r, x)
	VPBROADCASTB(x, y)
	return y
}

// mask returns one bit for each special byte of x.
func (c constants) mask(x reg.VecVirtual) reg.GPVirtual {
	q, b, m := YMM(), YMM(), GP32()
	VPCMPEQB(x, c.quote, q)
	VPCMPEQB(x, c.backslash, b)
	VPOR(q, b, q)
	VPMINUB(x, c.control, b)
	VPCMPEQB(x, b, b)
	VPOR(q, b, q)
	VPMOVMSKB(q, m)
	return m
}

func arguments() (p, n, i reg.GPVirtual) {
	p = Load(Param("p").Base(), GP64()).(reg.GPVirtual)
	n = Load(Param("p").Len(), GP64()).(reg.GPVirtual)
	i = GP64()
	XORQ(i, i)
	return p, n, i
}

func scan() {
	TEXT("scanAVX2", NOSPLIT, "func(p []byte) (i int, high uint32)")
	Doc("scanAVX2 returns the place of the first quote, backslash or control character of p, or a place from which on fewer than 32 bytes are left, and a non-zero number if a byte beyond ASCII may stand in front of it.")
	p, n, i := arguments()
	c := newConstants()
	high := GP32()
	XORL(high, high)
	SUBQ(Imm(32), n)
	Label("loop")
	CMPQ(i, n)
	JGT(LabelRef("done"))
	x := YMM()
	VMOVDQU(Mem{Base: p, Index: i, Scale: 1}, x)
	m := c.mask(x)
	h := GP32()
	VPMOVMSKB(x, h)
	ORL(h, high)
	TESTL(m, m)
	JNZ(LabelRef("found"))
	ADDQ(Imm(32), i)
	JMP(LabelRef("loop"))
	Label("found")
	TZCNTL(m, m)
	ADDQ(m.As64(), i)
	Label("done")
	VZEROUPPER()
	Store(i, Return("i"))
	Store(high, Return("high"))
	RET()
}

func ascii() {
	TEXT("asciiAVX2", NOSPLIT, "func(p []byte) (i int)")
	Doc("asciiAVX2 returns the place of the first byte of p beyond ASCII, or a place from which on fewer than 32 bytes are left.")
	p, n, i := arguments()
	SUBQ(Imm(32), n)
	Label("loop")
	CMPQ(i, n)
	JGT(LabelRef("done"))
	x, m := YMM(), GP32()
	VMOVDQU(Mem{Base: p, Index: i, Scale: 1}, x)
	VPMOVMSKB(x, m)
	TESTL(m, m)
	JNZ(LabelRef("found"))
	ADDQ(Imm(32), i)
	JMP(LabelRef("loop"))
	Label("found")
	TZCNTL(m, m)
	ADDQ(m.As64(), i)
	Label("done")
	VZEROUPPER()
	Store(i, Return("i"))
	RET()
}

func unescape(escapes Mem) {
	TEXT("unescapeAVX2", NOSPLIT, "func(out *byte, p []byte) (i, n int, high uint32)")
	Doc("unescapeAVX2 unescapes p to out until it comes to what is not a simple escape, or fewer than 64 bytes are left. It returns what it read and wrote, and a non-zero number if a byte beyond ASCII may be among it. It writes up to 32 bytes more than it says.")
	out := Load(Param("out"), GP64())
	p, left, i := arguments()
	table := GP64()
	LEAQ(escapes, table)
	c := newConstants()
	n, high := GP64(), GP32()
	XORQ(n, n)
	XORL(high, high)
	SUBQ(Imm(64), left)
	Label("loop")
	CMPQ(i, left)
	JGT(LabelRef("done"))
	x := YMM()
	VMOVDQU(Mem{Base: p, Index: i, Scale: 1}, x)
	VMOVDQU(x, Mem{Base: out, Index: n, Scale: 1})
	m := c.mask(x)
	h := GP32()
	VPMOVMSKB(x, h)
	ORL(h, high)
	TESTL(m, m)
	JNZ(LabelRef("found"))
	ADDQ(Imm(32), i)
	ADDQ(Imm(32), n)
	JMP(LabelRef("loop"))
	Label("found")
	TZCNTL(m, m)
	ADDQ(m.As64(), i)
	ADDQ(m.As64(), n)
	char := GP32()
	MOVBLZX(Mem{Base: p, Index: i, Scale: 1}, char)
	CMPL(char, U8('\\'))
	JNE(LabelRef("done"))
	MOVBLZX(Mem{Base: p, Index: i, Scale: 1, Disp: 1}, char)
	MOVBLZX(Mem{Base: table, Index: char.As64(), Scale: 1}, char)
	TESTL(char, char)
	JZ(LabelRef("done"))
	MOVB(char.As8(), Mem{Base: out, Index: n, Scale: 1})
	ADDQ(Imm(2), i)
	INCQ(n)
	JMP(LabelRef("loop"))
	Label("done")
	VZEROUPPER()
	Store(i, Return("i"))
	Store(n, Return("n"))
	Store(high, Return("high"))
	RET()
}
