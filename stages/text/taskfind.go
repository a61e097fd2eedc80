package text

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"sluice/stages"
	"sluice/stages/scan"
)

// A taskFinder finds n-grams of tasks in texts, one text at a time. It belongs to one goroutine.
type taskFinder struct {
	tasks *taskNGrams
	set   *Decontaminate
	ascii *[256]uint8

	text    []byte
	words   []taskWord
	hits    []taskHit
	windows [256]uint64 // hashes of words that may begin a key
	beyond  []uint32    // n-grams of which a part of a word and the words behind it are all
	places              // of code points, made where Curator's are asked for

	// Where the search goes on.
	base    int       // word that it begins with
	partly  bool      // which was cut, so that part has what is found there
	part    []taskHit // in place of the hits at base
	next    int       // in hits
	rareAre bool      // rare has all that counts
	rare    []uint32

	counted []countedNGram
	pieces  [][]byte
	found   int // by the last cut
	buf     []byte
	payload []byte
	joined  []byte
}

// A taskWord is what lies between two spaces: its hash, in lower case, without ASCII punctuation and
// without white space around it; and where it lies, in bytes, from the first to the last
// character that is no punctuation.
type taskWord struct {
	hash       uint64
	start, end uint32
}

// A taskHit is an n-gram that begins at a word.
type taskHit struct {
	word   uint32
	length uint8 // index in lengths
	ngram  uint32
}

func newTaskFinder(t *taskNGrams, set *Decontaminate) *taskFinder {
	white := uint8(separator)
	if set.Curator {
		white = blank
	}
	ascii := newTaskBytes(white)
	return &taskFinder{tasks: t, set: set, ascii: &ascii}
}

// In place of what a byte becomes: what it is instead.
const (
	separator   = 0x80 + iota
	punctuation // left out
	blank       // white space within or around a word
	beyondASCII
)

// newTaskBytes says what becomes of each byte; white is what white space but the space is.
func newTaskBytes(white uint8) (t [256]uint8) {
	for i := range t {
		c := byte(i)
		switch {
		case c >= utf8.RuneSelf:
			t[i] = beyondASCII
		case c == ' ':
			t[i] = separator
		case scan.IsSpace(rune(c)):
			t[i] = white
		case '!' <= c && c <= '/', ':' <= c && c <= '@', '[' <= c && c <= '`', '{' <= c && c <= '~':
			t[i] = punctuation
		case 'A' <= c && c <= 'Z':
			t[i] = c | 0x20
		default:
			t[i] = c
		}
	}
	return t
}

// The hash of a word is made of its bytes, seven at a time: last has those that wait, below a 1,
// and h what came before.
const noWord = 1

// hashFull is from where on last is full.
const hashFull = 1 << 56

func hashOn(h, last uint64) uint64 { return stages.Mix64(h + last) }

func hashWord(word []byte) uint64 {
	h, last := uint64(0), uint64(noWord)
	for _, c := range word {
		if last = last<<8 | uint64(c); last >= hashFull {
			h, last = hashOn(h, last), noWord
		}
	}
	return hashOn(h, last)
}

// split finds the words of a text.
func (f *taskFinder) split(text []byte) {
	f.text, f.words = text, f.words[:0]
	ascii := f.ascii
	h, last, start, end, odd := uint64(0), uint64(noWord), -1, 0, false
	for i := 0; i < len(text); {
		c := ascii[text[i]]
		if c < utf8.RuneSelf {
			if start < 0 {
				start = i
			}
			for {
				if last = last<<8 | uint64(c); last >= hashFull {
					h, last = hashOn(h, last), noWord
				}
				if i++; i == len(text) {
					break
				}
				if c = ascii[text[i]]; c >= utf8.RuneSelf {
					break
				}
			}
			if end = i; i == len(text) {
				break
			}
		}
		size := 1
		if c == beyondASCII {
			c, size = f.runeAt(i)
			if c == beyondASCII {
				if start < 0 {
					start = i
				}
				for _, b := range f.buf {
					if last = last<<8 | uint64(b); last >= hashFull {
						h, last = hashOn(h, last), noWord
					}
				}
				i += size
				end = i
				continue
			}
		}
		i += size
		switch {
		case c == punctuation:
		case c == blank:
			if start < 0 {
				start = i - size
			}
			end, odd = i, true
		case start >= 0:
			f.word(hashOn(h, last), start, end, odd)
			h, last, start, odd = 0, noWord, -1, false
		}
	}
	if start >= 0 {
		f.word(hashOn(h, last), start, end, odd)
	}
}

// runeAt says what the code point at text[i], beyond ASCII, is, and how long it is. One that is part of a word
// leaves its lower case in buf.
func (f *taskFinder) runeAt(i int) (kind uint8, size int) {
	if r, size := utf8.DecodeRune(f.text[i:]); scan.IsSpace(r) {
		return f.ascii['\n'], size
	}
	f.buf, size = scan.AppendLowerAt(f.buf[:0], f.text, i)
	return beyondASCII, size
}

// word adds a word. An odd one has white space in it or around it.
func (f *taskFinder) word(h uint64, start, end int, odd bool) {
	w := taskWord{h, uint32(start), uint32(end)}
	if odd {
		f.buf = f.appendWord(f.buf[:0], &w)
		w.hash = hashWord(f.buf)
	}
	f.words = append(f.words, w)
}

