package url

import (
	"bytes"
	"math/bits"
	"slices"

	"github.com/zeebo/xxh3"
)

// A set holds domains and URLs by 64 bits of their hash, sorted, with the places where their first bits change: 9 to 10 bytes
// for each. Of a thousand million URLs that are not in a set of ten million, about
// one in three hundred times one is taken for one that is.
type set struct {
	hashes  []uint64
	starts  []uint32 // by the first bits of the hash
	shift   int
	longest int // entry, in bytes
}

// add adds a domain or URL; seal follows.
func (s *set) add(text []byte) {
	s.hashes = append(s.hashes, xxh3.Hash(text))
	s.longest = max(s.longest, len(text))
}

// seal ends the adding.
func (s *set) seal() {
	slices.Sort(s.hashes)
	s.hashes = slices.Compact(s.hashes)
	s.hashes = slices.Clip(s.hashes)
	n := max(1, bits.Len(uint(len(s.hashes)))-2) // two to four to a place
	s.shift = 64 - n
	s.starts = make([]uint32, 1<<n+1)
	k := 0
	for i := range s.starts {
		for k < len(s.hashes) && int(s.hashes[k]>>s.shift) < i {
			k++
		}
		s.starts[i] = uint32(k)
	}
}

func (s *set) has(text []byte) bool {
	h := xxh3.Hash(text)
	i := h >> s.shift
	return slices.Contains(s.hashes[s.starts[i]:s.starts[i+1]], h)
}

// matches says whether the host of the address, a domain that it is in, or a
// URL that it begins with is in the set.
func (s *set) matches(a *address) bool {
	host := a.text[:a.host]
	for at := a.host; at > 0 && a.host-at <= s.longest; {
		at = max(0, bytes.LastIndexByte(host[:at-1], '.')+1)
		if part := host[at:]; len(part) > 0 && len(part) <= s.longest && s.has(part) {
			return true
		}
		if at == 0 {
			break
		}
	}
	if a.host == 0 || len(a.text) == a.host {
		return false
	}
	for i := a.host + 1; i < len(a.text) && i <= s.longest; i++ {
		switch a.text[i] {
		case '/', '?', '&', ';':
			if s.has(a.text[:i]) {
				return true
			}
		}
	}
	return len(a.text) <= s.longest && s.has(a.text)
}
