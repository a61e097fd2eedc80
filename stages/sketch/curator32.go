package sketch

// windowsAtOnce is how many windows are hashed before their hashes are permuted:
// so few that both stay in the first cache.
const windowsAtOnce = 1024

// signer hashes windows with 32 bits and keeps the minima.
type signer struct {
	ngram  int
	a, b   []uint32 // a multiple of lanes; the last of them for nothing
	least  []uint32
	hashes [windowsAtOnce + lanes]uint32
	n      int    // hashes that wait for their turn
	plain  bool   // do without assembly
	text   []byte // for windowsAtOnce windows of ASCII, and what may be read beyond
	words  []uint32
	tails  []uint32
}

func newSigner(hashes, ngram int) *signer {
	padded := (hashes + lanes - 1) &^ (lanes - 1)
	places := (windowsAtOnce + ngram + 2*lanes) &^ (lanes - 1)
	return &signer{
		ngram: ngram, plain: !hasAVX2,
		a: make([]uint32, padded), b: make([]uint32, padded), least: make([]uint32, padded),
		text: make([]byte, places+2*lanes), words: make([]uint32, places), tails: make([]uint32, places),
	}
}

// sign leaves the signature of a text that is not empty in s.least.
func (s *signer) sign(text []byte) {
	for i := range s.least {
		s.least[i] = ^uint32(0)
	}
	if s.plain {
		windows(text, s.ngram, s.window)
	} else {
		s.runs(text)
	}
	s.permute()
}

// window hashes one window.
func (s *signer) window(w []byte) {
	if s.n == windowsAtOnce {
		s.permute()
	}
	s.hashes[s.n] = max(1, murmur32(w, s.a[0]))
	s.n++
}

// permute lets the hashes that wait take part in the minima.
func (s *signer) permute() {
	if s.n > 0 && !s.plain {
		permuteAVX2(&s.least[0], &s.a[0], &s.b[0], uint64(len(s.least)), s.hashes[:s.n])
	} else {
		permutePlain(s.least, s.a, s.b, s.hashes[:s.n])
	}
	s.n = 0
}

func permutePlain(least, a, b, hashes []uint32) {
	for i, m := range least {
		for _, h := range hashes {
			m = min(m, h*a[i]+b[i])
		}
		least[i] = m
	}
}
