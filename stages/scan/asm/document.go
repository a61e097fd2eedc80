package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// document generates what Document calls.
func document() {
	of := make(constants)
	classify(of)
	index()
	lowerCase(of)
}

// Bits of the two classes of a byte that the tables below have: a byte has a
// bit if its low nibble and its high nibble have it.
const (
	letterA   = 1 << iota // 4, 6: 1-f
	letterP               // 5, 7: 0-a
	digit                 // 3: 0-9
	stop                  // 2: ! , .
	question              // 3: ?
	feed                  // 0: line feed
	round                 // 2: ( )
	otherPair             // 5, 7: [ ] { }

	letters = letterA | letterP
	basic   = letters | digit | stop | question | feed
	pairs   = round | otherPair
)

const (
	control   = 1 << iota // 0: \t \n \v \f \r
	separator             // 1: c-f
	space                 // 2: space
	tab                   // 0: \b \t \n \r
	number                // 2: #
	newline               // 0: line feed

	pythonSpace = control | separator | space
	asciiSpace  = tab | space
)

// A nibbleTable has the bits of a class by low and by high nibble.
type nibbleTable struct{ low, high [16]byte }

func (t *nibbleTable) add(bit byte, high []int, low ...int) {
	for _, h := range high {
		t.high[h] |= bit
	}
	for _, l := range low {
		t.low[l] |= bit
	}
}

func span(from, to int) (list []int) {
	for i := from; i <= to; i++ {
		list = append(list, i)
	}
	return list
}

func classTables() (first, second nibbleTable) {
	first.add(letterA, []int{4, 6}, span(1, 15)...)
	first.add(letterP, []int{5, 7}, span(0, 10)...)
	first.add(digit, []int{3}, span(0, 9)...)
	first.add(stop, []int{2}, 1, 12, 14)
	first.add(question, []int{3}, 15)
	first.add(feed, []int{0}, 10)
	first.add(round, []int{2}, 8, 9)
	first.add(otherPair, []int{5, 7}, 11, 13)
	second.add(control, []int{0}, span(9, 13)...)
	second.add(separator, []int{1}, span(12, 15)...)
	second.add(space, []int{2}, 0)
	second.add(tab, []int{0}, 8, 9, 10, 13)
	second.add(number, []int{2}, 3)
	second.add(newline, []int{0}, 10)
	return first, second
}

// classes of the 64 bytes of a block.
type classes struct {
	constants
	zero          reg.VecVirtual
	x             [2]reg.VecVirtual
	first, second [2]reg.VecVirtual
}

// any returns the bits of the bytes that have one of the bits of a class.
func (c *classes) any(class [2]reg.VecVirtual, bits byte) reg.GPVirtual {
	half := func(i int) reg.GPVirtual {
		y, m := YMM(), GP32()
		VPAND(c.byte(bits), class[i], y)
		VPCMPEQB(c.zero, y, y)
		VPMOVMSKB(y, m)
		return m
	}
	m := join(half(0), half(1))
	NOTQ(m)
	return m
}

// beyond returns the bits of the bytes beyond ASCII.
func (c *classes) beyond() reg.GPVirtual {
	half := func(i int) reg.GPVirtual {
		m := GP32()
		VPMOVMSKB(c.x[i], m)
		return m
	}
	return join(half(0), half(1))
}