// appendWord appends what is compared of a word.
func (f *taskFinder) appendWord(dst []byte, w *taskWord) []byte {
	return f.appendPlain(dst, f.text, int(w.start), int(w.end))
}

// appendPlain appends what is compared of a word that lies at text[i:end].
func (f *taskFinder) appendPlain(dst, text []byte, i, end int) []byte {
	from := len(dst)
	for i < end {
		switch c := f.ascii[text[i]]; {
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		case c == beyondASCII:
			var size int
			dst, size = scan.AppendLowerAt(dst, text, i)
			i += size
			continue
		case c != punctuation:
			dst = append(dst, text[i])
		}
		i++
	}
	return append(dst[:from], scan.Trim(dst[from:])...)
}

// beginsBlank says that the first word is nothing but white space, and that no space stands before it. Curator
// leaves that out, but not its place.
func (f *taskFinder) beginsBlank() bool {
	if !f.set.Curator || len(f.words) == 0 || bytes.IndexByte(f.text[:f.words[0].start], ' ') >= 0 {
		return false
	}
	f.buf = f.appendWord(f.buf[:0], &f.words[0])
	return len(f.buf) == 0
}

// find finds all n-grams in a text, and says whether there are any.
func (f *taskFinder) find(text []byte) bool {
	t := f.tasks
	f.hits, f.beyond, f.off = f.hits[:0], f.beyond[:0], f.off[:0]
	f.split(text)
	if len(f.words) < t.prefix {
		return false
	}
	// The filter may be larger than a cache: what is asked of it stands ready, so that many
	// questions are under way at a time.
	h, i := hashWords(f.words[:t.prefix]), 0
	for more := true; more; {
		n := 0
		for n < len(f.windows) {
			f.windows[n] = h * hashBase
			n++
			if more = i+n+t.prefix <= len(f.words); !more {
				break
			}
			h = h*hashBase + f.words[i+n+t.prefix-1].hash - f.words[i+n-1].hash*t.power
		}
		for k, h := range f.windows[:n] {
			if at, bits := t.bits(h); t.filter[at]&bits == bits && i+k >= t.first {
				f.look(i + k - t.first)
			}
		}
		i += n
	}
	return len(f.hits)+len(f.beyond) > 0
}

// look finds the n-grams that begin at a word.
func (f *taskFinder) look(word int) {
	t := f.tasks
	for i, n := range t.lengths {
		if word+int(n) > len(f.words) {
			continue
		}
		first, joined := 0, false
		t.candidates(keyOf(hashWords(f.words[word+t.first:word+int(n)]), int(n)), func(ngram uint32) bool {
			if !joined {
				first, joined = f.join(word, int(n)), true
			}
			want := t.words(ngram)
			if bytes.Equal(f.buf, want) {
				f.hits = append(f.hits, taskHit{uint32(word), uint8(i), ngram})
			} else if t.first > 0 && f.endsWith(want, first) {
				f.beyond = append(f.beyond, ngram)
			}
			return true
		})
	}
}

// join puts n words into buf, with spaces between them, and returns the length of the first.
func (f *taskFinder) join(word, n int) (first int) {
	f.buf = f.buf[:0]
	for i := word; i < word+n; i++ {
		if i > word {
			f.buf = append(f.buf, ' ')
		}
		f.buf = f.appendWord(f.buf, &f.words[i])
		if i == word {
			first = len(f.buf)
		}
	}
	return first
}

// endsWith says whether an n-gram may be left of buf once a part of its first word is cut off. A final sigma
// (0xcf 0x82) of which nothing is left before it is none any more (0xcf 0x83).
func (f *taskFinder) endsWith(want []byte, first int) bool {
	n := bytes.IndexByte(want, ' ')
	if n < 0 || n > first {
		return false
	}
	for i, c := range f.buf[first-n : first] {
		if c != want[i] && c|want[i] != 0x83 {
			return false
		}
	}
	return bytes.Equal(want[n:], f.buf[first:])
}

// begin begins a search in the whole text.
func (f *taskFinder) begin(rareAre bool) {
	f.base, f.partly, f.skipped, f.next, f.rareAre = 0, false, false, 0, rareAre
}

func (f *taskFinder) counts(h taskHit) bool {
	if !f.rareAre {
		return true
	}
	_, ok := slices.BinarySearch(f.rare, h.ngram)
	return ok
}

// search returns the first n-gram that counts, from word base on, in the order of Curator: word by word as
// long as one of max words has room, of those that begin there the one of max words, then the shortest;
// then the shortest of the last max words.
func (f *taskFinder) search() (taskHit, bool) {
	last := len(f.words) - f.tasks.max // where the last one of max words begins
	if f.partly && f.base <= last {
		for _, h := range f.part {
			if f.counts(h) {
				return h, true
			}
		}
	}
	for ; f.next < len(f.hits); f.next++ {
		switch h := f.hits[f.next]; {
		case int(h.word) < f.base, f.partly && int(h.word) == f.base:
		case int(h.word) > last:
			return f.searchEnd(last)
		case f.counts(h):
			return h, true
		}
	}
	return taskHit{}, false
}

// searchEnd searches the last words.
func (f *taskFinder) searchEnd(last int) (best taskHit, found bool) {
	if f.set.Curator && f.base >= last {
		return best, false
	}
	for _, h := range f.hits[f.next:] {
		if h.length > 0 && f.counts(h) && (!found || h.length < best.length) {
			best, found = h, true
		}
	}
	return best, found
}
