package bench

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// A shape says what documents a made-up corpus has. They come in groups:
// documents of different groups have nothing in common, but for what background
// says. All methods are pure: they may be called concurrently.
type shape interface {
	// size returns the number of documents of a group, at least 1.
	size(group int) int
	// document returns a document of a group; its words may lie in dst.
	document(dst []uint64, group, member int) document
	// families returns how many sets of like pages there are; pages of group g
	// are of family g % families, and pages of one family, not of one group,
	// have a J that background returns. 0: groups have nothing in common.
	families() int
}

// A document is made-up text before it is written.
type document struct {
	words []uint64
	loud  bool // see vocabulary.text
	planted
}

// planted says what a document was made from: member of its group, or -1.
type planted struct {
	base      int
	kind      string
	parameter string
}

// A maker is what shapes make documents with.
type maker struct {
	*vocabulary
	seed uint64
	near float64 // share of planted documents
}

// random returns the source of what is random about one member of a group.
func (m *maker) random(group, member int) *rand.Rand {
	return rand.New(rand.NewPCG(m.seed^uint64(member)<<40, uint64(group)*0x9e3779b97f4a7c15+uint64(member)))
}

// copies returns how many copies a group has beside its original, so that
// their share is near: none for most, one or a few for the others.
func (m *maker) copies(group int) int {
	r := m.random(group, -1)
	const mean = 1.75 // of groups with copies, below
	if r.Float64() >= m.near/(1-m.near)/mean {
		return 0
	}
	n := 1
	for n < maxCopies && r.IntN(7) < 3 {
		n++
	}
	return n
}

const maxCopies = 15

// mixed is a corpus as crawls are: single documents, and planted copies of the
// kinds that the shared corpus has, in about the same shares.
type mixed struct{ maker }

func (s *mixed) families() int      { return 0 }
func (s *mixed) size(group int) int { return 1 + s.copies(group) }

func (s *mixed) document(dst []uint64, group, member int) document {
	r := s.random(group, 0)
	d := document{words: s.draw(dst[:0], r, 80+r.IntN(1400)), planted: planted{base: -1}}
	if member > 0 {
		s.edit(&d, s.random(group, member))
	}
	return d
}

// edit makes a copy of its original.
func (s *mixed) edit(d *document, r *rand.Rand) {
	pick := func(of ...float64) float64 {
		q := of[r.IntN(len(of))]
		d.parameter = strconv.FormatFloat(q, 'g', -1, 64)
		return q
	}
	d.base = 0
	switch n := r.IntN(100); {
	case n < 34:
		d.kind = "exact"
	case n < 40:
		d.kind, d.loud = "norm", true
	case n < 75:
		d.kind = "sub"
		q := pick(.002, .004, .007, .01, .015, .02, .025, .03, .04, .05, .07, .1, .15, .2, .3)
		for i := range d.words {
			if r.Float64() < q {
				d.words[i] = uint64(s.table[r.Uint64()&0xffff])
			}
		}
	case n < 91:
		d.kind = "span"
		q := pick(.01, .02, .05, .08, .1, .12, .15, .2, .25, .3, .4)
		s.span(d.words, r, max(1, int(q*float64(len(d.words)))))
	case n < 95:
		d.kind = "contain"
		keep := int(pick(.25, .5, .75, .9) * float64(len(d.words)))
		at := r.IntN(len(d.words) - keep + 1)
		d.words = d.words[at : at+keep]
	default:
		d.kind = "append"
		d.words = s.draw(d.words, r, len(d.words)/20+r.IntN(len(d.words)))
	}
}

// span writes n words in a row anew.
func (m *maker) span(words []uint64, r *rand.Rand, n int) {
	at := r.IntN(len(words) - n + 1)
	m.draw(words[at:at], r, n)
}

// repeated is a few documents, and so many copies of each, byte for byte.
type repeated struct {
	maker
	times int
}

func (s *repeated) families() int { return 0 }
func (s *repeated) size(int) int  { return s.times }

func (s *repeated) document(dst []uint64, group, member int) document {
	d := document{words: s.draw(dst[:0], s.random(group, 0), 500), planted: planted{base: -1}}
	if member > 0 {
		d.planted = planted{0, "exact", ""}
	}
	return d
}

// versions is chains of documents, each a small edit of the one before it.
type versions struct {
	maker
	length int
}

func (s *versions) families() int { return 0 }
func (s *versions) size(int) int  { return s.length }

func (s *versions) document(dst []uint64, group, member int) document {
	const share = 0.015 // of the words is new in each version
	r := s.random(group, 0)
	d := document{words: s.draw(dst[:0], r, 300+r.IntN(600)), planted: planted{base: -1}}
	for m := 1; m <= member; m++ {
		r := s.random(group, m)
		s.span(d.words, r, max(1, int(share*float64(len(d.words)))))
		d.planted = planted{m - 1, "version", fmt.Sprint(share)}
	}
	return d
}
