package mpi

import (
	"encoding/binary"
	"fmt"
)

// A pattern is the endless sequence of bytes that one rank sends another in a test:
// a message is a part of it, so that a receiver that knows its offset can
// check every byte and the order.
type pattern uint64

func patternOf(src, dst, lane int) pattern {
	return pattern(uint64(src)<<40 ^ uint64(dst)<<20 ^ uint64(lane)).mix(0x9e3779b97f4a7c15)
}

// mix is the finalizer of splitmix64 on the seed and a word index.
func (p pattern) mix(k uint64) pattern {
	x := uint64(p) + k*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return pattern(x ^ x>>31)
}

// fill sets b to the bytes from offset off.
func (p pattern) fill(b []byte, off int64) {
	var w [8]byte
	for len(b) > 0 {
		binary.LittleEndian.PutUint64(w[:], uint64(p.mix(uint64(off)/8)))
		n := copy(b, w[off%8:])
		b, off = b[n:], off+int64(n)
		for len(b) >= 8 && off%8 == 0 {
			binary.LittleEndian.PutUint64(b, uint64(p.mix(uint64(off)/8)))
			b, off = b[8:], off+8
		}
	}
}

// check returns an error if b is not the bytes from offset off.
func (p pattern) check(b []byte, off int64) error {
	var w [8]byte
	for len(b) > 0 {
		binary.LittleEndian.PutUint64(w[:], uint64(p.mix(uint64(off)/8)))
		n := min(len(b), 8-int(off%8))
		if string(b[:n]) != string(w[off%8:int(off%8)+n]) {
			return fmt.Errorf("wrong bytes at offset %d: got %x, want %x", off, b[:n], w[off%8:int(off%8)+n])
		}
		b, off = b[n:], off+int64(n)
	}
	return nil
}
