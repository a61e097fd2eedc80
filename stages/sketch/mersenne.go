package sketch

// mersenne is the generator MT19937 as numpy.random.RandomState(seed) starts it.
//
// Source: Matsumoto, Nishimura, Mersenne Twister, ACM TOMACS 8 (1998), with the
// initialisation of 2002.
type mersenne struct {
	state [624]uint32
	next  int
}

func newMersenne(seed uint32) *mersenne {
	m := &mersenne{next: 624}
	for i := range m.state {
		m.state[i] = seed
		seed = 1812433253*(seed^seed>>30) + uint32(i) + 1
	}
	return m
}

func (m *mersenne) twist() {
	s := &m.state
	for i := range s {
		y := s[i]&0x80000000 | s[(i+1)%624]&0x7fffffff
		s[i] = s[(i+397)%624] ^ y>>1 ^ (y&1)*0x9908b0df
	}
	m.next = 0
}

func (m *mersenne) uint32() uint32 {
	if m.next == len(m.state) {
		m.twist()
	}
	y := m.state[m.next]
	m.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// below returns what RandomState.randint(low, 2^width - 1) does: draws of as
// many bits as the range has (31 of 32, or 61 of two draws, the first one high),
// until one is within it.
func (m *mersenne) below(low uint64, width int) uint64 {
	mask := uint64(1)<<width - 1
	for {
		v := uint64(m.uint32())
		if width > 32 {
			v = v<<32 | uint64(m.uint32())
		}
		if v &= mask; v <= mask-1-low {
			return low + v
		}
	}
}
