package fasttext

// endOfLine is the word that the program reads at the end of a line.
const endOfLine = "</s>"

// Prefix is how labels begin in texts. The program does not store what a model was
// trained with, and takes this.
const Prefix = "__label__"

// A dictionary numbers words, and then labels.
type dictionary struct {
	text   []byte     // all entries
	ends   []uint32   // of the entries, in text
	slots  []numbered // the entries, each at its hash or after; a power of two
	labels []string
	counts []int64 // of the labels
}

// numbered is an entry in the hash table.
type numbered struct{ hash, number uint32 } // number of the entry + 1; 0 is an empty slot

// words returns the number of words.
func (d *dictionary) words() int { return len(d.ends) - len(d.labels) }

// parse reads the dictionary, and returns the number of pruned n-grams that follow: -1
// where nothing was pruned.
func (d *dictionary) parse(c *cursor) (pairs int64) {
	c.part = "the dictionary"
	size, words, labels := int64(c.int32()), int64(c.int32()), int64(c.int32())
	c.int64() // tokens
	pairs = c.int64()
	const least = 10 // bytes of an entry
	switch {
	case c.err != nil:
		return pairs
	case size < 0 || size > int64(len(c.data)-c.at)/least:
		c.err = damaged("a dictionary of %d entries in a file of %d bytes", size, len(c.data))
	case words < 0 || labels < 1 || words+labels != size:
		c.err = damaged("%d words and %d labels in a dictionary of %d entries", words, labels, size)
	case pairs < -1:
		c.err = damaged("%d pruned n-grams", pairs)
	}
	if c.err != nil {
		return pairs
	}
	begin, length := c.at, 0
	for i := range size {
		length += len(c.word())
		c.int64()
		if kind := c.uint8(); c.err == nil && (kind == 1) != (i >= words) {
			c.err = damaged("entry %d of its dictionary of kind %d", i, kind)
		}
		if c.err != nil {
			return pairs
		}
	}
	if length > 1<<31 {
		c.err = damaged("a dictionary of %d bytes", length)
		return pairs
	}
	slots := 2
	for int64(slots) < 2*size {
		slots *= 2
	}
	d.text, d.ends, d.slots = make([]byte, 0, length), make([]uint32, 0, size), make([]numbered, slots)
	for c.at = begin; int64(len(d.ends)) < size; {
		w := c.word()
		count := c.int64()
		c.uint8()
		d.text = append(d.text, w...)
		d.ends = append(d.ends, uint32(len(d.text)))
		i := len(d.ends) - 1
		if int64(i) >= words {
			d.labels = append(d.labels, string(w))
			d.counts = append(d.counts, count)
		}
		*d.slot(w, fnv(w)) = numbered{fnv(w), uint32(i + 1)}
	}
	return pairs
}

// entry returns the bytes of an entry.
func (d *dictionary) entry(i uint32) []byte {
	if i == 0 {
		return d.text[:d.ends[0]]
	}
	return d.text[d.ends[i-1]:d.ends[i]]
}

// slot returns where a word is, or would be.
func (d *dictionary) slot(w []byte, hash uint32) *numbered {
	mask := uint32(len(d.slots) - 1)
	for at := (hash ^ hash>>15) & mask; ; at = (at + 1) & mask {
		if s := &d.slots[at]; s.number == 0 || s.hash == hash && string(d.entry(s.number-1)) == string(w) {
			return s
		}
	}
}

// find returns the number of an entry.
func (d *dictionary) find(w []byte, hash uint32) (i int, ok bool) {
	n := d.slot(w, hash).number
	return int(n) - 1, n != 0
}

const (
	fnvBasis = 2166136261
	fnvPrime = 16777619
)

// fnv is the FNV-1a hash of 32 bits, of bytes with a sign: the program's first
// version took char for a number, and models have stayed with that.
func fnv(w []byte) uint32 {
	h := uint32(fnvBasis)
	for _, c := range w {
		h = fnvStep(h, c)
	}
	return h
}

func fnvStep(h uint32, c byte) uint32 { return (h ^ uint32(int8(c))) * fnvPrime }