// classify is classifyBytes of the Go code.
func classify(of constants) {
	TEXT("classifyAVX2", NOSPLIT, "func(blocks *uint64, counts *uint64, text []byte)")
	Doc("classifyAVX2 is classify for whole blocks of 64 bytes, at least one.")
	blocks, text, left := pointer("blocks"), pointer("text"), Load(Param("text").Len(), GP64())
	c := classes{constants: of, zero: YMM()}
	VPXOR(c.zero, c.zero, c.zero)
	first, second := classTables()
	tables := [4]reg.VecVirtual{}
	for i, t := range []struct {
		name  string
		bytes [16]byte
	}{{"firstLow", first.low}, {"firstHigh", first.high}, {"secondLow", second.low}, {"secondHigh", second.high}} {
		tables[i] = YMM()
		VMOVDQU(of.table(t.name, t.bytes), tables[i])
	}
	var sums [5]reg.GPVirtual
	for i := range sums {
		sums[i] = GP64()
		XORQ(sums[i], sums[i])
	}

	Label("block")
	for i := range 2 {
		x, high := YMM(), YMM()
		VMOVDQU(Mem{Base: text, Disp: 32 * i}, x)
		VPSRLW(Imm(4), x, high)
		VPAND(of.byte(0x0f), high, high)
		look := func(low, up reg.VecVirtual) reg.VecVirtual {
			l, h := YMM(), YMM()
			VPSHUFB(x, low, l)
			VPSHUFB(high, up, h)
			VPAND(l, h, h)
			return h
		}
		c.x[i], c.first[i], c.second[i] = x, look(tables[0], tables[1]), look(tables[2], tables[3])
	}
	count := func(i int, m reg.GPVirtual) {
		n := GP64()
		POPCNTQ(m, n)
		ADDQ(n, sums[i])
	}
	note := func(i int, m reg.GPVirtual) reg.GPVirtual {
		MOVQ(m, Mem{Base: blocks, Disp: 8 * i})
		return m
	}
	count(0, c.any(c.first, basic))
	count(1, c.any(c.first, digit))
	count(2, note(1, c.any(c.first, letters)))
	count(3, c.any(c.second, asciiSpace))
	count(4, c.any(c.first, pairs))
	note(0, c.any(c.second, pythonSpace))
	note(2, c.any(c.second, number))
	note(3, c.beyond())
	note(4, c.any(c.second, newline))
	ADDQ(Imm(64), text)
	ADDQ(Imm(40), blocks)
	SUBQ(Imm(64), left)
	JNZ(LabelRef("block"))

	counts := pointer("counts")
	for i, n := range sums {
		ADDQ(n, Mem{Base: counts, Disp: 8 * i})
	}
	VZEROUPPER()
	RET()
}

func pointer(name string) reg.GPVirtual {
	if name == "text" {
		return Load(Param(name).Base(), GP64()).(reg.GPVirtual)
	}
	return Load(Param(name), GP64()).(reg.GPVirtual)
}

// index looks for two bytes at a distance.
func index() {
	TEXT("indexPairAVX2", NOSPLIT, "func(text []byte, gap int, first byte, second byte) (i int)")
	Doc("indexPairAVX2 returns the first i for which text[i] is first and text[i+gap] second, or one of which fewer than 32+gap bytes are left.")
	text, limit := pointer("text"), Load(Param("text").Len(), GP64())
	gap := pointer("gap")
	fill := func(name string) reg.VecVirtual {
		r, x, y := GP32(), XMM(), YMM()
		Load(Param(name), r)
		VMOVD(r, x)
		VPBROADCASTB(x, y)
		return y
	}
	first, second := fill("first"), fill("second")
	ahead, i := GP64(), GP64()
	LEAQ(at(text, gap, 1), ahead)
	SUBQ(gap, limit)
	SUBQ(Imm(32), limit)
	XORQ(i, i)
	Label("loop")
	CMPQ(i, limit)
	JG(LabelRef("done"))
	a, b, m := YMM(), YMM(), GP32()
	VPCMPEQB(at(text, i, 1), first, a)
	VPCMPEQB(at(ahead, i, 1), second, b)
	VPAND(a, b, b)
	VPMOVMSKB(b, m)
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

// lowerCase makes letters small.
func lowerCase(of constants) {
	TEXT("lowerAVX2", NOSPLIT, "func(dst *byte, text []byte)")
	Doc("lowerAVX2 writes the text with the letters A to Z small, for whole blocks of 32 bytes, at least one.")
	dst, text, left := pointer("dst"), pointer("text"), Load(Param("text").Len(), GP64())
	shift, bound, bit := YMM(), YMM(), YMM()
	VMOVDQU(of.byte(0x80-'A'), shift)
	VMOVDQU(of.byte(0x80+26), bound)
	VMOVDQU(of.byte(0x20), bit)
	Label("block")
	x, y := YMM(), YMM()
	VMOVDQU(Mem{Base: text}, x)
	VPADDB(shift, x, y) // A to Z are the lowest numbers
	VPCMPGTB(y, bound, y)
	VPAND(bit, y, y)
	VPOR(x, y, y)
	VMOVDQU(y, Mem{Base: dst})
	ADDQ(Imm(32), text)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(32), left)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}
