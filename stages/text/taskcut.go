package text

import (
	"bytes"
	"cmp"
	"slices"
	"sort"
	"unicode/utf8"
)

// count counts the n-grams of the last text, into counted: rising, also those that do not
// count, because another one covers them.
func (f *taskFinder) count() {
	f.counted = f.counted[:0]
	for _, h := range f.hits {
		f.counted = append(f.counted, countedNGram{h.ngram, 0})
	}
	for _, n := range f.beyond {
		f.counted = append(f.counted, countedNGram{n, 0})
	}
	f.begin(false)
	if f.set.Curator {
		f.countCurator()
	} else {
		for h, ok := f.search(); ok; h, ok = f.search() {
			f.counted = append(f.counted, countedNGram{h.ngram, 1})
			f.base = int(h.word) + int(f.tasks.lengths[h.length])
		}
	}
	slices.SortFunc(f.counted, func(a, b countedNGram) int { return cmp.Compare(a.ngram, b.ngram) })
	n := 0
	for _, c := range f.counted {
		if n == 0 || f.counted[n-1].ngram != c.ngram {
			f.counted[n] = c
			n++
		} else {
			f.counted[n-1].n += c.n
		}
	}
	f.counted = f.counted[:n]
}

// cut returns the pieces of the last text that are left without its n-grams in rare, and
// says in found how many it had.
func (f *taskFinder) cut() [][]byte {
	f.pieces, f.found = f.pieces[:0], 0
	f.begin(true)
	if f.set.Curator {
		return f.cutCurator()
	}
	for rest := f.text; ; {
		h, ok := f.search()
		if !ok {
			f.pieces = append(f.pieces, rest)
			return f.pieces
		}
		f.found++
		base := len(f.text) - len(rest)
		next := int(h.word) + int(f.tasks.lengths[h.length])
		start, end := int(f.words[h.word].start), int(f.words[next-1].end)
		if left := f.left(rest[:start-base]); f.long(left) {
			f.pieces = append(f.pieces, left)
		}
		if rest = f.right(f.text[end:]); !f.long(rest) {
			return f.pieces
		}
		for base = len(f.text) - len(rest); next < len(f.words) && int(f.words[next].start) < base; {
			next++
		}
		f.base = next
	}
}

// long says that a piece has more than MinDocumentLength code points.
func (f *taskFinder) long(piece []byte) bool {
	least := f.set.MinDocumentLength
	return int64(len(piece)) > least && (int64(len(piece)) > utf8.UTFMax*least || int64(utf8.RuneCount(piece)) > least)
}

func isSentenceEnd(c byte) bool { return c == '.' || c == '!' || c == '?' }

// left returns what stays of the text before a match: that up to the last end of a sentence
// that has RemoveCharEachSide code points behind it, or one less; nil if there is none, or
// only the first code point is one.
func (f *taskFinder) left(text []byte) []byte {
	at := len(text)
	for n := f.set.RemoveCharEachSide; n > 0 && at > 0; n-- {
		_, size := utf8.DecodeLastRune(text[:at])
		at -= size
	}
	return lastSentence(text, at)
}

// right returns what stays of the text behind a match: that behind the first end of a sentence
// that has RemoveCharEachSide code points before it.
func (f *taskFinder) right(text []byte) []byte {
	at := 0
	for n := f.set.RemoveCharEachSide; n > 0 && at < len(text); n-- {
		_, size := utf8.DecodeRune(text[at:])
		at += size
	}
	n := bytes.IndexAny(text[at:], ".!?")
	if n < 0 {
		return nil
	}
	return text[at+n+1:]
}

// lastSentence returns text up to the last end of a sentence at text[at] or before it, not at text[0].
func lastSentence(text []byte, at int) []byte {
	for at = min(at, len(text)-1); at > 0; at-- {
		if isSentenceEnd(text[at]) {
			return text[:at+1]
		}
	}
	return nil
}

// The places of code points in a text, for Curator: it looks up words in the text in lower case without punctuation, and
// takes their places there for places in the text, from where it goes on.
type places struct {
	off        []uint32 // bytes before each code point, and of all
	plain      []uint32 // code points of the plain text before each, and of all
	start, end []uint32 // of words, in the plain text
	at         int      // code point that the search begins at
	from       uint32   // plain[at]
	rest       []byte   // what is left of the word there
	skipped    bool     // the first word there is blank: Curator leaves it out, but not its place
}

