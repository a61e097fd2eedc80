package bench

import "strconv"

// templates is families of pages: pages of a family have the words of its
// template in common, and are filled in differently. Each says in its fields
// what no other page says, so that the J of two pages of a family is one number.
// Planted pages have some fields of another page, which is of their group.
type templates struct {
	maker
	count int     // families
	share float64 // of the words that are the template's
}

// fieldWords is how many words a field has.
const fieldWords = 3

func (s *templates) families() int      { return s.count }
func (s *templates) size(group int) int { return 1 + s.copies(group) }

func (s *templates) document(dst []uint64, group, member int) document {
	d := document{words: dst[:0], planted: planted{base: -1}}
	at := s.template(&d, group%s.count)
	for i := range at {
		s.fill(&d, at, i, group, 0)
	}
	if member > 0 {
		r := s.random(group, member)
		changed := 1 + r.IntN(len(at))
		for _, i := range r.Perm(len(at))[:changed] {
			s.fill(&d, at, i, group, member)
		}
		d.planted = planted{0, "fields", strconv.FormatFloat(float64(changed)/float64(len(at)), 'f', 2, 64)}
	}
	return d
}

// template sets the words that all pages of a family have, and returns where
// the fields are.
func (s *templates) template(d *document, family int) (at []int) {
	r := s.random(family, -2)
	n := 200 + r.IntN(400)
	d.words = s.draw(d.words, r, n)
	fields := max(1, int(float64(n)*(1-s.share)/fieldWords+0.5))
	fields = min(fields, n/fieldWords)
	room := n / fields // of which each field lies somewhere in its own
	for i := range fields {
		at = append(at, i*room+r.IntN(room-fieldWords+1))
	}
	return at
}

// fill fills a field with words of which no other page has any.
func (s *templates) fill(d *document, at []int, field, group, member int) {
	for i := range fieldWords {
		w := (uint64(group)*(maxCopies+1)+uint64(member))*uint64(len(at)*fieldWords) + uint64(field*fieldWords+i)
		d.words[at[field]+i] = vocabularySize + w*uint64(s.count) + uint64(group%s.count)
	}
}

// background returns the J of two pages of a family that are of different groups.
func background(s shape, family int) float64 {
	a := shingles(nil, s.document(nil, family, 0).words)
	b := shingles(nil, s.document(nil, family+s.families(), 0).words)
	return jaccard(a, b)
}
