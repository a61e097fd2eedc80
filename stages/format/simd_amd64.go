package format

import "golang.org/x/sys/cpu"

//go:generate sh -c "cd asm && go run . -out ../string_amd64.s"

// hasAVX2 says whether the functions in string_amd64.s can be called. The plain
// Go beside each call is its contract.
var hasAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasBMI1

// scanAVX2 returns the place of the first quote, backslash or control
// character of p, or a place from which on fewer than 32 bytes are left, and
// whether a byte beyond ASCII may stand in front of it (not 0).
//
//go:noescape
func scanAVX2(p []byte) (i int, high uint32)

// asciiAVX2 returns the place of the first byte of p beyond ASCII, or a place
// from which on fewer than 32 bytes are left.
//
//go:noescape
func asciiAVX2(p []byte) (i int)

// unescapeAVX2 unescapes p to out until it comes to what is not a simple
// escape, or fewer than 64 bytes are left. It returns what it read and wrote,
// and whether a byte beyond ASCII may be among it (not 0). It writes up to 32
// bytes more than it says.
//
//go:noescape
func unescapeAVX2(out *byte, p []byte) (i, n int, high uint32)
