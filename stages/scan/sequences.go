package scan

// A Sequence describes the runs of n words that a text has.
type Sequence struct {
	// Top is the index of the first word of the most frequent one, at its first
	// occurrence; of equally frequent ones it is that which occurs first.
	Top int
	// Count is how often it occurs.
	Count int
	// Again has the index of the first word of each occurrence of any that is
	// not its first, ascending.
	Again []uint32
}

// sequences holds, for each n from the first asked for up to the longest, the
// occurrences of sequences that occur more than once. The first level is found
// from the hashes of all its sequences. A sequence of n+1 words can occur again
// only where the n words from its first and from its second do, so that each
// further level looks only at what the one before left: most texts repeat few
// pairs of words, and hardly any runs of five.
type sequences struct {
	levels []level
	// levels[least-1:most] are of this text.
	least, most int
	counts      []count // of each class of the level that is being found
	hashes      hashes
}

type level struct {
	Sequence
	at    []uint32 // index of the first word, ascending
	class []uint32 // equal for equal sequences
}

type count struct{ first, n uint32 }

func (s *sequences) reset() { s.least, s.most = 0, 0 }

// MaxSequenced is the most words of a text whose sequences are looked for:
// beyond it they would take gigabytes.
const MaxSequenced = 1 << 24

// mostHashed is the longest first level: that many words are hashed for each of the text.
const mostHashed = 4

// Sequence returns what the text has of runs of n words, 0 < n <= len(d.Words()) <= MaxSequenced.
func (d *Document) Sequence(n int) Sequence {
	q := &d.sequences
	if q.most == 0 || n < q.least {
		q.least = min(n, mostHashed)
		q.most = q.least
		d.refine(q.least)
	}
	for q.most < n {
		if len(q.levels[q.most-1].at) == 0 {
			return Sequence{Count: 1}
		}
		q.most++
		d.refine(q.most)
	}
	return q.levels[n-1].Sequence
}

// refine finds level n, from the one before unless it is the first.
func (d *Document) refine(n int) {
	q := &d.sequences
	for len(q.levels) < n {
		q.levels = append(q.levels, level{})
	}
	l := &q.levels[n-1]
	l.at, l.class, l.Again = l.at[:0], l.class[:0], l.Again[:0]
	q.counts = q.counts[:0]
	if n == q.least {
		d.hashed(n, l)
	} else {
		d.pairs(&q.levels[n-2], l)
	}
	l.Top, l.Count = 0, 1
	for _, c := range q.counts { // in order of first occurrence
		if int(c.n) > l.Count {
			l.Top, l.Count = int(c.first), int(c.n)
		}
	}
	kept := 0
	for i, c := range l.class {
		if q.counts[c].n < 2 {
			continue
		}
		l.at[kept], l.class[kept] = l.at[i], c
		kept++
		if l.at[i] != q.counts[c].first {
			l.Again = append(l.Again, l.at[i])
		}
	}
	l.at, l.class = l.at[:kept], l.class[:kept]
}

// hashed finds equal sequences among those whose hash is there again.
func (d *Document) hashed(n int, to *level) {
	q := &d.sequences
	q.hashes.find(d, n)
	d.table.reset(len(q.hashes.again))
	for _, i := range q.hashes.again {
		same := func(first uint32) bool { return d.sameWords(first, i, n) }
		q.add(to, i, d.table.number(q.hashes.of[i], same, i))
	}
}

// add notes an occurrence at word i of a sequence of a class.
func (q *sequences) add(to *level, i, class uint32) {
	if int(class) == len(q.counts) {
		q.counts = append(q.counts, count{i, 0})
	}
	q.counts[class].n++
	to.at, to.class = append(to.at, i), append(to.class, class)
}

// sameWords says whether the n words from i are those from k.
func (d *Document) sameWords(i, k uint32, n int) bool {
	for j := range uint32(n) {
		if string(d.At(d.words[i+j].Span)) != string(d.At(d.words[k+j].Span)) {
			return false
		}
	}
	return true
}

// pairs joins each sequence of one level with that which begins a word later.
func (d *Document) pairs(from, to *level) {
	q := &d.sequences
	d.table.reset(len(from.at))
	for i := 0; i+1 < len(from.at); i++ {
		if from.at[i]+1 != from.at[i+1] {
			continue
		}
		q.add(to, from.at[i], d.table.exact(uint64(from.class[i])<<32|uint64(from.class[i+1])))
	}
}

// exact numbers a key that is its own hash but for the mixing.
func (t *table) exact(key uint64) uint32 {
	for at := fold(key^key0, key1) & t.mask; ; at = (at + 1) & t.mask {
		s := &t.slots[at]
		if s.stamp != t.stamp {
			*s = slot{hash: key, stamp: t.stamp, number: uint32(t.n)}
			t.n++
			return s.number
		}
		if s.hash == key {
			return s.number
		}
	}
}

// Occurrences returns how many code points of the text the words from first to
// before first+n take, joined by single spaces, wherever they stand in that form:
// in words, too, from left to right, without overlap.
func (d *Document) Occurrences(first, n int) int {
	d.joined = d.joined[:0]
	size := n - 1
	for i, w := range d.words[first : first+n] {
		if i > 0 {
			d.joined = append(d.joined, ' ')
		}
		d.joined = append(d.joined, d.At(w.Span)...)
		size += w.CodePoints()
	}
	return size * occurrences(d.text, d.joined)
}
