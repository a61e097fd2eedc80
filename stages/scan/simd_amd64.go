package scan

import "golang.org/x/sys/cpu"

//go:generate sh -c "cd asm && go run . -out ../shingle_amd64.s && go run . -document -out ../document_amd64.s"

// hasAVX2 says whether the functions in the files _amd64.s can be called. The
// plain Go beside each call is its contract.
var hasAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT

// splitAVX2 splits text into low at pos and edges at n, up to a code point that
// it does not know, or to where fewer than 64 bytes are left. It returns how far
// it came and the new n. It writes up to 64 bytes of low and 8 edges more than it says.
//
//go:noescape
func splitAVX2(low *byte, edges *uint32, text []byte, pos, n int) (i, m int)

// hashWordsBMI2 is hashWord for n words, each between two edges.
//
//go:noescape
func hashWordsBMI2(dst *uint64, low *byte, edges *uint32, n int)

// windowsAVX2 is windows, for n that is a multiple of four. It is given 8 times
// the power, and what mix adds.
//
//go:noescape
func windowsAVX2(dst, in, out *uint64, n int, h, power8, step uint64) uint64

// widenAVX2 writes the bytes of text as numbers, in blocks of 32, up to a block
// with a byte beyond ASCII. It returns how many.
//
//go:noescape
func widenAVX2(dst *uint64, text []byte) (i int)

// classifyAVX2 is classify, for one block or more.
//
//go:noescape
func classifyAVX2(blocks *byteBlock, counts *byteCounts, text []byte)

// indexPairAVX2 returns the first i for which text[i] is first and
// text[i+gap] second, or one of which fewer than 32+gap bytes are left.
//
//go:noescape
func indexPairAVX2(text []byte, gap int, first, second byte) (i int)

// lowerAVX2 writes text with the letters A to Z small, for len(text) that is
// a multiple of 32, and not 0.
//
//go:noescape
func lowerAVX2(dst *byte, text []byte)
