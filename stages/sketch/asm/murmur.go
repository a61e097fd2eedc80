package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rotate turns the lanes of x left by n bits.
func rotate(x reg.VecVirtual, n uint64) {
	y := YMM()
	VPSRLD(Imm(32-n), x, y)
	VPSLLD(Imm(n), x, x)
	VPOR(y, x, x)
}

func murmurWords() {
	spreadBytes := GLOBL("fourBytes", RODATA|NOPTR)
	for lane := range uint32(8) {
		first := lane % 4 * 0x01010101
		if lane >= 4 {
			first += 0x04040404
		}
		DATA(int(4*lane), U32(0x03020100+first))
	}
	TEXT("murmurWordsAVX2", NOSPLIT, "func(words *uint32, text *byte, n uint64, mask uint32)")
	Doc("murmurWordsAVX2 makes words of the bytes at n places of a text, a multiple of eight.")
	words, text, n := pointer("words"), pointer("text"), pointer("n")
	mask, c1, c2, order := spread("mask"), broadcast(0xcc9e2d51), broadcast(0x1b873593), YMM()
	VMOVDQU(spreadBytes, order)
	i := zero64()
	Label("eight")
	x := YMM()
	VBROADCASTI128(Mem{Base: text, Index: i, Scale: 1}, x)
	VPSHUFB(order, x, x)
	VPAND(mask, x, x)
	VPMULLD(c1, x, x)
	rotate(x, 15)
	VPMULLD(c2, x, x)
	VMOVDQU(x, Mem{Base: words, Index: i, Scale: 4})
	ADDQ(Imm(8), i)
	CMPQ(i, n)
	JL(LabelRef("eight"))
	VZEROUPPER()
	RET()
}

func murmurWindows() {
	TEXT("murmurWindowsAVX2", NOSPLIT, "func(hashes, words, tails *uint32, n, blocks uint64, length, seed uint32)")
	Doc("murmurWindowsAVX2 hashes n windows, a multiple of eight, from the words at each place.")
	hashes, words, tails := pointer("hashes"), pointer("words"), pointer("tails")
	n, blocks := pointer("n"), pointer("blocks")
	length, seed := spread("length"), spread("seed")
	five, add := broadcast(5), broadcast(0xe6546b64)
	f1, f2, one := broadcast(0x85ebca6b), broadcast(0xc2b2ae35), broadcast(1)
	SHLQ(Imm(4), blocks)
	i := zero64()
	Label("eight")
	h, word, end := YMM(), GP64(), GP64()
	VMOVDQA(seed, h)
	LEAQ(Mem{Base: words, Index: i, Scale: 4}, word)
	MOVQ(word, end)
	ADDQ(blocks, end)
	JMP(LabelRef("more"))
	Label("block")
	VPXOR(Mem{Base: word}, h, h)
	rotate(h, 13)
	VPMULLD(five, h, h)
	VPADDD(add, h, h)
	ADDQ(Imm(16), word)
	Label("more")
	CMPQ(word, end)
	JNE(LabelRef("block"))
	SUBQ(words, word)
	VPXOR(Mem{Base: tails, Index: word, Scale: 1}, h, h)
	VPXOR(length, h, h)
	fold(h, 16)
	VPMULLD(f1, h, h)
	fold(h, 13)
	VPMULLD(f2, h, h)
	fold(h, 16)
	VPMAXUD(one, h, h)
	VMOVDQU(h, Mem{Base: hashes, Index: i, Scale: 4})
	ADDQ(Imm(8), i)
	CMPQ(i, n)
	JL(LabelRef("eight"))
	VZEROUPPER()
	RET()
}
