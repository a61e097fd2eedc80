package sketch

// randomRounds is the number of rounds that throw shingles into any bin; each
// bin has a direct round of its own after them.
const randomRounds = 16

// salt makes the hash functions of a round.
type salt struct{ s, t uint32 }

// salts holds the salt of each round: the two halves, low one first, of the
// outputs of SplitMix64 from the seed "sluice".
var salts = newSalts()

func newSalts() (all [randomRounds + maxCoordinates]salt) {
	const seed, step = 0x736c75696365, 0x9e3779b97f4a7c15
	for i := range all {
		z := splitMix(seed + uint64(i+1)*step)
		all[i] = salt{uint32(z), uint32(z >> 32)}
	}
	return all
}

// splitMix is the finisher of SplitMix64 (Steele, Lea, Flood, Fast Splittable
// Pseudorandom Number Generators, OOPSLA 2014): a bijection that mixes well.
func splitMix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// mix hashes a shingle for the round of the salt. It keeps to lanes of 32 bits,
// so that vector units of any kind give the same bits. q chooses the bin by its
// high bits and identifies the shingle by its low 16; p orders the shingles.
func (c salt) mix(shingle uint64) (p, q uint32) {
	a, b := uint32(shingle), uint32(shingle>>32)
	p = (a ^ c.s) * 0x85ebca6b
	p ^= p >> 15
	p = (p ^ b ^ c.t) * 0xc2b2ae35
	p ^= p >> 13
	p *= 0x9e3779b1
	p ^= p >> 16
	q = (p + b) * 0x7feb352d
	q ^= q >> 15
	q = (q ^ a) * 0x846ca68b
	q ^= q >> 16
	return p, q
}