// place finds the places of the last text.
func (f *taskFinder) place() {
	f.off, f.plain, f.start, f.end = f.off[:0], f.plain[:0], f.start[:0], f.end[:0]
	n := uint32(0)
	for i := 0; ; {
		f.off, f.plain = append(f.off, uint32(i)), append(f.plain, n)
		if w := len(f.end); w < len(f.start) && int(f.words[w].end) == i {
			f.end = append(f.end, n)
		}
		if w := len(f.start); w < len(f.words) && int(f.words[w].start) == i {
			f.start = append(f.start, n)
		}
		if i == len(f.text) {
			return
		}
		r, size := utf8.DecodeRune(f.text[i:])
		switch {
		case f.ascii[f.text[i]] == punctuation:
		case r == 'İ':
			n += 2
		default:
			n++
		}
		i += size
	}
}

// beginAt begins a search at a code point: Curator takes what is left for a text of its own.
func (f *taskFinder) beginAt(at int) {
	from := f.plain[at]
	if f.at = at; at > 0 && from == f.from {
		return // nothing but punctuation is between
	}
	if f.skipped {
		f.base--
	}
	f.from, f.skipped, f.partly = from, false, false
	f.base += sort.Search(len(f.end)-f.base, func(i int) bool { return f.end[f.base+i] > from })
	for f.next > 0 && int(f.hits[f.next-1].word) >= f.base {
		f.next--
	}
	if f.base == len(f.words) || f.start[f.base] > from {
		return
	}
	w := f.words[f.base]
	text := f.text[f.off[at]:]
	f.rest = f.appendPlain(f.rest[:0], text, 0, int(w.end-f.off[at]))
	switch {
	case len(f.rest) == 0:
		f.base++
		f.skipped = true
	case f.start[f.base] < from:
		f.partly = true
		f.lookPart(f.rest)
	}
}

// lookPart finds the n-grams that begin with a part of word base.
func (f *taskFinder) lookPart(word []byte) {
	t := f.tasks
	f.part = f.part[:0]
	for i, n := range t.lengths {
		if f.base+int(n) > len(f.words) {
			continue
		}
		t.candidates(keyOf(hashWords(f.words[f.base+1:f.base+int(n)]), int(n)), func(ngram uint32) bool {
			first := f.join(f.base, int(n))
			if want := t.words(ngram); bytes.HasPrefix(want, word) && bytes.Equal(want[len(word):], f.buf[first:]) {
				f.part = append(f.part, taskHit{uint32(f.base), uint8(i), ngram})
			}
			return true
		})
	}
}

// placeOf returns where Curator finds an n-gram in what is left, and its length.
func (f *taskFinder) placeOf(h taskHit) (start, size int) {
	w := int(h.word)
	if f.skipped {
		w--
	}
	return int(max(f.start[w], f.plain[f.at]) - f.plain[f.at]), utf8.RuneCount(f.tasks.words(h.ngram))
}

// countCurator counts as Curator does.
func (f *taskFinder) countCurator() {
	f.place()
	for at := 0; ; {
		f.beginAt(at)
		h, ok := f.search()
		if !ok {
			return
		}
		f.counted = append(f.counted, countedNGram{h.ngram, 1})
		start, size := f.placeOf(h)
		if at += start + size + 1; at >= len(f.off)-1 {
			return
		}
	}
}

// cutCurator cuts as Curator does.
func (f *taskFinder) cutCurator() [][]byte {
	f.place()
	side, whole := int(f.set.RemoveCharEachSide), len(f.off)-1
	for at := 0; ; {
		f.beginAt(at)
		h, ok := f.search()
		if !ok {
			f.pieces = append(f.pieces, f.text[f.off[at]:])
			return f.pieces
		}
		f.found++
		start, size := f.placeOf(h)
		rest := f.text[f.off[at]:]
		if n := min(start-side, whole-at-1); n > 0 {
			if left := lastSentence(rest, int(f.off[at+n]-f.off[at])); f.long(left) {
				f.pieces = append(f.pieces, left)
			}
		}
		if at += start + size + side; at >= whole {
			return f.pieces
		}
		n := bytes.IndexAny(f.text[f.off[at]:], ".!?")
		if n < 0 {
			return f.pieces
		}
		rest = f.text[int(f.off[at])+n+1:]
		if !f.long(rest) {
			return f.pieces
		}
		at, _ = slices.BinarySearch(f.off, uint32(len(f.text)-len(rest)))
	}
}
