package fasttext

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePage is the size of a huge page, in bytes, of most machines.
const hugePage = 2 << 20

// hugeFloats returns room for n numbers, in huge pages if the kernel has some: the rows of n-grams lie all over a
// matrix, and the addresses of small pages would not be at hand. free gives it back. Where
// there is no such room, or n is small, the room is the collector's.
func hugeFloats(n int64) (list []float32, free func() error) {
	none := func() error { return nil }
	if 4*n < 2*hugePage {
		return make([]float32, n), none
	}
	data, err := unix.Mmap(-1, 0, int(4*n)+hugePage, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return make([]float32, n), none
	}
	// Advice that fails changes nothing but speed.
	_ = unix.Madvise(data, unix.MADV_HUGEPAGE)
	begin := -uintptr(unsafe.Pointer(&data[0])) % hugePage
	return unsafe.Slice((*float32)(unsafe.Pointer(&data[begin])), n), func() error { return unix.Munmap(data) }
}
